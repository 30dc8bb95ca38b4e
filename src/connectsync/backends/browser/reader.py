"""The browser's reader: forms as the page shows them, and no way to fill one in."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from playwright.async_api import Locator

from connectsync.backends.answers import MOST_SCHOOLS, sync_of
from connectsync.backends.browser.controls import cut_text, texts
from connectsync.backends.browser.district_picker import RosteringPage
from connectsync.backends.browser.form import FormReading
from connectsync.backends.browser.navigation import Navigation, Seen
from connectsync.backends.browser.session import SharedBrowser, TabPool
from connectsync.backends.browser.tab import Tab, control_problem, plain
from connectsync.backends.browser.website import name_pattern
from connectsync.backends.contract import Clock, utc_now
from connectsync.backends.names import (
    DAILY_SYNC,
    LAST_SYNC,
    SCHOOL,
    SIS_ROSTERING,
    SYNC_SCHOOLS,
    SYNC_STATUS,
    SYNC_TIME,
    TRIED,
    Unfit,
    to_json,
)
from connectsync.backends.seam import Visit, whole_visits
from connectsync.domain.foreign_text import repeats_secret
from connectsync.domain.live import ListedDistrict, Live, PageSpot
from connectsync.domain.settings import BY_NAME, is_same_label
from connectsync.domain.sync import NO_SYNC, SyncOutcome
from connectsync.errors import (
    Bug,
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    NotOffered,
    Unreachable,
)
from connectsync.providers.form import Kind
from connectsync.values import dataclass


class BrowserReader:
    """
    Reads what the page shows; it has nothing to fill a form in with.

    See ``seam.Reader``.

    Districts are read side by side, in as many tabs as the website says.
    """

    def __init__(self, tabs: TabPool, *, clock: Clock = utc_now) -> None:
        self._tabs = tabs
        self._clock = clock
        self._offered: Mapping[str, tuple[str, ...]] = {}
        self._without_reports: NotOffered | None = None

    @property
    def described(self) -> str:
        """Name the website."""
        return self._tabs.website.described

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district that the page lists, sorted by key."""
        async with self._tabs.walk() as walk:
            listed = await walk.districts()
        if repeats_secret("\n".join(f"{one.key} {one.name}" for one in listed)):
            raise Unreachable("the list of districts on the page repeats a secret")
        return listed

    async def read(self, key: str) -> Live:
        """Read one district's form."""
        async with self._tabs.walk() as walk:
            return await self._read(walk, key)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        """
        Read many forms; every key is answered, by a form or an error.

        Once Connect asks to sign in, the rest is not tried.
        """
        wanted = list(dict.fromkeys(keys))
        found = await self._read_each(wanted, self.read)
        _insist_any(found)
        return {key: found[key] for key in wanted}

    async def outcomes(
        self, keys: Sequence[str]
    ) -> Mapping[str, SyncOutcome | ConnectError]:
        """
        Give the last nightly syncs. See ``seam.OutcomeReader``.

        Each is clicked to, unless the page of the first shows no reports: those of the
        others are laid out alike.
        """
        wanted = list(dict.fromkeys(keys))
        found = await self._read_each(wanted[:1], self._outcome)
        seen = list(found.values())
        if seen and isinstance(seen[0], NotOffered):
            return dict.fromkeys(wanted, seen[0])
        found |= await self._read_each(wanted[1:], self._outcome)
        _insist_any(found)
        return {key: found[key] for key in wanted}

    async def read_with_outcomes(self, keys: Sequence[str]) -> Mapping[str, Visit]:
        """
        Give forms and last nightly syncs. See ``seam.OutcomeReader``.

        The way to a form leads over the reports. Once a page shows none, no further one
        is looked at on the way.
        """
        wanted = list(dict.fromkeys(keys))
        self._without_reports = None
        found = whole_visits(await self._read_each(wanted, self._visit))
        _insist_any({key: form for key, (form, _) in found.items()})
        return {key: found[key] for key in wanted}

    async def _visit(self, key: str) -> Visit:
        async with self._tabs.walk() as walk:
            seen: SyncOutcome | ConnectError | None = self._without_reports
            if seen is None:
                try:
                    seen = await self._seen(walk, key)
                except CredentialsRefused:
                    raise
                except NotOffered as error:
                    seen = self._without_reports = error
                except ConnectError as error:
                    seen = error
            onward = isinstance(seen, SyncOutcome)
            return await self._read(walk, key, onward=onward), seen

    async def _outcome(self, key: str) -> SyncOutcome:
        async with self._tabs.walk() as walk:
            return await self._seen(walk, key)

    async def _seen(self, walk: Navigation, key: str) -> SyncOutcome:
        reports = SyncReports(self._clock())
        seen = await walk.rostering(key, reports.newest)
        words = [word for one in seen.schools for word in (one.school, one.shown)]
        if repeats_secret("\n".join([seen.shown, *words])):
            raise Unreachable(f"the last sync of district {key!r} repeats a secret")
        return seen

    async def _read_each(
        self, wanted: Sequence[str], read: Callable[[str], Awaitable[Seen]]
    ) -> dict[str, Seen | ConnectError]:
        """Read districts side by side; once Connect asks to sign in, no further."""
        found: dict[str, Seen | ConnectError] = {}
        waiting = list(reversed(wanted))
        readers = min(self._tabs.website.contexts, len(wanted))
        some = (_read_some(waiting, found, read) for _ in range(readers))
        await asyncio.gather(*some)
        return found

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give what a drop-down or box group offers on a form, in page order."""
        if BY_NAME[setting].kind not in {Kind.CHOICE, Kind.BOXES}:
            raise Bug(f"{setting} offers no labels")
        if not self._offered:
            # every district has the same form: the first one tells
            await self.read((await self.list_districts())[0].key)
        return self._offered[setting]

    async def page_map(self) -> tuple[PageSpot, ...]:
        """Look where every label stands. See ``seam.Mapper``."""
        async with self._tabs.walk() as walk:
            return await walk.page_map()

    async def _read(self, walk: Navigation, key: str, *, onward: bool = False) -> Live:
        shown = await walk.form(key, onward=onward)
        read = live(key, shown, self._clock)
        # of a form that is refused nothing is told later either
        self._offered = shown.offered
        return read


@dataclass(frozen=True, slots=True)
class SyncReports:
    """
    The reports of nights on SIS Rostering, read at a time.

    How the real page lays them out is published nowhere: what is read is a table in a
    part of the page, with columns and a part that the project may call otherwise.
    """

    now: datetime

    async def newest(self, tab: Tab) -> SyncOutcome:
        """
        Read the first row; ``NO_SYNC`` where there is no table.

        Raises ``NotOffered`` where there is no such part, ``PageChanged`` where it is
        not as we know it, and ``Unreachable`` where a report makes no sense.
        """
        # what leads on to the form is there as soon as the page is
        link = RosteringPage(tab).daily_sync
        await tab.the_only(link, f"'{DAILY_SYNC}'", SIS_ROSTERING)
        part = await _part(tab, LAST_SYNC)
        if part is None:
            shown = tab.labels.shown(LAST_SYNC)
            raise NotOffered(
                f"the page '{SIS_ROSTERING}' has no part '{cut_text(shown)}': no public"
                " page says how the reports of a sync are labeled",
                remedy="if yours shows them in a table, say what it calls them under"
                " backends.browser.labels",
            )
        nights = await _table(part, LAST_SYNC, tab, most=1)
        if not nights:
            return NO_SYNC
        stated = part.locator("tbody").get_by_role("row").first.locator(_STATED)
        when = await stated.get_attribute("datetime") if await stated.count() else None
        beside = await _part(tab, SYNC_SCHOOLS)
        named = beside and await _table(beside, SYNC_SCHOOLS, tab, most=MOST_SCHOOLS)
        return self._outcome(nights[0], when, named or [])

    def _outcome(
        self, cell: Mapping[str, str], when: str | None, each: _TableRows
    ) -> SyncOutcome:
        _insist_filled(cell, SYNC_STATUS)
        for one in each:
            _insist_filled(one, SCHOOL, SYNC_STATUS)
        try:
            at = when or _time_in_words(cell[SYNC_TIME])
            schools = [
                (one[SCHOOL], one[SYNC_STATUS], _figure(one[TRIED])) for one in each
            ]
            tried = _figure(cell[TRIED])
            return sync_of(cell[SYNC_STATUS], at, tried, self.now, schools)
        except Unfit as error:
            raise Unreachable(
                f"a report on the page '{SIS_ROSTERING}' is not understood: {error}",
                remedy="look at it on Connect by hand",
            ) from error


_TableRows = Sequence[Mapping[str, str]]
_STATED = "time[datetime]"


async def _part(tab: Tab, label: str) -> Locator | None:
    """Find a part of the page by its heading; None where there is none."""
    name = name_pattern(tab.labels.shown(label))
    part = tab.page.get_by_role("region", name=name, exact=True)
    if not await part.count():
        return None
    return await tab.the_only(part, f"'{label}'", SIS_ROSTERING)


async def _table(part: Locator, label: str, tab: Tab, *, most: int) -> _TableRows:
    """
    Read the first rows of the table in a part, none where there is no table.

    Raises ``PageChanged`` where a cell has no column of its own.
    """
    columns = [plain(one) for one in await texts(part.get_by_role("columnheader"))]
    rows = part.locator("tbody").get_by_role("row")
    count = await rows.count()
    found = []
    for at in range(min(max(count, bool(columns)), most)):
        cells = [plain(one) for one in await texts(rows.nth(at).get_by_role("cell"))]
        row = dict(zip(columns, cells, strict=False))
        if not (len(columns) == len(cells) == len(row)):
            why = "has cells without a column"
            raise control_problem(f"'{label}'", SIS_ROSTERING, why)
        found.append(_cells(row, tab))
    return found


def _insist_filled(cell: Mapping[str, str], *labels: str) -> None:
    for label in labels:
        if not cell[label]:
            raise control_problem(f"'{label}'", SIS_ROSTERING, "is missing")


def _cells(found: Mapping[str, str], tab: Tab) -> dict[str, str]:
    """Give what stands in the columns that we know, empty where there is none."""
    ours = (SCHOOL, SYNC_STATUS, SYNC_TIME, TRIED)
    return dict.fromkeys(ours, "") | {
        one: text
        for name, text in found.items()
        for one in ours
        if is_same_label(name, tab.labels.shown(one))
    }


_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")
_IN_UTC = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}) UTC")


def _time_in_words(shown: str) -> str | None:
    """Read a time that says its zone; None for any other: a zone is not guessed."""
    found = _IN_UTC.fullmatch(shown)
    return f"{found[1]}T{found[2]}+00:00" if found else None


def _figure(shown: str) -> float | None:
    """Read a percentage; None for a dash. Raises ``Unfit``."""
    if found := _PERCENT.fullmatch(shown):
        return float(found[1])
    if any(one.isalnum() for one in shown):
        raise Unfit(f"what it tried to archive is '{cut_text(shown)}'")
    return None


def live(key: str, shown: FormReading, clock: Clock) -> Live:
    """Give the form that is shown as what Connect holds now."""
    form = shown.form
    if repeats_secret(json.dumps([to_json(form), shown.offered], ensure_ascii=False)):
        raise Unreachable(f"the form of district {key!r} repeats a secret")
    lacks_token = not shown.has_token
    return Live(key, shown.version(key), form, clock(), lacks_token=lacks_token)


async def _read_some(
    waiting: list[str],
    found: dict[str, Seen | ConnectError],
    read: Callable[[str], Awaitable[Seen]],
) -> None:
    refused: CredentialsRefused | None = None
    while waiting:
        key = waiting.pop()
        try:
            found[key] = await read(key)
        except CredentialsRefused as error:
            refused = error
            found[key] = error
        except ConnectError as error:
            found[key] = error
        if refused is not None:
            found.update(dict.fromkeys(waiting, refused))
            waiting.clear()


def _insist_any(found: Mapping[str, object]) -> None:
    """Raise an error of one where nothing at all could be read."""
    failures = [one for one in found.values() if isinstance(one, ConnectError)]
    if failures and len(failures) == len(found) and not _all_missing(failures):
        raise next(one for one in failures if not _all_missing([one]))


def _all_missing(failures: Sequence[ConnectError]) -> bool:
    return all(isinstance(one, DistrictNotFound) for one in failures)


@asynccontextmanager
async def open_reader(
    browser: SharedBrowser, *, clock: Clock = utc_now
) -> AsyncIterator[BrowserReader]:
    """Open a reader in the browser of a run. Raises ``ProjectError``."""
    async with browser.tabs() as tabs:
        yield BrowserReader(tabs, clock=clock)
