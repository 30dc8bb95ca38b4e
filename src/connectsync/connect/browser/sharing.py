"""One Chromium for a whole run, however many read and save in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from connectsync.connect.browser.chromium import launched
from connectsync.connect.browser.tabs import Tabs
from connectsync.connect.browser.website import Website
from connectsync.web.patience import Patience


class OneBrowser:
    """
    A Chromium that the first user starts and the last one ends.

    Its tabs are shared, and with them one patience: who saves goes on where who read
    left off.
    """

    def __init__(self, website: Website, patience: Patience) -> None:
        self._website = website
        self.patience = patience
        self._users = 0
        self._turn = asyncio.Lock()
        self._closing = AsyncExitStack()
        self._tabs: Tabs | None = None

    @asynccontextmanager
    async def tabs(self) -> AsyncIterator[Tabs]:
        """Use the browser. Raises ``ProjectError`` if there is none to be had."""
        tabs = await self._entered()
        try:
            yield tabs
        finally:
            await self._left()

    async def _entered(self) -> Tabs:
        async with self._turn:
            if self._tabs is None:
                self._tabs = await self._opened()
            self._users += 1
            return self._tabs

    async def _opened(self) -> Tabs:
        site = self._website
        site.insist_usable()
        browser = await self._closing.enter_async_context(
            launched(headed=site.headed, slow_ms=site.slow_ms)
        )
        return Tabs(browser, site, self.patience)

    async def _left(self) -> None:
        async with self._turn:
            self._users -= 1
            if not self._users:
                self._tabs = None
                await self._closing.aclose()
