"""The result of an unattended run as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from connectsync.domain.outcome import (
    DistrictResult,
    Reason,
    ReasonKind,
    ReconcileReport,
    Result,
)
from connectsync.domain.wording import many
from connectsync.report.terminal import Paint, Style, inert, pad, unheeded, wrap

_STYLES = {
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
        fate = self.paint(_STYLES[one.fate], one.fate.value)
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
            self.paint(_STYLES[fate], f"{counts[fate]} {fate.value}")
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
        for said in dict.fromkeys(_advice(made)):
            for line in wrap(f"  = help: {said}", self.width, hang=4):
                yield self.paint(Style.DIM, line)


def _advice(made: ReconcileReport) -> Iterator[str]:
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
        "districts": [_district(one) for one in made.districts],
    }
    return json.dumps(data, indent=2) + "\n"


def _district(one: DistrictResult) -> dict[str, Any]:
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
