"""The text of a file, and places in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from connectsync.config.masking import MASK, masked, masked_line
from connectsync.domain.finding import Finding, Path, Place, Severity

Point = tuple[int, int]
"""Line and column, both from zero, as libyaml counts."""

INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029"
    "\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""What no file may hold: it cannot be seen, and some of it steers terminals."""

_LINE_LIMIT = 240
_TEXT_LIMIT = 200
_MOST_ROWS = 20
_SPACES = re.compile(r"[ \t\r\n]+")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name, relative to the project, and its text."""

    file: str
    text: str

    def place(self, start: Point, end: Point) -> Place:
        """Give the place between two points, its secrets masked."""
        lines = lines_of(self.text)
        row = min(start[0], len(lines) - 1)
        column = start[1] if row == start[0] else len(lines[row])
        end = max(end, (row, column))
        return Place(
            file=self.file,
            line=row + 1,
            column=column + 1,
            end_line=end[0] + 1,
            end_column=end[1] + 1,
            text=_shown(lines, (row, column), end),
            line_text=_shortened(masked_line(lines, row), _LINE_LIMIT),
        )


def error(
    rule: str, message: str, place: Place, *, path: Path = (), hint: str = ""
) -> Finding:
    """Make a finding; what cannot be read is always an error."""
    return Finding(rule, Severity.ERROR, message, place, path=path, hint=hint)


def and_more(shown: Sequence[Finding], left: int) -> tuple[Finding, ...]:
    """Give findings of one file, and behind the last how many more there are."""
    if not left:
        return tuple(shown)
    last = shown[-1]
    place = replace(last.place, line=last.place.end_line, column=last.place.end_column)
    message = f"and {left:,} more {'mistake' if left == 1 else 'mistakes'} in this file"
    hint = "fix those that are shown, then validate again"
    return (
        *shown,
        replace(last, message=message, place=place, hint=hint, stands_for=left),
    )


def quoted(text: str) -> str:
    """
    Quote source text for a sentence: on one line, short, its secrets masked.

    Spaces that only look like spaces are spelled out: they are the mistake.
    """
    one_line = _SPACES.sub(" ", text[:_LINE_LIMIT].strip())
    return f"'{_shortened(masked(spelled_out(one_line)), 60)}'"


def spelled_out(text: str) -> str:
    """Spell what cannot be seen, so that a name of a file stays on its line."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text
    )


@lru_cache(maxsize=16)
def lines_of(text: str) -> list[str]:
    """Split a text as editors and libyaml count lines; at least one, maybe empty."""
    return _LINE_BREAK.split(text)


def _shown(lines: list[str], start: Point, end: Point) -> str:
    row, column = start
    whole = masked_line(lines, row)
    if end[0] == row:
        part = lines[row][column : end[1]]
        return _shortened(part if part in whole else MASK, _TEXT_LIMIT)
    below = range(row + 1, min(end[0] + 1, row + _MOST_ROWS, len(lines)))
    rows = [whole[column:], *(masked_line(lines, other) for other in below)]
    return _shortened("\n".join(rows), _TEXT_LIMIT)


def _shortened(text: str, limit: int) -> str:
    visible = INVISIBLE.sub("\ufffd", text[:limit])
    return visible if len(text) <= limit else f"{visible[:-1]}…"
