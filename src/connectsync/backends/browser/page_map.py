"""Where every label stands: a map of the page, drawn also where something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from playwright.async_api import Locator

from connectsync.backends.browser.controls import pauses, standing, states
from connectsync.backends.browser.district_picker import (
    DistrictHome,
    DistrictPicker,
    RosteringPage,
    SettingsPage,
)
from connectsync.backends.browser.form import FormOnPage
from connectsync.backends.browser.tab import Tab
from connectsync.backends.names import (
    CLICKS,
    DAILY_SYNC,
    GROUP_OF_BOXES,
    RADIOS,
    SAVE,
    TOKEN_LABEL,
)
from connectsync.domain.live import LabelStatus, PageSpot
from connectsync.domain.settings import SETTINGS
from connectsync.providers.form import Kind, Setting
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class ExpectedControl:
    """A label of the form, what the page shows for it, and the group it is in."""

    label: str
    shown: str
    found: Locator
    group: str = ""
    within: Locator | None = None


def sought(form: FormOnPage) -> Iterator[ExpectedControl]:
    """Give all that the form should hold, from the top to *Save*."""
    single = [one for one in SETTINGS if one.kind is Kind.BOX]
    for setting in SETTINGS:
        match setting.kind:
            case Kind.TEXT | Kind.PERCENT:
                yield _plain(form, setting.page_label)
            case Kind.CHOICE if setting.name not in RADIOS:
                # what it offers is published nowhere: any label may stand there
                yield _of(form, setting, form.drop_down(setting.name))
            case Kind.CHOICE | Kind.BOXES:
                yield _of(form, setting, form.group(setting.name))
                yield from _options(form, setting)
            case Kind.BOX if setting is single[0]:
                yield _boxes_group(form, setting)
                yield from (_box(form, one) for one in single)
            case Kind.BOX:
                pass
        if setting.name == "district_id":
            yield _plain(form, TOKEN_LABEL)
    yield ExpectedControl(SAVE, form.labels.shown(SAVE), form.save)


def _plain(form: FormOnPage, label: str) -> ExpectedControl:
    return ExpectedControl(label, form.labels.shown(label), form.text(label))


def _of(form: FormOnPage, setting: Setting, found: Locator) -> ExpectedControl:
    name = setting.name
    return ExpectedControl(setting.page_label, form.labels.of_setting(name), found)


def _options(form: FormOnPage, setting: Setting) -> Iterator[ExpectedControl]:
    name = setting.name
    for label in setting.labels:
        shown, found = form.labels.offered(name, label), form.option(name, label)
        yield ExpectedControl(label, shown, found, setting.page_label, form.group(name))


def _boxes_group(form: FormOnPage, setting: Setting) -> ExpectedControl:
    shown = form.labels.shown(GROUP_OF_BOXES)
    return ExpectedControl(GROUP_OF_BOXES, shown, form.group(setting.name))


def _box(form: FormOnPage, setting: Setting) -> ExpectedControl:
    name = setting.name
    label, shown = setting.page_label, form.labels.of_setting(name)
    return ExpectedControl(
        label, shown, form.box(name), GROUP_OF_BOXES, form.group(name)
    )


_USABLE = frozenset({LabelStatus.THERE, LabelStatus.DOUBLED})
"""What can be clicked on to look further; nothing is saved on the way."""

_Find = Callable[[], Awaitable[Locator]]
_Go = Callable[[Locator], Awaitable[None]]


class PageMapper:
    """The map of one tab, which is on any page that has the drop-down."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._form = FormOnPage(tab.page, tab.labels)

    async def drawn(self) -> tuple[PageSpot, ...]:
        """Go to the form of the first district, and look for all there is to find."""
        clicks = await self._clicked()
        if clicks[-1].standing in _USABLE:
            return (*clicks, *await self._controls())
        unseen = LabelStatus.NOT_REACHED
        return (*clicks, *(_make_spot(one, unseen) for one in sought(self._form)))

    async def _clicked(self) -> list[PageSpot]:
        spots: list[PageSpot] = []
        way = self._way()
        for number, label in enumerate(CLICKS, 1):
            how = LabelStatus.NOT_REACHED
            if not spots or spots[-1].standing in _USABLE:
                how = await self._passed(*next(way))
            shown = _if_other(label, self._tab.labels.shown(label))
            spots.append(PageSpot(CLICKS[:number], how, shown, clicked=True))
        return spots

    def _way(self) -> Iterator[tuple[_Find, _Go]]:
        """Give how each click of the way is found, and what to do with it."""
        tab = self._tab
        drop_down, home = DistrictPicker(tab), DistrictHome(tab)
        yield _at_once(drop_down.button), lambda _: drop_down.opened()
        yield drop_down.any_home, self._follow(1)
        yield _at_once(home.dots), lambda dots: tab.press(dots, *_name_click(2))
        yield _at_once(home.settings), self._follow(3)
        yield _at_once(SettingsPage(tab).rostering), self._follow(4)
        yield _at_once(RosteringPage(tab).daily_sync), self._follow(5)

    def _follow(self, number: int) -> _Go:
        return lambda found: self._tab.follow(found, *_name_click(number))

    async def _passed(self, find: _Find, go: _Go) -> LabelStatus:
        found = await find()
        how = await self._tab.standing(found)
        if how in _USABLE:
            await go(found.first)
        return how

    async def _controls(self) -> list[PageSpot]:
        """Look for every control, until all are there or the time is over."""
        loop = asyncio.get_running_loop()
        latest, pause = loop.time() + self._tab.website.wait_seconds, pauses()
        spots = await self._looked()
        while loop.time() < latest and _has_problem(spots):
            await asyncio.sleep(next(pause))
            spots = await self._looked()
        if _has_problem(spots):
            await self._tab.insist_signed_in()
        return spots

    async def _looked(self) -> list[PageSpot]:
        form = self._form
        whole = standing(await states(form.whole))
        if whole not in _USABLE:
            unseen = [_make_spot(one, LabelStatus.NOT_REACHED) for one in sought(form)]
            # the link to it is there: it is the form that is not called so
            return [PageSpot((*CLICKS, DAILY_SYNC), whole), *unseen]
        return list(await asyncio.gather(*map(_locate, sought(form))))


def _name_click(number: int) -> tuple[str, str]:
    """Name a click of the way and where it is done, for a sentence."""
    return f"'{CLICKS[number]}'", CLICKS[number - 1]


def _at_once(found: Locator) -> _Find:
    async def find() -> Locator:
        return found

    return find


async def _locate(one: ExpectedControl) -> PageSpot:
    how = standing(await states(one.found))
    if how is LabelStatus.MISSING and one.within and not await one.within.count():
        how = LabelStatus.NOT_REACHED
    return _make_spot(one, how)


def _make_spot(one: ExpectedControl, how: LabelStatus) -> PageSpot:
    tail = (one.group, one.label) if one.group else (one.label,)
    return PageSpot((*CLICKS, *tail), how, _if_other(one.label, one.shown), one.group)


def _if_other(label: str, shown: str) -> str:
    return "" if shown == label else shown


def _has_problem(spots: list[PageSpot]) -> bool:
    return any(one.standing is not LabelStatus.THERE for one in spots)
