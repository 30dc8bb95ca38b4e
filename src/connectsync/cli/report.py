"""``connectsync report``: the whole fleet on one page, and a pack to print."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from connectsync.cli.asked import broken_files, chosen_by, has_state
from connectsync.cli.formats import insist_free
from connectsync.cli.options import option_output, paths_argument, where_option
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import STDOUT, ExitStatus, status_of
from connectsync.config.discovery import relative
from connectsync.config.fleet import Fleet
from connectsync.config.project import Project
from connectsync.domain.fleet_report import FleetReport, ReportedRun
from connectsync.domain.live import ConnectKey
from connectsync.domain.wording import many
from connectsync.errors import ConnectError, UsageError
from connectsync.operations.changes import checked_out
from connectsync.operations.checking import options_of
from connectsync.operations.commit import Authors
from connectsync.operations.drift import DriftReading, find_drift
from connectsync.operations.git import Git
from connectsync.operations.plan import PlannedDistrict
from connectsync.operations.report import ReportSources, StateSeen, make_report
from connectsync.operations.validate import is_whole, validate_fleet
from connectsync.report.terminal import inert
from connectsync.values import replace

MOST_RUNS = 200
"""Runs of the state that are looked at for what was accepted."""


ReportFormat = StrEnum("ReportFormat", ["HTML", "JSON"])
"""The formats of a report."""


def report(
    context: typer.Context,
    paths: paths_argument = None,
    where: where_option = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Read Connect too, and say what differs there."),
    ] = False,
    pack: Annotated[
        bool,
        typer.Option(
            "--pack",
            help="Write what is shared and accepted alone, to print and sign.",
        ),
    ] = False,
    format_: Annotated[
        ReportFormat,
        typer.Option("--format", help="Output format: a page (html) or json."),
    ] = ReportFormat.HTML,
    output: option_output = None,
) -> int:
    """
    Write the fleet as one page: values, days to come, runs, exceptions.

    The page is one file without addresses, which opens without a network. It has what
    files, state and git say; Connect is read with --live alone. Nothing is changed.

    Exits with 1 if a district could not be read, with 5 if Connect could not be
    reached; the page is written all the same, and says so.
    """
    session: Session = context.obj
    insist_free(session, output)
    if pack and format_ is ReportFormat.JSON:
        raise UsageError(
            "--pack is a page to print, and JSON is none",
            remedy="leave one of them out; the JSON has what the pack shows",
        )
    terminal = session.terminal
    if format_ is ReportFormat.HTML and terminal.watched and output in {None, STDOUT}:
        raise UsageError(
            "the page is for a browser, not for a terminal",
            remedy="name its file, such as `connectsync report --output fleet.html`",
        )
    project = session.project()
    named = chosen_by(session, paths, where)
    fleet = session.fleet(project, session.named(project, named))
    made, status = _made(session, project, fleet, live=live)
    scope = "every district of the project" if not named else " ".join(paths or ())
    if where is not None:
        scope = f"{scope or 'districts'} where {where}"
    made = replace(made, scope=scope)
    # JSON holds text of others as it is: a browser might run what one wrote there
    next_ = "; open it in a browser" if format_ is ReportFormat.HTML else ""
    note = f": {many(len(made.districts), 'district')}{next_}"
    written = _written(session, project, made, format_, pack=pack)
    terminal.deliver(written, output, note=note)
    return status


def _made(
    session: Session, project: Project, fleet: Fleet, *, live: bool
) -> tuple[FleetReport, ExitStatus]:
    """Gather everything a report tells, and give the exit status of it."""
    whole = is_whole(fleet.files, project.root, project.districts_dir)
    asked = options_of(project, session.today(), whole_fleet=whole)
    state = _state(session, project)
    status, readings, unread = ExitStatus.FINE, None, ""
    begun = _begun(session, project, fleet)
    if live:
        try:
            readings, backend, state = wait_for(_read(session, project, fleet))
            if any(one.live is None for one in readings.values()):
                status = ExitStatus.FINDINGS
        except ConnectError as error:
            status, unread = status_of(error), error.message
            backend = (session.backend or project.backend).partition(":")[0]
            session.terminal.complain(f"not read: {inert(error.message)}")
        begun = replace(begun, backend=backend)
    checked = validate_fleet(fleet, asked)
    sources = ReportSources(
        *(project, fleet.districts, checked, state, begun, readings, unread)
    )
    authors = Authors(Git(project.root, session.environment))
    return make_report(sources, authors), status


def _begun(session: Session, project: Project, fleet: Fleet) -> FleetReport:
    """Begin a report: when and of which files; those with errors are left out."""
    files = [one.file for one in fleet.districts]
    commit, clean = checked_out(project, files, session.environment)
    broken = broken_files(fleet)
    session.terminal.tell_left_out(broken)
    return FleetReport(
        at=session.now(),
        today=session.today(),
        tool=session.tool,
        commit=commit,
        clean=clean,
        broken=broken,
    )


async def _read(
    session: Session, project: Project, fleet: Fleet
) -> tuple[dict[str, DriftReading], str, StateSeen]:
    """Read Connect; what was seen is not remembered. Raises ``ConnectError``."""
    from connectsync.cli.backends import connect_of, open_reader

    wanted = [PlannedDistrict(one.district, one.file) for one in fleet.districts]
    districts = [one.district for one in fleet.districts]
    async with open_reader(session, project, districts) as reader:
        connect = connect_of(session)
        state = _state(session, project, connect)
        found = await find_drift(wanted, reader, state.baselines, state.open_saves)
        return {one.drift.district: one for one in found}, reader.described, state


def _state(
    session: Session, project: Project, connect: ConnectKey | None = None
) -> StateSeen:
    """Look into the state, if there is one; none is made."""
    if not has_state(session, project):
        return StateSeen()
    from connectsync.apply.state.queries import StateReader
    from connectsync.cli.plan_source import open_state

    kind = (session.backend or project.backend).partition(":")[0]
    with open_state(session, project) as store:
        archive = StateReader(store)
        key = archive.connect_called(project.connect, kind)
        if connect is not None:
            key = archive.key_of(connect)
        newest = archive.newest(MOST_RUNS)
        runs = tuple(
            ReportedRun(line, archive.approved(line.head.plan)) for line in newest.lines
        )
        return StateSeen(
            archive.baselines(key),
            archive.last_of_each(key),
            runs,
            newest.total,
            store.open_saves(key),
        )


def _written(
    session: Session,
    project: Project,
    made: FleetReport,
    format_: ReportFormat,
    *,
    pack: bool,
) -> str:
    from connectsync.report.fleet_report import fleet_html, fleet_json
    from connectsync.report.sharing import pack_html

    if format_ is ReportFormat.JSON:
        return fleet_json(made)
    if pack:
        return session.terminal.place.complete_html(pack_html(made))
    folder = relative(project.districts_dir, project.root)
    page = fleet_html(made, folder=folder)
    return session.terminal.place.complete_html(page)
