"""The page that asks who you are."""

from __future__ import annotations

from playwright.async_api import Page

from connectsync.connect.names import EMAIL, PASSWORD, SIGN_IN
from connectsync.errors import CredentialsRefused


class SignIn:
    """The sign-in, as far as it asks for an email address and a password."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.button = page.get_by_role("button", name=SIGN_IN, exact=True)

    async def is_shown(self) -> bool:
        """Say whether this is the page that is shown."""
        return await self.button.first.is_visible()

    async def sign_in(self, email: str, password: str) -> None:
        """Sign in. Raises ``CredentialsRefused``."""
        page = self._page
        await page.get_by_role("textbox", name=EMAIL, exact=True).fill(email)
        await page.get_by_role("textbox", name=PASSWORD, exact=True).fill(password)
        async with page.expect_navigation():
            await self.button.click()
        if await self.is_shown():
            raise CredentialsRefused(
                "Connect does not take this email address and password",
                remedy="check both; a typed password is not kept anywhere",
            )
