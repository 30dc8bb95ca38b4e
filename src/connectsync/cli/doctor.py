"""``connectsync doctor``: check the project, the state and the backend."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from connectsync.backends.seam import Reader
from connectsync.cli.session import TOOL, Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import PROJECT_FILE, relative
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.live import (
    Check,
    CheckStatus,
    LabelStatus,
    PageSpot,
    fail,
    ok,
    warn,
)
from connectsync.domain.wording import many
from connectsync.errors import ConnectsyncError, ProjectError, StateError
from connectsync.operations.doctor import offered_labels, record
from connectsync.operations.roster_check import RosterCheck, judge
from connectsync.report.terminal import Paint, Style, inert, pad, wrap
from connectsync.roster.clever import open_roster
from connectsync.values import replace


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

    session: Session = context.obj
    terminal = session.terminal
    checks = asyncio.run(_checks(session, record=record, run_commands=run_commands))
    text = doctor_text(checks, colour=terminal.colour, width=terminal.width)
    terminal.show(text)
    return _status(checks)


async def _checks(session: Session, *, record: bool, run_commands: bool) -> list[Check]:
    from connectsync.cli.secrets import district_token
    from connectsync.config.schemas import schema_names
    from connectsync.operations.checking import options_of
    from connectsync.operations.doctor import examine_files, examine_tokens
    from connectsync.operations.validate import validate_fleet

    project = session.project()
    fleet = session.whole_fleet(project)
    districts = [loaded.district for loaded in fleet.districts]
    environment = session.environment
    resolves = partial(
        district_token, project=project, environment=environment, commands=run_commands
    )
    beyond, project = await _beyond(session, project, districts, record=record)
    asked = options_of(project, session.today(), whole_fleet=True)
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
    from connectsync.errors import ConnectsyncError
    from connectsync.operations.doctor import BackendCheck, examine_age, told_once

    checks: list[Check] = [_state(session, project)]
    try:
        async with open_reader(session, project, districts) as reader:
            if is_by_hand(session, project):
                oldest = project.policy.max_live_age
                checks += await examine_age(reader, session.now(), oldest)
            recorded: list[Check] = []
            if record:
                done, project = await record_labels(reader, project)
                recorded.append(done)
            backend = BackendCheck(reader, districts, project.options)
            examined = await backend.examine()
            # the reason why nothing was recorded is told as a check of the backend
            repeats = told_once([*examined, *recorded]) == examined
            checks += examined if repeats else [*recorded, *examined]
    except StateError as error:
        # the backend was not asked: what it needs in the state folder is not there
        if checks[0].standing is not CheckStatus.ERROR:
            checks.append(fail("state", error.message, error.remedy))
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
    from connectsync.cli.plan_source import open_state

    try:
        with open_state(session, project):
            folder = relative(session.state(project), project.root)
            return ok("state", f"{folder} can be written")
    except StateError as error:
        return fail("state", error.message, error.remedy)


def _status(checks: list[Check]) -> ExitStatus:
    lost = {check.topic for check in checks if check.standing is CheckStatus.ERROR}
    if lost & {"reach", "backend", "clever"}:
        return ExitStatus.UNREACHABLE
    return ExitStatus.FINDINGS if lost else ExitStatus.FINE


TOPIC = "options"


async def record_labels(reader: Reader, project: Project) -> tuple[Check, Project]:
    """Write what is offered, and give the project as its file says it then."""
    try:
        offered = await offered_labels(reader)
        new = record(project.root, offered, project.options)
    except ConnectsyncError as error:
        return fail(TOPIC, error.message, error.remedy), project
    said = f"wrote {', '.join(new)} into" if new else "nothing new for"
    options = {**project.options, **offered}
    return ok(TOPIC, f"{said} {PROJECT_FILE}"), replace(project, options=options)


async def roster_checks(
    project: Project,
    districts: Sequence[District],
    resolves: Callable[[str], str],
    now: datetime,
    environment: Mapping[str, str],
) -> list[Check]:
    """Ask Clever about every district whose token is here; no one if none is named."""
    from connectsync.cli.machine import insist_clever

    if project.clever is None:
        return []
    try:
        insist_clever(project.clever.url, environment)
        async with open_roster(project.clever.url) as roster:
            asked = await RosterCheck(roster, districts, resolves).ask()
            return list(judge(asked, districts, roster.described, now))
    except ProjectError as error:
        return [fail("clever", error.message, error.remedy)]


_SPOT_STYLES = {
    LabelStatus.THERE: Style.SAFE,
    LabelStatus.MISSING: Style.ERROR,
    LabelStatus.DOUBLED: Style.ERROR,
    LabelStatus.DISABLED: Style.ERROR,
    LabelStatus.NOT_REACHED: Style.DIM,
}

MARGIN = "  "
PAGE_MAP_ROOM = max(len(found.value) for found in LabelStatus) + 2


def page_map_lines(
    spots: Sequence[PageSpot], paint: Paint, width: int
) -> Iterator[str]:
    """Give the clicks one below the other, and then the form below the last one."""
    for place, spot in enumerate(spots):
        indent = _indent(spot, first=place == 0)
        shown = f" (shown as '{inert(spot.shown_as)}')" if spot.shown_as else ""
        room = width - len(MARGIN) - PAGE_MAP_ROOM - len(indent)
        label, *more = wrap(f"{inert(spot.label)}{shown}", room, hang=2)
        standing = pad(spot.standing.value, PAGE_MAP_ROOM)
        yield f"{MARGIN}{paint(_SPOT_STYLES[spot.standing], standing)}{indent}{label}"
        under = MARGIN + " " * (PAGE_MAP_ROOM + len(indent))
        yield from (f"{under}{line}" for line in more)


def _indent(spot: PageSpot, *, first: bool) -> str:
    if spot.clicked:
        return "" if first else "> "
    return "    " if spot.group else "  "


_STYLES = {
    CheckStatus.OK: Style.SAFE,
    CheckStatus.WARNING: Style.WARNING,
    CheckStatus.ERROR: Style.ERROR,
}

STANDING_ROOM = 9


def doctor_text(checks: Sequence[Check], *, colour: bool, width: int) -> str:
    """Give one line or more a check, and a count at the end."""
    paint = Paint(colour)
    room = max((len(check.topic) for check in checks), default=0) + 2
    lines = [line for check in checks for line in _check(check, paint, room, width)]
    return "\n".join([*lines, "", _summary(checks, paint)]) + "\n"


def _check(check: Check, paint: Paint, room: int, width: int) -> Iterator[str]:
    indent = STANDING_ROOM + room
    said = wrap(inert(check.message), width - indent)
    standing = paint(_STYLES[check.standing], pad(check.standing.value, STANDING_ROOM))
    yield f"{standing}{pad(inert(check.topic), room)}{said[0]}"
    yield from (" " * indent + line for line in said[1:])
    if check.remedy:
        remedy = wrap(f"= help: {inert(check.remedy)}", width - indent, hang=8)
        yield from (paint(Style.DIM, " " * indent + line) for line in remedy)
    yield from page_map_lines(check.spots, paint, width)


def _summary(checks: Sequence[Check], paint: Paint) -> str:
    counts = Counter(check.standing for check in checks)
    return ", ".join(
        paint(_STYLES[standing], _counted(standing, counts[standing]))
        for standing in CheckStatus
        if counts[standing]
    )


def _counted(standing: CheckStatus, count: int) -> str:
    if standing is CheckStatus.OK:
        return f"{count} ok"
    return many(count, standing.value)
