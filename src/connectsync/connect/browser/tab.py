"""One tab: pages are loaded with patience, and clicked on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, Response

from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.controls import AMISS, standing, states
from connectsync.connect.browser.evidence import Evidence
from connectsync.connect.browser.labels import Labels
from connectsync.connect.browser.sign_in import SignIn
from connectsync.connect.browser.website import Website
from connectsync.domain.page_map import Found
from connectsync.errors import CredentialsRefused, PageChanged, Unreachable
from connectsync.web.patience import Patience

LOG_IN = "run `connectsync login`, then try again"

Load = Callable[[], Awaitable[Response | None]]


class Tab:
    """A page of the website that is open, and what it is looked at with."""

    def __init__(self, page: Page, website: Website, patience: Patience) -> None:
        self.page = page
        self.website = website
        self.labels = Labels(website.labels)
        self.evidence = Evidence(website.evidence, self.labels)
        self._patience = patience

    @asynccontextmanager
    async def another(self) -> AsyncIterator[Tab]:
        """
        Open a tab of the same session beside this one, and close it again.

        While it is open this one is in the background, where everything is slow.
        """
        page = await self.page.context.new_page()
        try:
            yield Tab(page, self.website, self._patience)
        finally:
            await page.close()

    async def start(self) -> None:
        """Open the first page. Raises ``ConnectError``."""
        await self._loaded(lambda: self.page.goto(self.website.url))

    async def load_again(self, address: str) -> None:
        """Load the page of an address, from the server. Raises ``ConnectError``."""

        async def gone_to() -> Response | None:
            # within one document nothing is loaded, and old values would stay
            return await self.page.goto(address) or await self.page.reload()

        await self._loaded(gone_to)

    async def follow(self, link: Locator) -> None:
        """Click on what leads to another page. Raises ``ConnectError``."""

        async def clicked() -> Response | None:
            async with self.page.expect_navigation() as navigation:
                await link.click()
            return await navigation.value

        await self._loaded(clicked)

    async def the_only(self, found: Locator, control: str, page: str) -> Locator:
        """
        Insist that a control stands on the page exactly once, and can be used.

        Raises ``PageChanged``, or ``CredentialsRefused`` where it is the sign-in that
        is shown instead.
        """
        if (how := await self.standing(found)) is not Found.THERE:
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

    async def insist_signed_in(self) -> None:
        """Raise ``CredentialsRefused`` if the page asks to sign in."""
        elsewhere = urlsplit(self.page.url).netloc != self.website.host
        if elsewhere or await SignIn(self.page).is_shown():
            raise CredentialsRefused(
                "Connect asks to sign in: there is no session, or it has ended",
                remedy=LOG_IN,
            )

    async def _loaded(self, first: Load) -> None:
        loads = iter([first])

        async def attempt() -> httpx2.Response:
            try:
                # what was answered with an error is asked for again by reloading
                response = await next(loads, self.page.reload)()
            except PlaywrightError as error:
                raise httpx2.TransportError(first_line(error)) from error
            return await _plain(response)

        try:
            answer = await self._patience(attempt)
        except httpx2.TransportError as error:
            raise Unreachable(f"Connect's page does not load: {error}") from error
        if answer.status_code in {401, 403}:
            raise CredentialsRefused(
                f"Connect refuses the page (status {answer.status_code})",
                remedy=LOG_IN,
            )
        if answer.is_error:
            raise Unreachable(
                f"Connect answers with an error (status {answer.status_code})"
            )


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
