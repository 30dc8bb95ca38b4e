"""The form on the page: read by role and label, strictly, in one pass."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import assert_never

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Locator, Page

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.controls import (
    PROBLEMS,
    PageLabels,
    State,
    ask_one,
    control_of,
    name_pattern,
    options,
    pauses,
    read_description,
    standing,
    states,
)
from connectsync.backends.browser.tab import Tab, control_problem
from connectsync.backends.names import (
    DAILY_SYNC,
    GROUP_OF_BOXES,
    RADIOS,
    SAVE,
    TOKEN_KEPT,
    TOKEN_LABEL,
    Unfit,
    to_json,
    value_of,
)
from connectsync.domain.live import LabelStatus
from connectsync.domain.settings import BY_NAME, FIRST_FORM, SETTINGS, Form
from connectsync.errors import PageChanged, Unreachable
from connectsync.providers.form import Kind, Setting, Value
from connectsync.values import dataclass

_WHOLE = re.compile(r"[0-9]{1,9}(\.0*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormReading:
    """
    What the form shows: every setting, and what drop-downs and groups offer.

    ``has_token`` says whether anything on the page speaks of a token that is kept.
    """

    form: Form
    offered: Mapping[str, tuple[str, ...]]
    has_token: bool = True

    def version(self, key: str) -> str:
        """
        Name what is shown: the page has no version, so equal forms are equal.

        Settings of a later release stay out of it. A run that was begun before them
        must find the version that it wrote down.
        """
        first = {name: self.form[name] for name in self.form if name in FIRST_FORM}
        spelled = repr((key, to_json(first)))
        return f"page-{hashlib.sha256(spelled.encode()).hexdigest()[:32]}"


class FormOnPage:
    """The controls of the form, found as a person finds them."""

    def __init__(self, page: Page, labels: PageLabels) -> None:
        self.labels = labels
        title = labels.shown(DAILY_SYNC)
        self.whole = page.get_by_role("form", name=name_pattern(title), exact=True)

    @property
    def save(self) -> Locator:
        """Give the button below the form."""
        name = self.labels.shown(SAVE)
        return self.whole.get_by_role("button", name=name_pattern(name), exact=True)

    def text(self, label: str) -> Locator:
        """Give a field to type in."""
        name = self.labels.shown(label)
        return self.whole.get_by_role("textbox", name=name_pattern(name), exact=True)

    def drop_down(self, setting: str) -> Locator:
        """Give a drop-down."""
        name = self.labels.of_setting(setting)
        return self.whole.get_by_role("combobox", name=name_pattern(name), exact=True)

    def group(self, setting: str) -> Locator:
        """Give the group that a setting's boxes or radio buttons stand in."""
        single = BY_NAME[setting].kind is Kind.BOX
        labels = self.labels
        name = labels.shown(GROUP_OF_BOXES) if single else labels.of_setting(setting)
        return self.whole.get_by_role("group", name=name_pattern(name), exact=True)

    def box(self, setting: str) -> Locator:
        """Give the box of a setting that is one box."""
        name = self.labels.of_setting(setting)
        return self.group(setting).get_by_role(
            "checkbox", name=name_pattern(name), exact=True
        )

    def option(self, setting: str, label: str) -> Locator:
        """Give the box or radio button for one of our labels."""
        name = self.labels.offered(setting, label)
        role = self.group(setting).get_by_role
        if setting in RADIOS:
            return role("radio", name=name_pattern(name), exact=True)
        return role("checkbox", name=name_pattern(name), exact=True)

    async def read(self) -> FormReading:
        """Read everything. Raises ``PageChanged``, naming what is not as it was."""
        if await self.whole.count() != 1:
            raise _form_problem(f"'{DAILY_SYNC}'", "is missing or there more than once")
        # asked for at once, answered in the order of the form
        asked = [self._found(setting) for setting in SETTINGS]
        answers = await asyncio.gather(
            *asked, self._token(), self._save(), return_exceptions=True
        )
        *found, _, _ = [_sound(answer) for answer in answers]
        form: dict[str, Value] = {}
        offered: dict[str, tuple[str, ...]] = {}
        for setting, controls in zip(SETTINGS, found, strict=True):
            if setting.kind in {Kind.CHOICE, Kind.BOXES}:
                offered[setting.name] = tuple(one.name for one in controls)
            form[setting.name] = _value(setting, controls)
        return FormReading(form, offered, await self.has_token())

    async def has_token(self) -> bool:
        """Say whether the field of the token shows one, or speaks of one."""
        field = self.text(TOKEN_LABEL)
        (filled,) = await ask_one(field, "one => [one.value !== '']", bool)
        if filled:
            return True
        return TOKEN_KEPT.search(await read_description(field)) is not None

    async def _token(self) -> list[State]:
        return [_sole(await states(self.text(TOKEN_LABEL)), f"'{TOKEN_LABEL}'")]

    async def _save(self) -> list[State]:
        return [_sole(await states(self.save), f"'{SAVE}'")]

    async def _found(self, setting: Setting) -> list[State]:
        control = control_of(setting.name)
        match setting.kind:
            case Kind.TEXT | Kind.PERCENT:
                label = self.labels.of_setting(setting.name)
                field = self.whole.get_by_role(
                    "textbox", name=name_pattern(label), exact=True
                )
                return [_sole(await states(field), control)]
            case Kind.BOX:
                return [_sole(await states(self.box(setting.name)), control)]
            case Kind.CHOICE | Kind.BOXES:
                return await self._options(setting, control)
            case _:
                assert_never(setting.kind)

    async def _options(self, setting: Setting, control: str) -> list[State]:
        name = setting.name
        if setting.kind is Kind.CHOICE and name not in RADIOS:
            field = self.drop_down(name)
            _sole(await states(field), control)
            # one that cannot be chosen only says that something is to be chosen
            found = [one for one in await options(field) if not one.disabled]
        else:
            group = self.group(name)
            _sole(await states(group), control)
            role = group.get_by_role("radio" if name in RADIOS else "checkbox")
            found = await states(role)
        ours = [
            State(self.labels.ours(name, one.name), one.value, one.chosen, one.disabled)
            for one in found
        ]
        _insist_offered(setting, ours, control)
        return ours


