"""The embedded Connect: the stand-in in this process."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from connectsync.cli.ways.setup import Setup
from connectsync.config.ground import Ground
from connectsync.config.project import Project
from connectsync.connect import embedded, snapshot_file
from connectsync.connect.seam import Reader, Writer
from connectsync.domain.district import District
from connectsync.emulator.app import create_app
from connectsync.emulator.errors import EmulatorError
from connectsync.emulator.seed import Seed, enrol, sow
from connectsync.errors import ProjectError, StateError, UsageError
from connectsync.files.private import private_folder


@dataclass(frozen=True, slots=True)
class Embedded:
    """The stand-in, its data beside the state."""

    setup: Setup

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the stand-in."""
        return embedded.open_reader(self._app(), clock=self.setup.session.now)

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer on the stand-in."""
        setup = self.setup
        return embedded.open_writer(
            self._app(), tokens=setup.token, clock=setup.session.now
        )

    def _app(self) -> embedded.App:
        if self.setup.argument:
            raise UsageError("the backend 'embedded' takes nothing behind a colon")
        session, project = self.setup.session, self.setup.project
        path = session.state(project) / "connect.db"
        store = embedded_store(path, project, self.setup.districts)
        return _guarded(create_app(store, clock=session.now), store)


def embedded_store(path: Path, project: Project, districts: Sequence[District]) -> Path:
    """
    Make the embedded Connect's store, with every district of the files enrolled.

    A new store is given the forms of the project's seed. Raises ``StateError``, and
    ``ProjectError`` for a seed that the form does not accept: then there is no store.
    """
    try:
        private_folder(path.parent)
        if not path.exists() and project.embedded_seed is not None:
            _insist_inside(project, project.embedded_seed)
            _sow(path, project.embedded_seed)
        enrol(path, [(district.key, district.name) for district in districts])
    except (OSError, EmulatorError, sqlite3.Error, *_DAMAGED) as error:
        raise StateError(
            f"the embedded Connect cannot be opened: {error}", remedy=_AFRESH
        ) from error
    return path


_DAMAGED = (ValueError, TypeError, LookupError, OverflowError)
"""What reading a row raises that another program wrote."""

_AFRESH = (
    "check the folder's rights and disk; a damaged connect.db can be moved away, and"
    " the embedded Connect starts over"
)


def _guarded(app: Starlette, path: Path) -> embedded.App:
    """Let a damaged store be told as one, wherever in the stand-in it is met."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except (EmulatorError, sqlite3.Error, *_DAMAGED) as error:
            what = f"{error}" if isinstance(error, EmulatorError) else "it is damaged"
            raise StateError(
                f"the embedded Connect at {path} cannot be used: {what}",
                remedy=_AFRESH,
            ) from error

    return guarded


def _insist_inside(project: Project, seed: Path) -> None:
    if (end := Ground.of(project.root).way_out(seed)) is not None:
        raise ProjectError(
            f"{seed.name} is a link that leads out of the project, to {end}",
            remedy="put the file itself where backends.embedded.seed names it",
        )


def _sow(path: Path, seed: Path) -> None:
    snapshot = snapshot_file.read(seed)
    try:
        sow(path, [Seed(*one) for one in embedded.seeds(snapshot)])
    except EmulatorError as error:
        # left behind, it would be taken for a Connect on which every form is blank
        path.unlink(missing_ok=True)
        raise ProjectError(
            f"the embedded Connect cannot begin with {seed.name}: {error}",
            remedy="fix that file, which backends.embedded.seed names",
        ) from error
