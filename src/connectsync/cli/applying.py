"""The two ways to apply: a reviewed plan file, or districts planned on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from connectsync.apply.freshness import insist_fresh
from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import connect_of, is_by_hand, open_reader
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.fleets import Scope, any_scope, named_scope, planned_scope
from connectsync.cli.going import Going, Said, Went
from connectsync.cli.plan_files import plan_in
from connectsync.cli.planned import Planned
from connectsync.cli.session import Session
from connectsync.cli.state import circumstances, open_state
from connectsync.connect.seam import Reader
from connectsync.domain.counting import many
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.shard import ALL
from connectsync.errors import (
    ConnectError,
    GuardRefused,
    NotApproved,
    Overtaken,
    StalePlan,
    Superseded,
)
from connectsync.operations.applying import insist_same_files, of_connect
from connectsync.operations.gate import insist_files
from connectsync.operations.planning import make_plan
from connectsync.operations.resuming import superseded, superseded_text
from connectsync.report.fleet_text import plan_tables
from connectsync.report.plan_text import render_plan


async def apply_file(session: Session, path: Path, said: Said) -> ExitStatus:
    """
    Apply exactly the plan in the file, or the part of it that is said to be done.

    Raises ``PlanError`` if it is damaged or stale, ``Refused`` if a guard says no, or
    a person has not said yes; then nothing is written.
    """
    plan = plan_in(path)
    session.terminal.place.plan = str(path)
    digest = plan_digest(plan)
    scope = _scope(session, plan, said)
    said.by_hand.insist_fits(by_hand=is_by_hand(session, scope.project))
    async with open_reader(session, scope.project, scope.districts) as reader:
        plan = of_connect(plan, connect_of(session))
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader)
            archive = StateReader(store)
            going = Going(session, scope, said, reader, store, given)
            going.gate().insist_honest(plan)
            if done := _done_before(plan, archive):
                if said.shard == ALL:
                    raise StalePlan(done)
                # others did this worker's share: nothing is wrong with that
                session.terminal.say(done)
                return ExitStatus.FINE
            _insist_newest(plan, archive)
            try:
                insist_allowed(going, plan, digest)
            except GuardRefused:
                # accepting a guard would not help a plan that Connect moved away from
                if archive.last_run(digest, plan.backend) is None:
                    await _insist_fresh(plan, reader)
                raise
            return going.told(await made_true(going, plan, digest), plan)


async def _insist_fresh(plan: Plan, reader: Reader) -> None:
    """Raise ``StalePlan`` if Connect moved since; say nothing of what is unreadable."""
    with suppress(ConnectError):
        insist_fresh(
            plan, await reader.read_many([one.district for one in plan.districts])
        )


def _done_before(plan: Plan, archive: StateReader) -> str:
    """Say in which run a plan was applied, all of it; empty if none did."""
    run = archive.last_run(plan_digest(plan), plan.backend)
    if run is None or run.left:
        return ""
    if run.tally.skipped:
        return f"run {run.number} of this plan was closed, so it is not applied again"
    return f"this plan was applied in run {run.number}: nothing of it is left"


def _insist_newest(plan: Plan, archive: StateReader) -> None:
    """Refuse to continue the run of a plan that a newer run superseded."""
    run = archive.last_run(plan_digest(plan), plan.backend)
    if run is None or run.ended is not None:
        return
    newest = archive.newest_runs(plan.backend)
    if superseded(run, newest):
        raise Superseded(superseded_text(run, newest))


def insist_allowed(going: Going, plan: Plan, digest: str = "") -> None:
    """
    Raise ``Refused`` unless guards are accepted, and the plan is approved.

    ``digest`` is that of the plan as it was reviewed, where it was spelled otherwise.
    """
    going.gate().insist_allowed(plan, digest)


async def made_true(going: Going, plan: Plan, digest: str = "") -> Went:
    """
    Make a plan true that is allowed.

    Where another run began meanwhile the guards are asked once more: of two plans that
    are each small enough, both together may not be. Raises ``Refused``, and
    ``StalePlan``, with nothing written.
    """
    while True:
        try:
            return await going.made_true(plan)
        except Overtaken:
            session, backend = going.session, plan.backend
            recent = StateReader(going.store).recent(backend, session.now())
            going = replace(going, given=replace(going.given, recent=recent))
            insist_allowed(going, plan, digest)


def _scope(session: Session, plan: Plan, said: Said) -> Scope:
    if plan.rollback_of is not None:
        scope = any_scope(session, plan.scope)
        if not said.ignore_files:
            insist_files(plan, scope.wanted, scope.findings.findings)
        return scope
    scope = named_scope(session, session.project(), plan.scope)
    if not said.ignore_files:
        insist_same_files(plan, scope.wanted)
    return scope


async def apply_paths(session: Session, paths: Sequence[str], said: Said) -> ExitStatus:
    """
    Plan, show, ask, apply.

    Raises ``Refused`` if a guard or the person says no; then nothing is written.
    """
    scope = planned_scope(session, paths, said.shard)
    by_person = is_by_hand(session, scope.project)
    said.by_hand.insist_fits(by_hand=by_person, planned_before=False)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(
                session, scope, store, reader, set_token=said.set_token
            )
            plan = await make_plan(scope.wanted, reader, given)
            going = Going(session, scope, said, reader, store, given)
            return await shown_and_applied(going, plan)


async def shown_and_applied(going: Going, plan: Plan) -> ExitStatus:
    """Show a plan that was made on the spot, ask, and apply it. Raises ``Refused``."""
    session, said = going.session, going.said
    terminal = session.terminal
    colour, width = terminal.colour, terminal.width
    tables = plan_tables(Planned(plan, going.scope).review(None), colour=colour)
    terminal.show(render_plan(plan, colour=colour, width=width, tables=tables))
    insist_allowed(going, plan)
    by_person = is_by_hand(session, going.scope.project)
    if plan.districts and not (said.yes or by_person):
        _insist_yes(session, plan)
    return going.told(await made_true(going, plan), plan)


def _insist_yes(session: Session, plan: Plan) -> None:
    districts = many(len(plan.districts), "district")
    answer = session.terminal.ask(
        f"Apply this to {districts} on {plan.backend}? Only `yes` is taken for yes:"
    )
    if answer is None:
        raise NotApproved("there is no terminal to ask on, so nothing was applied")
    if answer != "yes":
        raise NotApproved("you did not confirm, so nothing was applied", remedy="")
