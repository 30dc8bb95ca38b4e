"""
Findings as GitLab's report of code quality.

GitLab shows it in the merge request, and compares it with that of the target branch
by fingerprint.
"""

from __future__ import annotations

import json
from typing import Any

from connectsync.domain.finding import Finding, Severity
from connectsync.domain.validation import ValidationReport
from connectsync.report.style import inert

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
