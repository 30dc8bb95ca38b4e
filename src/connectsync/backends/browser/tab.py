"""One browser tab: sign-in, loading, clicking, and evidence of failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Literal

import httpx2
from playwright.async_api import Dialog, Locator, Page, Response
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.controls import (
    PROBLEMS,
    describe_instead,
    obstacle,
    standing,
    states,
)
from connectsync.backends.browser.evidence import Evidence, learn_cookies
from connectsync.backends.browser.fence import NOTHING, Fence
from connectsync.backends.browser.website import PageLabels, Website, origin_of
from connectsync.backends.names import EMAIL, PASSWORD, SIGN_IN
from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.live import LabelStatus
from connectsync.errors import Bug, CredentialsRefused, PageChanged, Unreachable
from connectsync.web.http import (
    TOO_MANY,
    RetryPolicy,
    retry_after,
    too_many_requests,
    when_to_try,
)

QUESTIONS = frozenset({"confirm", "prompt"})
"""The kinds of box that leave a choice; "OK" is all that can be said to an alert."""

LEAVING = "beforeunload"
"""The box that asks whether a page may be left, which is what we asked for."""

LONGEST = 200
"""So much of what a box says is told."""


class Boxes:
    """
    Every box of one page, answered at once: while one is open the page stands still.

    A box that only says something is closed. A question is answered with no, which
    is what Escape does, unless it is the one that ``accept`` names.
    """

    def __init__(self, page: Page) -> None:
        self.count = 0
        self.said = ""
        """What the last box said."""
        self.asked = ""
        """The last question that was answered with no."""
        self.accept = ""
        """The question that is answered with yes, while there is one."""
        self.last_at = 0.0
        """When the last box came, on the clock of the event loop."""
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Answer the boxes of a page."""
        page.on("dialog", self._answer)

    async def _answer(self, box: Dialog) -> None:
        said = foreign_text(box.message)[:LONGEST]
        try:
            if box.type == LEAVING:
                await box.accept()
                return
            yes = bool(self.accept) and plain(box.message) == self.accept
            self.count, self.said = self.count + 1, said
            self.last_at = asyncio.get_running_loop().time()
            if box.type in QUESTIONS and not yes:
                self.asked = said
                await box.dismiss()
            else:
                await box.accept()
        except PlaywrightError:
            # the page went away with its box
            return


def plain(text: str) -> str:
    """Give a text of a page on one line."""
    return " ".join(text.split())


BY_HAND = "sign in in the window that `connectsync login` opens without --email"


