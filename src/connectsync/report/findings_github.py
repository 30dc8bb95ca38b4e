"""Findings as annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Finding
from connectsync.domain.validation import ValidationReport
from connectsync.report.findings_text import reach, summary
from connectsync.report.workflow_commands import Annotation, workflow_commands


def findings_github(report: ValidationReport) -> str:
    """Annotate the files with what was found, and count all of it in a last line."""
    found = [_annotation(one) for one in report.ordered()]
    return workflow_commands(found, summary=summary(report, colour=False))


def _annotation(one: Finding) -> Annotation:
    lines = tuple(_lines(one))
    return Annotation(one.severity, one.rule, lines, one.place, one.stands_for)


def _lines(one: Finding) -> Iterator[str]:
    # the log of a step shows the message alone, so it says the place as well
    yield f"{one.place.file}:{one.place.line}:{one.place.column}: {one.message}"
    if one.hint:
        yield f"help: {one.hint}"
    if one.districts:
        yield f"reaches {reach(one.districts)}"
