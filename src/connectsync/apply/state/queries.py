"""What the store knows, for whoever plans, resumes, rolls back or looks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from connectsync.apply.journal import (
    Claim,
    Entry,
    LeasedElsewhere,
    RunOptions,
    Settled,
)
from connectsync.apply.state import audit, history, runs
from connectsync.apply.state.history import legible
from connectsync.apply.state.rows import entry_of
from connectsync.apply.state.store import FAILED, Store
from connectsync.apply.state.tables import (
    APPROVALS,
    BASELINES,
    DISTRICTS,
    JOURNAL,
    RUNS,
)
from connectsync.apply.state.verifying import audited
from connectsync.domain.audit import Audited
from connectsync.domain.baseline import Baseline
from connectsync.domain.outcome import Ending
from connectsync.domain.plan import Plan
from connectsync.domain.recent import Recent
from connectsync.domain.run import Approved, JournalEntry, Run, RunList
from connectsync.domain.run_diff import ConfirmedSave
from connectsync.domain.values import form_of

RETRIED = (*FAILED, Ending.WAITING.value)
"""The endings that are not the last word: a run goes on at these."""


class StateReader:
    """Looks into a store. All methods raise ``StateError``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database

    def baselines(self, backend: str) -> dict[str, Baseline]:
        """Give what was last applied through a backend, by district."""
        rows = select(BASELINES).where(BASELINES.c.backend == backend)
        with self._reading() as connection:
            return {
                row.district: Baseline(form_of(json.loads(row.form)), row.was_running)
                for row in connection.execute(rows)
            }

    def recent(self, backend: str, now: datetime) -> Recent:
        """Give what was saved in the last 24 hours, or is about to be."""
        with self._database.reading() as connection:
            return runs.recent(connection, backend, now)

    def unended(self, backend: str) -> dict[str, int]:
        """Give the districts that a run has yet to end, and the number of the run."""
        with self._database.reading() as connection:
            return runs.unended(connection, backend)

    def taken_back(self, backend: str) -> dict[str, int]:
        """Give the districts that were saved last to take a run back, and by which."""
        with self._reading() as connection:
            return history.taken_back(connection, backend)

    def newest_runs(self, backend: str) -> dict[str, int]:
        """Give the newest run that holds a district, by district."""
        with self._reading() as connection:
            return history.newest_runs(connection, backend)

    def run_of(self, plan: str) -> int | None:
        """Give the last run of the plan with this digest that confirmed anything."""
        found = (
            select(RUNS.c.run)
            .join(JOURNAL, JOURNAL.c.run == RUNS.c.run)
            .where(RUNS.c.plan == plan)
            .where(JOURNAL.c.settled == Settled.CONFIRMED.value)
            .order_by(RUNS.c.run.desc())
        )
        with self._database.reading() as connection:
            return connection.execute(found).scalar()

    def last_run(self, plan: str, backend: str) -> Run | None:
        """Give the last run of the plan with this digest, if there is one."""
        found = (
            select(RUNS.c.run)
            .where(RUNS.c.plan == plan, RUNS.c.backend == backend)
            .order_by(RUNS.c.run.desc())
        )
        with self._reading() as connection:
            run = connection.execute(found).scalar()
            return None if run is None else runs.run_of(connection, run)

    def newest(self, limit: int) -> RunList:
        """Give the newest runs, on whatever backend, at most ``limit``."""
        with self._reading() as connection:
            return history.newest(connection, limit)

    def runs(self, backend: str | None = None) -> tuple[Run, ...]:
        """Give all runs on a backend, or on any, newest first."""
        with self._reading() as connection:
            return runs.all_runs(connection, backend)

    def run(self, number: int) -> Run:
        """Give one run. Raises ``UnknownRun``."""
        with self._reading() as connection:
            return runs.run_of(connection, number)

    def plan(self, run: int) -> tuple[Plan, RunOptions]:
        """Give the plan that a run makes true, and its orders."""
        with self._reading() as connection:
            return runs.plan_of(connection, run), runs.orders_of(connection, run)

    def journal(self, run: int) -> tuple[Entry, ...]:
        """Give every save of a run, in the order they were intended."""
        rows = select(JOURNAL).where(JOURNAL.c.run == run).order_by(JOURNAL.c.row)
        with self._reading() as connection:
            return tuple(entry_of(row) for row in connection.execute(rows))

    def entries(self, run: int) -> dict[str, tuple[JournalEntry, ...]]:
        """Give every save of a run by district, and who made it."""
        with self._reading() as connection:
            return history.entries_of(connection, run)

    def confirmed(
        self, backend: str, numbers: Sequence[int]
    ) -> tuple[ConfirmedSave, ...]:
        """Give what was confirmed, up to these runs, of the districts they saved."""
        with self._reading() as connection:
            return history.confirmed(connection, backend, numbers)

    def reopen(
        self,
        run: int,
        *,
        at: datetime,
        orders: RunOptions | None = None,
    ) -> None:
        """
        Let the districts that failed be tried again; keep what was said to guards.

        Raises ``Overtaken`` if another run began on districts that the guards did not
        know of.
        """
        with self._store.changing() as connection:
            if orders is not None and orders.recent is not None:
                head = runs.run_of(connection, run)
                runs.insist_known(connection, head.backend, orders.recent, at)
            failed = connection.execute(
                select(DISTRICTS.c.district)
                .where(DISTRICTS.c.run == run, DISTRICTS.c.ending.in_(RETRIED))
                .order_by(DISTRICTS.c.turn)
            ).scalars()
            for district in failed.all():
                connection.execute(
                    update(DISTRICTS)
                    .where(DISTRICTS.c.run == run, DISTRICTS.c.district == district)
                    .values(ending=None, ended=None, message="", remedy="")
                )
                key = (run, district)
                self._store.record(connection, "district retried", DISTRICTS, key, at)
            values: dict[str, object] = {"ended": None, "stopped": ""}
            detail: dict[str, object] = {"reasons": {}}
            if orders is not None:
                values["reasons"] = json.dumps(dict(orders.reasons))
                values["accepted"] = json.dumps(dict(orders.accepted))
                detail = {
                    "reasons": dict(orders.reasons),
                    "accepted": dict(orders.accepted),
                }
            connection.execute(update(RUNS).where(RUNS.c.run == run).values(values))
            self._store.record(connection, "run resumed", RUNS, (run,), at, detail)

    def hold(self, run: int, backend: str, district: str) -> Claim | LeasedElsewhere:
        """Take a district in hand to settle what is open of it, however it ended."""
        with self._database.writing() as connection:
            now = self._database.now(connection)
            place = (backend, district)
            return self._store.clerk.take(connection, run, place, now)

    def approve(self, plan: str, name: str, *, at: datetime) -> bool:
        """Write down that somebody said yes to a plan; False if they had before."""
        with self._store.changing() as connection:
            given = connection.execute(
                select(APPROVALS.c.name).where(APPROVALS.c.plan == plan)
            ).scalars()
            if name in set(given):
                return False
            row = {"plan": plan, "name": name, "at": audit.stamp(at)}
            connection.execute(insert(APPROVALS).values(row))
            key = (plan, name)
            self._store.record(connection, "plan approved", APPROVALS, key, at)
            return True

    def approvals(self, plan: str) -> tuple[str, ...]:
        """Name who said yes to a plan, sorted."""
        rows = select(APPROVALS.c.name).where(APPROVALS.c.plan == plan)
        with self._database.reading() as connection:
            return tuple(sorted(connection.execute(rows).scalars()))

    def approved(self, plan: str) -> tuple[Approved, ...]:
        """Say who said yes to a plan, and when."""
        with self._reading() as connection:
            return history.approved(connection, plan)

    def verify(self) -> tuple[str, ...]:
        """Give a sentence for everything that is not as the audit log says."""
        return self.audited().problems

    def audited(self, noted: str | None = None) -> Audited:
        """
        Hold everything against the audit log.

        ``noted`` is the hash at which the log ended at some time: it may have grown
        since, and must still hold it.
        """
        with self._database.reading() as connection:
            return audited(connection, noted)

    def head(self) -> str:
        """Give the hash at which the audit log ends."""
        with self._database.reading() as connection:
            return audit.head(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._database.reading() as connection, legible():
            yield connection
