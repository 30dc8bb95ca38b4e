"""A district's effective settings, and adopted files, as text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from connectsync.domain.drift import AdoptedDistrict, AdoptionResult
from connectsync.domain.finding import KeyPath, pointer
from connectsync.domain.settings import spell
from connectsync.domain.wording import many
from connectsync.files.sheets import SheetColumn, SheetRow, csv_table, workbook
from connectsync.report.markdown import code, short
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    breadth,
    columns,
    inert,
    pad,
    unheeded,
    wrap,
)
from connectsync.values import dataclass

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


@dataclass(frozen=True, slots=True)
class DistrictTable:
    """
    Chosen values of districts by name; ``total`` is how many there are in all.

    ``notes`` counts findings of that severity that are not among the values.
    """

    names: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    total: int
    notes: int = 0


@dataclass(frozen=True, slots=True)
class ListLook:
    """In colors or not, and where lines are broken; None: nowhere."""

    colour: bool = False
    width: int | None = None


def list_districts(table: DistrictTable, format_: str, look: ListLook) -> str:
    """Write a list of districts, as text unless another format is named."""
    match format_:
        case "json":
            rows = [{name: row.get(name) for name in table.names} for row in table.rows]
            data = {"schema": 1, "total": table.total, "districts": rows}
            return json.dumps(data, indent=2) + "\n"
        case "csv":
            return _csv(table)
        case "markdown":
            return _markdown(table)
        case _:
            return unheeded(_table(table, Paint(look.colour), look.width))


def several_json(found: Sequence[Mapping[str, Any]]) -> str:
    """Write what is shown of several districts as JSON."""
    return json.dumps({"schema": 1, "districts": list(found)}, indent=2) + "\n"


def spell_data(value: Any) -> str:
    """Spell a value of a list in one line; nothing where there is none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _csv(table: DistrictTable) -> str:
    rows = (
        [inert(spell_data(row.get(name))) for name in table.names] for row in table.rows
    )
    return csv_table(table.names, rows)


def workbook_of(table: DistrictTable, types: Mapping[str, str]) -> bytes:
    """Write a list of districts as a workbook; ``types`` tell what numbers are."""
    heads = [
        SheetColumn(name, least=0 if types.get(name) == "int" else None)
        for name in table.names
    ]
    rows = [
        SheetRow({name: _in_sheet(row.get(name)) for name in table.names})
        for row in table.rows
    ]
    return workbook("Districts", heads, rows)


def _in_sheet(value: Any) -> str | int | None:
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain else spell_data(value)


def _markdown(table: DistrictTable) -> str:
    lines = [f"| {' | '.join(table.names)} |", "|" + " --- |" * len(table.names)]
    for row in table.rows:
        said = (spell_data(row.get(name)) for name in table.names)
        lines.append(f"| {' | '.join(code(one) if one else '' for one in said)} |")
    return "\n".join([*lines, "", short(_counted(table))]) + "\n"


def _counted(table: DistrictTable) -> str:
    if len(table.rows) == table.total:
        return many(table.total, "district")
    return f"{len(table.rows):,} of {many(table.total, 'district')}"


def _table(table: DistrictTable, paint: Paint, width: int | None) -> str:
    # `--columns` takes these ends of names as well
    heads = [
        name.removeprefix("settings.").removeprefix("state.") for name in table.names
    ]
    body = [
        [inert(spell_data(row.get(name))) for name in table.names] for row in table.rows
    ]
    rooms = [max(map(columns, column)) for column in zip(heads, *body, strict=True)]
    gaps = 2 * (len(rooms) - 1)
    fits = width is None or sum(rooms) + gaps <= width
    # words never break, so a column is as wide as its longest one
    least = [
        max(columns(word) for cell in column for word in cell.split(" "))
        for column in (() if fits else zip(heads, *body, strict=True))
    ]
    while width is not None and sum(rooms) + gaps > width:
        wider = [at for at in range(len(rooms)) if rooms[at] > least[at]]
        if not wider:
            break
        rooms[max(wider, key=rooms.__getitem__)] -= 1
    lines = list(_cells(heads, rooms, lambda one: paint(Style.DIM, one)))
    for row in body:
        if fits:
            padded = map(pad, row, rooms)
            lines.append("  ".join(padded).rstrip(" "))
        else:
            lines += _cells(row, rooms, str)
    shows = "`--columns district,findings` shows them"
    quiet = [f"{many(table.notes, 'note')} not shown; {shows}"] if table.notes else []
    return "\n".join([*lines, "", *quiet, _counted(table)]) + "\n"


def _cells(
    cells: Sequence[str], rooms: Sequence[int], dress: Callable[[str], str]
) -> Iterator[str]:
    """Lay cells side by side; one that is wider than its room goes on below."""
    wrapped = [
        wrap(cell, room) if columns(cell) > room else (cell,)
        for cell, room in zip(cells, rooms, strict=True)
    ]
    for at in range(max(map(len, wrapped))):
        parts = [cell[at] if at < len(cell) else "" for cell in wrapped]
        padded = (pad(one, room) for one, room in zip(parts, rooms, strict=True))
        yield dress("  ".join(padded).rstrip(" "))


def names_text(types: Mapping[str, str]) -> str:
    """List the names that a list and an expression may use, each with its type."""
    room = max(map(len, types))
    return "\n".join(f"{name:{room}}  {kind}" for name, kind in types.items()) + "\n"


def compare_text(
    titles: tuple[str, str],
    rows: Sequence[tuple[str, Any, Any]],
    *,
    differ: int,
    colour: bool,
    width: int,
) -> str:
    """Show values of two sides, a line for each name."""
    paint = Paint(colour)
    table = DistrictTable(
        ("", *map(inert, titles)),
        [
            {"": name, inert(titles[0]): _side(one), inert(titles[1]): _side(other)}
            for name, one, other in rows
        ],
        len(rows),
    )
    if titles[0] == titles[1]:
        return "one and the same\n"
    body, _, _ = _table(table, paint, width).rpartition("\n\n")
    said = f"{many(differ, 'value')} {'differs' if differ == 1 else 'differ'}"
    return (
        "\n\n".join(([body] if rows else []) + [said if differ else "no difference"])
        + "\n"
    )


def _side(value: Any) -> str:
    return "(not stated)" if value is None else spell_data(value) or "(none)"


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
    counts = {"fact": one.open_facts, "period": one.open_periods}
    left = " and ".join(many(count, noun) for noun, count in counts.items() if count)
    own = f"{many(one.own, 'setting')} of its own"
    return f"  {on}, {own}{f', {left} left open' if left else ''}"


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
