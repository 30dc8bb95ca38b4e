"""Drift, and what an unattended run did about it, as people and schedulers read it."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connectsync.domain.drift import (
    DistrictDrift,
    MovedBy,
    Movement,
    adopting,
    movement_data,
)
from connectsync.domain.outcome import (
    DistrictResult,
    Reason,
    ReasonKind,
    ReconcileReport,
    Result,
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


_RESULT_STYLES = {
    Result.IN_STEP: Style.SAFE,
    Result.DONE: Style.SAFE,
    Result.READY: Style.INFO,
    Result.HELD: Style.WARNING,
    Result.UNREAD: Style.ERROR,
    Result.LEFT: Style.WARNING,
    Result.FAILED: Style.ERROR,
    Result.CONFLICT: Style.ERROR,
}

_ADVICE = {
    ReasonKind.DRIFT: "`connectsync drift` says who changed what, and how it is"
    " answered",
    ReasonKind.CONFLICT: "`connectsync drift` says who changed what, and how it is"
    " answered",
    ReasonKind.RISK: "at most {at_most} changes are made unattended: a person plans"
    " and applies the others",
    ReasonKind.GUARD: "`connectsync plan` says what it needs; a person applies it",
    ReasonKind.FILE: "fix the file, or allow the finding there with a reason",
    ReasonKind.APPROVAL: "`connectsync plan --out plan.json`, have it approved, apply"
    " it",
    ReasonKind.ROLLOUT: "`connectsync runs` shows that run, `connectsync resume`"
    " continues it",
    ReasonKind.ROLLBACK: "a person applies it again, or takes the change out of the"
    " files",
    ReasonKind.UNKNOWN: "it is not known what people changed there: a person applies"
    " it first",
    ReasonKind.HOUR: "the next pass tries again",
    ReasonKind.CONNECT: "the next pass tries again; if it stays, look at Connect by"
    " hand",
}

WHY_ROOM = 10


def reconcile_text(made: ReconcileReport, *, colour: bool, width: int) -> str:
    """Give every district that is not in step, why, a count, and what to do next."""
    page = _ReconcilePage(Paint(colour), width)
    blocks = [
        "\n".join(page.district(one))
        for one in made.districts
        if one.fate is not Result.IN_STEP
    ]
    return unheeded("\n".join([*blocks, *page.summary(made)]) + "\n")


class _ReconcilePage:
    def __init__(self, paint: Paint, width: int) -> None:
        self.paint = paint
        self.width = width

    def district(self, one: DistrictResult) -> Iterator[str]:
        fate = self.paint(_RESULT_STYLES[one.fate], one.fate.value)
        name = self.paint(Style.BOLD, inert(one.district))
        yield f"{fate}  {name}  {self.paint(Style.DIM, inert(one.file))}"
        yield from self._reasons(one.reasons, indent=2)
        if one.remedy:
            yield from wrap(f"  = help: {inert(one.remedy)}", self.width, hang=4)

    def _reasons(self, reasons: Iterable[Reason], *, indent: int) -> Iterator[str]:
        for one in reasons:
            lead = " " * indent + pad(one.why.value, WHY_ROOM)
            said = lead + inert(one.message)
            yield from wrap(said, self.width, hang=indent + WHY_ROOM)

    def summary(self, made: ReconcileReport) -> Iterator[str]:
        counts = made.counts
        parts = [
            self.paint(_RESULT_STYLES[fate], f"{counts[fate]} {fate.value}")
            for fate in Result
            if counts[fate]
        ]
        yield f"{many(len(made.districts), 'district')}: {', '.join(parts)}"
        if made.reasons:
            yield "Nothing was applied:"
            yield from self._reasons(made.reasons, indent=2)
        if made.run is not None:
            confirmed = many(made.changes, "change")
            yield f"Run {made.run}: {confirmed} confirmed by reading back"
        if made.dry_run:
            yield "Nothing was written: this only says what would be done"
        for said in dict.fromkeys(_next_steps(made)):
            for line in wrap(f"  = help: {said}", self.width, hang=4):
                yield self.paint(Style.DIM, line)


def _next_steps(made: ReconcileReport) -> Iterator[str]:
    """Say once for each reason how people go on."""
    whys = {reason.why for one in made.districts for reason in one.reasons}
    whys |= {reason.why for reason in made.reasons}
    for why in ReasonKind:
        if why in whys:
            yield _ADVICE[why].format(at_most=made.at_most.value)


def reconcile_json(made: ReconcileReport, status: int) -> str:
    """Give the pass as JSON, in the shape of ``schema/reconcile.schema.json``."""
    data = {
        "schema": 1,
        "at": made.at.isoformat(),
        "backend": made.backend,
        "at_most": made.at_most.value,
        "dry_run": made.dry_run,
        "status": status,
        "run": made.run,
        "changes": made.changes,
        "summary": {_key(fate): made.counts[fate] for fate in Result},
        "reasons": _reasons(made.reasons),
        "districts": [_result_data(one) for one in made.districts],
    }
    return json.dumps(data, indent=2) + "\n"


def _result_data(one: DistrictResult) -> dict[str, Any]:
    return {
        "district": one.district,
        "file": one.file,
        "fate": _key(one.fate),
        "changes": one.changes,
        "reasons": _reasons(one.reasons),
    }


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"why": one.why.value, "message": one.message} for one in reasons]


def _key(fate: Result) -> str:
    return fate.value.replace(" ", "_")
