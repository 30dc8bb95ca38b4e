"""Formatting: the same data in the schema's order, comments kept."""

from __future__ import annotations

from pathlib import Path

from connectsync.config.canonical import canonical
from connectsync.config.discovery import relative
from connectsync.errors import InvalidFiles
from connectsync.operations.writing import replace_file


def format_file(path: Path, *, root: Path, write: bool) -> bool:
    """
    Bring one file into canonical order; say whether it was not.

    Raises ``InvalidFiles`` if it is not YAML we read, ``UsageError`` if it cannot be
    written; then it is as it was.
    """
    name = relative(path, root)
    try:
        text = path.read_bytes().decode("utf-8")
        formatted = canonical(text)
    except OSError as error:
        raise InvalidFiles(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidFiles(f"{name} is not UTF-8") from error
    except InvalidFiles as error:
        raise InvalidFiles(f"{name}, {error.message}", remedy=error.remedy) from error
    if formatted == text:
        return False
    if write:
        replace_file(path, formatted)
    return True
