"""What the rules say of files that a command has just written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectsync.cli.session import Session
from connectsync.config.project import Project
from connectsync.domain.adoption import Adopted, Adoption
from connectsync.domain.finding import Severity

WRITTEN = frozenset([Adoption.MADE, Adoption.CHANGED])


def show_findings(
    session: Session, project: Project, adopted: Sequence[Adopted]
) -> int:
    """Show what the rules say of the files that were written; count the errors."""
    from connectsync.operations.validating import Asked, validate_fleet
    from connectsync.report.findings_text import render

    files = [one.file for one in adopted if one.adoption in WRITTEN]
    if not files:
        return 0
    asked = Asked(today=session.today(), options=project.options)
    report = validate_fleet(session.fleet(project, files), asked)
    terminal = session.terminal
    # of many districts there are too many infos to find anything else among them
    grave = [one for one in report.findings if one.severity is not Severity.INFO]
    if grave:
        shown = replace(report, findings=tuple(grave))
        text = render(shown, colour=terminal.colour, width=terminal.width)
        terminal.show(f"\n{text}")
    if report.infos:
        terminal.say(f"{report.infos} infos; `connectsync validate` shows them")
    return report.errors
