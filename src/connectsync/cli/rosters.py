"""Where the rosters of districts are, and what plans do on them."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeVar

from connectsync.cli.formats import CLEVER
from connectsync.cli.session import Session
from connectsync.config.decode import Ground, without_steps_up
from connectsync.config.discovery import below, stem_of
from connectsync.config.project import Project, at_district
from connectsync.domain.district import District
from connectsync.domain.impact import Gap
from connectsync.domain.plan import DistrictPlan, NotCounted, RosterImpact
from connectsync.domain.roster_words import Dictionary
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ConnectError, ProjectError, RosterUnreadable, UsageError
from connectsync.roster.tables import RosterTables, open_tables
from connectsync.values import dataclass, field, replace


def roster_path(session: Session, named: str) -> Path:
    """
    Give where a roster lies that the command line names.

    `..` in its spelling is no link out; ``{district}`` may stand in it.
    """
    return without_steps_up((session.folder or session.here) / named)


Meanwhile = Callable[[], Coroutine[Any, Any, None]]
Read = TypeVar("Read")
_Finding = AbstractContextManager[tuple[RosterTables, Callable[[], Read]]]


async def read_beside(
    stack: ExitStack, finding: _Finding[Read], meanwhile: Meanwhile
) -> Read:
    """
    Read files in a thread, while something else is done, mostly imports.

    Ctrl-C ends the reading at once, and not with the statement that runs.
    """
    opened: list[RosterTables] = []

    def read() -> Read:
        tables, load = stack.enter_context(finding)
        opened.append(tables)
        return load()

    reading = asyncio.create_task(asyncio.to_thread(read))
    try:
        found, done = await asyncio.gather(
            asyncio.shield(reading), meanwhile(), return_exceptions=True
        )
    except asyncio.CancelledError:
        await _interrupted(reading, opened)
        raise
    if isinstance(done, BaseException):
        raise done
    if isinstance(found, BaseException):
        raise found
    return found


async def _interrupted(task: asyncio.Task[Any], opened: list[RosterTables]) -> None:
    """End what runs on some tables in a thread, and wait until it is over."""
    # again and again: what begins just then is not interrupted
    while not task.done():
        for one in opened:
            one.interrupt()
        await asyncio.wait([task], timeout=0.1)
    await asyncio.gather(task, return_exceptions=True)


AT_ONCE = 4
"""
How many rosters are read at Clever at the same time, each with its own token.

