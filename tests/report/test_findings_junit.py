"""Findings as test cases: red where the exit status would be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from xml.etree.ElementTree import Element

import pytest
from junit_shape import read_junit

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    Severity,
    ValidationReport,
)
from connectsync.report.junit import findings_junit

ERROR = Finding(
    "some-rule", Severity.ERROR, "it is wrong", Place("a.yaml", 4, 3), hint="mend it"
)
WARNING = replace(ERROR, rule="other-rule", severity=Severity.WARNING, hint="")
INFO = replace(WARNING, rule="third-rule", severity=Severity.INFO)
ALLOWED = AllowedFinding(WARNING, "landlines only", date(2027, 6, 30))


def cases(
    *found: Finding, allowed: tuple[AllowedFinding, ...] = (), strict: bool = False
) -> dict[str, Element]:
    report = ValidationReport(2, found, allowed)
    root = read_junit(findings_junit(report, ["b.yaml", "a.yaml"], strict=strict))
    return {one.attrib["name"]: one for one in root.iter("testcase")}


def test_every_file_is_a_case_found_or_not() -> None:
    found = cases()
    assert list(found) == ["a.yaml", "b.yaml"]
    assert [list(case) for case in found.values()] == [[], []]
    elsewhere = replace(ERROR, place=Place("connectsync.yaml"))
    assert list(cases(elsewhere)) == ["a.yaml", "b.yaml", "connectsync.yaml"]


def test_an_error_fails_its_file_and_tells_of_the_rest_as_well() -> None:
    (failure,) = cases(ERROR, WARNING, allowed=(ALLOWED,))["a.yaml"]
    assert failure.tag == "failure"
    assert failure.attrib == {"type": "error", "message": "some-rule: it is wrong"}
    assert failure.text == (
        "error[some-rule] line 4, column 3: it is wrong\n"
        "  help: mend it\n"
        "warning[other-rule] line 4, column 3: it is wrong\n"
        "allowed[other-rule] line 4: it is wrong — landlines only (until 2027-06-30)"
    )


def test_several_errors_are_counted() -> None:
    (failure,) = cases(ERROR, replace(ERROR, rule="z-rule"))["a.yaml"]
    assert failure.get("message") == "some-rule: it is wrong (and 1 more)"


@pytest.mark.parametrize(
    ("finding", "strict", "fails"),
    [
        (ERROR, False, True),
        (WARNING, False, False),
        (WARNING, True, True),
        (INFO, True, False),
    ],
)
def test_what_fails_is_what_the_exit_status_fails_for(
    finding: Finding, *, strict: bool, fails: bool
) -> None:
    (told,) = cases(finding, strict=strict)["a.yaml"]
    assert told.tag == ("failure" if fails else "system-out")
    assert f"{finding.severity}[{finding.rule}]" in (told.text or "")


def test_what_is_allowed_passes_and_says_so() -> None:
    (told,) = cases(allowed=(ALLOWED,), strict=True)["a.yaml"]
    assert told.tag == "system-out"
    assert (told.text or "").startswith("allowed[other-rule] line 4")
