"""Styles, tables and wrapped text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from itertools import accumulate
from unicodedata import category, east_asian_width

from connectsync.domain.finding import Place, Severity
from connectsync.domain.foreign_text import MASK
from connectsync.providers.form import Risk
from connectsync.values import dataclass


class Style(Enum):
    """What a piece of text is, not how it looks."""

    PLAIN = "plain"
    BOLD = "bold"
    DIM = "dim"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    SAFE = "safe"
    CAUTION = "caution"
    DISRUPTIVE = "disruptive"
    ADDED = "added"
    REMOVED = "removed"
    FRAME = "frame"
    NAME = "name"


_CODES: Mapping[Style, str] = {
    Style.BOLD: "1",
    Style.DIM: "2",
    Style.ERROR: "1;91",
    Style.WARNING: "1;33",
    Style.INFO: "1;94",
    Style.SAFE: "32",
    Style.CAUTION: "33",
    Style.DISRUPTIVE: "1;91",
    Style.ADDED: "32",
    Style.REMOVED: "91",
    Style.FRAME: "94",
    Style.NAME: "36",
}
"""
The 16 colours every terminal has, so that people's own palettes hold.

Red and blue are the bright ones, which are legible on black; yellow and green are not,
since bright ones vanish on white.
"""


@dataclass(frozen=True, slots=True)
class Paint:
    """Puts styles on text; without colour it gives the text as it is."""

    colour: bool

    def __call__(self, style: Style, text: str) -> str:
        """Give the text in a style. The text must be inert already."""
        code = _CODES.get(style)
        if not (self.colour and code and text):
            return text
        return f"\x1b[{code}m{text}\x1b[0m"


def style_of(word: Severity | Risk) -> Style:
    """Give the style of a severity or of a risk."""
    return Style(word.value)


# Printable to Python, yet nothing is seen of them: they can hide or join words.
_UNSEEN = frozenset(
    [
        "\u034f",
        "\u115f",
        "\u1160",
        "\u17b4",
        "\u17b5",
        "\u2800",
        "\u3164",
        "\uffa0",
        *map(chr, range(0x180B, 0x1810)),
        *map(chr, range(0xFE00, 0xFE10)),
        *map(chr, range(0xE0100, 0xE01F0)),
    ]
)


def inert(text: str) -> str:
    r"""
    Give untrusted text so that a terminal can only show it.

    Controls, escapes, line ends, bidirectional marks, blanks other than the space and
    everything invisible come out spelled: ``\x1b``, ``\n``, ``\u202e``. Each character
    is treated by itself, so ``inert(a + b) == inert(a) + inert(b)``.
    """
    if text.isprintable() and (text.isascii() or _UNSEEN.isdisjoint(text)):
        return text
    return "".join(_escape_character(character) for character in text)


_COMMAND = re.compile(
    r"^(?P<margin>(?:[ ]|\x1b\[[0-9;]*m)*):(?=:)|(?P<hash>\#)(?=\#(?:vso|teamcity)?\[)",
    re.MULTILINE,
)


def unheeded(text: str) -> str:
    r"""
    Give a whole report so that no CI takes what it quotes for a command of its own.

    Runners read what a step prints. GitHub's obeys lines that begin with ``::``, be
    they indented, and its older ``##[…]`` anywhere; Azure and TeamCity have the like.
    The first sign of such a command comes out spelled: ``\x3a``, ``\x23``.
    """
    if "::" not in text and "##" not in text:
        # looking for either takes a hundredth of looking for lines of them
        return text
    return _COMMAND.sub(_escape_command, text)


_HEEDED_DATA = re.compile(r"\#(?=\#(?:vso|teamcity)?\[)")


def unheeded_data(text: str) -> str:
    r"""
    Give JSON, XML or HTML in which no CI takes a text for a command to it.

    What a program reads out of it stays the same: the first sign of ``##[`` is spelled
    as these formats spell any letter. No line of them begins with two colons.
    """
    match text[:1]:
        case "{" | "[":
            return _HEEDED_DATA.sub(r"\\u0023", text)
        case "<":
            return _HEEDED_DATA.sub("&#35;", text)
        case _:
            return text


def _escape_command(command: re.Match[str]) -> str:
    return r"\x23" if command["hash"] else rf"{command['margin']}\x3a"


def _escape_character(character: str) -> str:
    if character.isprintable() and character not in _UNSEEN:
        return character
    return ascii(character)[1:-1]


ELLIPSIS = "…"

_COMMAND_SPAN = re.compile(r"`connectsync [^`]*`")
"""A command that a sentence suggests."""

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_JOINED_JAMO = range(0x1160, 0x1200)  # vowels and finals sit inside the syllable


def columns(text: str) -> int:
    """Count the columns that inert text takes."""
    if text.isascii():
        return len(text)
    return len(text) + sum(_columns_of(one) - 1 for one in _BEYOND_ASCII.findall(text))


def pad(text: str, room: int) -> str:
    """Fill inert text with spaces up to ``room`` columns; longer text stays."""
    return text + " " * (room - columns(text))


def fit(text: str, room: int) -> str:
    """Give as much of the start of inert text as fits into ``room`` columns."""
    ends = accumulate(map(_columns_of, text))
    return text[: sum(end <= room for end in ends)]


def cut_text(text: str, room: int) -> str:
    """Give inert text in at most ``room`` columns, an ellipsis for what is missing."""
    if columns(text) <= room:
        return text
    return fit(text, room - columns(ELLIPSIS)).rstrip(" ") + ELLIPSIS


@lru_cache(maxsize=1024)
def wrap(text: str, room: int, *, hang: int = 0) -> tuple[str, ...]:
    """
    Break inert text between words into lines of at most ``room`` columns.

    Lines after the first are indented by ``hang``. A word that is longer stays whole,
    and so does a suggested command: half of one can be neither clicked nor copied.
    Districts have most sentences in common, so each is broken once.
    """
    if columns(text) <= room:
        return (text,)
    return tuple(line.rstrip(" ") for line in _fill_lines(_words(text), room, hang))


def _words(text: str) -> list[str]:
    """Split at spaces, but not within a command between backticks."""
    if "`connectsync " not in text:
        return text.split(" ")
    # inert text holds no NUL
    whole = _COMMAND_SPAN.sub(lambda one: one[0].replace(" ", "\0"), text)
    return [word.replace("\0", " ") for word in whole.split(" ")]


def _fill_lines(words: list[str], room: int, hang: int) -> Iterator[str]:
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


GAP = 2
"""Columns between two cells."""


@dataclass(frozen=True, slots=True)
class TableCell:
    """Text, trusted or not, and the style it is shown in."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class TableRow:
    """
    Cells side by side; ``under`` has lines of its own beneath the last of them.

    The last cell and ``under`` are wrapped, the others are never broken.
    """

    cells: tuple[TableCell, ...]
    under: TableCell | None = None


