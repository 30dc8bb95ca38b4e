"""Tabs of one browser, as many as are needed at once, each used again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.places import Places
from connectsync.connect.browser.tab import LOG_IN, Tab
from connectsync.connect.browser.walk import Walk
from connectsync.connect.browser.website import Website
from connectsync.errors import CredentialsRefused, Unreachable
from connectsync.web.patience import Patience


class Tabs:
    """The tabs of a browser, signed in; all of them share one patience."""

    def __init__(self, browser: Browser, website: Website, patience: Patience) -> None:
        self.website = website
        self._browser = browser
        self._patience = patience
        self._free: list[Walk] = []
        self._places = Places()

    @asynccontextmanager
    async def walk(self) -> AsyncIterator[Walk]:
        """Take a tab, as it was left by who had it before."""
        walk = self._free.pop() if self._free else await self._new()
        try:
            yield walk
        finally:
            self._free.append(walk)

    async def _new(self) -> Walk:
        website = self.website
        _insist_session(website)
        try:
            context = await self._browser.new_context(storage_state=website.session)
            # what is there may be used as slowly as a page may load
            context.set_default_timeout(website.load_seconds * 1000)
            tab = Tab(await context.new_page(), website, self._patience)
            return Walk(tab, self._places)
        except PlaywrightError as error:
            if not self._browser.is_connected():
                raise Unreachable("the browser has ended by itself") from error
            raise CredentialsRefused(
                f"the session in {website.session} cannot be used: {first_line(error)}",
                remedy=LOG_IN,
            ) from error


def _insist_session(website: Website) -> None:
    try:
        json.loads(website.session.read_bytes())
    except OSError as error:
        raise CredentialsRefused(
            f"there is no session in {website.session}", remedy=LOG_IN
        ) from error
    except ValueError as error:
        raise CredentialsRefused(
            f"the file {website.session} holds no session", remedy=LOG_IN
        ) from error
