"""The frame of a finding: the offending line, and carets under what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectsync.domain.finding import Place
from connectsync.domain.foreign_text import MASK
from connectsync.report.terminal import ELLIPSIS, Paint, Style, columns, inert, wrap
from connectsync.values import dataclass

NARROWEST = 20
"""Columns of source that are always shown, however narrow the terminal."""


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A source line made inert, and the columns (from 0) that the carets take."""

    text: str
    start: int
    length: int


def draw_frame(
    place: Place, *, style: Style, paint: Paint, width: int
) -> tuple[str, ...]:
    """
    Draw the line of a place with carets under its text, at most ``width`` columns.

    Carets are in ``style``. A place that knows no line gives nothing.
    """
    if not place.line_text.strip():
        return ()
    number = str(place.line)
    margin = " " * len(number)
    line = mark_line(place, max(width - len(number) - 3, NARROWEST))
    carets = " " * line.start + paint(style, "^" * line.length)
    bar = paint(Style.FRAME, f"{margin} |")
    return (
        bar,
        f"{paint(Style.FRAME, f'{number} |')} {line.text}".rstrip(" "),
        f"{bar} {carets}",
    )


def mark_line(place: Place, room: int) -> MarkedLine:
    """
    Fit the line of a place into ``room`` columns around what it points at.

    A place on several lines is marked to the end of the first.
    """
    line = place.line_text.rstrip("\r\n")
    start = min(max(place.column - 1, 0), len(line))
    if place.column - 1 > len(line) and line.endswith(MASK):
        start = len(line) - len(MASK)  # what it points at was hidden, and more before
    before, after = line[:start], line[start:]
    left = _left(before, after, room)
    right = _cut_right_side(after, room - columns(left))
    return MarkedLine(left + right, columns(left), _length(place, line, start, right))


def _left(before: str, after: str, room: int) -> str:
    wanted = columns(inert(before))
    spare = room - sum(map(columns, _take_fitting(after, room)))
    allowed = max(spare, room // 3)
    if wanted <= allowed:
        return inert(before)
    return ELLIPSIS + "".join(reversed(_take_fitting(reversed(before), allowed - 1)))


def _cut_right_side(after: str, room: int) -> str:
    taken = _take_fitting(after, room)
    if len(taken) == len(after):
        return "".join(taken)
    return "".join(_take_fitting(after, room - 1)) + ELLIPSIS


def _take_fitting(characters: Iterable[str], room: int) -> list[str]:
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


WIDEST = 88
"""Columns of prose: longer lines are hard to read, however wide the terminal."""

INDENT = 4


def paragraphs(text: str, *, width: int, indent: int = 0) -> Iterator[str]:
    """
    Wrap paragraphs apart by empty lines; list items keep lines of their own.

    Gives lines; an empty one between paragraphs.
    """
    room = min(width, WIDEST) - indent
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ""
        for item in _items(paragraph):
            for line in wrap(inert(item), room, hang=_hang(item)):
                yield " " * indent + line


def example(text: str, *, title: str, style: Style, paint: Paint) -> Iterator[str]:
    """Give a titled block of YAML, beside a bar in the title's style."""
    yield paint(style, title)
    bar = paint(style, "|")
    for line in text.strip("\n").split("\n"):
        yield f"{' ' * (INDENT - 2)}{bar} {inert(line)}".rstrip(" ")


def _items(paragraph: str) -> Iterator[str]:
    item = ""
    for line in map(str.strip, paragraph.split("\n")):
        if item and line.startswith(("- ", "* ")):
            yield item
            item = line
        else:
            item = f"{item} {line}".strip()
    yield item


def _hang(item: str) -> int:
    return 2 if item.startswith(("- ", "* ")) else 0
