"""Fill in the form, press Save, and read what the page answers."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime
from enum import Enum, auto
from typing import assert_never

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Request, Response

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.controls import ask_all, control_of, texts
from connectsync.backends.browser.form import FormOnPage
from connectsync.backends.browser.tab import (
    SignIn,
    Tab,
    control_problem,
    plain,
    unusable,
)
from connectsync.backends.browser.website import origin_of
from connectsync.backends.names import (
    CONFIRM,
    DAILY_SYNC,
    RADIOS,
    SAVE,
    SAVED,
    TOKEN_LABEL,
    setting_named,
)
from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.settings import BY_NAME, Form
from connectsync.errors import CredentialsRefused, PageChanged
from connectsync.providers.form import Kind, Value
from connectsync.values import dataclass, field, replace
from connectsync.web.http import TOO_MANY, seconds_asked, too_many_requests

_TOKEN = f"'{TOKEN_LABEL}'"

_PRESSED = "performing click action"
"""What the library's log says once a click may have been made."""


class FormFiller:
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
                raise control_problem(
                    control_of(name), DAILY_SYNC, "does not take what is typed"
                )

    async def type_token(self, token: str) -> None:
        """Type the token. Raises ``PageChanged``; then nothing may be saved."""
        field = self._form.text(TOKEN_LABEL)
        fence, page = self._tab.fence, self._tab.page
        try:
            await fence.hold_forms(page, DAILY_SYNC)
            await field.fill(token)
            # a page that loaded itself again meanwhile holds its forms no more
            await fence.hold_forms(page, DAILY_SYNC)
            taken = await field.input_value() == token
        except PlaywrightError:
            # what the library says of it may quote what was to be typed
            raise control_problem(_TOKEN, DAILY_SYNC, "cannot be used") from None
        if not taken:
            raise control_problem(_TOKEN, DAILY_SYNC, "does not take what is typed")

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

    async def insist_sent_home(self, *, secret: bool) -> None:
        """
        Insist that what is typed would be sent to this website, and answered here.

        A ``secret`` may stand in no address. Raises ``PageChanged``.
        """
        self._tab.insist_here()
        controls = {SAVE: self._form.save, TOKEN_LABEL: self._form.text(TOKEN_LABEL)}
        for label, control in controls.items():
            await self._tab.fence.insist_sent_home(
                control, f"'{label}'", DAILY_SYNC, secret=secret
            )

    async def refused(self) -> list[str]:
        """Name the settings whose fields the page marks as refused."""
        return [name for name in BY_NAME if await self._is_refused(name)]

    async def _is_refused(self, name: str) -> bool:
        form = self._form
        match BY_NAME[name].kind:
            case Kind.TEXT | Kind.PERCENT:
                field = form.text(setting_named(name).page_label)
            case Kind.BOX:
                field = form.box(name)
            case Kind.CHOICE if name not in RADIOS:
                field = form.drop_down(name)
            case Kind.CHOICE | Kind.BOXES:
                field = form.group(name).locator("[aria-invalid=true]")
                return await field.count() > 0
            case _:
                assert_never(BY_NAME[name].kind)
        return (
            await field.and_(self._tab.page.locator("[aria-invalid=true]")).count() > 0
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
                return form.text(setting_named(name).page_label)
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
                await form.text(setting_named(name).page_label).fill(typed)
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


_TOLD_ON_THE_PAGE = frozenset({409, 422})
"""Statuses with which a page shows the form again, and says why."""

_FIRST_ERROR = 400

_FETCHING = frozenset({"GET", "HEAD", "OPTIONS"})

_AGAIN_SECONDS = 0.1

_QUESTIONS = """
all => all.map(one => {
  const id = one.getAttribute("aria-labelledby");
  const by = id && ask("getElementById", id);
  return [one.getAttribute("aria-label") || (by || one).innerText || ""];
})
"""


class SaveEnding(Enum):
    """What the page made of a save; all but the first is only what it seems to be."""

    SAVED = auto()
    REFUSED = auto()
    """An alert stands on the page: mostly why the form is refused."""
    ASKED = auto()
    """A question was put, which no person is here to answer."""
    SAID = auto()
    """A box said something, and the page nothing that we know."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """
    How a save seems to have ended, and what the page said.

    ``denied``: it asked in a box, which was answered with no. ``left``: something was
    sent to Connect since *Save* was pressed.
    """

    ended: SaveEnding
    said: str = ""
    denied: bool = False
    left: bool = True


@dataclass(frozen=True, slots=True)
class _Signs:
    """What a page shows that may be an answer to *Save*."""

    saved: bool = False
    signed_out: bool = False
    alerts: Counter[str] = field(default_factory=Counter)
    dialogs: Counter[str] = field(default_factory=Counter)
    unreadable: PageChanged | None = None


class SavePress:
    """One press on *Save*, and what came of it."""

    def __init__(self, tab: Tab) -> None:
        self._tab, self._page, self._website = tab, tab.page, tab.website
        self._before = _Signs()
        self._failed = ""
        self._refused = False
        self._left = False

    async def press(self, filling: FormFiller) -> PageAnswer:
        """Press *Save* and wait until the page says how it ended."""
        page, boxes = self._page, self._tab.boxes
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_request_failed)
        boxes.accept, boxes.asked = self._website.confirmation, ""
        try:
            answer = await self._answer(filling)
            said = foreign_text(answer.said)
            return replace(answer, said=said, left=self._left)
        except PlaywrightError as error:
            return PageAnswer(SaveEnding.UNKNOWN, plain_words(error))
        finally:
            boxes.accept = ""
            page.remove_listener("request", self._on_request)
            page.remove_listener("response", self._on_response)
            page.remove_listener("requestfailed", self._on_request_failed)

    async def _answer(self, filling: FormFiller) -> PageAnswer:
        self._before = await self._signs()
        if self._before.unreadable:
            raise self._before.unreadable
        if self._before.saved:
            raise control_problem(f"'{SAVED}'", DAILY_SYNC, "is shown before any save")
        boxes = self._tab.boxes.count
        await filling.press_save()
        seconds = self._website.load_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._told(boxes)
        except PageChanged as error:
            return PageAnswer(SaveEnding.UNKNOWN, error.message)
        except TimeoutError:
            return PageAnswer(
                SaveEnding.UNKNOWN, "Connect does not say whether it saved"
            )

    async def _told(self, boxes: int) -> PageAnswer:
        """
        Wait for a sign on the page, or for a load that failed.

        Whatever else is said or asked is only a hint, after which the page has a
        little more time to say that it saved.
        """
        loop = asyncio.get_running_loop()
        hint: PageAnswer | None = None
        latest, confirmed = 0.0, False
        while True:
            answer = await self._certain()
            if answer is not None:
                return answer
            signs = await self._signs()
            if signs.saved:
                return PageAnswer(SaveEnding.SAVED)
            if signs.signed_out:
                return PageAnswer(SaveEnding.UNKNOWN, "Connect asked to sign in")
            dialogs = signs.dialogs - self._before.dialogs
            if not confirmed and self._website.confirmation in dialogs:
                confirmed = await self._confirm()
                continue
            told = self._hint(signs, boxes, confirmed=confirmed)
            if told is not None and self._refused:
                return told
            if told is not None and hint is None:
                latest = loop.time() + self._website.wait_seconds
            hint = told or hint
            if hint is not None and loop.time() > latest:
                return hint
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _certain(self) -> PageAnswer | None:
        """Give what needs no look at the page."""
        # what was never answered leaves a page of the browser's own, which is nowhere
        stopped = self._tab.fence.refused
        if self._failed and not stopped and not origin_of(self._page.url):
            return PageAnswer(SaveEnding.UNKNOWN, self._failed)
        try:
            self._tab.insist_here()
        except CredentialsRefused as elsewhere:
            return PageAnswer(SaveEnding.UNKNOWN, elsewhere.message)
        return PageAnswer(SaveEnding.UNKNOWN, self._failed) if self._failed else None

    def _hint(self, signs: _Signs, boxes: int, *, confirmed: bool) -> PageAnswer | None:
        if signs.unreadable:
            # it was sent: whatever the page is now, the form tells what came of it
            return PageAnswer(SaveEnding.UNKNOWN, signs.unreadable.message)
        said = self._tab.boxes
        if said.asked:
            return PageAnswer(SaveEnding.ASKED, said.asked, denied=True)
        dialogs = signs.dialogs - self._before.dialogs
        if confirmed:
            # it may take a moment to go away
            del dialogs[self._website.confirmation]
        if dialogs:
            return PageAnswer(SaveEnding.ASKED, next(iter(dialogs)))
        if alerts := signs.alerts - self._before.alerts:
            return PageAnswer(SaveEnding.REFUSED, next(iter(alerts)))
        if said.count > boxes and said.said != self._website.confirmation:
            return PageAnswer(SaveEnding.SAID, said.said)
        return None

    async def _confirm(self) -> bool:
        """Answer the one question that the project accepts; say whether that was it."""
        question = self._website.confirmation
        for dialog in await self._dialogs().all():
            if question in await _questions(dialog):
                confirm = dialog.get_by_role("button", name=CONFIRM, exact=True)
                await confirm.click(no_wait_after=True)
                return True
        return False

    async def _signs(self) -> _Signs:
        """Look at the page; one that is just being left or loaded shows nothing."""
        page, dialogs = self._page, self._dialogs()
        try:
            exactly = re.compile(rf"^\s*{SAVED}\s*$")
            saved = page.get_by_role("status").filter(has_text=exactly)
            if await saved.count():
                return _Signs(saved=True)
            alerts = await texts(page.get_by_role("alert"), exact=False)
            return _Signs(
                signed_out=await SignIn(page).button.count() > 0,
                alerts=_plain_counts(alerts),
                dialogs=await _questions(dialogs),
            )
        except PageChanged as error:
            return _Signs(unreadable=error)
        except PlaywrightError:
            if page.is_closed():
                raise
            return _Signs()

    def _dialogs(self) -> Locator:
        page = self._page
        return page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))

    def _on_request(self, request: Request) -> None:
        # what only fetches a picture or a script saves nothing
        if request.method not in _FETCHING or self._is_of_the_page(request):
            self._left = True

    def _on_response(self, response: Response) -> None:
        status = response.status
        if not self._is_of_the_page(response.request):
            return
        self._refused = status in _TOLD_ON_THE_PAGE
        if status == TOO_MANY:
            asked = response.headers.get("retry-after", "")
            wait = seconds_asked(asked, datetime.now(UTC))
            self._failed = too_many_requests(self._website.named, "", wait).message
        elif status >= _FIRST_ERROR and not self._refused:
            self._failed = f"Connect answered with an error (status {status})"

    def _on_request_failed(self, request: Request) -> None:
        if self._is_of_the_page(request):
            why = plain_words(request.failure or "?", self._website.origin)
            self._failed = f"Connect did not answer: {why}"

    def _is_of_the_page(self, request: Request) -> bool:
        if not request.is_navigation_request():
            return False
        try:
            return request.frame == self._page.main_frame
        except PlaywrightError:
            return True


async def _questions(dialogs: Locator) -> Counter[str]:
    asked = await ask_all(dialogs, _QUESTIONS, str)
    return _plain_counts([question for (question,) in asked])


def _plain_counts(shown: list[str]) -> Counter[str]:
    return Counter(said for said in map(plain, shown) if said)
