"""Formatting: the same data in the schema's order, comments kept."""

from __future__ import annotations

from pathlib import Path

from connectsync.config.canonical import canonical
from connectsync.errors import InvalidFiles
from connectsync.operations.writing import replace_file


def format_file(path: Path, *, root: Path, write: bool) -> bool:
    """
    Bring one file into canonical order; say whether it was not.

    Raises ``InvalidFiles`` if it is not YAML we read, ``UsageError`` if it cannot be
    written; then it is as it was.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFiles(f"cannot read {path.relative_to(root)}") from error
    formatted = canonical(text)
    if formatted == text:
        return False
    if write:
        replace_file(path, formatted)
    return True
