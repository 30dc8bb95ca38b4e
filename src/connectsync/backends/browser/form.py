"""The form on the page: read by role and label, strictly, in one pass."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import assert_never

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Locator, Page

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.controls import (
    PROBLEMS,
    OneLook,
    State,
    control_of,
    descriptions,
    look_once,
    options,
    pauses,
    standing,
    states,
)
from connectsync.backends.browser.tab import Tab, control_problem
from connectsync.backends.browser.website import (
    PageLabels,
    any_of,
    name_pattern,
    spellings_of,
)
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
        found = await self._all_at_once() or await self._one_by_one()
        form: dict[str, Value] = {}
        offered: dict[str, tuple[str, ...]] = {}
        for setting, controls in zip(SETTINGS, found, strict=True):
            if setting.kind in {Kind.CHOICE, Kind.BOXES}:
                offered[setting.name] = tuple(one.name for one in controls)
            form[setting.name] = _value(setting, controls)
        return FormReading(form, offered, await self.has_token())

    async def _all_at_once(self) -> list[list[State]] | None:
        """
        Give the controls of each setting; None where anything about them is unsure.

        Each question to the page takes it and us 8 ms of a processor, and a form that
        is as we know it needs no more than one.
        """
        with suppress(PageChanged):
            title = self.labels.shown(DAILY_SYNC)
            look = await look_once(self._every(), title, self._names)
            for label in (TOKEN_LABEL, SAVE):
                _sole([look.control(self.labels.shown(label))], f"'{label}'")
            return [self._found_in(look, setting) for setting in SETTINGS]
        return None

    def _every(self) -> Locator:
        """Find by role and name all that the form should hold."""
        role, called = self.whole.get_by_role, self._called
        typed = [*called(Kind.TEXT), *called(Kind.PERCENT)]
        typed.append(self.labels.shown(TOKEN_LABEL))
        boxes = role("group", name=any_of(called(Kind.BOXES)))
        radios = role("group", name=any_of(called(Kind.CHOICE, radios=True)))
        single = role("group", name=any_of([self.labels.shown(GROUP_OF_BOXES)]))
        every = (
            role("textbox", name=any_of(typed)),
            role("combobox", name=any_of(called(Kind.CHOICE, radios=False))),
            *(boxes, boxes.get_by_role("checkbox")),
            *(radios, radios.get_by_role("radio")),
            *(single, single.get_by_role("checkbox", name=any_of(called(Kind.BOX)))),
            self.save,
        )
        found = self.whole
        for one in every:
            found = found.or_(one)
        return found

    @property
    def _names(self) -> list[str]:
        """Give what pieces of the form are told apart by."""
        others = (DAILY_SYNC, GROUP_OF_BOXES, TOKEN_LABEL, SAVE)
        kinds = (Kind.TEXT, Kind.PERCENT, Kind.CHOICE, Kind.BOXES)
        called = [name for kind in kinds for name in self._called(kind)]
        return [*called, *map(self.labels.shown, others)]

    def _called(self, kind: Kind, *, radios: bool | None = None) -> list[str]:
        """Give what the page calls the settings of a kind."""
        return [
            self.labels.of_setting(one.name)
            for one in SETTINGS
            if one.kind is kind and radios in {None, one.name in RADIOS}
        ]

    def _found_in(self, look: OneLook, setting: Setting) -> list[State]:
        name, control = self.labels.of_setting(setting.name), control_of(setting.name)
        match setting.kind:
            case Kind.TEXT | Kind.PERCENT:
                return [_sole([look.control(name)], control)]
            case Kind.BOX:
                boxes = look.inside(self.labels.shown(GROUP_OF_BOXES))
                return [
                    _sole(
                        [one for one in boxes if one.name in spellings_of(name)],
                        control,
                    )
                ]
            case Kind.CHOICE | Kind.BOXES:
                _sole([look.control(name)], control)
                whole = setting.kind is Kind.CHOICE and setting.name not in RADIOS
                found = look.inside(name)
                if whole:
                    found = _choosable(look.options(name))
                return self._ours(setting, found, control)
            case _:
                assert_never(setting.kind)

    async def _one_by_one(self) -> list[list[State]]:
        """Give the same, or say which control is not as it was."""
        if await self.whole.count() != 1:
            raise _form_problem(f"'{DAILY_SYNC}'", "is missing or there more than once")
        # asked for at once, answered in the order of the form
        asked = [self._found(setting) for setting in SETTINGS]
        answers = await asyncio.gather(
            *asked, self._token(), self._save(), return_exceptions=True
        )
        *found, _, _ = [_sound(answer) for answer in answers]
        return found

    async def has_token(self) -> bool:
        """Say whether the field of the token shows one, or speaks of one."""
        told = await descriptions(self.text(TOKEN_LABEL))
        if len(told) != 1:
            raise _form_problem(
                f"'{TOKEN_LABEL}'", "is missing or there more than once"
            )
        ((said, filled),) = told
        return filled or TOKEN_KEPT.search(said) is not None

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
            found = _choosable(await options(field))
        else:
            group = self.group(name)
            _sole(await states(group), control)
            role = group.get_by_role("radio" if name in RADIOS else "checkbox")
            found = await states(role)
        return self._ours(setting, found, control)

    def _ours(
        self, setting: Setting, found: Sequence[State], control: str
    ) -> list[State]:
        """Give what a setting offers by our labels. Raises ``PageChanged``."""
        name = setting.name
        ours = [
            State(self.labels.ours(name, one.name), one.value, one.chosen, one.disabled)
            for one in found
        ]
        _insist_offered(setting, ours, control)
        return ours


def _choosable(found: Sequence[State]) -> list[State]:
    # one that cannot be chosen only says that something is to be chosen
    return [one for one in found if not one.disabled]


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
