"""The way to a district's form, click by click, with evidence where it is not found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Error as PlaywrightError

from connectsync.connect.browser.chromium import first_line
from connectsync.connect.browser.daily_sync import DailySync
from connectsync.connect.browser.district import DistrictHome, Rostering, Settings
from connectsync.connect.browser.drop_down import KEY, DropDown
from connectsync.connect.browser.form import Shown
from connectsync.connect.browser.tab import Tab
from connectsync.domain.live import Listed
from connectsync.errors import (
    ConnectError,
    DistrictNotFound,
    PageChanged,
    StateError,
    Unreachable,
)

START = "start"


class Walk:
    """One tab on its way through the pages."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.daily_sync = DailySync(tab)
        self._begun = False
        self._at = ""
        self._address = ""

    async def districts(self) -> tuple[Listed, ...]:
        """Give every district that is listed, by key. Raises ``ConnectError``."""
        async with self.witnessed("districts"):
            await self._begin()
            self._at = ""
            return await DropDown(self.tab).all()

    async def form(self, key: str) -> Shown:
        """Load a district's form anew, and read it. Raises ``ConnectError``."""
        if not KEY.fullmatch(key):
            raise DistrictNotFound(
                f"{key!r} cannot be the key of a district on Connect"
            )
        async with self.witnessed(key):
            if self._at == key:
                await self.tab.load_again(self._address)
            else:
                await self._go_to(key)
            return await self.daily_sync.read()

    async def look_again(self, key: str) -> Shown | None:
        """
        Read a form in another tab, while this one is being filled in.

        Gives None where the form has no address of its own. Raises ``ConnectError``.
        """
        if self._at != key:
            return None
        async with self.tab.another() as beside:
            await beside.load_again(self._address)
            return await DailySync(beside).read()

    @asynccontextmanager
    async def witnessed(self, about: str) -> AsyncIterator[None]:
        """Keep what the page shows where it is not as we know it."""
        try:
            yield
        except PageChanged as changed:
            self._lost()
            path = await self.kept(about, "page-changed")
            kept = f"; see {path}" if path else "; no evidence could be kept"
            raise PageChanged(
                f"{changed.message}{kept}", remedy=changed.remedy
            ) from None
        except ConnectError:
            self._lost()
            raise
        except PlaywrightError as error:
            self._lost()
            raise Unreachable(f"the browser fails: {first_line(error)}") from error

    async def kept(self, about: str, moment: str) -> Path | None:
        """Keep evidence; give its path, or None where it cannot be kept."""
        try:
            return await self.tab.evidence.keep(self.tab.page, about, moment)
        except (PlaywrightError, StateError):
            return None

    def _lost(self) -> None:
        """Start from the first page next time."""
        self._begun, self._at = False, ""

    async def _begin(self) -> None:
        if not self._begun:
            await self.tab.start()
            self._begun = True

    async def _go_to(self, key: str) -> None:
        self._at = ""
        await self._begin()
        await DropDown(self.tab).go_to(key)
        await DistrictHome(self.tab).to_settings()
        await Settings(self.tab).to_rostering()
        before = self.tab.page.url
        await Rostering(self.tab).to_daily_sync()
        self._address = self.tab.page.url
        # pages that share an address are walked to each time
        self._at = key if self._address != before else ""
