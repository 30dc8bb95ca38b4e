"""The way to a district's form, click by click, with evidence if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from playwright.async_api import Error as PlaywrightError

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.controls import LOOK_SECONDS, PICTURE_SECONDS
from connectsync.backends.browser.district_picker import (
    KEY,
    AskedDistrict,
    DistrictHome,
    DistrictPicker,
    RosteringPage,
    SettingsPage,
    address_parts,
    page_names,
)
from connectsync.backends.browser.form import DailySyncForm, FormReading
from connectsync.backends.browser.page_map import PageMapper
from connectsync.backends.browser.tab import Tab
from connectsync.backends.browser.website import origin_of
from connectsync.backends.names import DAILY_SYNC, SIS_ROSTERING
from connectsync.domain.live import ListedDistrict, PageSpot
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    PageChanged,
    StateError,
    Unreachable,
)
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class FormAddress:
    """The address of a district's form, and the addresses that it is sent to."""

    address: str
    sent_to: tuple[str, ...] = ()


class UrlCache:
    """
    What the tabs of a run know of districts: their names, and the addresses of forms.

    Where two districts have one address it is the session that knows which of them is
    meant: then none is loaded by its address any more, and tabs take turns.
    """

    def __init__(self) -> None:
        self._places: dict[str, FormAddress] = {}
        self._owners: dict[str, str] = {}
        self._names: dict[str, tuple[ListedDistrict, frozenset[str]]] = {}
        self._apart: bool | None = None

    @property
    def apart(self) -> bool:
        """Say whether it is known that addresses tell districts apart."""
        return self._apart is True

    def find(self, key: str) -> FormAddress | None:
        """Give where a district's form is, if that is known."""
        return None if self._apart is False else self._places.get(key)

    def note(self, key: str, place: FormAddress) -> None:
        """Remember where a district's form was found."""
        self._places[key] = place
        for address in (place.address, *place.sent_to):
            if self._owners.setdefault(address, key) != key:
                self.share()

    def owner_instead(self, key: str, shown_at: str, sent_to: Iterable[str]) -> str:
        """
        Give the other district that a form would be sent to, if that is known.

        Its form is at that address, or was sent there when this district's was not, or
        the address names it first. Words of the address that a form has name no one.
        """
        own = self._places.get(key, FormAddress(""))
        common = address_parts(shown_at)
        for address in sent_to:
            for part in address_parts(address):
                if part == key:
                    break
                if part in self._names and part not in common:
                    return part
            for other, theirs in self._places.items():
                if other == key or address in {shown_at, own.address}:
                    continue
                unlike = address in theirs.sent_to and address not in own.sent_to
                if unlike or address == theirs.address:
                    return other
        return ""

    def share(self) -> None:
        """Remember that the address of a form does not say which district is meant."""
        self._apart = False

    def to_prove(self, key: str) -> str | None:
        """Give another district whose address is to be tried, if none was so far."""
        others = (one for one in self._places if one != key)
        return next(others, None) if self._apart is None else None

    def prove(self) -> None:
        """Remember that addresses were tried, and led to their districts."""
        if self._apart is None:
            self._apart = True

    def meet(self, listed: Iterable[ListedDistrict]) -> None:
        """Remember districts by the names that Connect lists."""
        for one in listed:
            if one.key not in self._names or self._names[one.key][0] != one:
                self._names[one.key] = one, page_names(one)

    def asked(self, key: str) -> AskedDistrict:
        """Give a district that was met, and those that may be taken for it."""
        listed, spellings = self._names[key]
        alike = {
            other: theirs
            for other, (_, theirs) in self._names.items()
            if other != key and not theirs.isdisjoint(spellings)
        }
        return AskedDistrict(listed, spellings, alike)


Seen = TypeVar("Seen")

