"""Opening the browser, for reading or for saving."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser

from connectsync.connect.browser.chromium import launched
from connectsync.connect.browser.reader import BrowserReader
from connectsync.connect.browser.tabs import Tabs
from connectsync.connect.browser.website import Website
from connectsync.connect.browser.writer import BrowserWriter
from connectsync.connect.contract import Clock, utc_now
from connectsync.connect.exchange import Patience
from connectsync.connect.retry import WithinBudget


@asynccontextmanager
async def open_reader(
    website: Website, *, patience: Patience | None = None, clock: Clock = utc_now
) -> AsyncIterator[BrowserReader]:
    """Open a browser for reading. Raises ``ProjectError``."""
    async with _browser(website) as browser:
        yield BrowserReader(
            Tabs(browser, website, patience or WithinBudget()), clock=clock
        )


@asynccontextmanager
async def open_writer(
    website: Website, *, patience: Patience | None = None, clock: Clock = utc_now
) -> AsyncIterator[BrowserWriter]:
    """Open a browser for saving; see above."""
    async with _browser(website) as browser:
        yield BrowserWriter(
            Tabs(browser, website, patience or WithinBudget()), clock=clock
        )


@asynccontextmanager
async def _browser(website: Website) -> AsyncIterator[Browser]:
    website.insist_usable()
    async with launched(headed=website.headed, slow_ms=website.slow_ms) as browser:
        yield browser