What they keep in memory is their rows, less than half of what counting one takes.
"""


async def nothing() -> None:
    """Do nothing meanwhile."""


@dataclass(slots=True)
class OpenRoster:
    """A roster in tables, and what is to be said of it."""

    tables: RosterTables
    source: str
    gaps: frozenset[Gap]
    notes: tuple[str, ...]


@dataclass(slots=True)
class RosterReader:
    """
    The rosters of districts, where the command line or the project says they are.

    ``named`` is what the command line says, None where the project decides.
    ``brought`` names a file that the change which is planned brings along, if it does:
    who writes a change does not say whom it reaches.
    """

    session: Session
    project: Project
    named: str | None = None
    brought: Callable[[Path], str] = lambda _: ""
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def each(
        self, keys: Sequence[str], count: Callable[[str], Awaitable[Read]]
    ) -> list[Read]:
        """
        Count districts by key, and give what came of each in their order.

        The wire is waited for at Clever, so some are read there at the same time; files
        are read one after another.
        """
        places = {True: asyncio.Semaphore(AT_ONCE), False: asyncio.Semaphore(1)}

        async def one(key: str) -> Read:
            async with places[self.of(key) == CLEVER]:
                return await count(key)

        tasks = [asyncio.create_task(one(key)) for key in keys]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def count(self, tables: RosterTables, work: Callable[[], Read]) -> Read:
        """
        Count in a thread, so that other rosters come meanwhile; one at a time.

        Ctrl-C ends the counting at once, and not with the statement that runs.
        """
        async with self._counting:
            counting = asyncio.create_task(asyncio.to_thread(work))
            try:
                return await asyncio.shield(counting)
            except asyncio.CancelledError:
                await _interrupted(counting, [tables])
                raise

    @property
    def dictionary(self) -> Dictionary:
        """What words of a roster mean, as the project says."""
        return Dictionary(
            {
                name: {word.strip().lower(): label for word, label in meant.items()}
                for name, meant in self.project.roster.words.items()
            }
        )

    def insist_named(self, districts: int) -> None:
        """
        Refuse to count districts of which no roster can be told.

        Raises ``UsageError``, and ``ProjectError`` for one that no file describes.
        """
        stated = self.project.roster
        if self.named is None and not (stated.source or stated.districts):
            raise _no_roster()
        alike = self.named not in {None, CLEVER} and self.of("a") == self.of("b")
        if alike and districts > 1:
            raise UsageError(
                f"--roster {self.named} is the roster of one district, and"
                f" {districts} are meant",
                remedy="put {district} into its path where the district's key"
                " stands, or name one district",
            )
        if not stated.districts:
            return
        keys = {stem_of(path) for path in below(self.project.districts_dir)}
        if unknown := [key for key in stated.districts if key not in keys]:
            raise ProjectError(
                f"connectsync.yaml names a roster of {unknown[0]!r} in"
                " roster.districts, and no file describes that district",
                remedy=did_you_mean(unknown[0], keys)
                or "correct the key, or remove it",
            )

    def of(self, district: str) -> str:
        """Name the roster of a district; empty if none is named."""
        if self.named is not None:
            return at_district(self.named, district)
        return self.project.roster.of(district)

    @asynccontextmanager
    async def open(
        self,
        district: District,
        *,
        schools: bool = False,
        shown: bool = True,
        meanwhile: Meanwhile = nothing,
    ) -> AsyncIterator[OpenRoster]:
        """
        Read the roster of a district into tables, with ``schools`` its schools as well.

        What only numbers are ``shown`` of is not asked for names.

        What is to be done ``meanwhile`` is done while the roster is found, or on its
        way; what is wrong with that is said first. Raises ``ConnectsyncError``.
        """
        roster = self.of(district.key)
        if not roster:
            raise _no_roster()
        if roster == CLEVER:
            with open_tables() as tables:
                tables.shown, tables.schools = shown, schools
                yield await self._read_at_clever(tables, district, meanwhile)
            return
        from connectsync.roster.layouts import find_roster_files

        self._insist_own(roster)
        finding = find_roster_files(
            self.path(roster),
            self.project.roster.encoding,
            schools=schools,
            shown=roster,
            way_out=Ground.of(self.project.root).way_out,
        )
        with ExitStack() as stack:
            found = await read_beside(stack, finding, meanwhile)
            source = f"{found.kind}: {roster}"
            yield OpenRoster(found.tables, source, found.gaps, found.notes)

    def path(self, roster: str) -> Path:
        """Give where a roster lies."""
        if self.named is None:
            return without_steps_up(self.project.root / roster)
        return roster_path(self.session, roster)

    def _insist_own(self, roster: str) -> None:
        """Refuse a roster that the change which is planned brings along."""
        if theirs := self.brought(self.path(roster)):
            raise RosterUnreadable(
                f"{theirs} is of the change that is planned, so it does not tell whom"
                " that reaches",
                remedy="commit the roster by itself, or keep it out of the repository",
            )

    async def _read_at_clever(
        self,
        tables: RosterTables,
        district: District,
        meanwhile: Meanwhile,
    ) -> OpenRoster:
        from connectsync.cli.machine import insist_clever
        from connectsync.cli.secrets import district_token
        from connectsync.operations.roster_check import read_roster
        from connectsync.roster.clever import open_roster
        from connectsync.roster.clever_users import CleverPeople

        clever = self.project.clever
        if clever is None:
            raise ProjectError(
                "the project does not say that Clever may be asked",
                remedy="write `roster: {clever: {}}` into connectsync.yaml, or give an"
                " export of the roster",
            )
        environment = self.session.environment
        insist_clever(clever.url, environment)
        resolves = partial(
            district_token, project=self.project, environment=environment
        )
        tables.expect({})
        async with open_roster(clever.url) as asked:
            take, people = tables.take_page, CleverPeople(asked)
            task = asyncio.create_task(read_roster(people, district, resolves, take))
            try:
                # the first page is on its way meanwhile
                began = asyncio.create_task(asked.began.wait())
                await asyncio.wait([task, began], return_when=asyncio.FIRST_COMPLETED)
                await meanwhile()
                reading = await task
            finally:
                began.cancel()
                task.cancel()
                await asyncio.gather(task, began, return_exceptions=True)
        tables.settle()
        return OpenRoster(tables, reading.source, frozenset(), tuple(reading.notes()))


def _no_roster() -> UsageError:
    return UsageError(
        "no roster is named",
        remedy="give --roster clever or --roster PATH; or write `roster: {source: …}`"
        " into connectsync.yaml: clever, or a path with {district} in it",
    )


@dataclass(slots=True)
class PlanCounter:
    """Counts what plans do on the rosters of their districts."""

    rosters: RosterReader
    districts: Mapping[str, District]

    async def __call__(
        self, planned: tuple[DistrictPlan, ...]
    ) -> tuple[DistrictPlan, ...]:
        """
        Count the districts whose changes decide who is reached.

        What is wrong with a roster is said in place of its numbers. Raises
        ``UsageError`` where no roster can be read at all.
        """
        wanted = {one.district: one for one in planned if one.counted()}
        told = await self.rosters.each([*wanted], lambda key: self._count(wanted[key]))
        impacts = dict(zip(wanted, told, strict=True))
        return tuple(
            replace(one, impact=impacts[one.district])
            if one.district in impacts
            else one
            for one in planned
        )

    async def _count(self, planned: DistrictPlan) -> RosterImpact | NotCounted:
        from connectsync.operations.roster_check import count_plan

        key, rosters = planned.district, self.rosters
        if not rosters.of(key):
            return NotCounted("no roster is named for this district")
        try:
            async with rosters.open(self.districts[key], shown=False) as read:
                read.tables.once = True
                work = partial(
                    count_plan,
                    planned,
                    read.tables,
                    source=self._without_path(read.source, key),
                    read_at=rosters.session.now(),
                    gaps=read.gaps,
                    dictionary=rosters.dictionary,
                )
                return await rosters.count(read.tables, work)
        except (ConnectError, ProjectError, RosterUnreadable) as error:
            return NotCounted(self._without_path(error.sentence, key))

    def _without_path(self, sentence: str, district: str) -> str:
        """Spell a roster as it is named: a plan holds no path of this machine."""
        roster = self.rosters.of(district)
        whole = PurePath(roster)
        return sentence.replace(roster, whole.name) if whole.is_absolute() else sentence
