"""The store that a run writes to; every call is on disk before it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from connectsync.apply.journal import (
    BaselineUpdate,
    Claim,
    Entry,
    Intent,
    LeasedElsewhere,
    RunOptions,
    Settled,
)
from connectsync.apply.state import audit, leases, rows, runs
from connectsync.apply.state.audit import AuditEntry, stamp
from connectsync.apply.state.database import Database
from connectsync.apply.state.leases import LeaseTable
from connectsync.apply.state.tables import (
    BASELINES,
    DISTRICTS,
    HEAD,
    JOURNAL,
    RUNS,
)
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import Plan
from connectsync.errors import StateError

FAILED = (Ending.FAILED.value, Ending.CONFLICT.value)
"""The endings that count as failures of a wave."""

_OPEN = JOURNAL.c.settled == Settled.INTENDED.value


class Store:
    """
    The journal of one runner. See ``journal.Journal``.

    All methods raise ``StateError``. Forms never hold the token.
    """

    def __init__(self, database: Database, clerk: LeaseTable) -> None:
        self.database = database
        self.clerk = clerk

    @property
    def lease_seconds(self) -> float:
        """How long a district stays in hand without a sign of life."""
        return self.clerk.seconds

    @property
    def runner(self) -> str:
        """Name this runner."""
        return self.clerk.runner

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
                if runs.said_more(connection, run, orders):
                    said = {"reasons": dict(orders.reasons)}
                    self.record(connection, "run joined", RUNS, (run,), at, said)
                return run, True
            if orders.recent is not None:
                runs.insist_known(connection, plan.backend, orders.recent, at)
            districts = [planned.district for planned in plan.districts]
            leases.prepare(connection, plan.backend, districts)
            run = runs.written(
                connection, plan, digest, orders, runner=self.runner, at=at
            )
            detail = {
                "plan": digest,
                "accepted": dict(orders.accepted),
                "reasons": dict(orders.reasons),
                runs.ELSEWHERE: orders.approved_elsewhere,
            }
            self.record(connection, "run begun", RUNS, (run,), at, detail)
            return run, False

    def claim(
        self, run: int, backend: str, district: str, *, at: datetime
    ) -> Claim | LeasedElsewhere | DistrictOutcome:
        """Take a district in hand, or say who has it, or how it ended."""
        del at
        with self.database.writing() as connection:
            now = self.database.now(connection)
            taken = self.clerk.take(connection, run, (backend, district), now)
            row = connection.execute(
                select(DISTRICTS).where(*_part(run, district))
            ).one()
            if row.ending is None:
                return taken
            if isinstance(taken, Claim):
                self.clerk.release(connection, taken)
            return runs.outcome_of(row)

    def renew(self, claim: Claim) -> None:
        """Give a sign of life."""
        with self.database.writing() as connection:
            self._hold(connection, claim)

    def release(self, claim: Claim) -> None:
        """Let go of a district that was not ended."""
        with self.database.writing() as connection:
            self.clerk.release(connection, claim)

    def entries(self, run: int, district: str) -> tuple[Entry, ...]:
        """Give a district's saves in a run, in the order they were intended."""
        wanted = (
            select(JOURNAL)
            .where(JOURNAL.c.run == run, JOURNAL.c.district == district)
            .order_by(JOURNAL.c.row)
        )
        with self.database.reading() as connection:
            return tuple(rows.entry_of(row) for row in connection.execute(wanted))

    def left_open(self, backend: str, run: int) -> Mapping[str, tuple[Entry, ...]]:
        """Give the saves of other runs that nobody settled, by district."""
        wanted = (
            select(JOURNAL)
            .join(RUNS, RUNS.c.run == JOURNAL.c.run)
            .where(RUNS.c.backend == backend, JOURNAL.c.run != run, _OPEN)
            .order_by(JOURNAL.c.row)
        )
        found: dict[str, tuple[Entry, ...]] = {}
        with self.database.reading() as connection:
            for row in connection.execute(wanted):
                found[row.district] = (*found.get(row.district, ()), rows.entry_of(row))
        return found

    def intend(self, claim: Claim, intent: Intent, *, at: datetime) -> int:
        """Write down a save before it is made; give the row's number."""
        values = rows.intended(claim, intent, runner=self.runner, at=at)
        with self.changing() as connection:
            self._hold(connection, claim)
            key = connection.execute(insert(JOURNAL).values(values))
            if key.inserted_primary_key is None:  # pragma: no cover - it has a key
                raise StateError("the state store gave no number for a new row")
            row = int(key.inserted_primary_key[0])
            self.record(connection, "save intended", JOURNAL, (row,), at)
            return row

    def settle(
        self, claim: Claim, row: int, settled: Settled, *, at: datetime, note: str = ""
    ) -> None:
        """Write down how a save ended; what is settled already stays so."""
        values = {"settled": settled.value, "settled_at": stamp(at), "note": note}
        with self.changing() as connection:
            self._hold(connection, claim)
            changed = connection.execute(
                update(JOURNAL).where(JOURNAL.c.row == row, _OPEN).values(values)
            )
            if changed.rowcount:
                self.record(connection, f"save {settled.value}", JOURNAL, (row,), at)

    def finish(
        self,
        claim: Claim,
        outcome: DistrictOutcome,
        kept: BaselineUpdate | None,
        *,
        at: datetime,
    ) -> None:
        """Write down how a district ended, keep its baseline, and let go of it."""
        with self.changing() as connection:
            self.clerk.release(connection, claim)
            self.end_part(connection, claim.run, outcome, at)
            if kept is not None:
                self._keep(connection, (claim.backend, claim.district), kept, at)

    def outcomes(self, run: int) -> Mapping[str, DistrictOutcome]:
        """Give how districts of a run ended, whoever ended them."""
        wanted = select(DISTRICTS).where(
            DISTRICTS.c.run == run, DISTRICTS.c.ending.is_not(None)
        )
        with self.database.reading() as connection:
            return {
                row.district: runs.outcome_of(row) for row in connection.execute(wanted)
            }

    def failures(self, run: int, wave: str) -> int:
        """Count the districts of a wave that failed, whoever had them."""
        counted = select(func.count()).where(
            DISTRICTS.c.run == run,
            DISTRICTS.c.wave == wave,
            DISTRICTS.c.ending.in_(FAILED),
        )
        with self.database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def doubt(self, run: int, district: str, message: str, *, at: datetime) -> None:
        """Take back that a district is done: it was read, and is not as saved."""
        with self.changing() as connection:
            row = connection.execute(
                select(DISTRICTS).where(*_part(run, district))
            ).one()
            done = runs.outcome_of(row)
            doubted = DistrictOutcome(
                district, Ending.CONFLICT, done.saves, done.changes, message
            )
            self.end_part(connection, run, doubted, at)

    def keep(
        self, backend: str, district: str, kept: BaselineUpdate, *, at: datetime
    ) -> None:
        """Remember managed values that are in step without a save."""
        with self.changing() as connection:
            self._keep(connection, (backend, district), kept, at)

    def stop(self, run: int, why: str, *, at: datetime) -> None:
        """Write down that a runner left a run before its end."""
        with self.changing() as connection:
            connection.execute(
                update(RUNS).where(RUNS.c.run == run).values(stopped=why)
            )
            self.record(connection, "run stopped", RUNS, (run,), at, {"why": why})

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
                values = {"ended": stamp(at), "stopped": ""}
                connection.execute(update(RUNS).where(RUNS.c.run == run).values(values))
                self.record(connection, "run ended", RUNS, (run,), at)

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Change something that the audit log tells of, one runner after another."""
        with self.database.writing() as connection:
            connection.execute(select(HEAD).with_for_update()).one()
            yield connection

    def record(  # noqa: PLR0913, PLR0917 - what an entry says
        self,
        connection: Connection,
        action: str,
        table: Table,
        key: tuple[str | int, ...],
        at: datetime,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Append to the audit log."""
        deed = AuditEntry(action, table, key, detail or {}, self.runner, at)
        audit.record(connection, deed)

    def _hold(self, connection: Connection, claim: Claim) -> None:
        self.clerk.renew(connection, claim, self.database.now(connection))

    def end_part(
        self, connection: Connection, run: int, outcome: DistrictOutcome, at: datetime
    ) -> None:
        """Write down how a district of a run ended."""
        values = rows.ended(outcome, runner=self.runner, at=at)
        here = _part(run, outcome.district)
        connection.execute(update(DISTRICTS).where(*here).values(values))
        action = f"district {outcome.ending.value}"
        self.record(connection, action, DISTRICTS, (run, outcome.district), at)

    def _keep(
        self,
        connection: Connection,
        place: tuple[str, str],
        kept: BaselineUpdate,
        at: datetime,
    ) -> None:
        rows.keep(connection, place, kept, at=at)
        self.record(connection, "baseline kept", BASELINES, place, at)


def _open_run(connection: Connection, plan: str, backend: str) -> int | None:
    return connection.execute(
        select(RUNS.c.run)
        .where(RUNS.c.plan == plan, RUNS.c.backend == backend, RUNS.c.ended.is_(None))
        .order_by(RUNS.c.run.desc())
    ).scalar()


def _part(run: int, district: str) -> Sequence[Any]:
    return DISTRICTS.c.run == run, DISTRICTS.c.district == district
