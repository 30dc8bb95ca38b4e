"""Going on with a run from the store, whoever began it."""

from __future__ import annotations

from dataclasses import replace

from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import is_by_hand, open_reader
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.fleets import Scope, any_scope
from connectsync.cli.going import Going, Said
from connectsync.cli.session import Session
from connectsync.cli.state import circumstances, open_state
from connectsync.domain.plan import Plan
from connectsync.domain.run import Run
from connectsync.errors import StalePlan, UsageError
from connectsync.operations.accepting import insist_open
from connectsync.operations.applying import insist_same_backend, insist_same_files


async def resume_run(session: Session, number: int | None, said: Said) -> ExitStatus:
    """
    Go on with a run, the last one that has anything left if none is named.

    Raises ``UnknownRun``, ``StalePlan`` if its files changed, and ``Refused`` at an
    hour at which nothing is applied.
    """
    project = session.project()
    if is_by_hand(session, project):
        raise UsageError(
            "a run by hand goes on with `apply` and the plan beside its click list"
        )
    with open_state(session, project) as store:
        archive = StateReader(store)
        scope = any_scope(session, ())
        async with open_reader(session, project, scope.districts) as reader:
            run = _chosen(archive, number, reader.described)
            if run is None:
                session.terminal.say("nothing to resume: no run has anything left")
                return ExitStatus.FINE
            if not run.left:
                # its runner may have died between its last district and its end
                store.end(run.number, at=session.now())
                session.terminal.say(f"nothing of run {run.number} is left")
                return ExitStatus.FINE
            plan, orders = archive.plan(run.number)
            insist_same_backend(plan, reader)
            if plan.rollback_of is None and not said.ignore_files:
                _insist_same_files(run.number, plan, scope)
            given = circumstances(session, scope, store, reader)
            reasons = {**run.reasons, **said.reasons}
            insist_open(given.policy, given.now, reasons)
            archive.reopen(run.number, at=session.now(), reasons=reasons)
            said = replace(said, reasons=reasons)
            going = Going(session, scope, said, reader, store, given)
            return await going.resume(run.number, plan, orders)


def _insist_same_files(run: int, plan: Plan, scope: Scope) -> None:
    try:
        insist_same_files(plan, scope.wanted)
    except StalePlan as stale:
        raise StalePlan(
            stale.message,
            remedy="go on all the same with --ignore-files; or make a new plan, and"
            f" end this run: `connectsync runs close {run} --reason 'why'`",
        ) from stale


def _chosen(archive: StateReader, number: int | None, backend: str) -> Run | None:
    if number is not None:
        return archive.run(number)
    for run in archive.runs(backend):
        if run.left or (run.parts and run.ended is None):
            return run
    return None
