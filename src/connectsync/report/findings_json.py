"""Findings for programs: the contract of ``schema/findings.schema.json``."""

from __future__ import annotations

import json
from typing import Any

from connectsync.domain.finding import Finding, Severity, ValidationReport, pointer
from connectsync.domain.plan_file import plan_text
from connectsync.report.reporter import (
    DriftToReport,
    FindingsToReport,
    PlanToReport,
    Reporter,
    View,
)
from connectsync.report.rule_text import rule_link
from connectsync.report.terminal import inert

SCHEMA = 1


def render(report: ValidationReport) -> str:
    """
    Write the report as JSON: sorted, ASCII, one line end at the end.

    ASCII keeps it harmless on a terminal and the same on every machine.
    """
    return json.dumps(as_data(report), indent=2) + "\n"


def as_data(report: ValidationReport) -> dict[str, Any]:
    """Give the report as plain values, findings in order."""
    off = [_as_data(one.finding) | {"reason": one.reason} for one in report.turned_off]
    known = [_as_data(one) for one in report.known]
    return {
        "schema": SCHEMA,
        "summary": {
            "files": report.files,
            "errors": report.errors,
            "warnings": report.warnings,
            "infos": report.infos,
            "allowed": len(report.allowed),
            **({"off": len(off)} if off else {}),
            **({"known": len(known)} if known else {}),
        },
        "findings": [_as_data(each) for each in report.ordered()],
        **({"off": off} if off else {}),
        **({"known": known} if known else {}),
    }


def _as_data(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "path": pointer(finding.path),
        "hint": finding.hint,
        "docs": rule_link(finding.rule),
        "fingerprint": finding.fingerprint,
    } | ({"day": finding.day.isoformat()} if finding.day else {})


_SEVERITIES = {
    Severity.ERROR: "critical",
    Severity.WARNING: "minor",
    Severity.INFO: "info",
}
"""Apart by more than one step: GitLab's other two, major and blocker, say no more."""


def findings_gitlab(report: ValidationReport) -> str:
    """Write what stands as a list, in order; what is allowed is not in it."""
    found = [_issue(one) for one in report.ordered()]
    return json.dumps(found, indent=2) + "\n"


def _issue(one: Finding) -> dict[str, Any]:
    place = one.place
    lines = {"begin": place.line}
    if place.end_line > place.line:
        lines["end"] = place.end_line
    return {
        "description": _description(one),
        "check_name": one.rule,
        "fingerprint": one.fingerprint,
        "severity": _SEVERITIES[one.severity],
        "location": {"path": place.file, "lines": lines},
    }


def _description(one: Finding) -> str:
    said = f"{one.message}; help: {one.hint}" if one.hint else one.message
    return inert(said)


class JsonReporter(Reporter):
    """JSON for programs; the shapes are the schemas in ``schema/``."""

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render findings."""
        del view
        return render(found.report)

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render the plan file."""
        del view
        return plan_text(plan.plan)

    def drift(self, drift: DriftToReport, view: View) -> str:
        """Render drift."""
        from connectsync.report.drift import drift_json

        del view
        return drift_json(drift.found)


class GitlabReporter(Reporter):
    """The code-quality report of GitLab."""

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render findings."""
        del view
        return findings_gitlab(found.report)
