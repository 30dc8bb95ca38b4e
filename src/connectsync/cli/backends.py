"""Which way to Connect: readers for everybody, a writer for apply alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from connectsync.cli.reading import counted, named
from connectsync.cli.session import Session
from connectsync.cli.ways import browser, embedded, gateway, snapshot
from connectsync.cli.ways.setup import Setup, nobody
from connectsync.config.project import Browser, Project
from connectsync.connect.contract import LARGEST_BULK
from connectsync.connect.seam import Reader, Writer
from connectsync.connect.snapshot import Confirm
from connectsync.domain.connect_key import ConnectKey, connect_key
from connectsync.domain.district import District
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import Bug, UsageError
from connectsync.web.patience import WithinBudget


class Way(Protocol):
    """A way to Connect that is ready to be opened."""

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader; it has no way to write."""

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer."""


WAYS: Mapping[str, Callable[[Setup], Way]] = {
    "embedded": embedded.Embedded,
    "gateway": gateway.OverGateway,
    "browser": browser.ThroughBrowser,
    "snapshot": snapshot.FromSnapshot,
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
    name, _ = _chosen(session, project)
    if name == "browser":
        return project.browser.contexts if project.browser else Browser("").contexts
    return AT_ONCE.get(name, 1)


def patience(session: Session) -> WithinBudget | None:
    """Give the budget of waiting that all calls of this run share, if there is one."""
    shared = session.shared.get("patience")
    return shared if isinstance(shared, WithinBudget) else None


def is_by_hand(session: Session, project: Project) -> bool:
    """Say whether a person has to press Save on the chosen backend."""
    return _chosen(session, project)[0] in BY_HAND


@asynccontextmanager
async def open_reader(
    session: Session, project: Project, districts: Sequence[District]
) -> AsyncIterator[Reader]:
    """Open a reader on the chosen backend. It has no way to write."""
    async with _way(session, project, districts).reader() as reader:
        connect = connect_key(reader.described, project.connect)
        session.shared["connect"] = connect
        yield counted(named(reader, connect.key), session, _part(session, project))


def connect_of(session: Session) -> ConnectKey:
    """Give the key of the Connect that a reader was opened on."""
    connect = session.shared.get("connect")
    if not isinstance(connect, ConnectKey):
        raise Bug("no reader was opened, so the Connect it reads has no key")
    return connect


def _part(session: Session, project: Project) -> int | None:
    """Say how many districts to read at a time; None where all is one file."""
    name, _ = _chosen(session, project)
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


def _chosen(session: Session, project: Project) -> tuple[str, str]:
    name, _, argument = (session.backend or project.backend).partition(":")
    return name, argument


def _way(
    session: Session,
    project: Project,
    districts: Sequence[District],
    confirm: Confirm = nobody,
) -> Way:
    name, argument = _chosen(session, project)
    if name not in WAYS:
        raise UsageError(
            f"there is no backend {name!r}",
            remedy=did_you_mean(name, WAYS) or f"choose one of: {', '.join(WAYS)}",
        )
    return WAYS[name](Setup(session, project, tuple(districts), argument, confirm))
