"""``connectsync resume``: continue an interrupted or failed run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NoReturn

import typer

from connectsync.apply.journal import RunOptions
from connectsync.apply.state.queries import StateReader, recognize
from connectsync.cli.apply import conclude
from connectsync.cli.backends import (
    connect_of,
    explain_choice,
    is_by_hand,
    open_reader,
    stand_on,
)
from connectsync.cli.fleets import FleetScope, any_scope
from connectsync.cli.formats import insist_free
from connectsync.cli.manual import name_kept_plan
from connectsync.cli.options import (
    accept_option,
    approved_option,
    choose_shard,
    metrics_option,
    option_shard,
    override_option,
    override_reasons,
    parse_accepted,
)
from connectsync.cli.plan_source import circumstances, open_state
from connectsync.cli.runner import CommandLineHost, RunArguments, apply_run
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.project import Project
from connectsync.domain.plan import Plan
from connectsync.domain.run import Run, close_command, superseded_text
from connectsync.domain.wording import many
from connectsync.errors import (
    GuardRefused,
    NotApproved,
    Overtaken,
    StalePlan,
    UsageError,
)
from connectsync.operations.apply import ApplyRun
from connectsync.operations.gate import (
    insist_files,
    insist_same_days,
    insist_same_files,
    insist_same_tokens,
    lasting_reasons,
    of_connect,
)
from connectsync.operations.runs import choose_run, left_elsewhere, rest_of, settle_open
from connectsync.report.runs_text import going_on, newest_unended
from connectsync.report.terminal import inert
from connectsync.values import replace

_LATELY = 20
"""Runs among which one that a person saves is looked for, to name its plan."""


def resume(
    context: typer.Context,
    run: Annotated[
        int | None,
        typer.Argument(
            metavar="[RUN]",
            help="Number of the run (default: the last unfinished one).",
        ),
    ] = None,
    accept: accept_option = None,
    override: override_option = None,
    approved: approved_option = None,
    shard: option_shard = None,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files",
            help="Continue even if the files changed or have errors.",
        ),
    ] = False,
    metrics: metrics_option = None,
) -> int:
    """
    Continue a run: check unfinished saves on Connect, then apply what is left.

    What is left is judged as `apply` judges a plan: files, guards, hours, age and
    approval. What is confirmed is not done again. A district that someone changed
    meanwhile is left alone, and named. A run whose districts a newer run planned as
    well is continued only by its number.
    """
    import asyncio

    from connectsync.cli.runner import RunArguments
    from connectsync.operations.gate import ApplyOptions

    session: Session = context.obj
    insist_free(session, metrics)
    said = RunArguments(
        ApplyOptions(
            accepted=parse_accepted(accept or []),
            approved=approved,
            reasons=override_reasons(override or []),
            shard=choose_shard(shard, session.environment),
            ignore_files=ignore_files,
        ),
        metrics=metrics,
    )
    return ExitStatus(asyncio.run(resume_run(session, run, said)))


async def resume_run(
    session: Session, number: int | None, said: RunArguments
) -> ExitStatus:
    """
    Continue a run: settle by reading, then pass the gate of `apply` with the rest.

    Without a number it is the newest run that has anything left, unless a newer run
    planned the same districts. Raises ``UnknownRun``, ``Superseded``, ``InvalidFiles``,
    ``PlanError`` if the plan was edited or its files changed, and ``Refused``; then
    nothing is saved.
    """
    project = session.project()
    if is_by_hand(session, project):
        _refuse_by_hand(session, project, number)
    with open_state(session, project) as store:
        archive = StateReader(store)
        scope = any_scope(session, ())
        async with open_reader(session, project, scope.districts) as reader:
            recognize(store, connect_of(session), at=session.now())
            run = _choose_run(session, archive, number, reader.described)
            if run is None:
                _say_nothing(session, project, archive, reader.described)
                return ExitStatus.FINE
            if not connect_of(session).means(run.backend):
                raise _elsewhere(session, project, run, f"this is {reader.described}")
            if not run.left:
                # its runner may have died between its last district and its end
                store.end(run.number, at=session.now())
                session.terminal.say(f"nothing of run {run.number} is left")
                return ExitStatus.FINE
            plan, orders = archive.plan(run.number)
            # the run's, not the plan's: the state may know that Connect by a name now
            plan = of_connect(replace(plan, backend=run.backend), connect_of(session))
            await settle_open(run, store, reader, session.now())
            given = circumstances(session, scope, store, reader)
            host = CommandLineHost(session, scope, said)
            going = apply_run(host, reader, store, given, plan)
            going = _reopen_run(going, scope, plan, run)
            went = await going.resume(run.number, plan, orders)
            return await conclude(host, went, plan, reader)


def _reopen_run(going: ApplyRun, scope: FleetScope, plan: Plan, run: Run) -> ApplyRun:
    """
    Open a run again once what is left of it passed the gate.

    Where another run began meanwhile the guards are asked once more. Gives the run on
    its way, with the reasons that hold.
    """
    archive, said = going.archive, going.options
    over = archive.superseded(run)
    going.gate(run).insist_honest(plan)
    rest = rest_of(plan, run, archive.journal(run.number))
    reasons = {**lasting_reasons(run, going.given.now), **said.reasons}
    _insist_tokens(run.number, rest, scope)
    if rest.districts:
        going.gate(run).insist_same_connection(rest)
    _insist_days(run.number, rest, going.given.now)
    if rest.districts and not said.ignore_files:
        _insist_files(run.number, rest, scope, superseded=bool(over))
    while True:
        # where every save is confirmed, nothing is left to be judged
        if rest.districts:
            _insist_allowed(going, run, rest, superseded=bool(over))
        try:
            going.store.reopen(
                run.number,
                at=going.host.now(),
                orders=RunOptions(
                    (),
                    {**run.accepted, **said.accepted},
                    reasons,
                    recent=going.given.recent if rest.districts else None,
                    origin=going.host.origin,
                ),
            )
        except Overtaken:
            recent = archive.recent(plan.backend, going.host.now())
            going = replace(going, given=replace(going.given, recent=recent))
        else:
            return replace(going, options=replace(said, reasons=reasons))


def _insist_allowed(going: ApplyRun, run: Run, rest: Plan, *, superseded: bool) -> None:
    try:
        going.gate(run).insist_allowed(rest, run.plan)
    except GuardRefused as refused:
        if not superseded:
            raise
        # what a newer plan replaced is not to be pushed through guard by guard
        raise GuardRefused(
            refused.sentence, below=refused.below, remedy=_end(run.number)
        ) from refused
    except NotApproved as refused:
        if going.options.approved is not None:
            raise
        raise NotApproved(
            refused.sentence,
            remedy="have the file of its plan approved with `connectsync approve PLAN"
            " --as NAME`, or give the digest that was approved elsewhere: `connectsync"
            f" resume {run.number} --approved DIGEST`",
        ) from refused


def _end(run: int) -> str:
    return f"a newer run planned the same districts; end this one: {close_command(run)}"


def _insist_files(run: int, rest: Plan, scope: FleetScope, *, superseded: bool) -> None:
    insist_files(rest, scope.wanted, scope.findings.findings)
    if rest.rollback_of is not None:
        return
    try:
        insist_same_files(rest, scope.wanted)
    except StalePlan as stale:
        raise StalePlan(
            stale.sentence,
            below=stale.below,
            remedy=_end(run)
            if superseded
            else "continue all the same with --ignore-files; or make a new plan, and"
            f" end this run: {close_command(run)}",
        ) from stale


def _insist_days(run: int, rest: Plan, now: datetime) -> None:
    try:
        insist_same_days(rest, now)
    except StalePlan as stale:
        raise StalePlan(
            stale.sentence,
            below=stale.below,
            remedy=f"make a new plan, and end this run: {close_command(run)}",
        ) from stale


def _insist_tokens(run: int, rest: Plan, scope: FleetScope) -> None:
    try:
        insist_same_tokens(rest, scope.wanted)
    except StalePlan as stale:
        raise StalePlan(
            stale.sentence,
            remedy=f"make a new plan, and end this run: {close_command(run)}",
        ) from stale


def _choose_run(
    session: Session, archive: StateReader, number: int | None, backend: str
) -> Run | None:
    if number is None:
        chosen = choose_run(archive, backend)
        for one in chosen.passed_over:
            session.terminal.say(f"{one}: passed over")
        return chosen.run
    run = archive.run(number)
    if by := archive.superseded(run):
        text = superseded_text(number, by)
        session.terminal.say(f"{text}; continued because its number was given")
    return run


def _refuse_by_hand(session: Session, project: Project, number: int | None) -> NoReturn:
    """Say that a person saves here, or where the run of a number is."""
    with open_state(session, project) as store:
        archive = StateReader(store)
        run = None if number is None else archive.run(number)
        left = newest_unended(archive.newest(_LATELY))
    head = run or (left.head if left else None)
    if head is not None and (
        head.backend.startswith("snapshot:") or head.backend == project.connect
    ):
        name_kept_plan(session, project, head.plan)
    elif run is not None:
        raise _elsewhere(session, project, run, "this is a snapshot")
    raise UsageError(
        "continue a run by hand with the plan beside its click list",
        remedy="name it: `connectsync apply PLAN`",
    )


def _elsewhere(session: Session, project: Project, run: Run, here: str) -> UsageError:
    """Say that a run is on another backend, and how to continue it there."""
    how = explain_choice(
        session, project, run.backend, f"connectsync resume {run.number}"
    )
    name_kept_plan(session, project, run.plan)
    by_hand = run.backend.startswith("snapshot:")
    return UsageError(
        f"run {run.number} is on {run.backend}, and {here}",
        remedy=going_on(run, run.tally, {}) if by_hand else how,
    )


def _say_nothing(
    session: Session, project: Project, archive: StateReader, backend: str
) -> None:
    """Say that nothing is left here, and what is left on another backend."""
    terminal, run = session.terminal, left_elsewhere(archive, backend)
    if run is None:
        terminal.say("nothing to resume: no run has anything left")
        return
    stand_on(session, project, run.backend)
    name_kept_plan(session, project, run.plan)
    left = many(len(run.left), "district")
    terminal.say(
        inert(
            f"nothing to resume: no run on {backend} has anything left; run"
            f" {run.number} on {run.backend} has {left} left"
        )
    )
    terminal.say(inert(f"  = help: {going_on(run, run.tally, {})}"))