def _insist_offered(setting: Setting, found: Sequence[State], control: str) -> None:
    """Insist that every label that is published stands there once, and can be used."""
    names = [one.name for one in found]
    for label in dict.fromkeys([*setting.labels, *names]):
        option = f"'{label}' of {control}"
        _sole([one for one in found if one.name == label], option)
    if not found:
        raise _form_problem(control, "offers nothing")


def _sound(answer: list[State] | BaseException) -> list[State]:
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _sole(found: Sequence[State], control: str) -> State:
    if (how := standing(found)) is not LabelStatus.THERE:
        raise _form_problem(control, PROBLEMS[how])
    return found[0]


def _value(setting: Setting, found: Sequence[State]) -> Value:
    try:
        return value_of(setting, _raw(setting, found))
    except Unfit as error:
        raise _form_problem(
            control_of(setting.name), f"shows what it cannot: {error}"
        ) from error


def _raw(setting: Setting, found: Sequence[State]) -> object:
    chosen = [one.name for one in found if one.chosen]
    match setting.kind:
        case Kind.BOX:
            return found[0].chosen
        case Kind.BOXES:
            return chosen
        case Kind.CHOICE:
            return chosen[0] if len(chosen) == 1 else ""
        case Kind.PERCENT:
            return _percent(found[0].value.strip())
        case Kind.TEXT:
            return found[0].value
        case _:
            assert_never(setting.kind)


def _percent(shown: str) -> object:
    if not shown:
        return None
    number = shown.removesuffix("%").strip()
    return int(float(number)) if _WHOLE.fullmatch(number) else shown


def _form_problem(control: str, why: str) -> Exception:
    return control_problem(control, DAILY_SYNC, why)


Insist = Callable[[], Awaitable[None]]


class DailySyncForm:
    """The form of one district, loaded in a tab; it can only be looked at."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._form = FormOnPage(tab.page, tab.labels)

    async def sent_to(self) -> tuple[str, ...]:
        """Give the addresses that the form is sent to, where one is known."""
        return await self._tab.fence.sent_to(self._form.save)

    async def read(self, insist: Insist) -> FormReading:
        """
        Read the form, as soon as all of it is there, of the district that is meant.

        ``insist`` raises ``PageChanged`` where the page shows another district; it is
        asked before the form is read and after. Raises ``PageChanged`` if it is not
        there in time, ``CredentialsRefused``, and ``Unreachable`` where the page loads
        itself again until the time is over.
        """
        reloads = 0

        def count(frame: Frame) -> None:
            nonlocal reloads
            reloads += frame.parent_frame is None

        page = self._tab.page
        page.on("framenavigated", count)
        try:
            return await self._read(insist, lambda: reloads > 0)
        finally:
            page.remove_listener("framenavigated", count)

    async def _read_once(self, insist: Insist) -> FormReading:
        await insist()
        shown = await self._form.read()
        await insist()
        return shown

    async def _read(self, insist: Insist, reloaded: Callable[[], bool]) -> FormReading:
        loop = asyncio.get_running_loop()
        latest, pause = loop.time() + self._tab.website.wait_seconds, pauses()
        while True:
            self._tab.insist_here()
            try:
                return await self._read_once(insist)
            except PageChanged as error:
                if loop.time() > latest:
                    await self._tab.insist_signed_in()
                    if reloaded():
                        # a page between two loads has no form: it did not change
                        raise Unreachable(
                            "the form went away while it was read: the page loads "
                            "itself again"
                        ) from error
                    raise
            except PlaywrightError as error:
                if loop.time() <= latest and not self._tab.page.is_closed():
                    # a page that loads itself again takes its form away for a moment
                    await asyncio.sleep(next(pause))
                    continue
                raise Unreachable(
                    f"the form went away while it was read: {plain_words(error)}"
                ) from error
            await asyncio.sleep(next(pause))
