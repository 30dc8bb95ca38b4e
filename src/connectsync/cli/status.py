"""``connectsync status``: whether last night's sync worked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.commands import CommandPlace
from connectsync.cli.formats import insist_free
from connectsync.cli.options import (
    metrics_option,
    option_notify,
    option_output,
    paths_argument,
    where_option,
)
from connectsync.cli.reconcile import insist_metrics, keep_metrics
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus, status_of
from connectsync.config.fleet import LoadedDistrict
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.live import ConnectKey
from connectsync.domain.outcome import LastSave
from connectsync.domain.sync import StatusReport, SyncOutcome
from connectsync.domain.wording import many
from connectsync.errors import ConnectsyncError, ProjectError, StateError, UsageError
from connectsync.operations.roster_check import (
    RosterAnswers,
    RosterCheck,
    status_of_districts,
)
from connectsync.report.status import status_html, status_json, status_text
from connectsync.report.terminal import inert
from connectsync.values import replace

StatusFormat = StrEnum("StatusFormat", ["TEXT", "JSON", "HTML"])
"""How nights are shown."""


def status(
    context: typer.Context,
    districts: paths_argument = None,
    where: where_option = None,
    format_: Annotated[
        StatusFormat,
        typer.Option("--format", help="Output format: text, json or a page (html)."),
    ] = StatusFormat.TEXT,
    output: option_output = None,
    clever: Annotated[
        bool,
        typer.Option(
            "--clever",
            help="Also ask Clever whether the roster is paused or old.",
        ),
    ] = False,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Write what a sync that failed last night tried to archive to the"
            " district's file (facts.tried_to_archive).",
        ),
    ] = False,
    metrics: metrics_option = None,
    notify: option_notify = False,
) -> int:
    """
    Show whether last night's sync worked, as Connect shows it on SIS Rostering.

    A district that connectsync changed waits for its first night; where that fails, the
    way back is proposed. Connect is never changed. Exits with 1 if a sync failed or is
    stale, if its roster is paused or old at Clever, or if a district could not be read.
    """
    import asyncio

    from connectsync.cli.asked import chosen_by

    session: Session = context.obj
    insist_metrics(metrics)
    insist_free(session, output, metrics)
    project = session.project()
    if notify:
        from connectsync.cli.notify import insist_notifies

        insist_notifies(project)
    if clever and project.clever is None:
        raise UsageError(
            "--clever asks Clever, and the project names none",
            remedy="write `roster: {clever: {}}` into connectsync.yaml",
        )
    loaded = _loaded(session, project, chosen_by(session, districts, where))
    wanted = [one.district for one in loaded]
    try:
        report = asyncio.run(_look(session, project, wanted, clever=clever))
    except ConnectsyncError as error:
        _keep_metrics(session, metrics, None, status_of(error))
        raise
    ended = ExitStatus.FINE if report.is_fine else ExitStatus.FINDINGS
    _keep_metrics(session, metrics, report, ended)
    if record:
        _record(session, project, loaded, report)
    _show(session, report, format_, output)
    if notify:
        _notify(session, project, wanted, report)
    return ended


def _show(
    session: Session, report: StatusReport, format_: StatusFormat, output: Path | None
) -> None:
    terminal = session.terminal
    if format_ is StatusFormat.TEXT and output is None:
        text = status_text(report, colour=terminal.colour, width=terminal.width)
        terminal.present(text, None)
        return
    told = _pasted(report, terminal.place)
    if format_ is StatusFormat.JSON:
        text = status_json(told)
    elif format_ is StatusFormat.HTML:
        text = status_html(told, tool=session.tool)
    else:
        text = status_text(told, colour=False, width=terminal.width)
    terminal.deliver(text, output)


def _keep_metrics(
    session: Session,
    path: Path | None,
    report: StatusReport | None,
    ended: ExitStatus,
) -> None:
    if path is not None:
        from connectsync.telemetry.metrics import status_exposition

        text = status_exposition(report, status=int(ended), at=session.now())
        keep_metrics(session, path, text)


def _notify(
    session: Session,
    project: Project,
    districts: Sequence[District],
    report: StatusReport,
) -> None:
    """Tell people of nights that need them."""
    from connectsync.cli.backends import connect_of
    from connectsync.cli.notify import People
    from connectsync.operations.notify import watch_sync

    people = People(session, project, districts)
    watches = (watch_sync(report.districts),)
    wait_for(people.tell(connect_of(session), watches))


def _pasted(report: StatusReport, place: CommandPlace) -> StatusReport:
    """Let every command that is suggested work where the user stands."""
    districts = tuple(
        replace(
            one,
            problems=tuple(
                replace(found, remedy=place.complete(found.remedy))
                for found in one.problems
            ),
        )
        for one in report.districts
    )
    return replace(report, districts=districts)


def _loaded(
    session: Session, project: Project, arguments: Sequence[str]
) -> Sequence[LoadedDistrict]:
    """Load what can be read: how a night went does not wait for a file of another."""
    fleet = session.fleet(project, session.named(project, arguments))
    if not fleet.complete:
        session.terminal.complain(
            "files with errors are left out: `connectsync validate` names them"
        )
    return fleet.districts


def _record(
    session: Session,
    project: Project,
    loaded: Sequence[LoadedDistrict],
    report: StatusReport,
) -> None:
    """Write the figures of the syncs that failed last night, and say where."""
    from connectsync.files.writing import replace_file
    from connectsync.operations.from_live import figures_of, with_figure

    figures = figures_of(report)
    for one in loaded:
        if (figure := figures.get(one.district.key)) is None:
            continue
        if text := with_figure(one, *figure, project.options):
            replace_file(project.root / one.file, text)
            said = f"wrote facts.tried_to_archive into {inert(one.file)}"
            session.terminal.say(said)
    if not figures:
        session.terminal.say("no sync failed on the threshold last night: none written")


async def _look(
    session: Session, project: Project, districts: Sequence[District], *, clever: bool
) -> StatusReport:
    from connectsync.cli.backends import connect_of, open_reader, outcomes_of

    async with open_reader(session, project, districts) as reader:
        seen = await outcomes_of(reader, [one.key for one in districts])
        backend, connect = reader.described, connect_of(session)
    # where no night is shown, there is nothing to hold against what was saved
    shown = any(isinstance(one, SyncOutcome) for one in seen.values())
    saved = _last_saves(session, project, connect) if shown else {}
    asked = await _ask_clever(session, project, districts) if clever else None
    report = StatusReport(
        backend,
        session.now(),
        timedelta(hours=project.stale_after_hours),
        (),
        provider="Clever" if clever else "",
    )
    return status_of_districts(seen, districts, asked, saved, report)


def _last_saves(
    session: Session, project: Project, connect: ConnectKey
) -> Mapping[str, LastSave]:
    """
    Give what was saved last, by district.

    How the night went does not wait for the state: one that cannot be read is told.
    """
    from connectsync.apply.state.queries import StateReader
    from connectsync.cli.asked import has_state
    from connectsync.cli.plan_source import open_state

    try:
        if not has_state(session, project):
            return {}
        with open_state(session, project) as store:
            return StateReader(store).last_saves(connect)
    except (StateError, ProjectError) as error:
        session.terminal.complain(
            f"whether a change waits for its first night is not told: {error.message};"
            f" {error.remedy}"
        )
        return {}


async def _ask_clever(
    session: Session, project: Project, districts: Sequence[District]
) -> RosterAnswers | None:
    """Ask about every district whose token is here, and say how many are not asked."""
    from connectsync.cli.machine import insist_clever
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
    if asked.unasked:
        session.terminal.complain(
            f"Clever did not answer, so it was not asked about"
            f" {many(asked.unasked, 'more district', 'more districts')}"
        )
    if left := len(districts) - len(asked.answers) - asked.unasked:
        session.terminal.complain(
            f"Clever was not asked about {many(left, 'district')}: no token here, or"
            " no district_id stated (tokens of a command are not fetched)"
        )
    return asked
