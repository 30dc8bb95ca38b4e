"""A plan as annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectsync.domain.finding import Place, Severity
from connectsync.domain.guard import GuardFinding, acceptance
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan
from connectsync.domain.risk import Risk
from connectsync.report.plan_words import (
    by_hand,
    caused_since,
    counted,
    held_against,
    lines_of,
)
from connectsync.report.style import inert, unheeded
from connectsync.report.workflow_commands import Annotation, workflow_commands


def plan_github(plan: Plan) -> str:
    """
    Annotate each district's file with its changes, and say what guards object to.

    A district that could not be read is an error, and so is what `apply` refuses until
    it is accepted; disruptive changes, and those over what a person changed on
    Connect, are warnings; the rest are notices.
    """
    files = {one.district: one.file for one in plan.districts}
    files |= {one.district: one.file for one in plan.failed}
    found = [
        *(_failed(one) for one in plan.failed),
        *(_guard(one, files) for one in plan.guards),
        *(_district(one) for one in plan.districts),
    ]
    return workflow_commands(found, summary=unheeded(inert("; ".join(_summary(plan)))))


def _summary(plan: Plan) -> Iterator[str]:
    yield counted(plan)
    if said := caused_since(plan):
        yield said
    if given := acceptance(plan.guards):
        yield f"apply needs {given}"


def _failed(one: NotPlanned) -> Annotation:
    lines = [f"{one.district}: {one.message}"]
    if one.remedy:
        lines.append(f"help: {one.remedy}")
    return Annotation(Severity.ERROR, "not read", tuple(lines), _top(one.file))


def _guard(one: GuardFinding, files: Mapping[str, str]) -> Annotation:
    about = f"{one.district}: " if one.district else ""
    lines = [f"{about}{held_against(one)}"]
    if one.hint:
        lines.append(f"help: {one.hint}")
    place = _top(files[one.district]) if one.district in files else None
    return Annotation(one.severity, one.rule, tuple(lines), place)


def _district(one: DistrictPlan) -> Annotation:
    grave = any(change.risk is Risk.DISRUPTIVE for change in one.changes())
    severity = Severity.WARNING if grave or one.drift else Severity.INFO
    moved = (f"! changed by hand: {by_hand(move)}" for move in one.drift)
    lines = (f"{one.district}: {one.name}", *lines_of(one), *moved)
    return Annotation(severity, "plan", lines, _top(one.file))


def _top(file: str) -> Place:
    return Place(file, line=0)
