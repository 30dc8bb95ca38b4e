"""``connectsync apply``: apply a plan to Connect and verify the result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from connectsync.backends.seam import Reader
from connectsync.cli.backends import (
    connect_of,
    explain_choice,
    is_by_hand,
    next_step,
    open_reader,
)
from connectsync.cli.commands import quote_word
from connectsync.cli.fleets import (
    FleetScope,
    any_scope,
    insist_as_reviewed,
    load_named_scope,
    load_planned_scope,
)
from connectsync.cli.formats import insist_free
from connectsync.cli.options import (
    CLICK_LIST_FILES,
    ManualSaves,
    accept_option,
    approved_option,
    choose_shard,
    metrics_option,
    option_shard,
    override_option,
    override_reasons,
    parse_accepted,
    paths_argument,
    set_token_option,
    yes_option,
)
from connectsync.cli.plan_source import ScopedPlan, circumstances, open_state, plan_in
from connectsync.cli.runner import (
    PULL_REQUEST,
    CommandLineHost,
    RunArguments,
    apply_run,
)
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.decode import SUFFIXES
from connectsync.config.discovery import is_key, key_file
from connectsync.config.project import Project
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import ALL
from connectsync.domain.wording import many
from connectsync.errors import NotApproved, StalePlan, UsageError
from connectsync.operations.apply import ApplyRun, RunResult
from connectsync.operations.approve import applied_before
from connectsync.operations.baseline import untold
from connectsync.operations.gate import (
    ApplyOptions,
    insist_files,
    insist_same_days,
    insist_same_files,
    insist_same_tokens,
    of_connect,
)
from connectsync.operations.git import tracked_in
from connectsync.operations.plan import make_plan
from connectsync.report.many_districts import plan_tables
from connectsync.report.plan_text import count_text, render_plan
from connectsync.report.terminal import inert
from connectsync.values import replace


def apply(
    context: typer.Context,
    paths: paths_argument = None,
    accept: accept_option = None,
    override: override_option = None,
    approved: approved_option = None,
    yes: yes_option = False,
    shard: option_shard = None,
    set_token: set_token_option = None,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files", help="Apply the plan even if the files changed."
        ),
    ] = False,
    click_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Snapshot only: where to write the click list (default: in the"
            " state folder).",
        ),
    ] = None,
    confirmed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT",
            help="Snapshot only: record that a person saved every change on the"
            " click list for this district.",
        ),
    ] = None,
    metrics: metrics_option = None,
) -> int:
    """
    Apply a plan to Connect: a plan file, or districts that are planned now.

    With a plan file exactly that plan is applied, or nothing. With paths the plan is
    made, shown, and applied once you confirm. Ctrl-C stops after the current district.

    On a snapshot a person presses Save: they get a click list, and say what is done.
    """
    import asyncio

    session: Session = context.obj
    said = RunArguments(
        ApplyOptions(
            accepted=parse_accepted(accept or []),
            reasons=override_reasons(override or []),
            approved=approved,
            ignore_files=ignore_files,
            shard=choose_shard(shard, session.environment),
        ),
        by_hand=ManualSaves(click_list, tuple(confirmed or ())),
        set_token=frozenset(set_token or ()),
        metrics=metrics,
        yes=yes,
    )
    plan_file = _plan_file(session, paths or [])
    if metrics is not None:
        insist_free(session, metrics, read=plan_file)
    if click_list is not None:
        insist_free(session, *(click_list / name for name in CLICK_LIST_FILES))
    if plan_file is None:
        if ignore_files:
            raise UsageError("--ignore-files goes with a plan file")
        return ExitStatus(asyncio.run(apply_paths(session, paths or [], said)))
    if said.set_token:
        raise UsageError(
            "--set-token goes with `plan`, or with districts planned on the spot",
            remedy="a plan file says itself whose token is typed",
        )
    return ExitStatus(asyncio.run(apply_file(session, plan_file, said)))


def _plan_file(session: Session, paths: list[str]) -> Path | None:
    plans = [path for path in paths if _is_plan(session, path)]
    if plans and len(paths) > 1:
        raise UsageError("apply takes one plan file, or districts, not both")
    return Path(plans[0]) if plans else None


def _is_plan(session: Session, named: str) -> bool:
    """Say whether a name is of a plan. Raises ``UsageError`` if a commit brings it."""
    path = Path(named)
    if path.suffix == ".json":
        return True
    if not path.is_file() or path.suffix in SUFFIXES:
        return False
    if is_key(named) and key_file(session.project().districts_dir, named) is not None:
        return False
    if tracked_in(path, session.environment) is not None:
        # a change could bring it by the name of a folder of districts
        raise UsageError(
            f"{inert(named)} is kept in git and its name does not end in .json, so it"
            " is not taken for a plan",
            remedy="name it so that it ends in .json, if it is one",
        )
    return True


async def apply_file(session: Session, path: Path, said: RunArguments) -> ExitStatus:
    """
    Apply exactly the plan in the file, or the part of it that is said to be done.

    Raises ``PlanError`` if it is damaged or stale, ``Refused`` if a guard says no, or
    a person has not said yes; then nothing is written.
    """
    plan = plan_in(path)
    session.terminal.place.plan = str(path)
    if plan.rollback_of is not None and session.environment.get(PULL_REQUEST):
        raise UsageError(
            f"{inert(str(path))} takes run {plan.rollback_of} back, which is no plan of"
            f" the files that a pull request brings, and {PULL_REQUEST} names one",
            remedy="apply it yourself, where that variable is not set",
        )
    digest = plan_digest(plan)
    scope = _scope(session, plan, said)
    insist_same_tokens(plan, scope.wanted)
    said.by_hand.insist_fits(by_hand=is_by_hand(session, scope.project))
    async with open_reader(session, scope.project, scope.districts) as reader:
        plan = _of_this_connect(session, scope.project, plan)
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader, since=plan.since)
            host = CommandLineHost(session, scope, said)
            run = apply_run(host, reader, store, given, plan)
            run.gate().insist_honest(plan)
            if done := applied_before(run.archive, plan):
                if said.options.shard == ALL:
                    raise StalePlan(done)
                # others did this worker's share: nothing is wrong with that
                session.terminal.say(done)
                return ExitStatus.FINE
            if plan.districts:
                run.gate().insist_same_connection(plan)
            run.insist_newest(plan)
            if plan.since is not None:
                _tell_untold(session, scope, plan)
            await run.insist_allowed(plan, digest)
            went = await run.execute(plan, digest)
            if plan.empty and not went.outcome.moved:
                session.terminal.show(f"{count_text(plan)}\n")
            return await conclude(host, went, plan, reader)


def _tell_untold(session: Session, scope: FleetScope, plan: Plan) -> None:
    """Tell what the change of a plan does, and the plan does not say."""
    environment, now = session.environment, session.now()
    for one in untold(scope.project, plan, scope.wanted, environment, now).lines():
        session.terminal.complain(
            f"warning: {inert(one)}, since the commit that the plan starts from, and"
            " the plan does not say so"
        )


def _of_this_connect(session: Session, project: Project, plan: Plan) -> Plan:
    connect, remedy = connect_of(session), None
    if not connect.means(plan.backend):
        how = explain_choice(session, project, plan.backend, "connectsync apply PLAN")
        remedy = f"{how}; or make a new plan for {connect.key}"
    return of_connect(plan, connect, remedy)


def _scope(session: Session, plan: Plan, said: RunArguments) -> FleetScope:
    insist_as_reviewed(session, session.project())
    if plan.rollback_of is not None:
        scope = any_scope(session, plan.scope)
        if not said.options.ignore_files:
            insist_files(plan, scope.wanted, scope.findings.findings)
        return scope
    insist_same_days(plan, session.now())
    scope = load_named_scope(session, session.project(), plan.scope)
    if not said.options.ignore_files:
        insist_same_files(plan, scope.wanted)
    return scope


async def apply_paths(
    session: Session, paths: Sequence[str], said: RunArguments
) -> ExitStatus:
    """
    Plan, show, ask, apply.

    Raises ``Refused`` if a guard or the person says no; then nothing is written.
    """
    insist_as_reviewed(session, project := session.project())
    scope = load_planned_scope(session, paths, said.options.shard, project)
    by_person = is_by_hand(session, scope.project)
    said.by_hand.insist_fits(by_hand=by_person, planned_before=False)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(
                session, scope, store, reader, set_token=said.set_token
            )
            given = replace(given, count=said.count)
            plan = await make_plan(scope.wanted, reader, given)
            host = CommandLineHost(session, scope, said)
            run = apply_run(host, reader, store, given, plan)
            return await show_and_apply(host, run, plan, _planning(paths, said))


def _planning(paths: Sequence[str], said: RunArguments) -> str:
    """Give the command that makes the same plan and writes it to a file."""
    words = ["connectsync", "plan", *map(quote_word, paths)]
    for key in sorted(said.set_token):
        words += ["--set-token", quote_word(key)]
    if said.options.shard != ALL:
        words += ["--shard", str(said.options.shard)]
    return " ".join(words)


async def show_and_apply(
    host: CommandLineHost, run: ApplyRun, plan: Plan, planning: str
) -> ExitStatus:
    """
    Show a plan that was made on the spot, ask, and apply it.

    ``planning`` is the command that writes it to a file, less the name of that. Raises
    ``Refused``.
    """
    session, said = host.session, host.said
    terminal = session.terminal
    colour, width = terminal.colour, terminal.width
    tables = plan_tables(ScopedPlan(plan, host.scope).review(None), colour=colour)
    asks = bool(plan.districts) and not (said.yes or host.by_hand)
    # who is asked has seen all of it
    whole = asks or not terminal.watched
    show = terminal.page if asks else terminal.show
    show(render_plan(plan, colour=colour, width=width, tables=tables, whole=whole))
    try:
        await run.insist_allowed(plan)
    except NotApproved as refused:
        if said.options.approved is not None:
            raise
        # what people approve is a file, and there is none yet
        raise NotApproved(
            refused.sentence,
            remedy=f"write it to a file with `{planning} --out plan.json`, have that"
            " approved with `connectsync approve plan.json --as NAME`, then"
            " `connectsync apply plan.json`",
        ) from refused
    if asks:
        _insist_yes(session, plan)
    return await conclude(host, await run.execute(plan), plan, run.reader)


async def conclude(
    host: CommandLineHost, went: RunResult, plan: Plan, reader: Reader
) -> ExitStatus:
    """Say how a run went and what comes next; give the status to exit with."""
    status, session, scope = host.report(went, plan), host.session, host.scope
    if went.interrupted or host.said.on_trial:
        return status
    project, districts = scope.project, scope.districts
    if said := await next_step(session, project, reader, districts, went.outcome):
        session.terminal.say(said)
    return status


def _insist_yes(session: Session, plan: Plan) -> None:
    districts = many(len(plan.districts), "district")
    answer = session.terminal.ask(
        f"Apply these changes to {districts} on {plan.backend}? Type `yes` to continue:"
    )
    if answer is None:
        raise NotApproved("there is no terminal to ask on, so nothing was applied")
    if answer != "yes":
        raise NotApproved("you did not confirm, so nothing was applied", remedy="")