LOOK_BY_HAND = (
    "open the district by hand: if its link leads to another one, or two districts have"
    " one name, ask SchoolStatus"
)

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
        self._begun = False
        self._told: ConnectError | None = None
        self.out_of_time = False
        self.alone = True
        """Whether no other tab of the session does anything meanwhile."""

    async def districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district that is listed, by key. Raises ``ConnectError``."""
        async with self.witnessed("districts"):
            await self._begin()
            listed = await DistrictPicker(self.tab).all()
            self._places.meet(listed)
            return listed

    async def page_map(self) -> tuple[PageSpot, ...]:
        """Look where every label stands. Raises ``ConnectError``."""
        async with self.witnessed("page-map"):
            self._lost()
            await self._begin()
            return await PageMapper(self.tab).drawn()

    async def form(self, key: str, *, onward: bool = False) -> FormReading:
        """
        Load a district's form again, and read it.

        The first time it is clicked to, and later loaded by its address, if it has one
        and the page still shows that district. ``onward`` says that the tab is on the
        district's SIS Rostering, from where it is one click. Raises ``ConnectError``.
        """
        if not KEY.fullmatch(key):
            raise DistrictNotFound(
                f"{key!r} cannot be the key of a district on Connect"
            )
        async with self.witnessed(key):
            if await self._loaded_again(key):
                return await self._read(self.tab, key)
            has_own_address = await self._go_to(key, onward=onward)
            shown = await self._read(self.tab, key)
            if not has_own_address:
                self._places.share()
                return shown
            sent_to = await DailySyncForm(self.tab).sent_to()
            self._places.note(key, FormAddress(self.tab.page.url, sent_to))
            other = self._places.to_prove(key)
            if other is None:
                return shown
            if not await self._proven(other, key):
                await self._go_to(key)
            return await self._read(self.tab, key)

    async def rostering(self, key: str, look: Callable[[Tab], Awaitable[Seen]]) -> Seen:
        """Click to a district's SIS Rostering, and look. Raises ``ConnectError``."""
        if not KEY.fullmatch(key):
            raise DistrictNotFound(
                f"{key!r} cannot be the key of a district on Connect"
            )
        async with self.witnessed(key):
            await self._to_rostering(key)
            await self._insist(self.tab, key, SIS_ROSTERING)
            seen = await look(self.tab)
            await self._insist(self.tab, key, SIS_ROSTERING)
            return seen

    async def look_again(self, key: str) -> FormReading | None:
        """
        Read a form in another tab, while this one is being filled in.

        Gives None where the form has no address of its own. Raises ``ConnectError``.
        """
        if (place := self._places.find(key)) is None:
            return None
        async with self.tab.another() as beside, self.witnessed(key, beside):
            await beside.load_again(place.address)
            return await self._read(beside, key)

    async def insist_shown(self, key: str) -> None:
        """
        Insist that the tab shows a district, which is what *Save* would save.

        Raises ``PageChanged``.
        """
        if not self.alone and not self._places.apart:
            raise PageChanged(
                f"the form of district {key!r} has the address of another district's,"
                " and other districts are read or saved meanwhile; nothing was saved",
                remedy="try again: from now on it is one district after the other",
            )
        try:
            await self._insist(self.tab, key)
        except PageChanged as error:
            said = f"{error.message}; nothing was saved"
            raise PageChanged(said, remedy=error.remedy) from error
        tab = self.tab
        sent_to = await DailySyncForm(tab).sent_to()
        if other := self._places.owner_instead(key, tab.page.url, sent_to):
            raise PageChanged(
                f"the form of district {key!r} would be sent to the address of district"
                f" {other!r}; nothing was saved",
                remedy=LOOK_BY_HAND,
            )

    async def shows_instead(self, key: str) -> str:
        """Say which other district the page shows that came after *Save*, if any."""
        picker = DistrictPicker(self.tab)
        try:
            if not await picker.button.count():
                return ""
            return await picker.instead(self._places.asked(key))
        except (PageChanged, PlaywrightError):
            # it names no district that can be read: the form that is read back tells
            return ""

    async def _read(self, tab: Tab, key: str) -> FormReading:
        return await DailySyncForm(tab).read(lambda: self._insist(tab, key))

    async def _insist(self, tab: Tab, key: str, page: str = DAILY_SYNC) -> None:
        asked = self._places.asked(key)
        if instead := await DistrictPicker(tab).instead(asked):
            raise PageChanged(
                f"district {key!r} ({asked.listed.name!r}) was asked for, and the page"
                f" '{page}' {instead}",
                remedy=LOOK_BY_HAND,
            )

    async def _proven(self, other: str, key: str) -> bool:
        """Try whether addresses lead to their districts; the tab ends at ``key``."""
        try:
            for one in (other, key):
                if not await self._loaded_again(one):
                    return False
        except ConnectError:
            # clicking tells whether that is all that is wrong
            self._places.share()
            self._lost()
            return False
        self._places.prove()
        return True

    async def _loaded_again(self, key: str) -> bool:
        """Load a form by its address; say whether it is that district's indeed."""
        place = self._places.find(key)
        if place is None:
            return False
        await self.tab.load_again(place.address)
        drop_down = DistrictPicker(self.tab)
        await self.tab.standing(drop_down.button)
        if not await drop_down.instead(self._places.asked(key)):
            return True
        self._places.share()
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

    async def _to_rostering(self, key: str) -> None:
        await self._begin()
        self._places.meet(await DistrictPicker(self.tab).go_to(key))
        await DistrictHome(self.tab).to_settings()
        await SettingsPage(self.tab).to_rostering()

    async def _go_to(self, key: str, *, onward: bool = False) -> bool:
        """Click to a form; say whether that changes the address."""
        if not onward:
            await self._to_rostering(key)
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
