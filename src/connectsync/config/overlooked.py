"""Files that look meant as districts, and are read by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectsync.config.discovery import PROFILES, SUFFIXES, walk

MEANT = (*SUFFIXES, ".json")
"""Endings, in any case of letters, that a file of settings may be given."""


def overlooked(folder: Path) -> tuple[Path, ...]:
    """Find files below a folder whose ending keeps them from being read; sorted."""
    return tuple(sorted(_found(folder), key=Path.as_posix))


def _found(folder: Path) -> Iterator[Path]:
    def enters(parent: str, name: str) -> bool:
        shared = name == PROFILES and parent == str(folder)
        return shared or not name.startswith(("_", "."))

    for parent, names in walk(folder, enters=enters):
        yield from (
            Path(parent, name)
            for name in names
            if name.lower().endswith(MEANT)
            and not name.endswith(SUFFIXES)
            and not name.startswith(".")
        )
