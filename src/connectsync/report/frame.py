"""The frame of a finding: the offending line, and carets under what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectsync.domain.finding import Place
from connectsync.report.columns import ELLIPSIS, columns
from connectsync.report.style import Paint, Style, inert

NARROWEST = 20
"""Columns of source that are always shown, however narrow the terminal."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A source line made inert, and the columns (from 0) that the carets take."""

    text: str
    start: int
    length: int


def framed(place: Place, *, style: Style, paint: Paint, width: int) -> tuple[str, ...]:
    """
    Draw the line of a place with carets under its text, at most ``width`` columns.

    Carets are in ``style``. A place that knows no line gives nothing.
    """
    if not place.line_text.strip():
        return ()
    number = str(place.line)
    margin = " " * len(number)
    line = marked(place, max(width - len(number) - 3, NARROWEST))
    carets = " " * line.start + paint(style, "^" * line.length)
    bar = paint(Style.FRAME, f"{margin} |")
    return (
        bar,
        f"{paint(Style.FRAME, f'{number} |')} {line.text}".rstrip(" "),
        f"{bar} {carets}",
    )


def marked(place: Place, room: int) -> Marked:
    """
    Fit the line of a place into ``room`` columns around what it points at.

    A place on several lines is marked to the end of the first.
    """
    line = place.line_text.rstrip("\r\n")
    start = min(max(place.column - 1, 0), len(line))
    before, after = line[:start], line[start:]
    left = _left(before, after, room)
    right = _cut_right(after, room - columns(left))
    return Marked(left + right, columns(left), _length(place, line, start, right))


def _left(before: str, after: str, room: int) -> str:
    wanted = columns(inert(before))
    spare = room - sum(map(columns, _taken(after, room)))
    allowed = max(spare, room // 3)
    if wanted <= allowed:
        return inert(before)
    return ELLIPSIS + "".join(reversed(_taken(reversed(before), allowed - 1)))


def _cut_right(after: str, room: int) -> str:
    taken = _taken(after, room)
    if len(taken) == len(after):
        return "".join(taken)
    return "".join(_taken(after, room - 1)) + ELLIPSIS


def _taken(characters: Iterable[str], room: int) -> list[str]:
    """Give the characters that fit, each inert and whole."""
    taken: list[str] = []
    for character in characters:
        shown = inert(character)
        room -= columns(shown)
        if room < 0:
            break
        taken.append(shown)
    return taken


def _length(place: Place, line: str, start: int, shown: str) -> int:
    end = place.end_column - 1 if place.end_line == place.line else len(line.rstrip())
    wanted = columns(inert(line[start:end]))
    return max(1, min(wanted, columns(shown)))
