"""Findings as data for a page's script, with the line that each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectsync.domain.finding import Finding, Severity
from connectsync.domain.plan_review import group_of
from connectsync.domain.validation import AllowedFinding, ValidationReport
from connectsync.report.columns import fitting
from connectsync.report.frame import marked
from connectsync.report.html_texts import Texts

ROOM = 96
"""Columns of a line that are shown, around what is wrong in it."""

_SEVERITIES = tuple(Severity)


def findings_data(
    report: ValidationReport, texts: Texts, folder: str
) -> dict[str, Any]:
    """Give findings, the gravest first, and allowed findings."""
    rows = _Rows(texts, folder)
    return {
        "severities": list(_SEVERITIES),
        "findings": [rows.finding(one) for one in _gravest_first(report)],
        "allowed": [rows.allowed(one) for one in report.ordered_allowed()],
    }


def _gravest_first(report: ValidationReport) -> list[Finding]:
    return sorted(report.ordered(), key=lambda one: one.severity.rank)


@dataclass(frozen=True, slots=True)
class _Rows:
    texts: Texts
    folder: str

    def allowed(self, one: AllowedFinding) -> dict[str, Any]:
        by = self.texts.numbers([one.reason, one.until.isoformat()])
        return self.finding(one.finding) | {"allowed": by}

    def finding(self, finding: Finding) -> dict[str, Any]:
        """Give one finding; what is empty is left out."""
        place, number = finding.place, self.texts.number
        shown: dict[str, Any] = {
            "severity": _SEVERITIES.index(finding.severity),
            "rule": number(finding.rule),
            "message": number(finding.message),
            "file": number(place.file),
            "at": [place.line, place.column],
        }
        if group := group_of(place.file, self.folder):
            shown["group"] = number(group)
        if finding.hint:
            shown["hint"] = number(finding.hint)
        if finding.districts:
            shown["districts"] = self.texts.numbers(finding.districts)
        if place.line_text.strip():
            shown["line"] = self.texts.numbers(line_of(finding))
        return shown


def line_of(finding: Finding) -> tuple[str, str, str]:
    """Give the line of a finding: what is before its place, in it, and after it."""
    line = marked(finding.place, ROOM)
    before = fitting(line.text, line.start)
    inside = fitting(line.text[len(before) :], line.length)
    return before, inside, line.text[len(before) + len(inside) :].rstrip()
