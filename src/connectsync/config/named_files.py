"""Files that the project file names: are they there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.document import Document
from connectsync.config.ground import Ground
from connectsync.config.project import refusal
from connectsync.config.shelf import read_checked
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding
from connectsync.domain.finding import Path as KeyPath

SNAPSHOT = "snapshot:"


def insist_named_files(root: Path, *, with_backend: bool = True) -> None:
    """
    Refuse a project file that names a file which is not there.

    Without ``with_backend`` the snapshot that the project uses does not count, since
    the command line named another backend. Raises ``ProjectError`` with the place.
    """
    path = root / PROJECT_FILE
    if not path.exists():
        return
    ground = Ground.of(root)
    document = read_checked(path, PROJECT_FILE, "project", ground=ground).document
    if document is not None:
        there = _There(root, ground, document)
        missing = tuple(there.missing(with_backend=with_backend))
        if missing:
            raise refusal(missing)


@dataclass(frozen=True, slots=True)
class _There:
    """The project file, and what is there of what it names."""

    root: Path
    ground: Ground
    document: Document

    def missing(self, *, with_backend: bool) -> Iterator[Finding]:
        """Tell of each file that cannot be read."""
        data = self.document.data
        backend = data.get("backend", "")
        if with_backend and backend.startswith(SNAPSHOT):
            name = backend.removeprefix(SNAPSHOT)
            make = "make it: `connectsync --backend NAME snapshot --output FILE`"
            yield from self._unless_there(("backend",), name, make)
        seed = data.get("backends", {}).get("embedded", {}).get("seed")
        if seed is not None:
            keys: KeyPath = ("backends", "embedded", "seed")
            yield from self._unless_there(keys, seed, "take the key out")

    def _unless_there(
        self, keys: KeyPath, name: str, otherwise: str
    ) -> Iterator[Finding]:
        path = self.root / name
        if (end := self.ground.way_out(path)) is not None:
            said = f"{quoted(name)} is a link out of the project, to {quoted(end)}"
        elif not path.exists():
            said = f"there is no file {quoted(name)}"
        elif not path.is_file():
            said = f"{quoted(name)} is no regular file"
        else:
            return
        yield error(
            "file-not-readable",
            said,
            self.document.locate(keys),
            path=keys,
            hint=f"correct the path, or {otherwise}",
        )
