"""The way to a district's form, click by click, with evidence if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Error as PlaywrightError

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.controls import LOOK_SECONDS, PICTURE_SECONDS
from connectsync.backends.browser.district_picker import (
    KEY,
    DistrictHome,
    DistrictPicker,
    RosteringPage,
    SettingsPage,
)
from connectsync.backends.browser.form import DailySyncForm, FormReading
from connectsync.backends.browser.page_map import PageMapper
from connectsync.backends.browser.tab import Tab
from connectsync.backends.browser.website import origin_of
from connectsync.domain.live import ListedDistrict, PageSpot
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    PageChanged,
    StateError,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class FormAddress:
    """The address of a district's form, and what the drop-down shows on that page."""

    address: str
    shown: tuple[str, ...]


class UrlCache:
    """
    What the tabs of a run know of addresses.

    Where two districts have one address it is the session that knows which of them is
    meant: then none is loaded by its address any more.
    """

    def __init__(self) -> None:
        self._places: dict[str, FormAddress] = {}
        self._districts: dict[str, str] = {}
        self._distinct = True

    def find(self, key: str) -> FormAddress | None:
        """Give where a district's form is, if that is known."""
        return self._places.get(key) if self._distinct else None

    def note(self, key: str, place: FormAddress) -> None:
        """Remember where a district's form was found."""
        self._places[key] = place
        if self._districts.setdefault(place.address, key) != key:
            self._distinct = False


START = "start"

_PICTURED: Mapping[type[ConnectError], str] = {
    PageChanged: "page-changed",
    CredentialsRefused: "signed-out",
    Unreachable: "failed",
}
"""The errors that a picture of the page helps to understand, and what it is called."""


class Navigation:
    """One tab on its way through the pages, which it only looks at."""

    def __init__(self, tab: Tab, places: UrlCache) -> None:
        self.tab = tab
        self._places = places
        self._daily_sync = DailySyncForm(tab)
        self._begun = False
        self._told: ConnectError | None = None
        self.out_of_time = False

    async def districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district that is listed, by key. Raises ``ConnectError``."""
        async with self.witnessed("districts"):
            await self._begin()
            return await DistrictPicker(self.tab).all()

    async def page_map(self) -> tuple[PageSpot, ...]:
        """Look where every label stands. Raises ``ConnectError``."""
        async with self.witnessed("page-map"):
            self._lost()
            await self._begin()
            return await PageMapper(self.tab).drawn()

    async def form(self, key: str) -> FormReading:
        """
        Load a district's form again, and read it.

        The first time it is clicked to, and later loaded by its address, if it has one
        and the page still shows that district. Raises ``ConnectError``.
        """
        if not KEY.fullmatch(key):
            raise DistrictNotFound(
                f"{key!r} cannot be the key of a district on Connect"
            )
        async with self.witnessed(key):
            if await self._loaded_again(self.tab, key):
                return await self._daily_sync.read()
            has_own_address = await self._go_to(key)
            shown = await self._daily_sync.read()
            if has_own_address:
                place = FormAddress(
                    self.tab.page.url, await DistrictPicker(self.tab).shown()
                )
                self._places.note(key, place)
            return shown

    async def look_again(self, key: str) -> FormReading | None:
        """
        Read a form in another tab, while this one is being filled in.

        Gives None where the form has no address of its own. Raises ``ConnectError``.
        """
        if self._places.find(key) is None:
            return None
        async with self.tab.another() as beside, self.witnessed(key, beside):
            if not await self._loaded_again(beside, key):
                return None
            return await DailySyncForm(beside).read()

    async def _loaded_again(self, tab: Tab, key: str) -> bool:
        """Load a form by its address; say whether it is that district's indeed."""
        place = self._places.find(key)
        if place is None:
            return False
        await tab.load_again(place.address)
        drop_down = DistrictPicker(tab)
        await tab.standing(drop_down.button)
        if await drop_down.shown() == place.shown:
            return True
        self._lost()
        return False

    @asynccontextmanager
    async def witnessed(
        self, about: str, tab: Tab | None = None
    ) -> AsyncIterator[None]:
        """Keep what the page of a tab shows where it is not as we know it."""
        tab = tab or self.tab
        boxes = tab.boxes.count
        try:
            yield
        except ConnectError as error:
            self._lost()
            if error is self._told or not isinstance(error, tuple(_PICTURED)):
                raise
            self._told = await self._with_picture(error, about, tab, boxes)
            raise self._told from error.__cause__
        except PlaywrightError as error:
            self._lost()
            failed = Unreachable(f"the browser fails: {plain_words(error)}")
            self._told = await self._with_picture(failed, about, tab, boxes)
            raise self._told from error

    async def _with_picture(
        self, error: ConnectError, about: str, tab: Tab, boxes: int
    ) -> ConnectError:
        """Add to an error what the page said in a box, and where its picture is."""
        if not origin_of(tab.page.url):
            # no page ever came, so that there is nothing to be seen
            return error
        error = await _signed_out(tab) or error
        said = tab.boxes.said if tab.boxes.count > boxes else ""
        in_a_box = f"; Connect said in a box: {said!r}" if said else ""
        kind = next(one for one in _PICTURED if isinstance(error, one))
        path = await self.kept(about, _PICTURED[kind], tab)
        kept = f"; see {path}" if path else "; no picture of it could be kept"
        return kind(f"{error.message}{in_a_box}{kept}", remedy=error.remedy)

    async def kept(
        self, about: str, moment: str, tab: Tab | None = None
    ) -> Path | None:
        """Keep evidence; give its path, or None where it cannot be kept."""
        page = (tab or self.tab).page
        try:
            async with asyncio.timeout(PICTURE_SECONDS):
                return await self.tab.evidence.keep(page, about, moment)
        except (PageChanged, PlaywrightError, StateError, TimeoutError):
            return None

    def _lost(self) -> None:
        """Start from the first page next time."""
        self._begun = False

    async def _begin(self) -> None:
        # a page that a secret was typed on is left, not gone on from
        if not self._begun or self.tab.fence.is_held(self.tab.page):
            await self.tab.start()
            self._begun = True

    async def _go_to(self, key: str) -> bool:
        """Click to a form; say whether that changes the address."""
        await self._begin()
        await DistrictPicker(self.tab).go_to(key)
        await DistrictHome(self.tab).to_settings()
        await SettingsPage(self.tab).to_rostering()
        before = self.tab.page.url
        await RosteringPage(self.tab).to_daily_sync()
        return self.tab.page.url != before


async def _signed_out(tab: Tab) -> ConnectError | None:
    """Give the error of a session that has ended: then all else follows from it."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await tab.insist_signed_in()
    except CredentialsRefused as refused:
        return refused
    except (PlaywrightError, TimeoutError):
        # a page that hangs or has gone does not say
        return None
    return None
