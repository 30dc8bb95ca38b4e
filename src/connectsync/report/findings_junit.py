"""Findings as JUnit XML: one test case for each file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from connectsync.domain.finding import Finding, Severity
from connectsync.domain.validation import AllowedFinding, ValidationReport
from connectsync.report.findings_text import reach
from connectsync.report.junit import Case, junit

SUITE = "connectsync validate"


def findings_junit(
    report: ValidationReport, files: Iterable[str], *, strict: bool = False
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
    cases = [_case(name, found[name], allowed[name], fatal) for name in names]
    return junit(SUITE, cases)


def _case(
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
