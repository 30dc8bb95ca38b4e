"""The session: begun by a person, used by runs, in tabs of one browser."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import cast

from playwright.async_api import Browser, BrowserContext, Page, StorageState
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.answers import without_secrets
from connectsync.backends.browser.chromium import launch_browser, plain_words
from connectsync.backends.browser.controls import LOOK_SECONDS, PICTURE_SECONDS
from connectsync.backends.browser.evidence import Evidence
from connectsync.backends.browser.fence import Fence
from connectsync.backends.browser.navigation import Navigation, UrlCache
from connectsync.backends.browser.tab import LOG_IN, SignIn, Tab
from connectsync.backends.browser.website import (
    SESSION_BYTES,
    PageLabels,
    Website,
    keep_own,
    learn_session,
    origin_of,
    pattern_of,
)
from connectsync.backends.names import DROP_DOWN
from connectsync.domain.foreign_text import SECRETS, mask_secrets
from connectsync.errors import (
    Bug,
    ConnectError,
    CredentialsRefused,
    PageChanged,
    StateError,
    Unreachable,
)
from connectsync.files.access import (
    NotRegular,
    Planted,
    TooLarge,
    insist_settled,
    is_state,
    private_folder,
    read_regular,
)
from connectsync.files.writing import write_whole
from connectsync.web.http import RetryPolicy, once

PATIENCE_SECONDS = 600.0
"""How long a person may take to sign in, second factor and all."""

AGAIN = "run `connectsync login` again"

_AGAIN_SECONDS = 0.2


async def sign_in(website: Website, email: str = "", password: str = "") -> Path:
    """
    Open the sign-in, and keep the session once a person is signed in.

    With ``email`` the two fields are filled in; without, a person does it in the
    window, whatever page their district sends them to. Raises ``ConnectError`` and
    ``StateError``.
    """
    website.insist_usable()
    _insist_replaceable(website.session)
    async with launch_browser(
        headed=website.headed,
        slow_ms=website.slow_ms,
        is_brought=website.is_brought,
    ) as browser:
        fence = Fence(website.origin)
        # a person sizes the window as they like
        context = await browser.new_context(
            no_viewport=website.headed or None,
            accept_downloads=False,
            # what a worker asks for would pass the fence around a typed password
            service_workers="block" if email else "allow",
            proxy=await fence.way_out() if email else None,
        )
        page = await context.new_page()
        page.set_default_timeout(website.click_milliseconds)
        page.set_default_navigation_timeout(website.load_seconds * 1000)
        evidence = Evidence(website.evidence, PageLabels(website.labels))
        SECRETS.learn(password, ours=True)
        with evidence.without(password):
            try:
                kept = await _session(page, website, email, password, fence)
            except ConnectError as error:
                seen = await _picture(evidence, page)
                raise without_secrets(
                    type(error)(
                        f"not signed in: {error.message}{seen}", remedy=error.remedy
                    )
                ) from None
    _keep(website.session, json.dumps(keep_own(kept, website)))
    return website.session


async def _session(
    page: Page, website: Website, email: str, password: str, fence: Fence
) -> StorageState:
    """Sign in and give the session; a page that hangs is given up in the end."""
    context = page.context
    seconds = website.total_seconds if email else PATIENCE_SECONDS + LOOK_SECONDS
    try:
        async with asyncio.timeout(seconds):
            tab = Tab(page, website, once, fence)
            if email:
                # a sign-in that leads elsewhere is for a person, who sees where
                await fence.set_up(context)
                await tab.start()
                await SignIn(page).sign_in(email, password, fence)
            else:
                await tab.open()
            await _signed_in(context, website, fence, patient=not email)
            return await context.storage_state()
    except PlaywrightError as error:
        _insist_open(context)
        raise Unreachable(f"the browser fails: {plain_words(error)}") from error
    except TimeoutError as error:
        raise Unreachable(
            f"the page did not come to an end within {seconds:g} s"
        ) from error


async def _picture(evidence: Evidence, page: Page) -> str:
    """Keep what the page shows; say where, as the rest of a sentence."""
    try:
        async with asyncio.timeout(PICTURE_SECONDS):
            return f"; see {await evidence.keep(page, 'login', 'failed')}"
    except (PageChanged, PlaywrightError, StateError, TimeoutError):
        return ""


async def _signed_in(
    context: BrowserContext, website: Website, fence: Fence, *, patient: bool
) -> None:
    seconds = PATIENCE_SECONDS if patient else website.wait_seconds
    loop = asyncio.get_running_loop()
    latest = loop.time() + seconds
    while not await _any_shows_drop_down(context, website):
        _insist_open(context)
        if fence.refused:
            raise fence.elsewhere(fence.refused)
        if loop.time() > latest:
            raise CredentialsRefused(
                f"after {seconds:g} s no page of {website.host} shows '{DROP_DOWN}'",
                remedy=AGAIN,
            )
        await asyncio.sleep(_AGAIN_SECONDS)


def _insist_open(context: BrowserContext) -> None:
    if not context.pages:
        raise CredentialsRefused(
            "the window was closed before anyone had signed in", remedy=AGAIN
        )


async def _any_shows_drop_down(context: BrowserContext, website: Website) -> bool:
    """Look at every tab: some sign-ins end in another than they began in."""
    label = PageLabels(website.labels).shown(DROP_DOWN)
    for page in context.pages:
        here = origin_of(page.url) == website.origin
        button = page.get_by_role(
            "button", name=re.compile(pattern_of(label) + ": ", re.IGNORECASE)
        )
        try:
            if here and await button.first.is_visible():
                return True
        except PlaywrightError:
            # it is being left or closed; what comes of that is seen the next time
            continue
    return False


def _insist_replaceable(path: Path) -> None:
    """Raise ``StateError`` where a session would take the place of another file."""
    if is_state(path.name) or not os.path.lexists(path):
        return
    try:
        kept = json.loads(read_regular(path, SESSION_BYTES))
    except (OSError, ValueError, RecursionError):
        kept = None
    if not (isinstance(kept, dict) and "cookies" in kept):
        raise StateError(
            f"{path} is there and holds no session, so none is put in its place",
            remedy="name another file as backends.browser.session, or move it away",
        )


def _keep(path: Path, text: str) -> None:
    try:
        private_folder(path.parent)
        insist_settled(path.parent, state=False)
        write_whole(path, text, private=True)
    except OSError as error:
        raise StateError(
            f"the session cannot be kept in {path.parent}: {error.strerror}",
            remedy="free space there or name another file as backends.browser.session,"
            " then sign in again; a session from before is as it was",
        ) from error


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
            launch_browser(
                headed=site.headed, slow_ms=site.slow_ms, is_brought=site.is_brought
            )
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
