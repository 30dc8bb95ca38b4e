"""Formatting: the same data in the schema's order, comments kept."""

from __future__ import annotations

from pathlib import Path

from connectsync.config.canonical import canonical
from connectsync.config.discovery import relative
from connectsync.config.ground import Ground
from connectsync.config.intake import bytes_of, text_of
from connectsync.config.source import spelled_out
from connectsync.domain.finding import Finding
from connectsync.errors import InvalidFiles
from connectsync.files.writing import replace_file


def format_file(path: Path, *, root: Path, write: bool) -> bool:
    """
    Bring one file into canonical order; say whether it was not.

    Raises ``InvalidFiles`` if it is not YAML we read, ``UsageError`` if it cannot be
    written; then it is as it was.
    """
    name = spelled_out(relative(path, root))
    try:
        text = _text(path, name, Ground.of(root))
        formatted = canonical(text)
    except InvalidFiles as error:
        raise InvalidFiles(f"{name}, {error.message}", remedy=error.remedy) from error
    if formatted == text:
        return False
    if write:
        replace_file(path, formatted)
    return True


def _text(path: Path, name: str, ground: Ground) -> str:
    raw = bytes_of(path, name, ground)
    found = (raw,) if isinstance(raw, Finding) else text_of(name, raw)
    if isinstance(found, str):
        return found
    raise InvalidFiles(found[0].message, remedy=found[0].hint)
