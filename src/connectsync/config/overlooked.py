"""Files that look meant as districts, and are read by nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from connectsync.config.discovery import PROFILES, SUFFIXES

MEANT = (*SUFFIXES, ".json")
"""Endings, in any case of letters, that a file of settings may be given."""


def overlooked(folder: Path) -> tuple[Path, ...]:
    """Find files below a folder whose ending keeps them from being read; sorted."""
    return tuple(sorted(_found(folder), key=Path.as_posix))


def _found(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        shared = PROFILES if Path(parent) == folder else ""
        folders[:] = [
            name
            for name in folders
            if name == shared or not name.startswith(("_", "."))
        ]
        yield from (
            Path(parent, name)
            for name in files
            if name.lower().endswith(MEANT)
            and not name.endswith(SUFFIXES)
            and not name.startswith(".")
        )
