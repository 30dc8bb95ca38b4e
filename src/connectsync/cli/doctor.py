"""``connectsync doctor``: what works here, and what does not."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import TOOL, Session
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.checkup import Check, Standing, fail, ok, warn
from connectsync.domain.district import District


def doctor(
    context: typer.Context,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Save the labels that your Connect page offers to connectsync.yaml.",
        ),
    ] = False,
    run_commands: Annotated[
        bool,
        typer.Option(
            "--run-commands",
            help="Also run the commands that the districts' token references name.",
        ),
    ] = False,
) -> int:
    """
    Check the project, the state and the backend for problems.

    Only reads, and asks Clever only if the project names it. Exits with 1 if a check
    failed, with 5 if Connect or Clever was not reached.
    """
    import asyncio

    from connectsync.report.doctor_text import doctor_text

    session: Session = context.obj
    terminal = session.terminal
    checks = asyncio.run(_checks(session, record=record, run_commands=run_commands))
    text = doctor_text(checks, colour=terminal.colour, width=terminal.width)
    terminal.show(text)
    return _status(checks)


async def _checks(session: Session, *, record: bool, run_commands: bool) -> list[Check]:
    from connectsync.cli.references import allowing, district_token
    from connectsync.cli.rosters import roster_checks
    from connectsync.config.schemas import schema_names
    from connectsync.operations.doctor import examine_files, examine_tokens
    from connectsync.operations.validating import Asked, validate_fleet

    project = session.project()
    fleet = session.whole_fleet(project)
    districts = [loaded.district for loaded in fleet.districts]
    environment = allowing(session.environment, commands=run_commands)
    resolves = partial(district_token, project=project, environment=environment)
    beyond, project = await _beyond(session, project, districts, record=record)
    asked = Asked(session.today(), project.options, whole_fleet=True)
    return [
        ok("tool", f"{TOOL}, Python {platform.python_version()}"),
        ok("formats", f"schema 1 of {', '.join(schema_names())}"),
        _clock(session),
        examine_files(districts, validate_fleet(fleet, asked)),
        examine_tokens(districts, resolves, run_commands=run_commands),
        *beyond,
        *await roster_checks(project, districts, resolves, session.now(), environment),
    ]


async def _beyond(
    session: Session, project: Project, districts: Sequence[District], *, record: bool
) -> tuple[list[Check], Project]:
    """Look at the state and the backend; give the project with what was recorded."""
    from connectsync.cli.backends import is_by_hand, open_reader
    from connectsync.cli.recording import recorded
    from connectsync.errors import ConnectsyncError
    from connectsync.operations.aging import examine_age
    from connectsync.operations.doctor import Backend

    checks: list[Check] = []
    try:
        checks.append(_state(session, project))
        async with open_reader(session, project, districts) as reader:
            if is_by_hand(session, project):
                oldest = project.policy.max_live_age
                checks += await examine_age(reader, session.now(), oldest)
            if record:
                done, project = await recorded(reader, project)
                checks.append(done)
            backend = Backend(reader, districts, project.options)
            checks += await backend.examine()
    except ConnectsyncError as error:
        checks.append(fail("backend", error.message, error.remedy))
    return checks, project


def _clock(session: Session) -> Check:
    said = f"{session.now():%Y-%m-%d %H:%M %Z}"
    if session.environment.get("CONNECTSYNC_NOW"):
        return warn(
            "clock", f"{said}, told by CONNECTSYNC_NOW", "unset it for real work"
        )
    return ok("clock", said)


def _state(session: Session, project: Project) -> Check:
    from connectsync.cli.state import open_state

    with open_state(session, project):
        folder = relative(session.state(project), project.root)
        return ok("state", f"{folder} can be written")


def _status(checks: list[Check]) -> ExitStatus:
    lost = {check.topic for check in checks if check.standing is Standing.ERROR}
    if lost & {"reach", "backend", "clever"}:
        return ExitStatus.UNREACHABLE
    return ExitStatus.FINDINGS if lost else ExitStatus.FINE
