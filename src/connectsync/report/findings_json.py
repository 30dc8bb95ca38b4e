"""Findings for programs: the contract of ``schema/findings.schema.json``."""

from __future__ import annotations

import json
from typing import Any

from connectsync.domain.finding import Finding, pointer
from connectsync.domain.validation import ValidationReport
from connectsync.report.links import rule_link

SCHEMA = 1


def render(report: ValidationReport) -> str:
    """
    Write the report as JSON: sorted, ASCII, one line end at the end.

    ASCII keeps it harmless on a terminal and the same on every machine.
    """
    return json.dumps(as_data(report), indent=2) + "\n"


def as_data(report: ValidationReport) -> dict[str, Any]:
    """Give the report as plain values, findings in order."""
    return {
        "schema": SCHEMA,
        "summary": {
            "files": report.files,
            "errors": report.errors,
            "warnings": report.warnings,
            "infos": report.infos,
            "allowed": len(report.allowed),
        },
        "findings": [_as_data(each) for each in report.ordered()],
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
    }
