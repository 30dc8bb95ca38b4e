"""A reader that tells how far it has come with many districts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectsync.cli.pace import READING
from connectsync.cli.progress import Count, Manner, counting, manner
from connectsync.cli.session import Session
from connectsync.connect.seam import Mapper, Reader
from connectsync.domain.live import Listed, Live
from connectsync.domain.page_map import Spot
from connectsync.errors import ConnectError, CredentialsRefused


@dataclass(frozen=True, slots=True)
class Counted:
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

    async def list_districts(self) -> tuple[Listed, ...]:
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
        with counting(self.session, READING, len(wanted)) as count:
            return await self._parts(wanted, count)

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that a drop-down or box group offers."""
        return await self.reader.options(setting)

    async def _parts(
        self, wanted: Sequence[str], count: Count
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


class CountedMapper(Counted):
    """The same, of a reader that knows where all stands on the page."""

    __slots__ = ()

    async def page_map(self) -> tuple[Spot, ...]:
        """Say where everything stands. See ``seam.Mapper``."""
        if not isinstance(self.reader, Mapper):
            return ()
        return await self.reader.page_map()


@dataclass(frozen=True, slots=True)
class Named:
    """Reads as the reader inside does, under the name that the project gives."""

    reader: Reader
    described: str

    async def list_districts(self) -> tuple[Listed, ...]:
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

    async def page_map(self) -> tuple[Spot, ...]:
        """Say where everything stands. See ``seam.Mapper``."""
        if not isinstance(self.reader, Mapper):
            return ()
        return await self.reader.page_map()


def named(reader: Reader, key: str) -> Reader:
    """Let a reader call its Connect by a key."""
    if reader.described == key:
        return reader
    return (NamedMapper if isinstance(reader, Mapper) else Named)(reader, key)


def counted(reader: Reader, session: Session, part: int | None) -> Reader:
    """Let a reader tell how far it has come, where anybody wants to know."""
    silent = manner(session.terminal, session.environment) is Manner.NOT
    if part is None or silent:
        return reader
    if isinstance(reader, Mapper):
        return CountedMapper(reader, session, part)
    return Counted(reader, session, part)


def _errors(found: Mapping[str, Live | ConnectError], keys: Sequence[str]) -> int:
    return sum(not isinstance(found.get(key), Live) for key in keys)
