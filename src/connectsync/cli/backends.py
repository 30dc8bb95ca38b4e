"""Open the chosen backend: readers for every command, a writer for apply."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from connectsync.backends.seam import Mapper, OutcomeReader, Reader, Visit, Writer
from connectsync.backends.snapshot import Confirm
from connectsync.cli.backend_setup import (
    Backend,
    BackendSetup,
    BrowserBackend,
    EmbeddedBackend,
    GatewayBackend,
    SnapshotBackend,
    no_person,
)
from connectsync.cli.progress import READING, ProgressStyle, manner, show_progress
from connectsync.cli.session import Session
from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.live import (
    ConnectKey,
    ListedDistrict,
    Live,
    PageSpot,
    connect_key,
    one_spelling,
)
from connectsync.domain.outcome import Outcome
from connectsync.domain.sync import SyncOutcome
from connectsync.domain.wording import did_you_mean
from connectsync.errors import (
    Bug,
    ConnectError,
    CredentialsRefused,
    NotOffered,
    UsageError,
)
from connectsync.values import dataclass
from connectsync.web.http import RetryBudget

Answer = TypeVar("Answer", Live | ConnectError, Visit)


@dataclass(frozen=True, slots=True)
class SessionReader:
    """
    Reads as the reader inside does, under a name of ours. See ``seam.Reader``.

    ``part`` is how many districts it asks for at a time, telling how far it has come;
    None for all at once. ``name`` is what the project calls this Connect; empty where
    the reader's own name will do.
    """

    reader: Reader
    session: Session
    part: int | None
    name: str = ""

    @property
    def described(self) -> str:
        """Name the backend."""
        return self.name or self.reader.described

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
        return await self._parted(keys, self.reader.read_many, lambda error: error)

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that a drop-down or box group offers."""
        return await self.reader.options(setting)

    async def outcomes(
        self, keys: Sequence[str]
    ) -> Mapping[str, SyncOutcome | ConnectError]:
        """Give the last nightly syncs. See ``seam.OutcomeReader``."""
        return await outcomes_of(self.reader, keys)

    async def read_with_outcomes(self, keys: Sequence[str]) -> Mapping[str, Visit]:
        """Give forms and last nightly syncs. See ``seam.OutcomeReader``."""
        if isinstance(self.reader, OutcomeReader):
            read = self.reader.read_with_outcomes
            return await self._parted(keys, read, lambda error: (error, error))
        forms, seen = await self.read_many(keys), await self.outcomes(keys)
        return {key: (forms[key], seen[key]) for key in forms}

    async def _parted(
        self,
        keys: Sequence[str],
        read: Callable[[Sequence[str]], Awaitable[Mapping[str, Answer]]],
        lost_as: Callable[[ConnectError], Answer],
    ) -> Mapping[str, Answer]:
        """Read part by part, telling how far it has come."""
        wanted = list(dict.fromkeys(keys))
        if self.part is None or len(wanted) <= self.part:
            return await read(wanted)
        found: dict[str, Answer] = {}
        lost: list[ConnectError] = []
        with show_progress(self.session, READING, len(wanted)) as count:
            for start in range(0, len(wanted), self.part):
                part = wanted[start : start + self.part]
                # who is not let in is not let in for the rest either: ask no further
                if lost and isinstance(lost[-1], CredentialsRefused):
                    found |= dict.fromkeys(part, lost_as(lost[-1]))
                    continue
                try:
                    found |= await read(part)
                except ConnectError as error:
                    lost.append(error)
                    found |= dict.fromkeys(part, lost_as(error))
                count.advance(len(part), failed=_errors(found, part))
        if lost and _errors(found, wanted) == len(wanted):
            raise lost[0]
        return found


class SessionMapper(SessionReader):
    """The same, of a reader that knows where all stands on the page."""

    __slots__ = ()

    async def page_map(self) -> tuple[PageSpot, ...]:
        """Say where everything stands. See ``seam.Mapper``."""
        if not isinstance(self.reader, Mapper):
            return ()
        return await self.reader.page_map()


async def outcomes_of(
    reader: Reader, keys: Sequence[str]
) -> Mapping[str, SyncOutcome | ConnectError]:
    """Give the last nightly syncs; ``NotOffered`` for each where no one sees them."""
    if isinstance(reader, OutcomeReader):
        return await reader.outcomes(keys)
    said = f"{reader.described} does not show how the last sync ended"
    return dict.fromkeys(keys, NotOffered(said))


async def next_step(
    session: Session,
    project: Project,
    reader: Reader,
    districts: Sequence[District],
    outcome: Outcome,
) -> str:
    """
    Say what comes next, where a person looks and a night will tell of what was saved.

    Empty where the sync is kept off, and where Connect shows no night this way.
    """
    if not session.terminal.watched or is_by_hand(session, project):
        return ""
    off = {one.key for one in districts if one.settings.enable_daily_sync is False}
    saved = (one.district for one in outcome.districts if one.saves)
    asked = next((key for key in saved if key not in off), None)
    if asked is None:
        return ""
    try:
        seen = await outcomes_of(reader, [asked])
    except ConnectError:
        return ""  # what was saved is told; a hint is no reason to fail
    shown = isinstance(seen[asked], SyncOutcome)
    return "next: `connectsync status` after tonight's sync" if shown else ""


