"""``connectsync validate``: are the files legal, and do they hurt anybody?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connectsync.cli.choices import FindingFormat, option_output, paths_argument
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.config.fleet import Fleet, load_text
from connectsync.config.project import Project
from connectsync.domain.validation import ValidationReport
from connectsync.errors import UsageError
from connectsync.operations.validating import Asked, validate_fleet

STANDARD_INPUT = "-"


def validate(
    context: typer.Context,
    paths: paths_argument = None,
    format_: Annotated[
        FindingFormat, typer.Option("--format", help="How to show findings.")
    ] = FindingFormat.TEXT,
    output: option_output = None,
    strict: Annotated[bool, typer.Option(help="Let warnings fail too.")] = False,
    select: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Run only this rule.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Leave this rule out.")
    ] = None,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Only files that differ from this git revision; a changed profile"
            " brings in every district that uses it.",
        ),
    ] = None,
) -> int:
    """
    Check district files against the schema and every rule.

    Exits with 1 if there is an error. `-` reads one district from standard input.
    """
    session: Session = context.obj
    project = session.project()
    fleet = _fleet(session, project, paths or [], changed_since)
    asked = Asked(
        today=session.today(),
        options=project.options,
        select=_rules(select) if select else None,
        ignore=_rules(ignore or []),
        whole_fleet=not paths and changed_since is None,
    )
    report = validate_fleet(fleet, asked)
    _deliver(session, report, format_, output)
    failed = report.errors or (strict and report.warnings)
    return ExitStatus.FINDINGS if failed else ExitStatus.FINE
