"""Where every label stands: a map of the page, drawn also where something is amiss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from playwright.async_api import Locator

from connectsync.connect.browser.controls import standing, states
from connectsync.connect.browser.district import DistrictHome, Rostering, Settings
from connectsync.connect.browser.drop_down import DropDown
from connectsync.connect.browser.form import FormOnPage
from connectsync.connect.browser.sought import Sought, sought
from connectsync.connect.browser.tab import Tab
from connectsync.connect.names import CLICKS, DAILY_SYNC
from connectsync.domain.page_map import Found, Spot

_AGAIN_SECONDS = 0.2

_USABLE = frozenset({Found.THERE, Found.DOUBLED})
"""What can be clicked on to look further; nothing is saved on the way."""

_Find = Callable[[], Awaitable[Locator]]
_Go = Callable[[Locator], Awaitable[None]]


class PageMap:
    """The map of one tab, which is on any page that has the drop-down."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._form = FormOnPage(tab.page, tab.labels)

    async def drawn(self) -> tuple[Spot, ...]:
        """Go to the form of the first district, and look for all there is to find."""
        clicks = await self._clicked()
        if clicks[-1].standing in _USABLE:
            return (*clicks, *await self._controls())
        unseen = Found.NOT_REACHED
        return (*clicks, *(_placed(one, unseen) for one in sought(self._form)))

    async def _clicked(self) -> list[Spot]:
        spots: list[Spot] = []
        way = self._way()
        for number, label in enumerate(CLICKS, 1):
            how = Found.NOT_REACHED
            if not spots or spots[-1].standing in _USABLE:
                how = await self._passed(*next(way))
            shown = _if_other(label, self._tab.labels.shown(label))
            spots.append(Spot(CLICKS[:number], how, shown, clicked=True))
        return spots

    def _way(self) -> Iterator[tuple[_Find, _Go]]:
        """Give how each click of the way is found, and what to do with it."""
        tab = self._tab
        drop_down, home = DropDown(tab), DistrictHome(tab)
        yield _at_once(drop_down.button), lambda _: drop_down.opened()
        yield drop_down.any_home, self._follow(1)
        yield _at_once(home.dots), lambda dots: tab.press(dots, *_named(2))
        yield _at_once(home.settings), self._follow(3)
        yield _at_once(Settings(tab).rostering), self._follow(4)
        yield _at_once(Rostering(tab).daily_sync), self._follow(5)

    def _follow(self, number: int) -> _Go:
        return lambda found: self._tab.follow(found, *_named(number))

    async def _passed(self, find: _Find, go: _Go) -> Found:
        found = await find()
        how = await self._tab.standing(found)
        if how in _USABLE:
            await go(found.first)
        return how

    async def _controls(self) -> list[Spot]:
        """Look for every control, until all are there or the time is over."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._tab.website.wait_seconds
        spots = await self._looked()
        while loop.time() < latest and _amiss(spots):
            await asyncio.sleep(_AGAIN_SECONDS)
            spots = await self._looked()
        if _amiss(spots):
            await self._tab.insist_signed_in()
        return spots

    async def _looked(self) -> list[Spot]:
        form = self._form
        whole = standing(await states(form.whole))
        if whole not in _USABLE:
            unseen = [_placed(one, Found.NOT_REACHED) for one in sought(form)]
            # the link to it is there: it is the form that is not called so
            return [Spot((*CLICKS, DAILY_SYNC), whole), *unseen]
        return list(await asyncio.gather(*map(_spotted, sought(form))))


def _named(number: int) -> tuple[str, str]:
    """Name a click of the way and where it is done, for a sentence."""
    return f"'{CLICKS[number]}'", CLICKS[number - 1]


def _at_once(found: Locator) -> _Find:
    async def find() -> Locator:
        return found

    return find


async def _spotted(one: Sought) -> Spot:
    how = standing(await states(one.found))
    if how is Found.MISSING and one.within and not await one.within.count():
        how = Found.NOT_REACHED
    return _placed(one, how)


def _placed(one: Sought, how: Found) -> Spot:
    tail = (one.group, one.label) if one.group else (one.label,)
    return Spot((*CLICKS, *tail), how, _if_other(one.label, one.shown), one.group)


def _if_other(label: str, shown: str) -> str:
    return "" if shown == label else shown


def _amiss(spots: list[Spot]) -> bool:
    return any(one.standing is not Found.THERE for one in spots)
