"""How many columns text takes on a terminal: measuring, padding, cutting, wrapping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from unicodedata import category, east_asian_width

ELLIPSIS = "…"

_COMMAND = re.compile(r"`connectsync [^`]*`")
"""A command that a sentence suggests."""

_JOINED_JAMO = range(0x1160, 0x1200)  # vowels and finals sit inside the syllable


def columns(text: str) -> int:
    """Count the columns that inert text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def padded(text: str, room: int) -> str:
    """Fill inert text with spaces up to ``room`` columns; longer text stays."""
    return text + " " * (room - columns(text))


def fitting(text: str, room: int) -> str:
    """Give as much of the start of inert text as fits into ``room`` columns."""
    ends = accumulate(map(_columns_of, text))
    return text[: sum(end <= room for end in ends)]


def cut(text: str, room: int) -> str:
    """Give inert text in at most ``room`` columns, an ellipsis for what is missing."""
    if columns(text) <= room:
        return text
    return fitting(text, room - columns(ELLIPSIS)).rstrip(" ") + ELLIPSIS


def wrapped(text: str, room: int, *, hang: int = 0) -> tuple[str, ...]:
    """
    Break inert text between words into lines of at most ``room`` columns.

    Lines after the first are indented by ``hang``. A word that is longer stays whole,
    and so does a suggested command: half of one can be neither clicked nor copied.
    """
    if columns(text) <= room:
        return (text,)
    return tuple(line.rstrip(" ") for line in _filled(_words(text), room, hang))


def _words(text: str) -> list[str]:
    """Split at spaces, but not within a command between backticks."""
    if "`connectsync " not in text:
        return text.split(" ")
    # inert text holds no NUL
    whole = _COMMAND.sub(lambda one: one[0].replace(" ", "\0"), text)
    return [word.replace("\0", " ") for word in whole.split(" ")]


def _filled(words: list[str], room: int, hang: int) -> Iterator[str]:
    line, *rest = words
    for word in rest:
        longer = f"{line} {word}"
        if line.strip(" ") and columns(longer) > room:
            yield line
            line = " " * hang + word
        else:
            line = longer
    yield line


def _columns_of(character: str) -> int:
    if category(character) in {"Mn", "Me"} or ord(character) in _JOINED_JAMO:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1
