"""``connectsync doctor``: what works here, and what does not."""

from __future__ import annotations

import platform

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import TOOL, Session
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.checkup import Check, Standing, failed, fine, look


def doctor(context: typer.Context) -> int:
    """
    Look at the project, the state and the backend, and say what can be done.

    Reads only. Exits with 1 if a check failed, with 5 if Connect was not reached.
    """
    import asyncio

    from connectsync.report.doctor_text import doctor_text

    session: Session = context.obj
    terminal = session.terminal
    checks = asyncio.run(_checks(session))
    text = doctor_text(checks, colour=terminal.colour, width=terminal.width)
    terminal.show(text)
    return _status(checks)


async def _checks(session: Session) -> list[Check]:
    from connectsync.cli.backends import open_reader
    from connectsync.cli.references import resolved
    from connectsync.config.schemas import schema_names
    from connectsync.errors import ConnectsyncError
    from connectsync.operations.doctor import Backend, examine_files, examine_tokens
    from connectsync.operations.validating import Asked, validate_fleet

    project = session.project()
    fleet = session.fleet(project, ())
    districts = [loaded.district for loaded in fleet.districts]
    asked = Asked(session.today(), project.options, whole_fleet=True)
    checks = [
        fine("tool", f"{TOOL}, Python {platform.python_version()}"),
        fine("formats", f"schema 1 of {', '.join(schema_names())}"),
        _clock(session),
        examine_files(districts, validate_fleet(fleet, asked)),
        examine_tokens(
            districts,
            lambda reference: resolved(
                reference, environment=session.environment, root=project.root
            ),
        ),
    ]
    try:
        checks.append(_state(session, project))
        async with open_reader(session, project, districts) as reader:
            backend = Backend(reader, districts, project.options)
            return [*checks, *await backend.examine()]
    except ConnectsyncError as error:
        return [*checks, failed("backend", error.message, error.remedy)]


def _clock(session: Session) -> Check:
    said = f"{session.now():%Y-%m-%d %H:%M %Z}"
    if session.environment.get("CONNECTSYNC_NOW"):
        return look(
            "clock", f"{said}, told by CONNECTSYNC_NOW", "unset it for real work"
        )
    return fine("clock", said)


def _state(session: Session, project: Project) -> Check:
    from connectsync.cli.state import open_state

    with open_state(session, project):
        folder = relative(session.state(project), project.root)
        return fine("state", f"{folder} can be written")


def _status(checks: list[Check]) -> ExitStatus:
    lost = {check.topic for check in checks if check.standing is Standing.FAILED}
    if lost & {"reach", "backend"}:
        return ExitStatus.UNREACHABLE
    return ExitStatus.FINDINGS if lost else ExitStatus.FINE
