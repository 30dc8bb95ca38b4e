"""Starting: a fresh project, and a new district in one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from connectsync.config.schemas import schema_text
from connectsync.errors import UsageError
from connectsync.files.writing import replace_file

EDITOR_SCHEMAS = ("district", "profile", "project")


def fresh_files(version: str) -> dict[str, str]:
    """Give the files of a fresh project by relative POSIX path, sorted."""
    template = files("connectsync.operations") / "fresh"
    texts = {
        _spelled(path): text.replace("@VERSION@", version)
        for path, text in _walk(template, PurePosixPath())
    }
    for name in EDITOR_SCHEMAS:
        texts[f"schema/{name}.schema.json"] = schema_text(name)
    return dict(sorted(texts.items()))


def start(folder: Path, texts: Mapping[str, str]) -> None:
    """
    Write the files into a folder, making it if needed.

    Raises ``UsageError``, with nothing written, if one of them is there already.
    """
    there = [name for name in texts if os.path.lexists(folder / name)]
    if there:
        more = f", and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(
            f"{folder / there[0]} is there already{more}; nothing was written",
            remedy="choose an empty folder, or add a district to this one:"
            " `connectsync new KEY --name NAME`",
        )
    for name, text in texts.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make {path.parent}: {error.strerror}") from error
        replace_file(path, text)


def _walk(folder: Traversable, below: PurePosixPath) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        path = below / entry.name
        if entry.is_dir():
            yield from _walk(entry, path)
        else:
            yield path.as_posix(), entry.read_text(encoding="utf-8")


def _spelled(path: str) -> str:
    """Spell a template's path; a dot in front is `dot-`, so that tools leave it be."""
    parts = PurePosixPath(path).parts
    return "/".join(
        f".{part[4:]}" if part.startswith("dot-") else part for part in parts
    )
