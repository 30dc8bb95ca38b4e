"""What the page says after *Save*."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from playwright.async_api import Dialog, Locator, Request, Response
from playwright.async_api import Error as PlaywrightError

from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.filling import Filling
from connectsync.connect.browser.sign_in import SignIn
from connectsync.connect.browser.tab import Tab, amiss
from connectsync.connect.names import CONFIRM, DAILY_SYNC, SAVED

_TOLD_ON_THE_PAGE = frozenset({409, 422})
"""Statuses with which a page shows the form again, and says why."""

_FIRST_ERROR = 400

_QUESTION = """
one => {
  const id = one.getAttribute("aria-labelledby");
  const by = id && document.getElementById(id);
  return one.getAttribute("aria-label") || (by || one).innerText || "";
}
"""


class Ended(Enum):
    """How a save ended."""

    SAVED = auto()
    REFUSED = auto()
    ASKED = auto()
    """A question was put, which nobody may answer."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """How a save ended, and what the page said."""

    ended: Ended
    said: str = ""


class Saving:
    """One press on *Save*, and what came of it."""

    def __init__(self, tab: Tab) -> None:
        self._page, self._website = tab.page, tab.website
        self._old_alerts: list[str] = []
        self._failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def press(self, filling: Filling) -> Answer:
        """Press *Save* and wait until the page says how it ended."""
        page = self._page
        listeners = {
            "response": self._on_response,
            "requestfailed": self._on_request_failed,
            "dialog": self._on_dialog,
        }
        for event, listener in listeners.items():
            page.on(event, listener)  # type: ignore[call-overload]
        try:
            return await self._answer(filling)
        except PlaywrightError as error:
            return Answer(Ended.UNKNOWN, first_line(error))
        finally:
            for event, listener in listeners.items():
                page.remove_listener(event, listener)

    async def _answer(self, filling: Filling) -> Answer:
        if await self._saved().count():
            raise amiss(f"'{SAVED}'", DAILY_SYNC, "stands there before any save")
        self._old_alerts = await self._page.get_by_role("alert").all_inner_texts()
        await filling.press_save()
        answer = await self._told()
        if answer.ended is Ended.ASKED and answer.said == self._website.confirmation:
            dialog = self._dialogs().first
            confirm = dialog.get_by_role("button", name=CONFIRM, exact=True)
            await confirm.click(no_wait_after=True)
            return await self._told(asking=False)
        return answer

    async def _told(self, *, asking: bool = True) -> Answer:
        """Wait for a sign on the page, or for a load that failed."""
        saved, refused = self._saved(), self._refused()
        signs = saved.or_(refused).or_(SignIn(self._page).button)
        signs = signs.or_(self._dialogs()) if asking else signs
        failure = await self._first(signs)
        if failure is not None:
            return failure
        if await saved.count():
            return Answer(Ended.SAVED)
        if asking and await self._dialogs().count():
            question = await self._dialogs().first.evaluate(_QUESTION)
            return Answer(Ended.ASKED, _plain(question))
        if await refused.count():
            return Answer(Ended.REFUSED, _plain(await refused.first.inner_text()))
        return Answer(Ended.UNKNOWN, "Connect asked to sign in")

    async def _first(self, signs: Locator) -> Answer | None:
        """Wait for any of the signs; give an answer if something else ends it."""
        seconds = self._website.load_seconds
        waiting = asyncio.ensure_future(signs.first.wait_for(timeout=seconds * 1000))
        any_of: set[asyncio.Future[Any]] = {waiting, self._failed, self._asked}
        await asyncio.wait(any_of, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if self._asked.done():
            return Answer(Ended.ASKED, self._asked.result())
        if self._failed.done():
            return Answer(Ended.UNKNOWN, self._failed.result())
        if not waiting.cancelled() and waiting.exception() is not None:
            return Answer(Ended.UNKNOWN, "Connect does not say whether it saved")
        return None

    def _saved(self) -> Locator:
        exactly = re.compile(rf"^\s*{SAVED}\s*$")
        return self._page.get_by_role("status").filter(has_text=exactly)

    def _refused(self) -> Locator:
        alerts = self._page.get_by_role("alert")
        for text in self._old_alerts:
            alerts = alerts.filter(has_not_text=text)
        return alerts

    def _dialogs(self) -> Locator:
        page = self._page
        return page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))

    def _on_response(self, response: Response) -> None:
        status = response.status
        if not response.request.is_navigation_request():
            return
        if status >= _FIRST_ERROR and status not in _TOLD_ON_THE_PAGE:
            self._fail(f"Connect answered with an error (status {status})")

    def _on_request_failed(self, request: Request) -> None:
        if request.is_navigation_request():
            self._fail(f"Connect did not answer ({request.failure})")

    def _fail(self, why: str) -> None:
        if not self._failed.done():
            self._failed.set_result(why)

    async def _on_dialog(self, dialog: Dialog) -> None:
        asked = _plain(dialog.message)
        if asked == self._website.confirmation:
            await dialog.accept()
            return
        if not self._asked.done():
            self._asked.set_result(asked)
        await dialog.dismiss()


def _plain(text: str) -> str:
    return " ".join(text.split())
