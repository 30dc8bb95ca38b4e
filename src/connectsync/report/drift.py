"""Drift as people and schedulers read it."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from connectsync.domain.drift import (
    DistrictDrift,
    MovedBy,
    Movement,
    adopting,
    movement_data,
)
from connectsync.domain.settings import spell
from connectsync.domain.wording import many
from connectsync.report.terminal import (
    Paint,
    Style,
    inert,
    pad,
    style_of,
    unheeded,
    wrap,
)

STANDINGS = ("conflict", "drift", "pending", "unread", "in step")

_STYLES = {
    "conflict": Style.ERROR,
    "drift": Style.WARNING,
    "pending": Style.INFO,
    "unread": Style.ERROR,
    "in step": Style.SAFE,
}

_WHO = {
    MovedBy.US: "the file changed",
    MovedBy.THEM: "changed by hand on Connect",
    MovedBy.BOTH: "both changed",
}


def drift_text(
    found: Sequence[DistrictDrift],
    *,
    colour: bool,
    width: int,
    tables: Sequence[str] = (),
    named: Sequence[str] = (),
) -> str:
    """
    Give every district that is not in step, a count of all, and what to do next.

    ``tables`` stand above the count: the fleet in a few lines. ``named`` is what the
    command line named, empty for all districts.
    """
    paint = Paint(colour)
    blocks = [
        "\n".join(district_lines(one, paint, width))
        for one in found
        if one.standing != "in step"
    ]
    last = [_summary(found, paint), *_next(found, named, paint, width)]
    return unheeded("\n\n".join([*blocks, *tables, "\n".join(last)]) + "\n")


def drift_json(found: Sequence[DistrictDrift]) -> str:
    """Give all districts as JSON, in the shape of ``schema/drift.schema.json``."""
    counts = Counter(one.standing for one in found)
    data = {
        "schema": 1,
        "summary": {
            standing.replace(" ", "_"): counts[standing] for standing in STANDINGS
        },
        "districts": [
            {
                "district": one.district,
                "file": one.file,
                "standing": one.standing.replace(" ", "_"),
                "applied": one.applied,
                "error": one.error,
                "movements": [movement_data(move) for move in one.movements],
            }
            | _overdue(one)
            for one in found
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def _overdue(one: DistrictDrift) -> dict[str, Any]:
    late = [
        {
            "rule": each.rule,
            "severity": each.severity.value,
            "message": each.message,
            "hint": each.hint,
        }
        for each in one.overdue
    ]
    return {"overdue": late} if late else {}


def district_lines(one: DistrictDrift, paint: Paint, width: int) -> Iterator[str]:
    """Give the lines that tell of one district."""
    standing = paint(_STYLES[one.standing], one.standing)
    name = paint(Style.BOLD, inert(one.district))
    yield f"{standing}  {name}  {paint(Style.DIM, inert(one.file))}"
    if one.error:
        yield from wrap(f"  {inert(one.error)}", width, hang=4)
    for move in one.movements:
        who = paint(Style.DIM, mover_text(one, move))
        yield f"  {pad(move.setting, 23)}{who}"
        yield from wrap(f"    {inert(values_of(move))}", width, hang=4)
    for late in one.overdue:
        label = f"{late.severity.value}[{late.rule}]"
        first, *rest = wrap(f"  {label} {inert(late.message)}", width, hang=4)
        yield first.replace(label, paint(style_of(late.severity), label), 1)
        yield from rest


def mover_text(one: DistrictDrift, move: Movement) -> str:
    """Say who moved a setting of a district."""
    return _WHO[move.who] if one.applied else "never applied yet"


def values_of(move: Movement) -> str:
    """Spell what was applied, what the file says and what Connect holds."""
    applied = f"applied {spell(move.baseline)}" if move.who is not MovedBy.US else ""
    parts = [applied, f"file {spell(move.desired)}", f"Connect {spell(move.live)}"]
    return ", ".join(part for part in parts if part)


def _summary(found: Sequence[DistrictDrift], paint: Paint) -> str:
    counts = Counter(one.standing for one in found)
    parts = [
        paint(_STYLES[standing], f"{counts[standing]:,} {standing}")
        for standing in STANDINGS
        if counts[standing]
    ]
    return f"{many(len(found), 'district')}: {', '.join(parts)}"


def _next(
    found: Sequence[DistrictDrift], named: Sequence[str], paint: Paint, width: int
) -> Iterator[str]:
    for said in _advice(found, "".join(f" {shlex.quote(inert(one))}" for one in named)):
        yield from (paint(Style.DIM, line) for line in wrap(said, width, hang=2))


def _advice(found: Sequence[DistrictDrift], named: str) -> Iterator[str]:
    """Say how people go on; both ways where someone changed Connect by hand."""
    movers = [{move.who for move in one.movements} for one in found]
    moved = set().union(*movers)
    # a conflict that is not named refuses its whole district
    free = any(MovedBy.THEM in who and MovedBy.BOTH not in who for who in movers)
    if free:
        adopt = f"`connectsync drift{named} --adopt`"
        yield f"{adopt} takes what people changed into the files"
    if MovedBy.BOTH in moved:
        yield (
            f"`connectsync drift{named} --adopt {_naming_conflicts(found)}` says"
            f" {'as well ' if free else ''}that Connect is right where both changed"
        )
    if moved:
        yield f"`connectsync plan{named}` shows what `apply` would change on Connect"


def _naming_conflicts(found: Sequence[DistrictDrift]) -> str:
    """Spell the flags that name every conflict of the first district with one."""
    each = (adopting(one.district, one.movements) for one in found)
    return inert(next(flags for flags in each if flags))
