"""A district's effective settings, and adopted files, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from connectsync.domain.drift import AdoptedDistrict, AdoptionResult
from connectsync.domain.finding import KeyPath, pointer
from connectsync.domain.settings import spell
from connectsync.domain.wording import many
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    breadth,
    inert,
    pad,
    wrap,
)

TOP = "district"
"""The heading of keys that stand in no section."""


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """
    One effective value: its path, its spelling, and where it was stated.

    ``origin`` is a file and a line, ``districts/ca/lakeview-usd.yaml:12``; empty where
    nothing states the value.
    """

    path: KeyPath
    value: str
    origin: str


def render(
    rows: Sequence[EffectiveValue],
    *,
    unmanaged: Sequence[str] = (),
    colour: bool,
    width: int,
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
        lines = align_rows(table, paint=paint, width=width, indent=2, like=like)
        blocks.append([paint(Style.BOLD, inert(section)), *lines])
    if unmanaged:
        blocks.append(list(_unmanaged(unmanaged, paint, width)))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _section(row: EffectiveValue) -> str:
    return str(row.path[0]) if len(row.path) > 1 else TOP


def _beside(row: EffectiveValue) -> TableRow:
    return TableRow(
        (_name(row), TableCell(row.value), TableCell(row.origin, Style.DIM))
    )


def _beneath(row: EffectiveValue) -> TableRow:
    origin = TableCell(row.origin, Style.DIM) if row.origin else None
    return TableRow((_name(row), TableCell(row.value)), under=origin)


def _name(row: EffectiveValue) -> TableCell:
    return TableCell(pointer(row.path[1:] or row.path), Style.NAME)


def _unmanaged(names: Sequence[str], paint: Paint, width: int) -> Iterator[str]:
    yield paint(Style.BOLD, "not managed") + "  never compared, never written"
    for line in wrap(inert(", ".join(names)), width - 2):
        yield f"  {paint(Style.DIM, line)}"


SETTING_ROOM = 23

_STYLES = {
    AdoptionResult.MADE: Style.ADDED,
    AdoptionResult.CHANGED: Style.NAME,
    AdoptionResult.LEFT: Style.DIM,
    AdoptionResult.REFUSED: Style.ERROR,
}


def adoption_text(
    adopted: Sequence[AdoptedDistrict], *, written: bool, colour: bool, width: int
) -> str:
    """Say of each district what came of it; ``written`` False: what would come."""
    paint = Paint(colour)
    lines = [line for one in adopted for line in _district(one, paint, width)]
    return "\n".join([*lines, _summary(adopted, paint, written=written)]) + "\n"


def _district(one: AdoptedDistrict, paint: Paint, width: int) -> Iterator[str]:
    word = paint(_STYLES[one.adoption], pad(one.adoption.value, 7))
    yield f"{word}  {inert(one.file or one.district)}{_about(one)}"
    for taken in one.taken:
        values = inert(f"{spell(taken.before)} → {spell(taken.after)}")
        yield f"  {pad(taken.setting, SETTING_ROOM)}{values}"
    said = [*one.notes, *([one.message] if one.message else [])]
    for sentence in said:
        yield from wrap(f"  {inert(sentence)}", width, hang=4)
    if one.remedy:
        yield from wrap(f"  = help: {inert(one.remedy)}", width, hang=4)


def _about(one: AdoptedDistrict) -> str:
    if one.adoption is not AdoptionResult.MADE:
        return ""
    on = f"profile {inert(one.profile)}" if one.profile else "no profile"
    return f"  {on}, {many(one.own, 'setting')} of its own"


def _summary(adopted: Sequence[AdoptedDistrict], paint: Paint, *, written: bool) -> str:
    counts = Counter(one.adoption for one in adopted)
    parts = [
        paint(_STYLES[adoption], f"{counts[adoption]} {adoption.value}")
        for adoption in AdoptionResult
        if counts[adoption]
    ]
    total = many(len(adopted), "district")
    lead = "" if written else "Dry run: nothing was written. It would be: "
    return f"{lead}{total}: {', '.join(parts)}" if parts else f"{lead}{total}"
