"""A district's effective settings, each with the place it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from connectsync.domain.finding import Path, pointer
from connectsync.report.columns import wrapped
from connectsync.report.style import Paint, Style, inert
from connectsync.report.table import Cell, Row, aligned, breadth

TOP = "district"
"""The heading of keys that stand in no section."""


@dataclass(frozen=True, slots=True)
class Shown:
    """
    One effective value: its path, its spelling, and where it was stated.

    ``origin`` is a file and a line, ``districts/ca/lakeview-usd.yaml:12``; empty where
    nothing states the value.
    """

    path: Path
    value: str
    origin: str


def render(
    rows: Sequence[Shown], *, unmanaged: Sequence[str] = (), colour: bool, width: int
) -> str:
    """
    Write values section by section in the order given, then what is not managed.

    Origins stand beside the values if every line then fits into ``width`` columns,
    beneath them if not. ``unmanaged`` are the settings that no layer names.
    """
    paint = Paint(colour)
    fits = breadth([_beside(row) for row in rows], indent=2) <= width
    laid = _beside if fits else _beneath
    like = [laid(row) for row in rows]
    blocks = []
    for section, group in groupby(rows, key=_section):
        table = [laid(row) for row in group]
        lines = aligned(table, paint=paint, width=width, indent=2, like=like)
        blocks.append([paint(Style.BOLD, inert(section)), *lines])
    if unmanaged:
        blocks.append(list(_unmanaged(unmanaged, paint, width)))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _section(row: Shown) -> str:
    return str(row.path[0]) if len(row.path) > 1 else TOP


def _beside(row: Shown) -> Row:
    return Row((_name(row), Cell(row.value), Cell(row.origin, Style.DIM)))


def _beneath(row: Shown) -> Row:
    origin = Cell(row.origin, Style.DIM) if row.origin else None
    return Row((_name(row), Cell(row.value)), under=origin)


def _name(row: Shown) -> Cell:
    return Cell(pointer(row.path[1:] or row.path), Style.NAME)


def _unmanaged(names: Sequence[str], paint: Paint, width: int) -> Iterator[str]:
    yield paint(Style.BOLD, "not managed") + "  never compared, never written"
    for line in wrapped(inert(", ".join(names)), width - 2):
        yield f"  {paint(Style.DIM, line)}"
