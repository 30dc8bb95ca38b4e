"""District-Level Daily Sync: filling in the form, and pressing *Save*."""

from __future__ import annotations

from typing import assert_never

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator

from connectsync.connect.browser.form import FormOnPage
from connectsync.connect.browser.labels import control_of
from connectsync.connect.browser.tab import Tab, amiss, unusable
from connectsync.connect.names import (
    DAILY_SYNC,
    RADIOS,
    SAVE,
    TOKEN_LABEL,
    spelling_of,
)
from connectsync.domain.settings import BY_NAME, Form, Kind, Value

_TOKEN = f"'{TOKEN_LABEL}'"

_PRESSED = "performing click action"
"""What the library's log says once a click may have been made."""


class Filling:
    """The form of one district, loaded in a tab, in the hands of who may save."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._form = FormOnPage(tab.page, tab.labels)

    async def fill(self, before: Form, desired: Form) -> None:
        """
        Type what differs, and see that the page shows just that.

        Raises ``PageChanged``; then nothing may be saved.
        """
        for name, value in desired.items():
            if before[name] != value:
                await self._fill(name, value, before[name])
        shown = (await self._form.read()).form
        for name, value in {**before, **desired}.items():
            if shown[name] != value:
                raise amiss(control_of(name), DAILY_SYNC, "does not take what is typed")

    async def type_token(self, token: str) -> None:
        """Type the token. Raises ``PageChanged``; then nothing may be saved."""
        field = self._form.text(TOKEN_LABEL)
        try:
            await field.fill(token)
            taken = await field.input_value() == token
        except PlaywrightError:
            # what the library says of it may quote what was to be typed
            raise amiss(_TOKEN, DAILY_SYNC, "cannot be used") from None
        if not taken:
            raise amiss(_TOKEN, DAILY_SYNC, "does not take what is typed")

    async def press_save(self) -> None:
        """
        Press *Save*, and wait for nothing.

        Raises ``PageChanged`` if it is certain that it was not pressed.
        """
        save = self._form.save
        try:
            await save.click(no_wait_after=True)
        except PlaywrightError as error:
            if _PRESSED in str(error):
                raise
            raise await unusable(save, f"'{SAVE}'", DAILY_SYNC, error) from error

    async def insist_sent_home(self) -> None:
        """
        Insist that what is typed would be sent to this website, and answered here.

        Raises ``PageChanged``.
        """
        self._tab.insist_here()
        controls = {SAVE: self._form.save, TOKEN_LABEL: self._form.text(TOKEN_LABEL)}
        for label, control in controls.items():
            await self._tab.fence.insist_sent_home(control, f"'{label}'", DAILY_SYNC)

    async def refused(self) -> list[str]:
        """Name the settings whose fields the page marks as refused."""
        return [name for name in BY_NAME if await self._is_refused(name)]

    async def _is_refused(self, name: str) -> bool:
        form = self._form
        match BY_NAME[name].kind:
            case Kind.TEXT | Kind.PERCENT:
                field = form.text(spelling_of(name).label)
            case Kind.BOX:
                field = form.box(name)
            case Kind.CHOICE if name not in RADIOS:
                field = form.drop_down(name)
            case Kind.CHOICE | Kind.BOXES:
                field = form.group(name).locator("[aria-invalid=true]")
                return await field.count() > 0
            case _:
                assert_never(BY_NAME[name].kind)
        return bool(
            await field.evaluate_all(
                "all => all.some(one => one.getAttribute('aria-invalid') === 'true')"
            )
        )

    async def _fill(self, name: str, value: Value, before: Value) -> None:
        try:
            await self._typed(name, value, before)
        except PlaywrightError as error:
            raise await unusable(
                self._control(name), control_of(name), DAILY_SYNC, error
            ) from error

    def _control(self, name: str) -> Locator:
        """Give the control of a setting, or the first one of its group."""
        form = self._form
        match BY_NAME[name].kind:
            case Kind.TEXT | Kind.PERCENT:
                return form.text(spelling_of(name).label)
            case Kind.BOX:
                return form.box(name)
            case Kind.CHOICE if name not in RADIOS:
                return form.drop_down(name)
            case Kind.CHOICE | Kind.BOXES:
                return form.group(name).locator("input, [role]").first
            case _:
                assert_never(BY_NAME[name].kind)

    async def _typed(self, name: str, value: Value, before: Value) -> None:
        form = self._form
        match BY_NAME[name].kind:
            case Kind.TEXT | Kind.PERCENT:
                typed = "" if value is None else str(value)
                await form.text(spelling_of(name).label).fill(typed)
            case Kind.BOX:
                await form.box(name).set_checked(value is True)
            case Kind.CHOICE if name in RADIOS:
                await form.option(name, str(value)).check()
            case Kind.CHOICE:
                await form.drop_down(name).select_option(label=str(value))
            case Kind.BOXES:
                await self._tick(name, _labels(value), _labels(before))
            case _:
                assert_never(BY_NAME[name].kind)

    async def _tick(
        self, name: str, wanted: frozenset[str], before: frozenset[str]
    ) -> None:
        # first what goes, so that a group of which one may be ticked never has two
        for label in sorted(before - wanted):
            await self._form.option(name, label).uncheck()
        for label in sorted(wanted - before):
            await self._form.option(name, label).check()


def _labels(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()
