"""The session that a person begins, and runs without them use afterwards."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from connectsync.connect.browser.chromium import first_line, launched
from connectsync.connect.browser.labels import Labels
from connectsync.connect.browser.sign_in import SignIn
from connectsync.connect.browser.website import Website
from connectsync.connect.names import DROP_DOWN
from connectsync.errors import CredentialsRefused, StateError, Unreachable

PATIENCE_SECONDS = 600.0
"""How long a person may take to sign in, second factor and all."""

AGAIN = "run `connectsync login` again"

_AGAIN_SECONDS = 0.2


async def sign_in(website: Website, email: str = "", password: str = "") -> Path:
    """
    Open the sign-in, and keep the session once somebody is signed in.

    With ``email`` the two fields are filled in; without, a person does it in the
    window, whatever page their district sends them to. Raises ``ConnectError`` and
    ``StateError``.
    """
    website.insist_usable()
    async with launched(headed=website.headed, slow_ms=website.slow_ms) as browser:
        # a window is as large as whoever sits before it likes
        context = await browser.new_context(no_viewport=website.headed or None)
        page = await context.new_page()
        page.set_default_timeout(website.load_seconds * 1000)
        try:
            await page.goto(website.url)
            if email:
                await SignIn(page).sign_in(email, password)
            await _signed_in(context, website, patient=not email)
            kept = await context.storage_state()
        except PlaywrightError as error:
            _insist_open(context)
            raise Unreachable(f"nobody signed in: {first_line(error)}") from error
    _keep(website.session, json.dumps(kept))
    return website.session


async def _signed_in(
    context: BrowserContext, website: Website, *, patient: bool
) -> None:
    seconds = PATIENCE_SECONDS if patient else website.wait_seconds
    loop = asyncio.get_running_loop()
    latest = loop.time() + seconds
    while not await _any_shows_drop_down(context, website):
        _insist_open(context)
        if loop.time() > latest:
            raise CredentialsRefused(
                f"nobody was signed in after {seconds:g} s:"
                f" no page of {website.host} shows '{DROP_DOWN}'",
                remedy=AGAIN,
            )
        await asyncio.sleep(_AGAIN_SECONDS)


def _insist_open(context: BrowserContext) -> None:
    if not context.pages:
        raise CredentialsRefused(
            "nobody had signed in when the window was closed", remedy=AGAIN
        )


async def _any_shows_drop_down(context: BrowserContext, website: Website) -> bool:
    """Look at every tab: some sign-ins end in another than they began in."""
    label = Labels(website.labels).shown(DROP_DOWN)
    for page in context.pages:
        here = urlsplit(page.url).netloc == website.host
        button = page.get_by_role("button", name=f"{label}: ")
        try:
            if here and await button.first.is_visible():
                return True
        except PlaywrightError:
            # it is being left or closed; what comes of that is seen the next time
            continue
    return False


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise StateError(f"the session cannot be kept: {error.strerror}") from error
