"""``connectsync status``: whether last night's sync worked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from connectsync.cli.options import paths_argument
from connectsync.cli.runs import RunsFormat, option_format
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.sync import StatusReport
from connectsync.domain.wording import many
from connectsync.errors import UsageError
from connectsync.operations.roster_check import (
    RosterAnswers,
    RosterCheck,
    status_of_districts,
)
from connectsync.report.status import status_json, status_text


def status(
    context: typer.Context,
    districts: paths_argument = None,
    format_: option_format = RunsFormat.TEXT,
    clever: Annotated[
        bool,
        typer.Option(
            "--clever",
            help="Also ask Clever whether the roster is paused or old.",
        ),
    ] = False,
) -> int:
    """
    Show whether last night's sync worked, as Connect shows it on SIS Rostering.

    Only reads. Exits with 1 if a sync failed or is stale, if its roster is paused or
    old at Clever, or if a district could not be read.

    Example: `connectsync status --clever`
    """
    import asyncio

    session: Session = context.obj
    project = session.project()
    if clever and project.clever is None:
        raise UsageError(
            "--clever asks Clever, and the project names none",
            remedy="write `roster: {clever: {}}` into connectsync.yaml",
        )
    wanted = _districts(session, project, districts or [])
    report = asyncio.run(_look(session, project, wanted, clever=clever))
    terminal = session.terminal
    if format_ is RunsFormat.JSON:
        terminal.deliver(status_json(report), None)
    else:
        text = status_text(report, colour=terminal.colour, width=terminal.width)
        terminal.show(text)
    return ExitStatus.FINE if report.is_fine else ExitStatus.FINDINGS


def _districts(
    session: Session, project: Project, arguments: Sequence[str]
) -> list[District]:
    """Load what can be read: how a night went does not wait for a file of another."""
    fleet = session.fleet(project, session.named(project, arguments))
    if not fleet.complete:
        session.terminal.complain(
            "files with errors are left out: `connectsync validate` names them"
        )
    return [one.district for one in fleet.districts]


async def _look(
    session: Session, project: Project, districts: Sequence[District], *, clever: bool
) -> StatusReport:
    from connectsync.cli.backends import open_reader, outcomes_of

    async with open_reader(session, project, districts) as reader:
        seen = await outcomes_of(reader, [one.key for one in districts])
        backend = reader.described
    asked = await _ask_clever(session, project, districts) if clever else None
    report = StatusReport(
        backend,
        session.now(),
        timedelta(hours=project.stale_after_hours),
        (),
        provider="Clever" if clever else "",
    )
    return status_of_districts(seen, districts, asked, report)


async def _ask_clever(
    session: Session, project: Project, districts: Sequence[District]
) -> RosterAnswers | None:
    """Ask about every district whose token is here, and say how many are not asked."""
    from connectsync.cli.backends import insist_clever
    from connectsync.cli.secrets import district_token
    from connectsync.roster.clever import open_roster

    if project.clever is None:
        return None
    environment = session.environment
    insist_clever(project.clever.url, environment)
    resolves = partial(
        district_token, project=project, environment=environment, commands=False
    )
    async with open_roster(project.clever.url) as roster:
        asked = await RosterCheck(roster, districts, resolves).ask()
    if left := len(districts) - len(asked.answers):
        session.terminal.complain(
            f"Clever was not asked about {many(left, 'district')}: no token here"
            " (tokens of a command are not fetched)"
        )
    return asked
