"""``connectsync reconcile``: apply safe changes unattended, report the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from connectsync.apply.saving import results_of
from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import connect_of, is_by_hand, next_step, open_reader
from connectsync.cli.fleets import FleetScope, insist_as_reviewed, load_planned_scope
from connectsync.cli.formats import insist_free
from connectsync.cli.machine import is_unattended
from connectsync.cli.options import (
    TextOrJson,
    metrics_option,
    option_notify,
    option_output,
    paths_argument,
    text_or_json_option,
)
from connectsync.cli.plan_source import circumstances, open_state
from connectsync.cli.runner import CommandLineHost, RunArguments, apply_run
from connectsync.cli.session import Session
from connectsync.cli.terminal import STDOUT, ExitStatus, insist_no_source, status_of
from connectsync.domain.outcome import ReconcileReport, Result
from connectsync.domain.plan import Plan
from connectsync.errors import ConnectsyncError, StalePlan, UsageError
from connectsync.files.writing import replace_file
from connectsync.operations.apply import ApplyRun, RunResult
from connectsync.operations.plan import make_plan
from connectsync.operations.reconcile import (
    ReconcileSummary,
    divide_plan,
    lives_of,
    observe_plan,
)
from connectsync.values import dataclass


def reconcile(
    context: typer.Context,
    paths: paths_argument = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")
    ] = False,
    format_: text_or_json_option = TextOrJson.TEXT,
    output: option_output = None,
    metrics: metrics_option = None,
    notify: option_notify = False,
) -> int:
    """
    Apply safe pending changes unattended; list everything else for a person.

    Applies the districts whose every change is safe, that were not changed by hand, and
    that no guard objects to. The rest is listed, and waits for a person.

    Exits with 1 if something waits for a person, 3 if it waits for its hour, 4 if
    someone saved meanwhile. It can be run again at any time.
    """
    import asyncio

    session: Session = context.obj
    if notify and dry_run:
        raise UsageError("--notify tells people, and --dry-run writes nothing")
    as_json = format_ is TextOrJson.JSON
    asked = ReconcileOptions(dry_run, output, metrics, as_json=as_json, notify=notify)
    return asyncio.run(reconcile_fleet(session, paths or [], asked))


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    """What the command line asked for."""

    dry_run: bool = False
    output: Path | None = None
    metrics: Path | None = None
    as_json: bool = False
    notify: bool = False


async def reconcile_fleet(
    session: Session, paths: Sequence[str], asked: ReconcileOptions
) -> ExitStatus:
    """
    Make one pass, and tell of it.

    Raises ``InvalidFiles``, and ``ConnectError`` where nothing at all could be read;
    the file of metrics tells of that too.
    """
    insist_metrics(asked.metrics)
    insist_free(session, asked.output, asked.metrics)
    try:
        went = await _reconcile(session, paths, asked)
    except ConnectsyncError as error:
        _keep_metrics(session, asked, None, status_of(error))
        raise
    made, status = went.made, went.status
    _keep_metrics(session, asked, made, status)
    _tell(session, asked, made, status)
    if went.hint and not asked.as_json:
        session.terminal.say(went.hint)
    if asked.notify:
        await _notify(session, went)
    return status


@dataclass(frozen=True, slots=True)
class _Pass:
    """A pass as it went, the status to exit with, and what comes next."""

    scope: FleetScope
    plan: Plan
    made: ReconcileReport
    status: ExitStatus
    hint: str


async def _notify(session: Session, went: _Pass) -> None:
    """Tell people what waits for them, and what others changed."""
    from connectsync.cli.notify import People
    from connectsync.operations.notify import watch_planned, watch_reconcile

    made = went.made
    watches = (
        watch_planned(went.plan, made.districts),
        watch_reconcile(made.districts, made.reasons),
    )
    people = People(session, went.scope.project, went.scope.districts)
    await people.tell(connect_of(session), watches)


def _scope(session: Session, paths: Sequence[str], *, notify: bool) -> FleetScope:
    """Load what the pass is about. Raises ``UsageError`` where it makes no sense."""
    project = session.project()
    # no one edits anything in a job: what it saves is what was reviewed
    committed = is_unattended(session.environment)
    insist_as_reviewed(session, project, committed=committed)
    scope = load_planned_scope(session, paths, project=project)
    if notify:
        from connectsync.cli.notify import insist_notifies

        insist_notifies(scope.project)
    if is_by_hand(session, scope.project):
        raise UsageError(
            "on a snapshot a person presses Save, so nothing is done unattended",
            remedy="name another --backend, or `apply` with a click list",
        )
    return scope


async def _reconcile(
    session: Session, paths: Sequence[str], asked: ReconcileOptions
) -> _Pass:
    """Make the pass."""
    scope = _scope(session, paths, notify=asked.notify)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            mark, given = store.mark(), circumstances(session, scope, store, reader)
            plan = await make_plan(scope.wanted, reader, given)
            findings = scope.findings.findings
            archive = StateReader(store)
            division = divide_plan(plan, scope.wanted, given, archive, findings)
            if not asked.dry_run:
                store.look(
                    plan.backend,
                    results_of(given.open_saves, lives_of(plan)),
                    at=session.now(),
                )
                seen = observe_plan(plan, scope.wanted, given.baselines)
                store.note(plan.backend, seen, at=session.now(), mark=mark)
            came: RunResult | StalePlan | None = None
            hint = ""
            if not (asked.dry_run or division.reasons) and _has_work(division.going):
                # on the screen the list of districts stands right below
                listed = not asked.as_json and asked.output in {None, STDOUT}
                said = RunArguments(yes=True, listed=listed)
                host = CommandLineHost(session, scope, said)
                run = apply_run(host, reader, store, given, division.going)
                came = await _gone(run, division.going)
                if isinstance(came, RunResult) and not came.interrupted:
                    hint = await next_step(
                        session, scope.project, reader, scope.districts, came.outcome
                    )
    outcome = came.outcome if isinstance(came, RunResult) else came
    passed = ReconcileSummary(plan, scope.wanted, division, outcome)
    at_most = given.policy.unattended
    made = passed.told(at_most=at_most, dry_run=asked.dry_run)
    return _Pass(scope, plan, made, _status(made, came), hint)


def _has_work(going: Plan) -> bool:
    """Say whether there is something to save, or to remember as in step."""
    return bool(going.districts or going.in_step)


async def _gone(run: ApplyRun, plan: Plan) -> RunResult | StalePlan:
    """Make the plan true, past the same gate as any other one."""
    await run.insist_allowed(plan)
    try:
        return await run.execute(plan)
    except StalePlan as stale:
        return stale


def _status(made: ReconcileReport, came: RunResult | StalePlan | None) -> ExitStatus:
    """Say the gravest thing: what stopped the run, then who is waited for."""
    if isinstance(came, StalePlan):
        return ExitStatus.STALE
    if came is not None and came.interrupted:
        return ExitStatus.INTERRUPTED
    if came is not None and came.outcome.refused:
        return ExitStatus.UNREACHABLE
    counts = made.counts
    if counts[Result.CONFLICT]:
        return ExitStatus.STALE
    if made.needs_a_person:
        return ExitStatus.FINDINGS
    waits = made.reasons or counts[Result.LEFT]
    return ExitStatus.REFUSED if waits else ExitStatus.FINE


def _tell(
    session: Session, asked: ReconcileOptions, made: ReconcileReport, status: ExitStatus
) -> None:
    from connectsync.report.drift import reconcile_json, reconcile_text

    terminal = session.terminal
    colour = terminal.colour and asked.output is None
    text = (
        reconcile_json(made, int(status))
        if asked.as_json
        else reconcile_text(made, colour=colour, width=terminal.width)
    )
    if not asked.as_json:
        text = terminal.place.complete(text)
    terminal.deliver(text, asked.output)


def insist_metrics(path: Path | None) -> None:
    """Refuse a file of metrics that cannot be one before anything else happens."""
    if path is None:
        return
    insist_no_source(path)
    if path == Path("-") or path.is_dir():
        raise UsageError(f"--metrics needs the name of a file, and {path} is none")


def _keep_metrics(
    session: Session,
    asked: ReconcileOptions,
    made: ReconcileReport | None,
    status: ExitStatus,
) -> None:
    if asked.metrics is None:
        return
    from connectsync.telemetry.metrics import reconcile_exposition

    text = reconcile_exposition(made, status=int(status), at=session.now())
    keep_metrics(session, asked.metrics, text)


def keep_metrics(session: Session, path: Path, text: str) -> None:
    """Write a file of metrics; that it cannot be written is said, and no more."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
    except (OSError, UsageError) as error:
        # what was done is done: a full disk below a monitor does not undo it
        session.terminal.complain(f"the metrics failed: {error}")
