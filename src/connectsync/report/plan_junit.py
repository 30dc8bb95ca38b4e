"""A plan as JUnit XML: one test case for each district."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.finding import Severity
from connectsync.domain.guard import GuardFinding, acceptance
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.report.drift import moved_by, values_of
from connectsync.report.junit import Case, junit
from connectsync.report.plan_words import by_hand, held_against, lines_of

SUITE = "connectsync plan"
WHOLE = "(the whole plan)"
"""The case of what guards say of no district that has a case of its own."""

_Guards = Mapping[str, Sequence[GuardFinding]]


def plan_junit(plan: Plan) -> str:
    """
    Give every district as a test case, sorted by key.

    Changes alone do not fail: a plan is there to change things, and its case says
    what. A district fails whose changes `apply` would refuse, until what a guard
    holds against them is accepted; one that could not be read is an error.
    """
    told = {*plan.in_step, *(one.district for one in plan.districts)}
    told |= {one.district for one in plan.left_alone}
    told |= {one.district for one in plan.still_running}
    guards: dict[str, list[GuardFinding]] = defaultdict(list)
    for guard in plan.guards:
        guards[guard.district if guard.district in told else WHOLE].append(guard)
    cases = sorted(_districts(plan, guards), key=lambda case: case.name)
    if WHOLE in guards:
        cases.append(_case(WHOLE, guards[WHOLE], ()))
    return junit(SUITE, cases)


def _districts(plan: Plan, guards: _Guards) -> Iterator[Case]:
    for failed in plan.failed:
        said = (failed.file, *_help(failed.remedy))
        yield Case(failed.district, breaks="unread", message=failed.message, lines=said)
    for key in plan.in_step:
        yield _case(key, guards.get(key, ()), ())
    left = {one.district: tuple(_left(one)) for one in plan.left_alone}
    for planned in plan.districts:
        lines = (*_said(planned), *left.pop(planned.district, ()))
        yield _case(planned.district, guards.get(planned.district, ()), lines)
    for key, kept in left.items():
        yield _case(key, guards.get(key, ()), kept)
    for lost in plan.still_running:
        yield _case(lost.district, guards.get(lost.district, ()), ())


def _case(name: str, guards: Sequence[GuardFinding], said: Iterable[str]) -> Case:
    refused = [guard for guard in guards if guard.severity is Severity.ERROR]
    lines = (*said, *(line for guard in guards for line in _guard(guard)))
    if not refused:
        return Case(name, lines=lines)
    needs = f"apply needs {acceptance(refused)}"
    message = "; ".join(f"{one.rule}: {one.message}" for one in refused)
    return Case(name, fails="guard", message=message, lines=(*lines, needs))


def _said(planned: DistrictPlan) -> Iterator[str]:
    yield planned.file
    yield from lines_of(planned)
    for move in planned.drift:
        yield f"! changed by hand since we last applied: {by_hand(move)}"


def _left(one: DistrictDrift) -> Iterator[str]:
    for move in one.movements:
        yield f"left alone: {move.setting}: {moved_by(one, move)}: {values_of(move)}"


def _guard(guard: GuardFinding) -> Iterator[str]:
    yield f"{guard.severity.value}[{guard.rule}] {held_against(guard)}"
    yield from _help(guard.hint)


def _help(text: str) -> Iterator[str]:
    if text:
        yield f"  help: {text}"
