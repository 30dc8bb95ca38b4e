from __future__ import annotations

import unicodedata
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.report.findings_text import render, summary

ANY = st.text(st.characters(exclude_categories=()), max_size=30)
NUMBERS = st.integers(1, 60)
FINDINGS = st.builds(
    Finding,
    rule=ANY,
    severity=st.sampled_from(Severity),
    message=ANY,
    place=st.builds(
        Place,
        file=ANY,
        line=NUMBERS,
        column=NUMBERS,
        end_line=NUMBERS,
        end_column=NUMBERS,
        text=ANY,
        line_text=ANY,
    ),
    hint=ANY,
    districts=st.lists(ANY, max_size=7).map(tuple),
)
REPORTS = st.builds(
    ValidationReport,
    files=st.integers(0, 20_000),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    allowed=st.lists(
        st.builds(AllowedFinding, finding=FINDINGS, reason=ANY, until=st.dates()),
        max_size=2,
    ).map(tuple),
)


def finding(severity: Severity, *, rule: str = "x", line: int = 1) -> Finding:
    return Finding(rule, severity, "wrong", Place("a.yaml", line))


@given(REPORTS, st.integers(1, 120))
def test_hostile_text_is_inert(report: ValidationReport, width: int) -> None:
    text = render(report, colour=False, width=width)
    for character in text:
        assert character in " \n" or unicodedata.category(character)[0] not in "CZ"
    text.encode("utf-8")


@given(REPORTS)
def test_the_order_they_come_in_does_not_matter(report: ValidationReport) -> None:
    found = with_fingerprints(report.findings)
    one = ValidationReport(report.files, found, report.allowed)
    other = ValidationReport(report.files, found[::-1], report.allowed)
    assert render(one, colour=False, width=80) == render(other, colour=False, width=80)


def test_each_severity_is_counted_in_words() -> None:
    found = (
        finding(Severity.ERROR),
        finding(Severity.WARNING),
        finding(Severity.WARNING),
        finding(Severity.INFO),
        finding(Severity.INFO),
        finding(Severity.INFO),
    )
    allowed = (AllowedFinding(found[0], "why", date(2027, 6, 30)),)
    report = ValidationReport(14, found, allowed)
    expected = "14 files: 1 error, 2 warnings, 3 notes, 1 allowed"
    assert summary(report, colour=False) == expected
    assert (report.errors, report.warnings, report.infos) == (1, 2, 3)


def test_nothing_found_is_said_in_one_line() -> None:
    report = ValidationReport(13_318)
    assert render(report, colour=False, width=80) == "13,318 files, no findings\n"


def test_allowed_findings_are_never_silent() -> None:
    allowed = AllowedFinding(
        finding(Severity.ERROR, rule="r", line=3), "because", date(2027, 6, 30)
    )
    text = render(ValidationReport(1, (), (allowed,)), colour=False, width=80)
    assert text == (
        "allowed[r] a.yaml:3 — because (until 2027-06-30)\n\n"
        "1 file, no findings, 1 allowed\n"
    )


def test_the_worst_finding_is_the_one_to_have_explained() -> None:
    found = (
        finding(Severity.INFO, rule="lesser"),
        finding(Severity.ERROR, rule="worst", line=9),
    )
    text = render(ValidationReport(1, found), colour=False, width=80)
    assert "For details: `connectsync explain worst`" in text


def test_a_finding_in_no_file_names_no_place() -> None:
    nowhere = Finding("x", Severity.ERROR, "wrong", Place(""))
    text = render(ValidationReport(1, (nowhere,)), colour=False, width=80)
    assert "-->" not in text
