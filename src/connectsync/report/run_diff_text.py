"""Two runs held against each other, as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectsync.domain.run_diff import DistrictDiff, Known, RunDiff, SettingDiff
from connectsync.domain.values import spell
from connectsync.report.columns import wrapped
from connectsync.report.run_words import districts
from connectsync.report.style import Paint, Style, inert
from connectsync.report.table import Cell, Row, aligned

UNKNOWN = "not known"


def run_diff_text(diff: RunDiff, *, colour: bool, width: int) -> str:
    """Give what is not the same after both runs, and a count of what is."""
    paint = Paint(colour)
    blocks = [
        "\n".join(_district(one, paint, width))
        for one in diff.districts
        if one.settings or len(one.saved_by) == 1
    ]
    title = f"after run {diff.run_a} → after run {diff.run_b}, on {inert(diff.backend)}"
    head = "\n".join(wrapped(title, width, hang=2))
    last = "\n".join(wrapped(_summary(diff), width, hang=2))
    return "\n\n".join([paint(Style.DIM, head), *blocks, last]) + "\n"


def _district(one: DistrictDiff, paint: Paint, width: int) -> Iterator[str]:
    alone = f"  saved by run {one.saved_by[0]} alone" if len(one.saved_by) == 1 else ""
    name = paint(Style.BOLD, inert(one.district))
    yield f"{name}{paint(Style.INFO, alone)}"
    yield from aligned(
        [_row(setting) for setting in one.settings],
        paint=paint,
        width=width,
        indent=2,
    )
    if not one.settings:
        yield "  the same after both"


def _row(setting: SettingDiff) -> Row:
    said = f"{_spelled(setting.after_a)} → {_spelled(setting.after_b)}"
    return Row((Cell(setting.setting, Style.NAME), Cell(said)))


def _spelled(known: Known | None) -> str:
    return UNKNOWN if known is None else spell(known.value)


def _summary(diff: RunDiff) -> str:
    differ = sum(len(one.saved_by) > 1 and bool(one.settings) for one in diff.districts)
    parts = [f"{differ} not the same", f"{diff.alike} the same"]
    alone = Counter(one.saved_by for one in diff.districts)
    parts += [
        f"{alone[run,]} by run {run} alone"
        for run in (diff.run_a, diff.run_b)
        if alone[run,]
    ]
    return f"{districts(len(diff.districts))}: {', '.join(parts)}"
