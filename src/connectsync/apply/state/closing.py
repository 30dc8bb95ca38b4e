"""Closing a run that nobody will end: what is left of it stays as it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, update

from connectsync.apply.journal import Claim, Settled
from connectsync.apply.state import runs
from connectsync.apply.state.audit import stamp
from connectsync.apply.state.store import Store
from connectsync.apply.state.tables import JOURNAL, RUNS
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import DistrictPlan
from connectsync.domain.run import Run
from connectsync.errors import RunInHand


def close(store: Store, run: int, why: str, *, at: datetime) -> tuple[str, ...]:
    """
    Close a run with all that is left of it; give those districts.

    Raises ``UnknownRun``, and ``RunInHand``, with nothing written, while a runner has
    one of them, or while nobody knows whether a save of it happened.
    """
    with store.changing() as connection:
        closed, plan = runs.run_of(connection, run), runs.plan_of(connection, run)
        _insist_settled(connection, closed)
        for planned in plan.districts:
            if planned.district in closed.left:
                claim = _taken(store, connection, closed, planned.district)
                skipped = _skipped(connection, run, planned, f"closed: {why}")
                store.end_part(connection, run, skipped, at)
                store.clerk.release(connection, claim)
        values = {"ended": stamp(at), "stopped": ""}
        connection.execute(update(RUNS).where(RUNS.c.run == run).values(values))
        store.record(connection, "run closed", RUNS, (run,), at, {"why": why})
    return closed.left


def _insist_settled(connection: Connection, run: Run) -> None:
    unsettled = select(JOURNAL.c.district).where(
        JOURNAL.c.run == run.number, JOURNAL.c.settled == Settled.INTENDED
    )
    if district := connection.execute(unsettled).scalar():
        raise RunInHand(
            f"nobody knows yet whether a save of {district!r} in run {run.number}"
            " happened",
            remedy=f"`connectsync resume {run.number} --ignore-files` settles that by"
            " reading; close the run then",
        )


def _skipped(
    connection: Connection, run: int, planned: DistrictPlan, why: str
) -> DistrictOutcome:
    """Leave a district as it is: with the saves that are confirmed, and no other."""
    confirmed = select(func.count()).where(
        JOURNAL.c.run == run,
        JOURNAL.c.district == planned.district,
        JOURNAL.c.settled == Settled.CONFIRMED,
    )
    saves = connection.execute(confirmed).scalar_one()
    changes = sum(len(save.changes) for save in planned.saves[:saves])
    return DistrictOutcome(planned.district, Ending.SKIPPED, saves, changes, why)


def _taken(store: Store, connection: Connection, run: Run, district: str) -> Claim:
    now = store.database.now(connection)
    taken = store.clerk.take(connection, run.number, (run.backend, district), now)
    if isinstance(taken, Claim):
        return taken
    raise RunInHand(f"{taken.runner} has {district!r} of run {run.number} in hand")