def session_reader(
    reader: Reader, session: Session, part: int | None, name: str = ""
) -> Reader:
    """
    Let a reader call its Connect by a name, and tell how far it has come.

    Where neither is wanted it stays as it is: no one may be watching, and its own name
    may do.
    """
    if manner(session.terminal, session.environment) is ProgressStyle.NOT:
        part = None
    if part is None and name in {"", reader.described}:
        return reader
    kind = SessionMapper if isinstance(reader, Mapper) else SessionReader
    return kind(reader, session, part, name)


def _errors(found: Mapping[str, object], keys: Sequence[str]) -> int:
    forms = (
        one[0] if isinstance(one := found.get(key), tuple) else one for key in keys
    )
    return sum(not isinstance(form, Live) for form in forms)


BACKENDS: Mapping[str, type[Backend]] = {
    backend.name: backend
    for backend in (EmbeddedBackend, GatewayBackend, BrowserBackend, SnapshotBackend)
}
"""Every backend by its name on the command line; a new one is a class and a line."""


def at_once(session: Session, project: Project) -> int:
    """Say how many districts a run may work on at a time."""
    return _backend(session, project).concurrency


def patience(session: Session) -> RetryBudget | None:
    """Give the budget of waiting that all calls of this run share, if there is one."""
    shared = session.shared.get("patience")
    return shared if isinstance(shared, RetryBudget) else None


def is_by_hand(session: Session, project: Project) -> bool:
    """Say whether a person has to press Save on the chosen backend."""
    return _backend(session, project).by_hand


@asynccontextmanager
async def open_reader(
    session: Session, project: Project, districts: Sequence[District]
) -> AsyncIterator[Reader]:
    """Open a reader on the chosen backend. It has no way to write."""
    backend = _backend(session, project, districts)
    async with backend.reader() as reader:
        connect = connect_key(reader.described, project.connect)
        session.shared["connect"] = connect
        yield session_reader(reader, session, backend.read_part, connect.key)


def connect_of(session: Session) -> ConnectKey:
    """Give the key of the Connect that a reader was opened on."""
    connect = session.shared.get("connect")
    if not isinstance(connect, ConnectKey):
        raise Bug("no reader was opened, so the Connect it reads has no key")
    return connect


@asynccontextmanager
async def open_writer(
    session: Session,
    project: Project,
    districts: Sequence[District],
    confirm: Confirm = no_person,
) -> AsyncIterator[Writer]:
    """Open a writer on the chosen backend; only apply may."""
    backend = _backend(session, project, districts, confirm)
    async with backend.writer() as writer:
        yield writer


def _backend(
    session: Session,
    project: Project,
    districts: Sequence[District] = (),
    confirm: Confirm = no_person,
) -> Backend:
    name, _, argument = (session.backend or project.backend).partition(":")
    if name not in BACKENDS:
        raise UsageError(
            f"there is no backend {name!r}",
            remedy=did_you_mean(name, BACKENDS)
            or f"choose one of: {', '.join(BACKENDS)}",
        )
    return BACKENDS[name](
        BackendSetup(session, project, tuple(districts), argument, confirm)
    )


def stand_on(session: Session, project: Project, described: str) -> None:
    """
    Let what is suggested from now on be for the backend of a run.

    ``described`` is how the run names it. What the command line or the project
    says is left where it says the same.
    """
    if described == project.connect:
        return  # a name says nothing of the way, so the one at hand is as good
    said = session.backend or project.backend
    if described.startswith("snapshot:"):
        path = project.root / described.removeprefix("snapshot:")
        base = session.folder or Path.cwd()
        there = f"snapshot:{Path(os.path.relpath(path, base)).as_posix()}"
        if there != said:
            session.terminal.place.backend = there
        return
    kind, _, address = described.partition(" ")
    name, _, stated = said.partition(":")
    page = stated or (project.browser.url if project.browser else "")
    if kind != name or (kind == "browser" and not _is_at(described, page)):
        by_address = kind == "browser" and address
        session.terminal.place.backend = f"{kind}:{address}" if by_address else kind


def explain_choice(
    session: Session, project: Project, wanted: str, command: str
) -> str:
    """
    Say which option or line decides what Connect is used, and how to use another.

    ``wanted`` is how a plan or a run names that other one; ``command`` is for it.
    What is suggested from now on is for it as well.
    """
    stand_on(session, project, wanted)
    said = session.backend or project.backend
    decides = (
        f"the option --backend {said} decides that"
        if session.backend
        else f"backend in {PROJECT_FILE} decides that, which is {said}"
    )
    if project.connect:
        decides += f", and connect in {PROJECT_FILE}, which is its name"
    kind, _, address = wanted.partition(" ")
    gateway = project.gateway.url if project.gateway else ""
    if kind == "gateway" and not _is_at(wanted, gateway):
        return (
            f"{decides}; for the other set backends.gateway.url in {PROJECT_FILE}"
            f" to {address}: `{command}`"
        )
    if address or wanted == "embedded" or wanted.startswith("snapshot:"):
        return f"{decides}; for the other: `{command}`"
    return (
        f"{decides}; the other is the one that connect in {PROJECT_FILE} calls {wanted}"
    )


def _is_at(described: str, url: str) -> bool:
    """Say whether a backend is at an address, however that is spelled."""
    same = described.partition(" ")[0] + f" {url}"
    return one_spelling(described) == one_spelling(same)
