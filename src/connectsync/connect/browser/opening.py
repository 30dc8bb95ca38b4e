"""Opening a browser that a run shares, for reading or for saving."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectsync.connect.browser.reader import BrowserReader
from connectsync.connect.browser.sharing import OneBrowser
from connectsync.connect.browser.writer import BrowserWriter
from connectsync.connect.contract import Clock, utc_now
from connectsync.connect.tokens import Tokens, nowhere


@asynccontextmanager
async def open_reader(
    browser: OneBrowser, *, clock: Clock = utc_now
) -> AsyncIterator[BrowserReader]:
    """Open a reader in the browser of a run. Raises ``ProjectError``."""
    async with browser.tabs() as tabs:
        yield BrowserReader(tabs, clock=clock)


@asynccontextmanager
async def open_writer(
    browser: OneBrowser, *, tokens: Tokens = nowhere, clock: Clock = utc_now
) -> AsyncIterator[BrowserWriter]:
    """Open a writer in the browser of a run; see above."""
    async with browser.tabs() as tabs:
        yield BrowserWriter(tabs, tokens=tokens, clock=clock)
