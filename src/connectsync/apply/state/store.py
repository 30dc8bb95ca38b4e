"""The store that a run writes to; every call is on disk before it returns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from connectsync.apply.journal import Claim, LeasedElsewhere, RunOptions
from connectsync.apply.state import leases, projections, runs
from connectsync.apply.state.ledger import Ledger
from connectsync.apply.state.tables import DISTRICTS, RUNS
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import Plan
from connectsync.domain.plan_data import plan_data

FAILED = (Ending.FAILED.value, Ending.CONFLICT.value)
"""The endings that count as failures of a wave."""

RETRIED = (*FAILED, Ending.WAITING.value)
"""The endings that are not the last word: a run goes on at these."""


class Store(Ledger):
    """
    The journal of one runner: its runs and districts, besides saves and readings.

    All methods raise ``StateError``.
    """

    # — runs —

    def open_run(self, plan: str, backend: str) -> int | None:
        """Give the run of the plan with this digest that has not ended, if any."""
        with self.database.reading() as connection:
            return _open_run(connection, plan, backend)

    def begin(
        self, plan: Plan, digest: str, orders: RunOptions, *, at: datetime
    ) -> tuple[int, bool]:
        """Open a run, or join the one that is open; say whether it was joined."""
        with self.changing() as connection:
            run = _open_run(connection, digest, plan.backend)
            if run is not None:
                known = runs.run_of(connection, run).reasons
                if not orders.reasons.items() <= known.items():
                    said = {"reasons": dict(orders.reasons)}
                    self.log(connection, projections.RUN_JOINED, said, at, run=run)
                return run, True
            if orders.recent is not None:
                runs.insist_known(connection, plan.backend, orders.recent, at)
            districts = [planned.district for planned in plan.districts]
            leases.prepare(connection, plan.backend, districts)
            last = connection.execute(select(func.max(RUNS.c.run))).scalar()
            run = (last or 0) + 1
            detail = {
                "plan": plan_data(plan),
                "digest": digest,
                "backend": plan.backend,
                "waves": [[wave, list(keys)] for wave, keys in orders.waves],
                "accepted": dict(orders.accepted),
                "reasons": dict(orders.reasons),
                "approved_elsewhere": orders.approved_elsewhere,
            }
            self.log(connection, projections.RUN_BEGUN, detail, at, run=run)
            return run, False

    def reopen(
        self, run: int, *, at: datetime, orders: RunOptions | None = None
    ) -> None:
        """
        Let the districts that failed be tried again; keep what was said to guards.

        Raises ``Overtaken`` if another run began on districts that the guards did not
        know of.
        """
        with self.changing() as connection:
            if orders is not None and orders.recent is not None:
                backend = runs.run_of(connection, run).backend
                runs.insist_known(connection, backend, orders.recent, at)
            failed = connection.execute(
                select(DISTRICTS.c.district)
                .where(DISTRICTS.c.run == run, DISTRICTS.c.ending.in_(RETRIED))
                .order_by(DISTRICTS.c.turn)
            ).scalars()
            detail: dict[str, object] = {"districts": list(failed)}
            if orders is not None:
                detail["reasons"] = dict(orders.reasons)
                detail["accepted"] = dict(orders.accepted)
            self.log(connection, projections.RUN_RESUMED, detail, at, run=run)

    def stop(self, run: int, why: str, *, at: datetime) -> None:
        """Write down that a runner left a run before its end."""
        with self.changing() as connection:
            detail = {"why": why}
            self.log(connection, projections.RUN_STOPPED, detail, at, run=run)

    def end(self, run: int, *, at: datetime) -> None:
        """Close a run, if no district is left in it."""
        with self.changing() as connection:
            left = connection.execute(
                select(DISTRICTS.c.district).where(
                    DISTRICTS.c.run == run, DISTRICTS.c.ending.is_(None)
                )
            ).first()
            row = connection.execute(select(RUNS.c.ended).where(RUNS.c.run == run))
            if left is None and row.scalar_one() is None:
                self.log(connection, projections.RUN_ENDED, {}, at, run=run)

    def close(self, run: int, why: str, *, at: datetime) -> tuple[str, ...]:
        """
        Close a run with all that is left of it; give those districts.

        Raises ``UnknownRun``, and ``RunInHand``, with nothing written, while a runner
        has one of them, or while it is not known whether a save of it happened.
        """
        with self.changing() as connection:
            closed = runs.run_of(connection, run)
            runs.insist_settled(connection, run)
            now = self.database.now(connection)
            for district in closed.left:
                place = (closed.backend, district)
                claim = self.lease_table.take_or_refuse(connection, run, place, now)
                skipped = DistrictOutcome(
                    district, Ending.SKIPPED, 0, 0, f"closed: {why}"
                )
                self._end_district(connection, run, skipped, None, at)
                self.lease_table.release(connection, claim)
            detail = {"why": why}
            self.log(connection, projections.RUN_CLOSED, detail, at, run=run)
            return closed.left

    # — districts —

    def claim(
        self, run: int, backend: str, district: str, *, at: datetime
    ) -> Claim | LeasedElsewhere | DistrictOutcome:
        """Take a district in hand, or say who has it, or how it ended."""
        del at
        with self.database.writing() as connection:
            now = self.database.now(connection)
            taken = self.lease_table.take(connection, run, (backend, district), now)
            ended = runs.outcomes(connection, run, district).get(district)
            if ended is None:
                return taken
            if isinstance(taken, Claim):
                self.lease_table.release(connection, taken)
            return ended

    def renew(self, claim: Claim) -> None:
        """Give a sign of life."""
        with self.database.writing() as connection:
            self.hold(connection, claim)

    def release(self, claim: Claim) -> None:
        """Let go of a district that was not ended."""
        with self.database.writing() as connection:
            self.lease_table.release(connection, claim)

    def finish(
        self,
        claim: Claim,
        outcome: DistrictOutcome,
        managed: Collection[str] | None,
        *,
        at: datetime,
    ) -> None:
        """Write down how a district ended, and let go of it."""
        with self.changing() as connection:
            self.lease_table.release(connection, claim)
            self._end_district(connection, claim.run, outcome, managed, at)

    def outcomes(
        self, run: int, district: str | None = None
    ) -> Mapping[str, DistrictOutcome]:
        """Give how districts of a run ended, or one of them, by any runner."""
        with self.database.reading() as connection:
            return runs.outcomes(connection, run, district)

    def failures(self, run: int, wave: str) -> int:
        """Count the districts of a wave that failed, with any runner."""
        counted = select(func.count()).where(
            DISTRICTS.c.run == run,
            DISTRICTS.c.wave == wave,
            DISTRICTS.c.ending.in_(FAILED),
        )
        with self.database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def doubt(self, run: int, district: str, message: str, *, at: datetime) -> None:
        """Take back that a district is done: it was read, and is not as saved."""
        doubted = DistrictOutcome(district, Ending.CONFLICT, 0, 0, message)
        with self.changing() as connection:
            self._end_district(connection, run, doubted, None, at)

    def _end_district(
        self,
        connection: Connection,
        run: int,
        outcome: DistrictOutcome,
        managed: Collection[str] | None,
        at: datetime,
    ) -> None:
        detail = {
            "ending": outcome.ending.value,
            "message": outcome.message,
            "remedy": outcome.remedy,
            "managed": None if managed is None else sorted(managed),
        }
        action = projections.DISTRICT_ENDED
        self.log(connection, action, detail, at, run=run, subject=outcome.district)


def _open_run(connection: Connection, plan: str, backend: str) -> int | None:
    return connection.execute(
        select(RUNS.c.run)
        .where(RUNS.c.plan == plan, RUNS.c.backend == backend, RUNS.c.ended.is_(None))
        .order_by(RUNS.c.run.desc())
    ).scalar()
