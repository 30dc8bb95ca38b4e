"""The session that a person begins, and runs without them use afterward."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

from playwright.async_api import BrowserContext, Page, StorageState
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.answers import without_secrets
from connectsync.backends.browser.chromium import launch_browser, plain_words
from connectsync.backends.browser.controls import (
    LOOK_SECONDS,
    PICTURE_SECONDS,
    PageLabels,
    pattern_of,
)
from connectsync.backends.browser.evidence import Evidence
from connectsync.backends.browser.fence import Fence
from connectsync.backends.browser.tab import SignIn, Tab
from connectsync.backends.browser.website import (
    SESSION_BYTES,
    Website,
    keep_own,
    origin_of,
)
from connectsync.backends.names import DROP_DOWN
from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    PageChanged,
    StateError,
    Unreachable,
)
from connectsync.files.access import (
    insist_settled,
    is_state,
    private_folder,
    read_regular,
)
from connectsync.files.writing import write_whole
from connectsync.web.http import once

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
        headed=website.headed, slow_ms=website.slow_ms
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
