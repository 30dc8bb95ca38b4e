"""Open the chosen backend: readers for every command, a writer for apply."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from connectsync.backends.contract import LARGEST_BULK
from connectsync.backends.seam import Mapper, Reader, Writer
from connectsync.backends.snapshot import Confirm
from connectsync.cli import backend_setup
from connectsync.cli.backend_setup import BackendSetup, nobody
from connectsync.cli.progress import (
    READING,
    Progress,
    ProgressStyle,
    manner,
    show_progress,
)
from connectsync.cli.session import Session
from connectsync.config.project import BrowserConfig, Project
from connectsync.domain.connect_key import ConnectKey, connect_key
from connectsync.domain.district import District
from connectsync.domain.live import ListedDistrict, Live, PageSpot
from connectsync.domain.wording import did_you_mean
from connectsync.errors import Bug, ConnectError, CredentialsRefused, UsageError
from connectsync.web.patience import RetryBudget


@dataclass(frozen=True, slots=True)
class CountingReader:
    """
    Reads as the reader inside does, and many districts in parts. See ``seam.Reader``.

    ``part`` is how many it asks for at a time.
    """

    reader: Reader
    session: Session
    part: int

    @property
    def described(self) -> str:
        """Name the backend as the reader inside does."""
        return self.reader.described

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district the credentials reach, sorted by key."""
        return await self.reader.list_districts()

    async def read(self, key: str) -> Live:
        """Read one district's form."""
        return await self.reader.read(key)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        """
        Read many forms; every key is answered, by a form or an error.

        A part of which nothing could be read is errors like any other, unless there
        is nothing else: then it raises, as one that reads all at once would.
        """
        wanted = list(dict.fromkeys(keys))
        if len(wanted) <= self.part:
            return await self.reader.read_many(wanted)
        with show_progress(self.session, READING, len(wanted)) as count:
            return await self._parts(wanted, count)

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that a drop-down or box group offers."""
        return await self.reader.options(setting)

    async def _parts(
        self, wanted: Sequence[str], count: Progress
    ) -> Mapping[str, Live | ConnectError]:
        found: dict[str, Live | ConnectError] = {}
        lost: list[ConnectError] = []
        for start in range(0, len(wanted), self.part):
            keys = wanted[start : start + self.part]
            # who is not let in is not let in for the rest either: ask no further
            if lost and isinstance(lost[-1], CredentialsRefused):
                found |= dict.fromkeys(keys, lost[-1])
                continue
            try:
                found |= await self.reader.read_many(keys)
            except ConnectError as error:
                lost.append(error)
                found |= dict.fromkeys(keys, error)
            count.advance(len(keys), failed=_errors(found, keys))
        if lost and _errors(found, wanted) == len(wanted):
            raise lost[0]
        return found


class CountingMapper(CountingReader):
    """The same, of a reader that knows where all stands on the page."""

    __slots__ = ()

    async def page_map(self) -> tuple[PageSpot, ...]:
        """Say where everything stands. See ``seam.Mapper``."""
        if not isinstance(self.reader, Mapper):
            return ()
        return await self.reader.page_map()


@dataclass(frozen=True, slots=True)
class Named:
    """Reads as the reader inside does, under the name that the project gives."""

    reader: Reader
    described: str

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district the credentials reach, sorted by key."""
        return await self.reader.list_districts()

    async def read(self, key: str) -> Live:
        """Read one district's form."""
        return await self.reader.read(key)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        """Read many forms; every key is answered, by a form or an error."""
        return await self.reader.read_many(keys)

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that a drop-down or box group offers."""
        return await self.reader.options(setting)


class NamedMapper(Named):
    """The same, of a reader that knows where all stands on the page."""

    __slots__ = ()

    async def page_map(self) -> tuple[PageSpot, ...]:
        """Say where everything stands. See ``seam.Mapper``."""
        if not isinstance(self.reader, Mapper):
            return ()
        return await self.reader.page_map()


def name_reader(reader: Reader, key: str) -> Reader:
    """Let a reader call its Connect by a key."""
    if reader.described == key:
        return reader
    return (NamedMapper if isinstance(reader, Mapper) else Named)(reader, key)


def count_reads(reader: Reader, session: Session, part: int | None) -> Reader:
    """Let a reader tell how far it has come, where anybody wants to know."""
    silent = manner(session.terminal, session.environment) is ProgressStyle.NOT
    if part is None or silent:
        return reader
    if isinstance(reader, Mapper):
        return CountingMapper(reader, session, part)
    return CountingReader(reader, session, part)


def _errors(found: Mapping[str, Live | ConnectError], keys: Sequence[str]) -> int:
    return sum(not isinstance(found.get(key), Live) for key in keys)


class BackendChoice(Protocol):
    """A way to Connect that is ready to be opened."""

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader; it has no way to write."""

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer."""


WAYS: Mapping[str, Callable[[BackendSetup], BackendChoice]] = {
    "embedded": backend_setup.EmbeddedBackend,
    "gateway": backend_setup.GatewayBackend,
    "browser": backend_setup.BrowserBackend,
    "snapshot": backend_setup.SnapshotBackend,
}

BY_HAND = frozenset(["snapshot"])
"""Ways on which it is a person who presses Save."""


AT_ONCE = {"gateway": 8}
"""How many districts a run has in hand at a time, where it is not one."""

BULK = {"embedded": LARGEST_BULK, "gateway": LARGEST_BULK}
"""How many districts are read at a time anyway."""

READ_BY_EACH_TAB = 8
"""Districts that a tab of a browser reads before anybody is told how far it got."""


def at_once(session: Session, project: Project) -> int:
    """Say how many districts a run may have in hand at a time."""
    name, _ = _choose_backend(session, project)
    if name == "browser":
        return (
            project.browser.contexts if project.browser else BrowserConfig("").contexts
        )
    return AT_ONCE.get(name, 1)


def patience(session: Session) -> RetryBudget | None:
    """Give the budget of waiting that all calls of this run share, if there is one."""
    shared = session.shared.get("patience")
    return shared if isinstance(shared, RetryBudget) else None


def is_by_hand(session: Session, project: Project) -> bool:
    """Say whether a person has to press Save on the chosen backend."""
    return _choose_backend(session, project)[0] in BY_HAND


@asynccontextmanager
async def open_reader(
    session: Session, project: Project, districts: Sequence[District]
) -> AsyncIterator[Reader]:
    """Open a reader on the chosen backend. It has no way to write."""
    async with _way(session, project, districts).reader() as reader:
        connect = connect_key(reader.described, project.connect)
        session.shared["connect"] = connect
        yield count_reads(
            name_reader(reader, connect.key), session, _part(session, project)
        )


def connect_of(session: Session) -> ConnectKey:
    """Give the key of the Connect that a reader was opened on."""
    connect = session.shared.get("connect")
    if not isinstance(connect, ConnectKey):
        raise Bug("no reader was opened, so the Connect it reads has no key")
    return connect


def _part(session: Session, project: Project) -> int | None:
    """Say how many districts to read at a time; None where all is one file."""
    name, _ = _choose_backend(session, project)
    if name == "browser":
        return READ_BY_EACH_TAB * at_once(session, project)
    return BULK.get(name)


@asynccontextmanager
async def open_writer(
    session: Session,
    project: Project,
    districts: Sequence[District],
    confirm: Confirm = nobody,
) -> AsyncIterator[Writer]:
    """Open a writer on the chosen backend; only apply may."""
    async with _way(session, project, districts, confirm).writer() as writer:
        yield writer


def _choose_backend(session: Session, project: Project) -> tuple[str, str]:
    name, _, argument = (session.backend or project.backend).partition(":")
    return name, argument


def _way(
    session: Session,
    project: Project,
    districts: Sequence[District],
    confirm: Confirm = nobody,
) -> BackendChoice:
    name, argument = _choose_backend(session, project)
    if name not in WAYS:
        raise UsageError(
            f"there is no backend {name!r}",
            remedy=did_you_mean(name, WAYS) or f"choose one of: {', '.join(WAYS)}",
        )
    return WAYS[name](
        BackendSetup(session, project, tuple(districts), argument, confirm)
    )
