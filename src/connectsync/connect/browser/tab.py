"""One tab: pages are loaded with patience, and clicked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

import httpx2
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, Response

from connectsync.connect.browser.boxes import Boxes
from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.controls import AMISS, standing, states
from connectsync.connect.browser.evidence import Evidence
from connectsync.connect.browser.fence import Fence
from connectsync.connect.browser.labels import Labels
from connectsync.connect.browser.obstacles import obstacle, shown_instead
from connectsync.connect.browser.sign_in import SignIn
from connectsync.connect.browser.website import Website, origin_of
from connectsync.domain.page_map import Found
from connectsync.errors import CredentialsRefused, PageChanged, Unreachable
from connectsync.web.patience import Patience

LOG_IN = "run `connectsync login`, then try again"

_THERE: Literal["domcontentloaded"] = "domcontentloaded"
"""When a page is there: a picture that never comes does not keep us from its form."""

_NOTHING = "about:blank"

_LOADING = (
    ("ERR_TOO_MANY_REDIRECTS", "it redirects without end"),
    ("Download is starting", "it sends a file to download instead of a page"),
    ("ERR_INVALID_AUTH_CREDENTIALS", "it asks for a password in a box"),
)
"""What the library says of a page that does not load, and plainer words for it."""

Load = Callable[[], Awaitable[Response | None]]


class Tab:
    """A page of the website that is open, and what it is looked at with."""

    def __init__(
        self,
        page: Page,
        website: Website,
        patience: Patience,
        fence: Fence | None = None,
    ) -> None:
        self.page = page
        self.website = website
        self.labels = Labels(website.labels)
        self.evidence = Evidence(website.evidence, self.labels)
        self.boxes = Boxes(page)
        self.fence = fence or Fence(website.origin)
        self.limit: asyncio.Timeout | None = None
        """The total time of what the tab is used for now."""
        self._patience = patience

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

    def take_more_time(self) -> None:
        """Begin the total time again: one page of a long list is done."""
        if self.limit is not None:
            loop = asyncio.get_running_loop()
            self.limit.reschedule(loop.time() + self.website.total_seconds)

    async def start(self) -> None:
        """Open the first page. Raises ``ConnectError``."""
        await self._loaded(lambda: self.page.goto(self.website.url, wait_until=_THERE))

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

        async def gone_to() -> Response | None:
            # within one document nothing is loaded, and old values would stay
            response = await self.page.goto(address, wait_until=_THERE)
            return response or await self._reloaded()

        await self._loaded(gone_to)

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
        if how is Found.MISSING:
            instead = await shown_instead(self.page)
            raise amiss(control, page, f"{AMISS[how]}{instead}")
        if how is not Found.THERE:
            raise amiss(control, page, AMISS[how])
        return found

    async def standing(self, found: Locator) -> Found:
        """
        Wait for a control, and say how it stands there.

        Raises ``CredentialsRefused`` where it is the sign-in that is shown instead.
        """
        try:
            await found.first.wait_for(timeout=self.website.wait_seconds * 1000)
        except PlaywrightError:
            await self.insist_signed_in()
            return Found.MISSING
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
        if answer.is_error:
            raise Unreachable(
                f"Connect answers with an error (status {answer.status_code})"
            )
        await self._at_rest()

    async def _reloaded(self) -> Response | None:
        if self.page.url == _NOTHING:
            # the first page never came: loading nothing again would be no error
            return await self.page.goto(self.website.url, wait_until=_THERE)
        return await self.page.reload(wait_until=_THERE)

    async def _at_rest(self) -> None:
        """Let pictures and scripts come, but do not depend on the last of them."""
        with suppress(PlaywrightError):
            await self.page.wait_for_load_state(
                "load", timeout=self.website.wait_seconds * 1000
            )

    def _in_words(self, error: PlaywrightError) -> str:
        said = str(error)
        for sign, words in _LOADING:
            if sign in said:
                return words
        if "Timeout" in said:
            return f"there is none after {self.website.load_seconds:g} s"
        return first_line(error)


async def unusable(
    found: Locator, control: str, page: str, error: PlaywrightError
) -> PageChanged:
    """Make the error that says why a control that is there cannot be used."""
    why, remedy = await obstacle(found, error)
    changed = amiss(control, page, why)
    return changed if remedy is None else PageChanged(changed.message, remedy=remedy)


def amiss(control: str, page: str, why: str) -> PageChanged:
    """Make the error that says which control on which page is not as we know it."""
    return PageChanged(f"on the page '{page}' the control {control} {why}")


async def _plain(response: Response | None) -> httpx2.Response:
    """Give status and Retry-After; a page that changes without loading is fine."""
    if response is None:
        return httpx2.Response(200)
    asked = await response.header_value("Retry-After")
    headers = {"Retry-After": asked} if asked else {}
    return httpx2.Response(response.status, headers=headers)
