"""The two ways to apply: a reviewed plan file, or districts planned on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from connectsync.apply.executor import Executor
from connectsync.apply.store import Store
from connectsync.cli.backends import is_by_hand, open_reader, open_writer
from connectsync.cli.by_hand import ByHand, Person
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.fleets import Scope, named_scope, planned_scope
from connectsync.cli.session import Session
from connectsync.cli.state import circumstances, open_state
from connectsync.connect.seam import Reader
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest, read_plan
from connectsync.errors import NotApproved, StalePlan, UsageError
from connectsync.operations.applying import (
    Application,
    insist_accepted,
    insist_honest,
    insist_same_backend,
    insist_same_files,
)
from connectsync.operations.planning import guarded, make_plan
from connectsync.report.outcome_text import (
    BY_A_PERSON,
    READ_BACK,
    ended_line,
    outcome_text,
)
from connectsync.report.plan_text import render_plan


async def apply_file(
    session: Session,
    path: Path,
    accepted: Mapping[str, int],
    by_hand: ByHand,
    *,
    ignore_files: bool,
) -> ExitStatus:
    """
    Apply exactly the plan in the file, or the part of it that is said to be done.

    Raises ``PlanError`` if it is damaged or stale, ``GuardRefused`` if a guard says
    no; then nothing is written.
    """
    plan = read_plan(_text(path))
    scope = named_scope(session, session.project(), plan.scope)
    if not ignore_files:
        insist_same_files(plan, scope.wanted)
    by_hand.insist_fits(by_hand=is_by_hand(session, scope.project))
    async with open_reader(session, scope.project, scope.districts) as reader:
        insist_same_backend(plan, reader)
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader)
            insist_honest(plan, given.baselines)
            insist_accepted(guarded(plan, scope.districts, given), accepted)
            try:
                return await _run(
                    session, scope, by_hand.part(plan), by_hand, reader, store
                )
            except StalePlan as stale:
                raise _explained(stale, store.run_of(plan_digest(plan))) from stale


def _explained(stale: StalePlan, run: int | None) -> StalePlan:
    """Say of a plan that it is stale because it was applied, if it was."""
    if run is None:
        return stale
    return StalePlan(f"this plan was applied in run {run}; {stale.message}")


async def apply_paths(
    session: Session,
    paths: Sequence[str],
    accepted: Mapping[str, int],
    by_hand: ByHand,
    *,
    yes: bool,
) -> ExitStatus:
    """
    Plan, show, ask, apply.

    Raises ``Refused`` if a guard or the person says no; then nothing is written.
    """
    scope = planned_scope(session, paths)
    by_person = is_by_hand(session, scope.project)
    by_hand.insist_fits(by_hand=by_person, planned_before=False)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader)
            plan = await make_plan(scope.wanted, reader, given)
            terminal = session.terminal
            terminal.show(
                render_plan(plan, colour=terminal.colour, width=terminal.width)
            )
            insist_accepted(plan, accepted)
            if plan.districts and not (yes or by_person):
                _insist_yes(session, plan)
            return await _run(session, scope, plan, by_hand, reader, store)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"cannot read the plan {path}: {error.strerror}",
            remedy="make one with `connectsync plan --out plan.json`",
        ) from error


def _insist_yes(session: Session, plan: Plan) -> None:
    count = len(plan.districts)
    districts = f"{count} district{'s' if count != 1 else ''}"
    answer = session.terminal.ask(
        f"Apply this to {districts} on {plan.backend}? Only `yes` is taken for yes:"
    )
    if answer is None:
        raise NotApproved("nobody can be asked here, so nothing was applied")
    if answer != "yes":
        raise NotApproved("nobody said yes, so nothing was applied", remedy="")


async def _run(
    session: Session,
    scope: Scope,
    plan: Plan,
    by_hand: ByHand,
    reader: Reader,
    store: Store,
) -> ExitStatus:
    terminal, project = session.terminal, scope.project
    person = Person(session, project, plan, by_hand)
    proof = READ_BACK
    if is_by_hand(session, project):
        proof = BY_A_PERSON
        person.ready()

    def reached(outcome: DistrictOutcome) -> None:
        terminal.say(ended_line(outcome, colour=terminal.colour, proof=proof))

    writing = open_writer(session, project, scope.districts, person.confirm)
    async with writing as writer:
        executor = Executor(reader, writer, store, session.now)
        outcome = await Application(plan, scope.wanted).run(executor, reached)
    if outcome.moved or not plan.empty:
        colour = terminal.colour
        terminal.show(outcome_text(outcome, plan, colour=colour, proof=proof))
    return _status(outcome, plan)


def _status(outcome: Outcome, plan: Plan) -> ExitStatus:
    if outcome.ended(Ending.CONFLICT):
        return ExitStatus.STALE
    if outcome.ended(Ending.FAILED) or plan.failed:
        return ExitStatus.FINDINGS
    return ExitStatus.FINE
