"""Aligned rows for a terminal, whatever width their characters have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectsync.report.columns import columns, wrapped
from connectsync.report.style import Paint, Style, inert

GAP = 2
"""Columns between two cells."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text, trusted or not, and the style it is shown in."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Row:
    """
    Cells side by side; ``under`` has lines of its own beneath the last of them.

    The last cell and ``under`` are wrapped, the others are never broken.
    """

    cells: tuple[Cell, ...]
    under: Cell | None = None


def aligned(
    rows: Sequence[Row],
    *,
    paint: Paint,
    width: int,
    indent: int = 0,
    like: Sequence[Row] = (),
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


def breadth(rows: Sequence[Row], *, indent: int = 0) -> int:
    """Count the columns that a table takes if nothing of it is wrapped."""
    last = max((_columns(row.cells[-1]) for row in rows), default=0)
    return indent + sum(room + GAP for room in _rooms(rows)) + last


def _rooms(rows: Sequence[Row]) -> tuple[int, ...]:
    """Give the room of every column but the last."""
    stacked = zip(*(row.cells[:-1] for row in rows), strict=True)
    return tuple(max(map(_columns, column)) for column in stacked)


def _lines(
    row: Row, rooms: tuple[int, ...], *, paint: Paint, width: int, indent: int
) -> Iterator[str]:
    *fixed, last = row.cells
    hang = indent + sum(room + GAP for room in rooms)
    lead = " " * indent + "".join(
        paint(cell.style, text) + " " * (room + GAP - columns(text))
        for cell, room in zip(fixed, rooms, strict=True)
        for text in [inert(cell.text)]
    )
    first, *rest = _wrapped(last, paint, width - hang)
    yield (lead + first).rstrip(" ")
    for line in [
        *rest,
        *(_wrapped(row.under, paint, width - hang) if row.under else ()),
    ]:
        yield " " * hang + line


def _wrapped(cell: Cell, paint: Paint, room: int) -> list[str]:
    return [paint(cell.style, line) for line in wrapped(inert(cell.text), room)]


def _columns(cell: Cell) -> int:
    return columns(inert(cell.text))
