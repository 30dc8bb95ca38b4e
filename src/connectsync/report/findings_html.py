"""Findings as one HTML page: `validate --format html`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Severity,
    ValidationReport,
)
from connectsync.domain.plan import group_of
from connectsync.report.findings_text import summary
from connectsync.report.html import GlancePart, GlanceTally, TextTable, render_page
from connectsync.report.terminal import fit, mark_line
from connectsync.values import dataclass

ROOM = 96
"""Columns of a line that are shown, around what is wrong in it."""

COUNTED_SEVERITIES = tuple(Severity)


def findings_data(
    report: ValidationReport, texts: TextTable, folder: str
) -> dict[str, Any]:
    """Give findings, the gravest first, and allowed findings."""
    rows = _FindingRows(texts, folder)
    return {
        "severities": list(COUNTED_SEVERITIES),
        "findings": [rows.finding(one) for one in _gravest_first(report)],
        "allowed": [rows.allowed(one) for one in report.ordered_allowed()],
    }


def _gravest_first(report: ValidationReport) -> list[Finding]:
    return sorted(report.ordered(), key=lambda one: one.severity.rank)


@dataclass(frozen=True, slots=True)
class _FindingRows:
    texts: TextTable
    folder: str

    def allowed(self, one: AllowedFinding) -> dict[str, Any]:
        by = self.texts.numbers([one.reason, one.until.isoformat()])
        return self.finding(one.finding) | {"allowed": by}

    def finding(self, finding: Finding) -> dict[str, Any]:
        """Give one finding; what is empty is left out."""
        place, number = finding.place, self.texts.number
        shown: dict[str, Any] = {
            "severity": COUNTED_SEVERITIES.index(finding.severity),
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
    line = mark_line(finding.place, ROOM)
    before = fit(line.text, line.start)
    inside = fit(line.text[len(before) :], line.length)
    return before, inside, line.text[len(before) + len(inside) :].rstrip()


MOST = 500
"""Findings that the plain table holds."""

_SEVERITIES = GlanceTally(
    "severity",
    {
        Severity.ERROR: ("Errors", "nothing is planned from such a file"),
        Severity.WARNING: ("Warnings", "likely to hurt families"),
        Severity.INFO: ("Notes", "good to know"),
    },
)


_ROSTER_SEVERITIES = GlanceTally(
    "severity",
    {
        Severity.ERROR: ("Errors", "correct these before the files are sent"),
        Severity.WARNING: ("Warnings", "likely to hurt families"),
        Severity.INFO: ("Notes", "good to know"),
    },
)


def findings_html(
    report: ValidationReport,
    *,
    folder: str,
    today: date,
    tool: str,
    command: str = "validate",
) -> str:
    """
    Write the whole page; whatever came from elsewhere is inert text in it.

    ``folder`` is where the districts' files are, from the project's folder.
    """
    texts = TextTable()
    data = findings_data(report, texts, folder) | {"texts": texts.all()}
    counts = {severity: report.count(severity) for severity in Severity}
    severities = _SEVERITIES if command == "validate" else _ROSTER_SEVERITIES
    return render_page(
        "findings",
        data,
        title=f"Findings of {today.isoformat()}",
        lead=[f"{summary(report, colour=False)}."],
        sections={"glance": "At a glance"}
        | finding_sections(report)
        | {"about": "About this page"},
        glance={
            "severities": severities.tiles(counts),
            "tables": _tables(report, folder),
        },
        found=plain_findings(report),
        about=[("Files read", f"{report.files:,}", False), ("Made by", tool, False)],
    )


def finding_sections(report: ValidationReport) -> dict[str, str]:
    """Give the titles of the sections of findings that there are, by id."""
    titles = {"findings": "Findings", "allowed": "Allowed findings"}
    held = {"findings": report.findings, "allowed": report.allowed}
    return {name: title for name, title in titles.items() if held[name]}


def plain_findings(report: ValidationReport) -> dict[str, Any]:
    """Give the tables of findings for where no script is run."""
    found = [(one, "") for one in report.ordered()]
    allowed = [
        (one.finding, f"Allowed until {one.until.isoformat()}: {one.reason}")
        for one in report.ordered_allowed()
    ]
    return {"findings": _plain_table(found), "allowed": _plain_table(allowed)}


def _plain_table(found: Sequence[tuple[Finding, str]]) -> dict[str, Any]:
    rows = [
        {
            "place": f"{one.place.file}:{one.place.line}:{one.place.column}",
            "severity": one.severity,
            "message": one.message,
            "notes": [f"Help: {one.hint}"] * bool(one.hint) + [note] * bool(note),
            "rule": one.rule,
        }
        for one, note in found[:MOST]
    ]
    return {"rows": rows, "more": sum(one.stands_for for one, _ in found[MOST:])}


def _tables(report: ValidationReport, folder: str) -> list[Mapping[str, Any]]:
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    by_folder: dict[str, Counter[str]] = defaultdict(Counter)
    for one in report.findings:
        by_rule[one.rule][one.severity] += 1
        by_folder[group_of(one.place.file, folder)][one.severity] += 1
    gravest = sorted(by_rule, key=lambda rule: (rank_counts(by_rule[rule]), rule))
    rules = "By rule, the gravest first"
    parts = (
        GlancePart("rule", "Rule", rules, by_rule, gravest, sized=True),
        GlancePart("group", "Folder", "By folder of the file", by_folder, sized=True),
    )
    return [_SEVERITIES.table(part) for part in parts if part.counts]


def rank_counts(counts: Counter[str]) -> tuple[int, ...]:
    """Give the key that puts the gravest first."""
    return tuple(-counts[severity] for severity in Severity)
