"""District-Level Daily Sync: the page with the form, as it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame

from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.form import FormOnPage, Shown
from connectsync.connect.browser.tab import Tab
from connectsync.errors import PageChanged, Unreachable

_AGAIN_SECONDS = 0.1


class DailySync:
    """The form of one district, loaded in a tab; it can only be looked at."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._form = FormOnPage(tab.page, tab.labels)

    async def read(self) -> Shown:
        """
        Read the form, as soon as all of it is there.

        Raises ``PageChanged`` if it is not there in time, ``CredentialsRefused``, and
        ``Unreachable`` where the page loads itself again until the time is over.
        """
        reloads = 0

        def count(frame: Frame) -> None:
            nonlocal reloads
            reloads += frame.parent_frame is None

        page = self._tab.page
        page.on("framenavigated", count)
        try:
            return await self._read(lambda: reloads > 0)
        finally:
            page.remove_listener("framenavigated", count)

    async def _read(self, reloaded: Callable[[], bool]) -> Shown:
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._tab.website.wait_seconds
        while True:
            self._tab.insist_here()
            try:
                return await self._form.read()
            except PageChanged as error:
                if loop.time() > latest:
                    await self._tab.insist_signed_in()
                    if reloaded():
                        # a page between two loads has no form: it did not change
                        raise Unreachable(
                            "the form went away while it was read: the page loads "
                            "itself again"
                        ) from error
                    raise
            except PlaywrightError as error:
                if loop.time() <= latest and not self._tab.page.is_closed():
                    # a page that loads itself again takes its form away for a moment
                    await asyncio.sleep(_AGAIN_SECONDS)
                    continue
                raise Unreachable(
                    f"the form went away while it was read: {first_line(error)}"
                ) from error
            await asyncio.sleep(_AGAIN_SECONDS)
