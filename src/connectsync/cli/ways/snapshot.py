"""A snapshot: a file of live settings, and a person who presses Save."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connectsync.cli.ways.setup import Setup
from connectsync.config.ground import Ground
from connectsync.connect.seam import Reader, Writer
from connectsync.connect.snapshot import SnapshotReader, SnapshotWriter
from connectsync.domain.snapshot import Snapshot
from connectsync.errors import Unreachable, UsageError
from connectsync.report.style import inert

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far ahead the clock may go of the machine that took a snapshot."""


@dataclass(frozen=True, slots=True)
class FromSnapshot:
    """The file behind the colon of ``snapshot:FILE``."""

    setup: Setup

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the file, and say how old it is."""
        path = self._path()
        reader = SnapshotReader(path, described=f"snapshot:{self._named(path)}")
        self._tell_age(reader.described, reader.snapshot())
        return nullcontext(reader)

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer that notes what a person confirms."""
        setup = self.setup
        return nullcontext(
            SnapshotWriter(self._path(), setup.confirm, clock=setup.session.now)
        )

    def _path(self) -> Path:
        if not self.setup.argument:
            raise UsageError(
                "the backend 'snapshot' needs a file",
                remedy="write --backend snapshot:FILE",
            )
        base = self.setup.session.folder or self.setup.session.here
        path = base / self.setup.argument
        if (end := Ground.of(self.setup.project.root).way_out(path)) is not None:
            raise UsageError(
                f"{self.setup.argument} is a link that leads out of the project, to"
                f" {end}",
                remedy="name the file itself",
            )
        return path

    def _named(self, path: Path) -> str:
        """Name the file as every machine does that has the project."""
        root = self.setup.project.root
        try:
            named = Path(os.path.relpath(path, root))
        except ValueError:  # pragma: no cover - another drive of Windows
            named = Path(path.name)
        return named.as_posix()

    def _tell_age(self, described: str, snapshot: Snapshot) -> None:
        session, oldest = self.setup.session, self.setup.project.policy.max_live_age
        age = session.now() - snapshot.taken
        if age < -CLOCKS_DIFFER:
            raise Unreachable(
                f"{described} says it was taken {snapshot.taken:%Y-%m-%d %H:%M %Z},"
                " which is yet to come",
                remedy="check the clock, or take the snapshot again",
            )
        taken = f"{snapshot.taken:%Y-%m-%d %H:%M %Z}"
        said = f"live settings as of {taken}, by {inert(described)}"
        if age <= oldest:
            session.terminal.say(said)
        else:
            hours = f"{oldest.total_seconds() / 3600:g} hours"
            session.terminal.complain(
                f"{said}: older than {hours}, so `apply` refuses what is planned on it"
            )
