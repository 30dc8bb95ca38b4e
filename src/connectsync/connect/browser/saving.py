"""What the page says after *Save*."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Request, Response

from connectsync.connect.browser.boxes import plain
from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.filling import Filling
from connectsync.connect.browser.sign_in import SignIn
from connectsync.connect.browser.tab import Tab, amiss
from connectsync.connect.names import CONFIRM, DAILY_SYNC, SAVED
from connectsync.domain.foreign_text import foreign_text
from connectsync.errors import CredentialsRefused

_TOLD_ON_THE_PAGE = frozenset({409, 422})
"""Statuses with which a page shows the form again, and says why."""

_FIRST_ERROR = 400

_AGAIN_SECONDS = 0.1

_QUESTIONS = """
all => all.map(one => {
  const id = one.getAttribute("aria-labelledby");
  const by = id && document.getElementById(id);
  return one.getAttribute("aria-label") || (by || one).innerText || "";
})
"""


class Ended(Enum):
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
class Answer:
    """How a save seems to have ended, and what the page said."""

    ended: Ended
    said: str = ""


@dataclass(frozen=True, slots=True)
class _Signs:
    """What a page shows that may be an answer to *Save*."""

    saved: bool = False
    signed_out: bool = False
    alerts: Counter[str] = field(default_factory=Counter)
    dialogs: Counter[str] = field(default_factory=Counter)


class Saving:
    """One press on *Save*, and what came of it."""

    def __init__(self, tab: Tab) -> None:
        self._tab, self._page, self._website = tab, tab.page, tab.website
        self._before = _Signs()
        self._failed = ""
        self._refused = False

    async def press(self, filling: Filling) -> Answer:
        """Press *Save* and wait until the page says how it ended."""
        page, boxes = self._page, self._tab.boxes
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_request_failed)
        boxes.accept, boxes.asked = self._website.confirmation, ""
        try:
            answer = await self._answer(filling)
            return replace(answer, said=foreign_text(answer.said))
        except PlaywrightError as error:
            return Answer(Ended.UNKNOWN, first_line(error))
        finally:
            boxes.accept = ""
            page.remove_listener("response", self._on_response)
            page.remove_listener("requestfailed", self._on_request_failed)

    async def _answer(self, filling: Filling) -> Answer:
        self._before = await self._signs()
        if self._before.saved:
            raise amiss(f"'{SAVED}'", DAILY_SYNC, "stands there before any save")
        boxes = self._tab.boxes.count
        await filling.press_save()
        seconds = self._website.load_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._told(boxes)
        except TimeoutError:
            return Answer(Ended.UNKNOWN, "Connect does not say whether it saved")

    async def _told(self, boxes: int) -> Answer:
        """
        Wait for a sign on the page, or for a load that failed.

        Whatever else is said or asked is only a hint, after which the page has a
        little more time to say that it saved.
        """
        loop = asyncio.get_running_loop()
        hint: Answer | None = None
        latest, confirmed = 0.0, False
        while True:
            answer = await self._certain()
            if answer is not None:
                return answer
            signs = await self._signs()
            if signs.saved:
                return Answer(Ended.SAVED)
            if signs.signed_out:
                return Answer(Ended.UNKNOWN, "Connect asked to sign in")
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

    async def _certain(self) -> Answer | None:
        """Give what needs no look at the page."""
        try:
            self._tab.insist_here()
        except CredentialsRefused as elsewhere:
            return Answer(Ended.UNKNOWN, elsewhere.message)
        return Answer(Ended.UNKNOWN, self._failed) if self._failed else None

    def _hint(self, signs: _Signs, boxes: int, *, confirmed: bool) -> Answer | None:
        said = self._tab.boxes
        if said.asked:
            return Answer(Ended.ASKED, said.asked)
        dialogs = signs.dialogs - self._before.dialogs
        if confirmed:
            # it may take a moment to go away
            del dialogs[self._website.confirmation]
        if dialogs:
            return Answer(Ended.ASKED, next(iter(dialogs)))
        if alerts := signs.alerts - self._before.alerts:
            return Answer(Ended.REFUSED, next(iter(alerts)))
        if said.count > boxes and said.said != self._website.confirmation:
            return Answer(Ended.SAID, said.said)
        return None

    async def _confirm(self) -> bool:
        """Answer the one question that the project accepts; say whether that was it."""
        question = self._website.confirmation
        for dialog in await self._dialogs().all():
            if question in _plain_counts(await dialog.evaluate_all(_QUESTIONS)):
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
            return _Signs(
                saved=await saved.count() > 0,
                signed_out=await SignIn(page).button.count() > 0,
                alerts=_plain_counts(await page.get_by_role("alert").all_inner_texts()),
                dialogs=_plain_counts(await dialogs.evaluate_all(_QUESTIONS)),
            )
        except PlaywrightError:
            if page.is_closed():
                raise
            return _Signs()

    def _dialogs(self) -> Locator:
        page = self._page
        return page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))

    def _on_response(self, response: Response) -> None:
        status = response.status
        if not self._is_of_the_page(response.request):
            return
        self._refused = status in _TOLD_ON_THE_PAGE
        if status >= _FIRST_ERROR and not self._refused:
            self._failed = f"Connect answered with an error (status {status})"

    def _on_request_failed(self, request: Request) -> None:
        if self._is_of_the_page(request):
            self._failed = f"Connect did not answer ({request.failure})"

    def _is_of_the_page(self, request: Request) -> bool:
        if not request.is_navigation_request():
            return False
        try:
            return request.frame == self._page.main_frame
        except PlaywrightError:
            return True


def _plain_counts(texts: list[str]) -> Counter[str]:
    return Counter(said for said in map(plain, texts) if said)
