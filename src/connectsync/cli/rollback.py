"""``connectsync rollback``: undo a run by a plan of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.apply.state.queries import StateReader
from connectsync.cli.apply import show_and_apply
from connectsync.cli.backends import connect_of, explain_choice, open_reader
from connectsync.cli.commands import quote_word
from connectsync.cli.fleets import any_scope
from connectsync.cli.formats import insist_free
from connectsync.cli.options import (
    accept_option,
    metrics_option,
    override_option,
    override_reasons,
    parse_accepted,
    yes_option,
)
from connectsync.cli.plan_source import circumstances, open_state, wrote_plan
from connectsync.cli.runner import CommandLineHost, RunArguments, apply_run
from connectsync.cli.session import Session
from connectsync.cli.terminal import STDOUT, ExitStatus
from connectsync.config.project import Project
from connectsync.domain.plan_file import plan_text
from connectsync.errors import RollbackRefused
from connectsync.operations.gate import insist_files
from connectsync.operations.plan import add_guards
from connectsync.operations.rollback import Over, Rollback, find_later_saves, undone
from connectsync.report.plan_text import render_plan
from connectsync.report.terminal import inert
from connectsync.values import replace


def rollback(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="The number of the run to undo.")],
    districts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DISTRICT]...", help="Only these (default: all)."),
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT:SETTING",
            help="Also undo this setting although it was changed after the run.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the plan to this file for `apply`; do not apply it."),
    ] = None,
    accept: accept_option = None,
    override: override_option = None,
    yes: yes_option = False,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files", help="Undo even if a district file has an error."
        ),
    ] = False,
    metrics: metrics_option = None,
) -> int:
    """
    Undo a run: plan the values from before it, show them, apply after you confirm.

    The plan is guarded like any other. The files still say what the run made true:
    take their change back as well, or the next plan makes it again.
    """
    import asyncio

    from connectsync.cli.runner import RunArguments
    from connectsync.operations.gate import ApplyOptions
    from connectsync.operations.rollback import overs

    session: Session = context.obj
    insist_free(session, out, metrics)
    said = RunArguments(
        ApplyOptions(
            accepted=parse_accepted(accept or []),
            reasons=override_reasons(override or []),
            ignore_files=ignore_files,
        ),
        metrics=metrics,
        yes=yes,
    )
    only = tuple(districts or ())
    way = roll_back(session, run, only, overs(over or []), said, out)
    return ExitStatus(asyncio.run(way))


async def roll_back(
    session: Session,
    run: int,
    only: tuple[str, ...],
    over: Over,
    said: RunArguments,
    out: Path | None,
) -> ExitStatus:
    """
    Plan the way back from a run; write the plan, or show it and apply it.

    Raises ``UnknownRun``, ``RollbackRefused`` if it would undo what was saved since,
    and ``Refused``.
    """
    project, scope = session.project(), any_scope(session, ())
    with open_state(session, project) as store:
        archive = StateReader(store)
        plan, _ = archive.plan(run)
        newest = archive.newest(1).lines[0].head.number
        changed = undone(archive.journal(run))
        async with open_reader(session, project, scope.districts) as reader:
            given = circumstances(session, scope, store, reader)
            # the run's, not the plan's: the state may know that Connect by a name now
            plan = replace(plan, backend=archive.run(run).backend)
            _insist_here(session, project, run, plan.backend)
            saves = archive.confirmed(plan.backend, (run, newest))
            later = find_later_saves(saves, run)
            way = Rollback(run, plan, changed, only, over, later)
            back = add_guards(await way.planned(reader, given), scope.districts, given)
            if not said.options.ignore_files:
                insist_files(back, scope.wanted, scope.findings.findings)
            if out is None:
                host = CommandLineHost(session, scope, said)
                way_back = apply_run(host, reader, store, given, back)
                again = _planning(
                    run, only, over, ignore_files=said.options.ignore_files
                )
                return await show_and_apply(host, way_back, back, again)
    terminal = session.terminal
    terminal.show(render_plan(back, colour=terminal.colour, width=terminal.width))
    terminal.deliver(plan_text(back), out, note=None)
    if out != STDOUT:
        terminal.say(inert(wrote_plan(out, back, project.policy)))
    return ExitStatus.FINDINGS if back.failed else ExitStatus.FINE


def _insist_here(session: Session, project: Project, run: int, made_on: str) -> None:
    """Raise ``RollbackRefused`` for a run that was made on another Connect."""
    connect = connect_of(session)
    if not connect.means(made_on):
        again = f"connectsync rollback {run}"
        raise RollbackRefused(
            f"run {run} was made on {made_on}, and this is {connect.key}",
            remedy=explain_choice(session, project, made_on, again),
        )


def _planning(
    run: int, only: tuple[str, ...], over: Over, *, ignore_files: bool
) -> str:
    """Give the command that makes the same plan, to be written to a file."""
    words = ["connectsync", "rollback", str(run), *map(quote_word, only)]
    for key, name in sorted(over):
        words += ["--over", quote_word(f"{key}:{name}")]
    return " ".join([*words, *(["--ignore-files"] if ignore_files else [])])