def align_rows(
    rows: Sequence[TableRow],
    *,
    paint: Paint,
    width: int,
    indent: int = 0,
    like: Sequence[TableRow] = (),
) -> tuple[str, ...]:
    """
    Give the lines of a table: each column as wide as its widest cell.

    All rows have equally many cells. Cells are made inert here. ``like`` are rows of
    other tables to stand in line with.
    """
    rooms = _rooms([*rows, *like])
    return tuple(
        line
        for row in rows
        for line in _lines(row, rooms, paint=paint, width=width, indent=indent)
    )


def breadth(rows: Sequence[TableRow], *, indent: int = 0) -> int:
    """Count the columns that a table takes if nothing of it is wrapped."""
    last = max((_columns(row.cells[-1]) for row in rows), default=0)
    return indent + sum(room + GAP for room in _rooms(rows)) + last


def _rooms(rows: Sequence[TableRow]) -> tuple[int, ...]:
    """Give the room of every column but the last."""
    stacked = zip(*(row.cells[:-1] for row in rows), strict=True)
    return tuple(max(map(_columns, column)) for column in stacked)


def _lines(
    row: TableRow, rooms: tuple[int, ...], *, paint: Paint, width: int, indent: int
) -> Iterator[str]:
    *fixed, last = row.cells
    hang = indent + sum(room + GAP for room in rooms)
    lead = " " * indent + "".join(
        paint(cell.style, text) + " " * (room + GAP - columns(text))
        for cell, room in zip(fixed, rooms, strict=True)
        for text in [inert(cell.text)]
    )
    first, *rest = _wrap_cell(last, paint, width - hang)
    yield (lead + first).rstrip(" ")
    for line in [
        *rest,
        *(_wrap_cell(row.under, paint, width - hang) if row.under else ()),
    ]:
        yield " " * hang + line


def _wrap_cell(cell: TableCell, paint: Paint, room: int) -> list[str]:
    return [paint(cell.style, line) for line in wrap(inert(cell.text), room)]


def _columns(cell: TableCell) -> int:
    return columns(inert(cell.text))


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
