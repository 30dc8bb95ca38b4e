"""Which way to Connect: readers for everybody, a writer for apply alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from connectsync.cli.session import Session
from connectsync.config.project import Project
from connectsync.connect import embedded, snapshot_file
from connectsync.connect.seam import Reader, Writer
from connectsync.domain.district import District
from connectsync.emulator.app import create_app
from connectsync.emulator.errors import EmulatorError
from connectsync.emulator.seed import Seed, enrol, sow
from connectsync.errors import StateError, UsageError

BACKENDS = ("embedded",)


@asynccontextmanager
async def open_reader(
    session: Session, project: Project, districts: Sequence[District]
) -> AsyncIterator[Reader]:
    """Open a reader on the chosen backend. It has no way to write."""
    app = _embedded(session, project, districts)
    async with embedded.open_reader(app, clock=session.now) as reader:
        yield reader


@asynccontextmanager
async def open_writer(
    session: Session, project: Project, districts: Sequence[District]
) -> AsyncIterator[Writer]:
    """Open a writer on the chosen backend; only apply may."""
    app = _embedded(session, project, districts)
    async with embedded.open_writer(app, clock=session.now) as writer:
        yield writer


def _embedded(
    session: Session, project: Project, districts: Sequence[District]
) -> Starlette:
    chosen = session.backend or project.backend
    if chosen not in BACKENDS:
        raise UsageError(
            f"there is no backend {chosen!r}",
            remedy=f"choose one of: {', '.join(BACKENDS)}",
        )
    path = session.state(project) / "connect.db"
    return create_app(embedded_store(path, project, districts), clock=session.now)


def embedded_store(path: Path, project: Project, districts: Sequence[District]) -> Path:
    """
    Make the embedded Connect's store, with every district of the files enrolled.

    A new store is given the forms of the project's seed. Raises ``StateError``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists()
        if fresh and project.embedded_seed is not None:
            snapshot = snapshot_file.read(project.embedded_seed)
            sow(path, [Seed(*seed) for seed in embedded.seeds(snapshot)])
        enrol(path, [(district.key, district.name) for district in districts])
    except (OSError, EmulatorError) as error:
        raise StateError(f"the embedded Connect cannot be opened: {error}") from error
    return path