class SignIn:
    """The sign-in, as far as it asks for an email address and a password."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.button = page.get_by_role("button", name=SIGN_IN, exact=True)
        self.password = page.get_by_role("textbox", name=PASSWORD, exact=True)

    async def is_shown(self) -> bool:
        """Say whether this is the page that is shown."""
        return await self.button.first.is_visible()

    async def sign_in(self, email: str, password: str, fence: Fence) -> None:
        """
        Sign in, at the origin of the fence alone.

        Raises ``CredentialsRefused``, and ``PageChanged``.
        """
        page = self._page
        address = page.get_by_role("textbox", name=EMAIL, exact=True)
        controls = {EMAIL: address, PASSWORD: self.password, SIGN_IN: self.button}
        fence.insist_here(page.url)
        for name, control in controls.items():
            await self._insist_there(control, name)
            await fence.insist_sent_home(control, f"'{name}'", SIGN_IN, secret=True)
        await fence.hold_forms(page, SIGN_IN)
        await self._type(address, email, EMAIL)
        await self._type(self.password, password, PASSWORD)
        # a page that loaded itself again meanwhile holds its forms no more
        await fence.hold_forms(page, SIGN_IN)
        for name, control in controls.items():
            await fence.insist_sent_home(control, f"'{name}'", SIGN_IN, secret=True)
        try:
            async with page.expect_navigation(wait_until="domcontentloaded"):
                await self._press()
        except PlaywrightError:
            if fence.refused:
                raise fence.elsewhere(fence.refused) from None
            raise PageChanged(
                f"after '{SIGN_IN}' no other page came{await describe_instead(page)}",
                remedy=BY_HAND,
            ) from None
        if await self.is_shown():
            raise CredentialsRefused(
                "Connect does not take this email address and password",
                remedy="check both; a typed password is not kept anywhere",
            )

    async def _insist_there(self, control: Locator, name: str) -> None:
        try:
            await control.first.wait_for()
        except PlaywrightError:
            instead = await describe_instead(self._page)
            raise _page_changed(name, f"is missing{instead}") from None

    async def _type(self, control: Locator, text: str, name: str) -> None:
        try:
            await control.fill(text)
        except PlaywrightError as error:
            # what the library says of it may quote what was to be typed
            raise _page_changed(name, (await obstacle(control, error))[0]) from None

    async def _press(self) -> None:
        try:
            await self.button.click()
        except PlaywrightError as error:
            why, _ = await obstacle(self.button, error)
            raise _page_changed(SIGN_IN, why) from None


def _page_changed(name: str, why: str) -> PageChanged:
    said = f"on the page '{SIGN_IN}' the control '{name}' {why}"
    return PageChanged(said, remedy=BY_HAND)


LOG_IN = "run `connectsync login`, then try again"

_THERE: Literal["domcontentloaded"] = "domcontentloaded"
"""When a page is there: a picture that never comes does not keep us from its form."""

LONG_LIST = 10
"""The longest list may take so many times the total time of one district."""

Load = Callable[[], Awaitable[Response | None]]
Anew = Callable[[], Awaitable[tuple[Page, Fence]]]


class Tab:
    """A page of the website that is open, and what it is looked at with."""

    def __init__(
        self,
        page: Page,
        website: Website,
        patience: RetryPolicy,
        fence: Fence | None = None,
        anew: Anew | None = None,
    ) -> None:
        self.page = page
        self.website = website
        self.labels = PageLabels(website.labels)
        self.evidence = Evidence(website.evidence, self.labels)
        self.boxes = Boxes(page)
        self.fence = fence or Fence(website.origin)
        self._limit: asyncio.Timeout | None = None
        self._begun = 0.0
        self._patience = patience
        self._anew = anew

    @asynccontextmanager
    async def another(self) -> AsyncIterator[Tab]:
        """
        Open a tab of the same session beside this one, and close it again.

        While it is open this one is in the background, where everything is slow.
        """
        page = await self.page.context.new_page()
        try:
            yield Tab(page, self.website, self._patience, self.fence)
        finally:
            await page.close()

    def limit(self) -> asyncio.Timeout:
        """Give the total time of what the tab is used for from now on."""
        self._begun = asyncio.get_running_loop().time()
        self._limit = asyncio.timeout(self.website.total_seconds)
        return self._limit

    @property
    def limit_seconds(self) -> float:
        """Say how much time the tab has had in all."""
        latest = self._limit.when() if self._limit is not None else None
        return 0.0 if latest is None else round(latest - self._begun, 1)

    def take_more_time(self) -> None:
        """Begin the total time again, as one page of a long list is done."""
        if self._limit is not None:
            total = self.website.total_seconds
            anew = asyncio.get_running_loop().time() + total
            self._limit.reschedule(min(anew, self._begun + LONG_LIST * total))

    async def start(self) -> None:
        """Open the first page. Raises ``ConnectError``."""
        await self._loaded(lambda: self._gone_to(self.website.url))

    async def open(self) -> None:
        """Open the first page, wherever it leads to. Raises ``Unreachable``."""
        try:
            await self.page.goto(self.website.url, wait_until=_THERE)
        except PlaywrightError as error:
            if self.page.is_closed():
                raise
            raise Unreachable(
                f"Connect's page does not load: {self._in_words(error)}"
            ) from error

    async def load_again(self, address: str) -> None:
        """Load the page of an address, from the server. Raises ``ConnectError``."""

        async def loaded() -> Response | None:
            # within one document nothing is loaded, and old values would stay
            return await self._gone_to(address) or await self._reloaded()

        await self._loaded(loaded)

    async def follow(self, link: Locator, control: str, page: str) -> None:
        """Click on what leads to another page. Raises ``ConnectError``."""

        async def clicked() -> Response | None:
            async with self.page.expect_navigation(wait_until=_THERE) as navigation:
                await self.press(link, control, page)
            return await navigation.value

        await self._loaded(clicked)

    async def press(self, found: Locator, control: str, page: str) -> None:
        """Click on a control. Raises ``PageChanged``, saying what is in the way."""
        try:
            await found.click()
        except PlaywrightError as error:
            raise await unusable(found, control, page, error) from error

    async def type_into(
        self, found: Locator, text: str, control: str, page: str
    ) -> None:
        """Fill in a field. Raises ``PageChanged``, saying what is in the way."""
        try:
            await found.fill(text)
        except PlaywrightError as error:
            raise await unusable(found, control, page, error) from error

    async def the_only(self, found: Locator, control: str, page: str) -> Locator:
        """
        Insist that a control stands on the page exactly once, and can be used.

        Raises ``PageChanged``, or ``CredentialsRefused`` where it is the sign-in that
        is shown instead.
        """
        how = await self.standing(found)
        if how is LabelStatus.MISSING:
            instead = await describe_instead(self.page)
            raise control_problem(control, page, f"{PROBLEMS[how]}{instead}")
        if how is not LabelStatus.THERE:
            raise control_problem(control, page, PROBLEMS[how])
        return found

    async def standing(self, found: Locator) -> LabelStatus:
        """
        Wait for a control, and say how it stands there.

        Raises ``CredentialsRefused`` where it is the sign-in that is shown instead.
        """
        with suppress(PlaywrightError, PageChanged):
            # what is there needs no wait; whatever is not sure is left to the browser
            if (there := await states(found)) and there[0].seen:
                return standing(there)
        milliseconds = self.website.wait_seconds * 1000
        # the sign-in page is waited for too, so that an ended session is told at once
        either = found.or_(SignIn(self.page).password)
        try:
            await either.first.wait_for(timeout=milliseconds)
            if not await found.count():
                await self.insist_signed_in()
                await found.first.wait_for(timeout=milliseconds)
        except PlaywrightError:
            await self.insist_signed_in()
            return LabelStatus.MISSING
        return standing(await states(found))

    def insist_here(self) -> None:
        """Raise ``CredentialsRefused`` if the page is, or wants to be, elsewhere."""
        if self.fence.refused:
            raise self.fence.elsewhere(self.fence.refused)
        self.fence.insist_here(self.page.url)

    async def insist_signed_in(self) -> None:
        """Raise ``CredentialsRefused`` if the page asks to sign in, or is elsewhere."""
        # a page that did not load is nowhere, which says nothing about the session
        if self.fence.refused or origin_of(self.page.url):
            self.insist_here()
        if await SignIn(self.page).is_shown():
            raise CredentialsRefused(
                "Connect asks to sign in: there is no session, or it has ended",
                remedy=LOG_IN,
            )

    async def _loaded(self, first: Load) -> None:
        loads = iter([first])

        async def attempt() -> httpx2.Response:
            self.fence.refused = ""
            try:
                # what was answered with an error is asked for again by reloading
                response = await next(loads, self._reloaded)()
            except PlaywrightError as error:
                if self.fence.refused:
                    raise self.fence.elsewhere(self.fence.refused) from error
                raise httpx2.TransportError(self._in_words(error)) from error
            # each answer may begin the session anew
            await learn_cookies(self.page)
            return await _plain(response)

        try:
            answer = await self._patience(attempt)
        except httpx2.TransportError as error:
            raise Unreachable(f"Connect's page does not load: {error}") from error
        self.insist_here()
        if answer.status_code in {401, 403}:
            raise CredentialsRefused(
                f"Connect refuses the page (status {answer.status_code})",
                remedy=LOG_IN,
            )
        wait = retry_after(answer, datetime.now(UTC))
        if answer.status_code == TOO_MANY:
            raise too_many_requests(self.website.named, "", wait)
        if answer.is_error:
            raise Unreachable(
                f"Connect answers with an error (status {answer.status_code})",
                remedy=when_to_try(wait) if wait else None,
            )
        await self._at_rest()

    async def _reloaded(self) -> Response | None:
        if self.page.url == NOTHING:
            # the first page never came: loading nothing again would be no error
            return await self._gone_to(self.website.url)
        return await self.page.reload(wait_until=_THERE)

    async def _gone_to(self, address: str) -> Response | None:
        if self.fence.is_held(self.page):
            await self._leave()
        return await self.page.goto(address, wait_until=_THERE)

    async def _leave(self) -> None:
        """
        Leave a page that a secret was typed on, and all that scripts of it left behind.

        What they keep in the browser or begin while it goes away dies with its context.
        """
        if self._anew is None:
            raise Bug("a page that a secret was typed on is left for no other one")
        held = self.page.context
        self.page, self.fence = await self._anew()
        self.boxes.watch(self.page)
        with suppress(PlaywrightError):
            await held.close()

    async def _at_rest(self) -> None:
        """Let pictures and scripts come, but do not depend on the last of them."""
        with suppress(PlaywrightError):
            await self.page.wait_for_load_state(
                "load", timeout=self.website.wait_seconds * 1000
            )

    def _in_words(self, error: PlaywrightError) -> str:
        if "Timeout" in str(error):
            return f"there is none after {self.website.load_seconds:g} s"
        # a page that never came has an address of the browser's own
        return plain_words(error, self.website.origin)


async def unusable(
    found: Locator, control: str, page: str, error: PlaywrightError
) -> PageChanged:
    """Make the error that says why a control that is there cannot be used."""
    why, remedy = await obstacle(found, error)
    changed = control_problem(control, page, why)
    return changed if remedy is None else PageChanged(changed.message, remedy=remedy)


def control_problem(control: str, page: str, why: str) -> PageChanged:
    """Make the error that says which control on which page is not as we know it."""
    return PageChanged(f"on the page '{page}' the control {control} {why}")


async def _plain(response: Response | None) -> httpx2.Response:
    """Give status and Retry-After; a page that changes without loading is fine."""
    if response is None:
        return httpx2.Response(200)
    asked = await response.header_value("Retry-After")
    # what is no ASCII names no time, and could not be kept as a header
    headers = {"Retry-After": asked} if asked and asked.isascii() else {}
    return httpx2.Response(response.status, headers=headers)
