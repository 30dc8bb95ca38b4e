"""Files that the project file names: are they there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.document import Document
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
    document = read_checked(path, PROJECT_FILE, "project").document
    if document is not None:
        missing = tuple(_missing(root, document, with_backend=with_backend))
        if missing:
            raise refusal(missing)


def _missing(
    root: Path, document: Document, *, with_backend: bool
) -> Iterator[Finding]:
    data = document.data
    backend = data.get("backend", "")
    if with_backend and backend.startswith(SNAPSHOT):
        name = backend.removeprefix(SNAPSHOT)
        make = f"make it: `connectsync --backend NAME snapshot --output {name}`"
        yield from _unless_there(root, document, ("backend",), name, make)
    seed = data.get("backends", {}).get("embedded", {}).get("seed")
    if seed is not None:
        keys: KeyPath = ("backends", "embedded", "seed")
        yield from _unless_there(root, document, keys, seed, "take the key out")


def _unless_there(
    root: Path, document: Document, keys: KeyPath, name: str, otherwise: str
) -> Iterator[Finding]:
    if not (root / name).is_file():
        yield error(
            "file-not-readable",
            f"there is no file {quoted(name)}",
            document.locate(keys),
            path=keys,
            hint=f"mend the path, or {otherwise}",
        )
