"""Which files an argument of the command line means."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from connectsync.domain.suggest import did_you_mean
from connectsync.errors import NothingMatched

PROFILES = "_profiles"
PROJECT_FILE = "connectsync.yaml"
SUFFIXES = (".yaml", ".yml")

_KEY = re.compile("[a-z0-9]+(-[a-z0-9]+)*")


def discover(root: Path, arguments: Sequence[str]) -> tuple[Path, ...]:
    """
    Find the files that arguments name, sorted, each once.

    An argument is a file, a folder or a glob, from ``root`` unless absolute. A folder
    gives the YAML files below it, but nothing below a folder whose name begins with
    ``_`` or ``.``. Raises NothingMatched, naming the argument, if one gives nothing.
    """
    found: set[Path] = set()
    for argument in arguments:
        matched = set(_matched(root, argument))
        if not matched:
            raise NothingMatched(f"'{argument}' matches no district file")
        found |= matched
    return tuple(sorted(found, key=Path.as_posix))


def file_of(districts_dir: Path, key: str) -> Path:
    """
    Find the file that is named after a district.

    Raises NothingMatched, with the key that was meant perhaps, if there is none.
    """
    files = {path.stem: path for path in sorted(below(districts_dir))}
    if key in files:
        return files[key]
    raise NothingMatched(
        f"'{key}' matches no district file",
        remedy=did_you_mean(key, files) or None,
    )


def is_key(argument: str) -> bool:
    """Say whether an argument is spelled like a district, and not like a path."""
    return _KEY.fullmatch(argument) is not None


def below(folder: Path) -> Iterator[Path]:
    """Walk the YAML files below a folder, skipping ``_`` and ``.`` folders."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(("_", "."))]
        yield from (
            Path(parent, name)
            for name in files
            if name.endswith(SUFFIXES) and name != PROJECT_FILE
        )


def relative(path: Path, root: Path) -> str:
    """Name a file as reports do: from the project, with forward slashes."""
    name, folder = path.as_posix(), f"{root.as_posix()}/"
    if name.startswith(folder) and "/.." not in name:
        # a whole country has 13,318 files, and pathlib takes its time with each
        return name.removeprefix(folder)
    try:
        # `resolve` would follow links out of the project
        return Path(os.path.abspath(path)).relative_to(root.absolute()).as_posix()  # noqa: PTH100
    except ValueError:
        return name


def _matched(root: Path, argument: str) -> Iterable[Path]:
    if "\0" in argument or not argument:
        return ()
    path = root / argument
    if path.is_dir():
        return below(path)
    if path.exists():
        return (path,)
    return _globbed(path)


def _globbed(pattern: Path) -> Iterator[Path]:
    for name in glob.iglob(str(pattern), recursive=True):  # noqa: PTH207 - takes absolute patterns
        if os.path.isdir(name):  # noqa: PTH112 - as above
            yield from below(Path(name))
        elif name.endswith(SUFFIXES):
            yield Path(name)
