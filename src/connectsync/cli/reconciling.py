"""What ``connectsync reconcile`` does: plan, divide, apply what may go, tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectsync.apply.settling import results_of
from connectsync.apply.state.queries import StateReader
from connectsync.cli.applying import insist_allowed, made_true
from connectsync.cli.backends import is_by_hand, open_reader
from connectsync.cli.exit_status import ExitStatus, status_of
from connectsync.cli.fleets import planned_scope
from connectsync.cli.going import Going, Said, Went
from connectsync.cli.outputs import insist_free
from connectsync.cli.session import Session
from connectsync.cli.state import circumstances, open_state
from connectsync.cli.terminal import insist_no_source
from connectsync.domain.plan import Plan
from connectsync.domain.reconciled import Fate, Reconciled
from connectsync.errors import ConnectsyncError, StalePlan, UsageError
from connectsync.files.writing import replace_file
from connectsync.operations.faring import Passed
from connectsync.operations.planning import make_plan
from connectsync.operations.reconciling import divided, lives_of, seen_in


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    dry_run: bool = False
    output: Path | None = None
    metrics: Path | None = None
    as_json: bool = False


async def reconcile_fleet(
    session: Session, paths: Sequence[str], asked: Asked
) -> ExitStatus:
    """
    Make one pass, and tell of it.

    Raises ``InvalidFiles``, and ``ConnectError`` where nothing at all could be read;
    the file of metrics tells of that too.
    """
    _insist_metrics(asked.metrics)
    insist_free(session, asked.output, asked.metrics)
    try:
        made, status = await _made(session, paths, asked)
    except ConnectsyncError as error:
        _keep_metrics(session, asked, None, status_of(error))
        raise
    _keep_metrics(session, asked, made, status)
    _tell(session, asked, made, status)
    return status


async def _made(
    session: Session, paths: Sequence[str], asked: Asked
) -> tuple[Reconciled, ExitStatus]:
    scope = planned_scope(session, paths)
    if is_by_hand(session, scope.project):
        raise UsageError(
            "on a snapshot a person presses Save, so nothing is done unattended",
            remedy="name another --backend, or `apply` with a click list",
        )
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader)
            plan = await make_plan(scope.wanted, reader, given)
            findings = scope.findings.findings
            archive = StateReader(store)
            division = divided(plan, scope.wanted, given, archive, findings)
            if not asked.dry_run:
                store.look(
                    plan.backend,
                    results_of(given.open_saves, lives_of(plan)),
                    at=session.now(),
                )
                seen = seen_in(plan, scope.wanted, given.baselines)
                store.note(plan.backend, seen, at=session.now())
            came: Went | StalePlan | None = None
            if not (asked.dry_run or division.reasons) and _has_work(division.going):
                said = Said(yes=True)
                going = Going(session, scope, said, reader, store, given)
                came = await _gone(going, division.going)
    outcome = came.outcome if isinstance(came, Went) else came
    passed = Passed(plan, scope.wanted, division, outcome)
    at_most = given.policy.unattended
    made = passed.told(at_most=at_most, dry_run=asked.dry_run)
    return made, _status(made, came)


def _has_work(going: Plan) -> bool:
    """Say whether there is something to save, or to remember as in step."""
    return bool(going.districts or going.in_step)


async def _gone(going: Going, plan: Plan) -> Went | StalePlan:
    """Make the plan true, past the same gate as any other one."""
    insist_allowed(going, plan)
    try:
        return await made_true(going, plan)
    except StalePlan as stale:
        return stale


def _status(made: Reconciled, came: Went | StalePlan | None) -> ExitStatus:
    """Say the gravest thing: what stopped the run, then who is waited for."""
    if isinstance(came, StalePlan):
        return ExitStatus.STALE
    if came is not None and came.interrupted:
        return ExitStatus.INTERRUPTED
    if came is not None and came.outcome.refused:
        return ExitStatus.UNREACHABLE
    counts = made.counts
    if counts[Fate.CONFLICT]:
        return ExitStatus.STALE
    if made.needs_a_person:
        return ExitStatus.FINDINGS
    waits = made.reasons or counts[Fate.LEFT]
    return ExitStatus.REFUSED if waits else ExitStatus.FINE


def _tell(session: Session, asked: Asked, made: Reconciled, status: ExitStatus) -> None:
    from connectsync.report.reconcile_json import reconcile_json
    from connectsync.report.reconcile_text import reconcile_text

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


def _insist_metrics(path: Path | None) -> None:
    """Refuse a file of metrics that cannot be one before anything else happens."""
    if path is None:
        return
    insist_no_source(path)
    if path == Path("-") or path.is_dir():
        raise UsageError(f"--metrics needs the name of a file, and {path} is none")


def _keep_metrics(
    session: Session, asked: Asked, made: Reconciled | None, status: ExitStatus
) -> None:
    if asked.metrics is None:
        return
    from connectsync.telemetry.reconcile_metrics import exposition

    try:
        asked.metrics.parent.mkdir(parents=True, exist_ok=True)
        replace_file(
            asked.metrics, exposition(made, status=int(status), at=session.now())
        )
    except (OSError, UsageError) as error:
        # what was done is done: a full disk below a monitor does not undo it
        session.terminal.complain(f"the metrics failed: {error}")
