"""The browser's reader: forms as the page shows them, and no way to fill one in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from connectsync.backends.browser.form import FormReading
from connectsync.backends.browser.navigation import Navigation
from connectsync.backends.browser.pool import SharedBrowser, TabPool
from connectsync.backends.contract import (
    Clock,
    utc_now,
)
from connectsync.backends.names import to_json
from connectsync.domain.foreign_text import repeats_secret
from connectsync.domain.live import ListedDistrict, Live, PageSpot
from connectsync.domain.settings import BY_NAME
from connectsync.errors import (
    Bug,
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    Unreachable,
)
from connectsync.providers.form import Kind


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
        found: dict[str, Live | ConnectError] = {}
        waiting = list(reversed(wanted))
        readers = min(self._tabs.website.contexts, len(wanted))
        await asyncio.gather(*(self._read_some(waiting, found) for _ in range(readers)))
        failures = [one for one in found.values() if isinstance(one, ConnectError)]
        if failures and len(failures) == len(wanted) and not _all_missing(failures):
            raise next(one for one in failures if not _all_missing([one]))
        return {key: found[key] for key in wanted}

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

    async def _read_some(
        self, waiting: list[str], found: dict[str, Live | ConnectError]
    ) -> None:
        refused: CredentialsRefused | None = None
        while waiting:
            key = waiting.pop()
            try:
                found[key] = await self.read(key)
            except CredentialsRefused as error:
                refused = error
                found[key] = error
            except ConnectError as error:
                found[key] = error
            if refused is not None:
                found.update(dict.fromkeys(waiting, refused))
                waiting.clear()

    async def _read(self, walk: Navigation, key: str) -> Live:
        shown = await walk.form(key)
        self._offered = shown.offered
        return live(key, shown, self._clock)


def live(key: str, shown: FormReading, clock: Clock) -> Live:
    """Give the form that is shown as what Connect holds now."""
    form = shown.form
    if repeats_secret(json.dumps([to_json(form), shown.offered], ensure_ascii=False)):
        raise Unreachable(f"the form of district {key!r} repeats a secret")
    lacks_token = not shown.has_token
    return Live(key, shown.version(key), form, clock(), lacks_token=lacks_token)


def _all_missing(failures: Sequence[ConnectError]) -> bool:
    return all(isinstance(one, DistrictNotFound) for one in failures)


@asynccontextmanager
async def open_reader(
    browser: SharedBrowser, *, clock: Clock = utc_now
) -> AsyncIterator[BrowserReader]:
    """Open a reader in the browser of a run. Raises ``ProjectError``."""
    async with browser.tabs() as tabs:
        yield BrowserReader(tabs, clock=clock)
