"""Tabs of one browser, as many as are needed at once, each used again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import cast

from playwright.async_api import Browser, Page, StorageState
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.answers import without_secrets
from connectsync.backends.browser.chromium import launch_browser, plain_words
from connectsync.backends.browser.controls import LOOK_SECONDS
from connectsync.backends.browser.fence import Fence
from connectsync.backends.browser.navigation import Navigation, UrlCache
from connectsync.backends.browser.tab import LOG_IN, Tab
from connectsync.backends.browser.website import (
    SESSION_BYTES,
    Website,
    keep_own,
    learn_session,
)
from connectsync.domain.foreign_text import mask_secrets
from connectsync.errors import Bug, ConnectError, CredentialsRefused, Unreachable
from connectsync.files.access import NotRegular, Planted, TooLarge, read_regular
from connectsync.web.http import RetryPolicy

STUCK = (
    "open the page in a browser of your own: if it is stuck there too, try again"
    " once Connect is well"
)


class TabPool:
    """The tabs of a browser, signed in; all of them share one patience."""

    def __init__(
        self, browser: Browser, website: Website, patience: RetryPolicy
    ) -> None:
        self.website = website
        self._browser = browser
        self._patience = patience
        self._free: list[Navigation] = []
        self._places = UrlCache()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def walk(self, *, secret: bool = False) -> AsyncIterator[Navigation]:
        """
        Take a tab that is free, or a new one; one whose page fails is closed.

        For a ``secret`` to be typed it is a new one, with a way out that can be shut,
        and is used just once.

        Until it is known that addresses tell districts apart, a tab waits for the
        others: they share a session, which may remember one district for all.
        """
        async with self._turn:
            if not self._places.apart:
                async with self._taken(alone=True, secret=secret) as walk:
                    yield walk
                return
        async with self._taken(alone=False, secret=secret) as walk:
            yield walk

    @asynccontextmanager
    async def _taken(self, *, alone: bool, secret: bool) -> AsyncIterator[Navigation]:
        kept = self._free and not secret
        walk = self._free.pop() if kept else await self._new(secret=secret)
        walk.alone = alone
        limit = walk.tab.limit()
        usable = not secret
        try:
            async with limit:
                yield walk
        except ConnectError as error:
            # a page that fails may go on loading itself and take the next page away
            usable = usable and not isinstance(error, Unreachable)
            # whatever a page, a box or the library said stands in it
            shown, cause = without_secrets(error), error.__cause__
            quotes = cause is not None and mask_secrets(str(cause)) != str(cause)
            if shown is error and not quotes:
                raise
            raise shown from None
        except TimeoutError as error:
            if not limit.expired():
                raise
            walk.out_of_time = True
            usable = False
            raise Unreachable(
                "Connect's page did not come to an end within"
                f" {walk.tab.limit_seconds:g} s,"
                " so it was given up",
                remedy=STUCK,
            ) from error
        finally:
            if usable:
                self._free.append(walk)
            else:
                await _close_tab(walk)

    async def _new(self, *, secret: bool) -> Navigation:
        page, fence = await self._open(secret=secret)
        tab = Tab(page, self.website, self._patience, fence, anew=self._open)
        return Navigation(tab, self._places)

    async def _open(self, *, secret: bool = False) -> tuple[Page, Fence]:
        """Open a page as no other one left it, signed in by the session of a file."""
        website = self.website
        kept = _session_of(website)
        fence = Fence(website.origin)
        try:
            context = await self._browser.new_context(
                storage_state=kept,
                accept_downloads=False,
                # what a worker of the page asks for would pass the fence
                service_workers="block",
                proxy=await fence.way_out() if secret else None,
            )
            await fence.set_up(context)
            # what is there may be used as slowly as a page may load
            context.set_default_timeout(website.click_milliseconds)
            context.set_default_navigation_timeout(website.load_seconds * 1000)
            return await context.new_page(), fence
        except PlaywrightError as error:
            if not self._browser.is_connected():
                raise Unreachable("the browser has ended by itself") from error
            raise CredentialsRefused(
                f"the session in {website.session} cannot be used:"
                f" {plain_words(error)}",
                remedy=LOG_IN,
            ) from error


async def _close_tab(walk: Navigation) -> None:
    """Close the tab of a page that hangs; what does not close ends with the browser."""
    with suppress(PlaywrightError, TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            await walk.tab.page.context.close()


def _session_of(website: Website) -> StorageState:
    """Read the session that `login` kept. Raises ``CredentialsRefused``."""
    path = website.session
    try:
        kept = json.loads(read_regular(path, SESSION_BYTES, own=True))
    except (NotRegular, Planted, TooLarge) as error:
        raise CredentialsRefused(
            f"the session in {path} is not read: {error.strerror}", remedy=LOG_IN
        ) from error
    except OSError as error:
        raise CredentialsRefused(
            f"there is no session in {path}", remedy=LOG_IN
        ) from error
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict):
        raise CredentialsRefused(f"the file {path} holds no session", remedy=LOG_IN)
    # one that was kept by an older release may hold more
    own = keep_own(kept, website)
    learn_session(own)
    return cast("StorageState", own)


class SharedBrowser:
    """
    A Chromium that the first user starts and the last one ends.

    Its tabs are shared, and with them one patience: who saves goes on where who read
    left off.
    """

    def __init__(self, website: Website, patience: RetryPolicy) -> None:
        self._website = website
        self.patience = patience
        self._users = 0
        self._turn = asyncio.Lock()
        self._closing = AsyncExitStack()
        self._tabs: TabPool | None = None

    @asynccontextmanager
    async def tabs(self) -> AsyncIterator[TabPool]:
        """Use the browser. Raises ``ProjectError`` if there is none to be had."""
        tabs = await self._entered()
        try:
            yield tabs
        finally:
            await self._left()

    async def _entered(self) -> TabPool:
        async with self._turn:
            if self._tabs is None:
                self._tabs = await self._opened()
            self._users += 1
            return self._tabs

    async def _opened(self) -> TabPool:
        site = self._website
        site.insist_usable()
        browser = await self._closing.enter_async_context(
            launch_browser(headed=site.headed, slow_ms=site.slow_ms)
        )
        return TabPool(browser, site, self.patience)

    async def _left(self) -> None:
        async with self._turn:
            self._users -= 1
            if not self._users:
                self._tabs = None
                await self._closing.aclose()


def browser_of(
    shared: MutableMapping[str, object], site: Website, patience: RetryPolicy
) -> SharedBrowser:
    """Give the run's browser for a page; the first who asks begins it."""
    browser = shared.setdefault(site.described, SharedBrowser(site, patience))
    if not isinstance(browser, SharedBrowser):
        raise Bug("something else is kept where the browser of a run belongs")
    return browser
