"""A pass with nobody there, for whoever is waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectsync.domain.counting import many
from connectsync.domain.reconciled import Fared, Fate, Reason, Reconciled, Why
from connectsync.report.columns import padded, wrapped
from connectsync.report.style import Paint, Style, inert, unheeded

_STYLES = {
    Fate.IN_STEP: Style.SAFE,
    Fate.DONE: Style.SAFE,
    Fate.READY: Style.INFO,
    Fate.HELD: Style.WARNING,
    Fate.UNREAD: Style.ERROR,
    Fate.LEFT: Style.WARNING,
    Fate.FAILED: Style.ERROR,
    Fate.CONFLICT: Style.ERROR,
}

_ADVICE = {
    Why.DRIFT: "`connectsync drift` says who changed what, and how it is answered",
    Why.CONFLICT: "`connectsync drift` says who changed what, and how it is answered",
    Why.RISK: "at most {at_most} changes are made unattended: a person plans"
    " and applies the others",
    Why.GUARD: "`connectsync plan` says what it needs; a person applies it",
    Why.FILE: "fix the file, or allow the finding there with a reason",
    Why.APPROVAL: "`connectsync plan --out plan.json`, have it approved, apply it",
    Why.ROLLOUT: "`connectsync runs` shows that run, `connectsync resume` continues it",
    Why.ROLLBACK: "a person applies it again, or takes the change out of the files",
    Why.UNKNOWN: "it is not known what people changed there: a person applies it first",
    Why.HOUR: "the next pass tries again",
    Why.CONNECT: "the next pass tries again; if it stays, look at Connect by hand",
}

WHY_ROOM = 10


def reconcile_text(made: Reconciled, *, colour: bool, width: int) -> str:
    """Give every district that is not in step, why, a count, and what to do next."""
    page = _Page(Paint(colour), width)
    blocks = [
        "\n".join(page.district(one))
        for one in made.districts
        if one.fate is not Fate.IN_STEP
    ]
    return unheeded("\n".join([*blocks, *page.summary(made)]) + "\n")


class _Page:
    def __init__(self, paint: Paint, width: int) -> None:
        self.paint = paint
        self.width = width

    def district(self, one: Fared) -> Iterator[str]:
        fate = self.paint(_STYLES[one.fate], one.fate.value)
        name = self.paint(Style.BOLD, inert(one.district))
        yield f"{fate}  {name}  {self.paint(Style.DIM, inert(one.file))}"
        yield from self._reasons(one.reasons, indent=2)

    def _reasons(self, reasons: Iterable[Reason], *, indent: int) -> Iterator[str]:
        for one in reasons:
            lead = " " * indent + padded(one.why.value, WHY_ROOM)
            said = lead + inert(one.message)
            yield from wrapped(said, self.width, hang=indent + WHY_ROOM)

    def summary(self, made: Reconciled) -> Iterator[str]:
        counts = made.counts
        parts = [
            self.paint(_STYLES[fate], f"{counts[fate]} {fate.value}")
            for fate in Fate
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
            for line in wrapped(f"  = help: {said}", self.width, hang=4):
                yield self.paint(Style.DIM, line)


def _advice(made: Reconciled) -> Iterator[str]:
    """Say once for each reason how people go on."""
    whys = {reason.why for one in made.districts for reason in one.reasons}
    whys |= {reason.why for reason in made.reasons}
    for why in Why:
        if why in whys:
            yield _ADVICE[why].format(at_most=made.at_most.value)
