"""The page that asks who you are."""

from __future__ import annotations

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page

from connectsync.connect.browser.fence import Fence
from connectsync.connect.browser.obstacles import obstacle, shown_instead
from connectsync.connect.browser.website import origin_of
from connectsync.connect.names import EMAIL, PASSWORD, SIGN_IN
from connectsync.errors import CredentialsRefused, PageChanged

BY_HAND = "sign in in the window that `connectsync login` opens without --email"


class SignIn:
    """The sign-in, as far as it asks for an email address and a password."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.button = page.get_by_role("button", name=SIGN_IN, exact=True)

    async def is_shown(self) -> bool:
        """Say whether this is the page that is shown."""
        return await self.button.first.is_visible()

    async def sign_in(self, email: str, password: str) -> None:
        """Sign in. Raises ``CredentialsRefused``, and ``PageChanged``."""
        page = self._page
        address = page.get_by_role("textbox", name=EMAIL, exact=True)
        secret = page.get_by_role("textbox", name=PASSWORD, exact=True)
        controls = {EMAIL: address, PASSWORD: secret, SIGN_IN: self.button}
        fence = Fence(origin_of(page.url))
        for name, control in controls.items():
            await self._insist_there(control, name)
            await fence.insist_sent_home(control, f"'{name}'", SIGN_IN)
        await self._type(address, email, EMAIL)
        await self._type(secret, password, PASSWORD)
        await fence.insist_sent_home(secret, f"'{PASSWORD}'", SIGN_IN)
        try:
            async with page.expect_navigation(wait_until="domcontentloaded"):
                await self._press()
        except PlaywrightError:
            raise PageChanged(
                f"after '{SIGN_IN}' no other page came{await shown_instead(page)}",
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
            instead = await shown_instead(self._page)
            raise _changed(name, f"is missing{instead}") from None

    async def _type(self, control: Locator, text: str, name: str) -> None:
        try:
            await control.fill(text)
        except PlaywrightError as error:
            # what the library says of it may quote what was to be typed
            raise _changed(name, (await obstacle(control, error))[0]) from None

    async def _press(self) -> None:
        try:
            await self.button.click()
        except PlaywrightError as error:
            why, _ = await obstacle(self.button, error)
            raise _changed(SIGN_IN, why) from None


def _changed(name: str, why: str) -> PageChanged:
    said = f"on the page '{SIGN_IN}' the control '{name}' {why}"
    return PageChanged(said, remedy=BY_HAND)
