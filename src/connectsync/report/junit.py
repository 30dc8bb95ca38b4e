"""JUnit XML for findings, plans and drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

# nothing is parsed here, so no one can feed it anything
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    GuardFinding,
    Severity,
    ValidationReport,
    acceptance,
)
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.report.drift import mover_text, values_of
from connectsync.report.findings_text import reach
from connectsync.report.plan_text import by_hand, guard_text, lines_of
from connectsync.report.reporter import (
    DriftToReport,
    FindingsToReport,
    PlanToReport,
    Reporter,
    View,
)
from connectsync.report.terminal import inert
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """
    One test case: it passes, unless ``fails`` or ``breaks`` says of what kind it is.

    What fails is a ``failure``, what breaks an ``error``: no one could look.
    ``lines`` say more; of a case that passes they are its output. Texts need not be
    inert.
    """

    name: str
    fails: str = ""
    breaks: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()


def junit(suite: str, cases: Sequence[Case]) -> str:
    """
    Give the cases as one suite, in the order given.

    No times are given: the same cases are the same text. ``connectsync drift`` is a
    suite's name, and then its cases' class ``connectsync.drift``.
    """
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.fails) for case in cases)),
        "errors": str(sum(bool(case.breaks) for case in cases)),
    }
    root = Element("testsuites", counts)
    inner = SubElement(root, "testsuite", {"name": suite, **counts, "skipped": "0"})
    for case in cases:
        _case(inner, case, suite.replace(" ", "."))
    indent(root)
    # other letters than ASCII are written as references: any encoding will do
    text = tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: Element, case: Case, class_: str) -> None:
    named = {"name": inert(case.name), "classname": class_}
    element = SubElement(suite, "testcase", named)
    text = "\n".join(map(inert, case.lines))
    message = inert(case.message)
    if case.breaks:
        said = {"type": case.breaks, "message": message}
        SubElement(element, "error", said).text = text
    elif case.fails:
        said = {"type": case.fails, "message": message}
        SubElement(element, "failure", said).text = text
    elif text:
        SubElement(element, "system-out").text = text


def findings_junit(
    report: ValidationReport,
    files: Iterable[str],
    *,
    strict: bool = False,
    command: str = "validate",
) -> str:
    """
    Give every file as a test case, sorted by path; ``files`` are those looked at.

    A case fails where the exit status would: for errors and, if ``strict``, for
    warnings. What else was found, and what is allowed, is the output of a case that
    passes, and stands below the failures of one that does not.
    """
    fatal = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    found: dict[str, list[Finding]] = defaultdict(list)
    for one in report.ordered():
        found[one.place.file].append(one)
    allowed: dict[str, list[AllowedFinding]] = defaultdict(list)
    for each in report.ordered_allowed():
        allowed[each.finding.place.file].append(each)
    names = sorted({*files, *found, *allowed})
    cases = [_finding_case(name, found[name], allowed[name], fatal) for name in names]
    return junit(f"connectsync {command}", cases)


def _finding_case(
    file: str,
    found: Sequence[Finding],
    allowed: Iterable[AllowedFinding],
    fatal: set[Severity],
) -> Case:
    failures = [one for one in found if one.severity in fatal]
    others = [one for one in found if one.severity not in fatal]
    lines = [
        *(line for one in (*failures, *others) for line in _lines(one)),
        *(_allowed(one) for one in allowed),
    ]
    if not failures:
        return Case(file, lines=tuple(lines))
    kind = failures[0].severity.value
    return Case(file, fails=kind, message=_message(failures), lines=tuple(lines))


def _message(failures: Sequence[Finding]) -> str:
    first = f"{failures[0].rule}: {failures[0].message}"
    more = sum(one.stands_for for one in failures) - 1
    return f"{first} (and {more:,} more)" if more else first


def _lines(one: Finding) -> Iterator[str]:
    place = f"line {one.place.line}, column {one.place.column}"
    yield f"{one.severity}[{one.rule}] {place}: {one.message}"
    if one.hint:
        yield f"  help: {one.hint}"
    if one.districts:
        yield f"  reaches {reach(one.districts)}"


def _allowed(each: AllowedFinding) -> str:
    one = each.finding
    reason = f"{each.reason} (until {each.until.isoformat()})"
    return f"allowed[{one.rule}] line {one.place.line}: {one.message} — {reason}"


PLAN_SUITE = "connectsync plan"
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
        cases.append(_plan_case(WHOLE, guards[WHOLE], ()))
    return junit(PLAN_SUITE, cases)


def _districts(plan: Plan, guards: _Guards) -> Iterator[Case]:
    for failed in plan.failed:
        said = (failed.file, *_help(failed.remedy))
        yield Case(failed.district, breaks="unread", message=failed.message, lines=said)
    for key in plan.in_step:
        yield _plan_case(key, guards.get(key, ()), ())
    left = {one.district: tuple(_left(one)) for one in plan.left_alone}
    for planned in plan.districts:
        lines = (*_drift_lines(planned), *left.pop(planned.district, ()))
        yield _plan_case(planned.district, guards.get(planned.district, ()), lines)
    for key, kept in left.items():
        yield _plan_case(key, guards.get(key, ()), kept)
    for lost in plan.still_running:
        yield _plan_case(lost.district, guards.get(lost.district, ()), ())


def _plan_case(name: str, guards: Sequence[GuardFinding], said: Iterable[str]) -> Case:
    refused = [guard for guard in guards if guard.stops]
    lines = (*said, *(line for guard in guards for line in _guard(guard)))
    if not refused:
        return Case(name, lines=lines)
    needs = f"apply needs {acceptance(refused)}"
    message = "; ".join(f"{one.rule}: {one.message}" for one in refused)
    return Case(name, fails="guard", message=message, lines=(*lines, needs))


def _drift_lines(planned: DistrictPlan) -> Iterator[str]:
    yield planned.file
    yield from lines_of(planned)
    for move in planned.drift:
        yield f"! changed by hand since we last applied: {by_hand(move)}"


def _left(one: DistrictDrift) -> Iterator[str]:
    for move in one.movements:
        yield f"left alone: {move.setting}: {mover_text(one, move)}: {values_of(move)}"


def _guard(guard: GuardFinding) -> Iterator[str]:
    yield f"{guard.severity.value}[{guard.rule}] {guard_text(guard)}"
    yield from _help(guard.hint)


def _help(text: str) -> Iterator[str]:
    if text:
        yield f"  help: {text}"


DRIFT_SUITE = "connectsync drift"


def drift_junit(found: Sequence[DistrictDrift]) -> str:
    """
    Give all districts as test cases, in the order given.

    Drift and conflicts fail, a district that could not be read is an error. What is
    pending passes, and says so in its output.
    """
    return junit(DRIFT_SUITE, [_drift_case(one) for one in found])


def _drift_case(one: DistrictDrift) -> Case:
    match one.standing:
        case "unread":
            return Case(
                one.district, breaks="unread", message=one.error, lines=(one.file,)
            )
        case "conflict" | "drift" as standing:
            lines = (one.file, *_moves(one))
            return Case(
                one.district, fails=standing, message=_drift_message(one), lines=lines
            )
        case "pending":
            lines = (f"pending: {one.file}", *_moves(one))
            return Case(one.district, lines=lines)
        case _:
            return Case(one.district)  # in step: nothing to say


def _drift_message(one: DistrictDrift) -> str:
    return "; ".join(
        f"{move.setting}: {mover_text(one, move)}" for move in one.movements
    )


def _moves(one: DistrictDrift) -> Iterator[str]:
    for move in one.movements:
        yield f"{move.setting}: {mover_text(one, move)}"
        yield f"  {values_of(move)}"


class JunitReporter(Reporter):
    """Test results, a case for each file or district."""

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render a case for each file."""
        del view
        return findings_junit(
            found.report, found.files, strict=found.strict, command=found.command
        )

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render a case for each district."""
        del view
        return plan_junit(plan.plan)

    def drift(self, drift: DriftToReport, view: View) -> str:
        """Render a case for each district."""
        del view
        return drift_junit(drift.found)
