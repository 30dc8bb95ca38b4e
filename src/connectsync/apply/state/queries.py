"""What the store knows, for plans, resumes, rollbacks and reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, select

from connectsync.apply.journal import Entry, RunOptions
from connectsync.apply.state import audit, runs, saves
from connectsync.apply.state.store import Store
from connectsync.apply.state.tables import APPROVALS
from connectsync.apply.state.verifying import audited, insist_as_logged
from connectsync.domain.audit import Audited
from connectsync.domain.baseline import Baseline
from connectsync.domain.plan import Plan
from connectsync.domain.recent import Recent
from connectsync.domain.run import Approved, JournalEntry, Run, RunList
from connectsync.domain.run_diff import ConfirmedSave
from connectsync.errors import StateError


class StateReader:
    """Looks into a store. All methods raise ``StateError``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database

    def baselines(self, backend: str) -> dict[str, Baseline]:
        """Give what was last confirmed or seen in step on a backend, by district."""
        with self._reading() as connection:
            return saves.baselines(connection, backend)

    def launched(self, backend: str) -> frozenset[str]:
        """Name the districts whose nightly sync ran at any time that we know of."""
        with self._reading() as connection:
            return saves.launched(connection, backend)

    def recent(self, backend: str, now: datetime) -> Recent:
        """Give what was saved in the last 24 hours, or is about to be."""
        with self._reading() as connection:
            return runs.recent(connection, backend, now)

    def unended(self, backend: str) -> dict[str, int]:
        """Give the districts that a run has not ended yet, and the run's number."""
        with self._reading() as connection:
            return runs.unended(connection, backend)

    def open_saves(self, backend: str) -> tuple[Entry, ...]:
        """Give the saves that may still be found to have been made."""
        with self._reading() as connection:
            return tuple(saves.open_saves(connection, backend))

    def taken_back(self, backend: str) -> dict[str, int]:
        """Give the districts that were saved last to undo a run, and by which."""
        with self._reading() as connection:
            return saves.taken_back(connection, backend)

    def newest_runs(self, backend: str) -> dict[str, int]:
        """Give the newest run that holds a district, by district."""
        with self._reading() as connection:
            return runs.newest_runs(connection, backend)

    def run_of(self, plan: str) -> int | None:
        """Give the last run of the plan with this digest that confirmed anything."""
        with self._reading() as connection:
            return runs.last_that_saved(connection, plan)

    def last_run(self, plan: str, backend: str) -> Run | None:
        """Give the last run of the plan with this digest, if there is one."""
        with self._reading() as connection:
            run = runs.last_of(connection, plan, backend)
            return None if run is None else runs.run_of(connection, run)

    def newest(self, limit: int) -> RunList:
        """Give the newest runs, on whatever backend, at most ``limit``."""
        with self._reading() as connection:
            return runs.newest(connection, limit)

    def runs(self, backend: str | None = None) -> tuple[Run, ...]:
        """Give all runs on a backend, or on any, newest first."""
        with self._reading() as connection:
            return runs.all_runs(connection, backend)

    def run(self, number: int) -> Run:
        """Give one run. Raises ``UnknownRun``."""
        with self._reading() as connection:
            return runs.run_of(connection, number)

    def plan(self, run: int) -> tuple[Plan, RunOptions]:
        """
        Give the plan that a run makes true, and its options.

        Raises ``UnknownRun``, ``DamagedPlan``, and ``StateError`` if anything that the
        store says of the run is not as its audit log says.
        """
        with self._reading() as connection:
            found = runs.plan_of(connection, run)
            insist_as_logged(connection, run)
            return found

    def journal(self, run: int) -> tuple[Entry, ...]:
        """Give every save of a run, in the order they were intended."""
        with self._reading() as connection:
            return tuple(saves.saves(connection, run=run))

    def entries(self, run: int) -> dict[str, tuple[JournalEntry, ...]]:
        """Give every save of a run by district, and who made it."""
        with self._reading() as connection:
            return saves.told(connection, run)

    def confirmed(
        self, backend: str, numbers: Sequence[int]
    ) -> tuple[ConfirmedSave, ...]:
        """Give what was confirmed, up to these runs, of the districts they saved."""
        with self._reading() as connection:
            return saves.confirmed(connection, backend, numbers)

    def reopen(
        self, run: int, *, at: datetime, orders: RunOptions | None = None
    ) -> None:
        """Let the districts that failed be tried again. See ``Store.reopen``."""
        self._store.reopen(run, at=at, orders=orders)

    def approve(self, plan: str, name: str, *, at: datetime) -> bool:
        """Write down that a person approves a plan. See ``Store.approve``."""
        return self._store.approve(plan, name, at=at)

    def approvals(self, plan: str) -> tuple[str, ...]:
        """Name who approved a plan, sorted."""
        rows = select(APPROVALS.c.name).where(APPROVALS.c.plan == plan)
        with self._reading() as connection:
            return tuple(sorted(connection.execute(rows).scalars()))

    def approved(self, plan: str) -> tuple[Approved, ...]:
        """Give who approved a plan, and when."""
        with self._reading() as connection:
            return runs.approved(connection, plan)

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
        with self._database.reading() as connection:
            try:
                yield connection
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise StateError(
                    "the state store holds what no connectsync wrote there",
                    remedy="`connectsync runs verify` says what was edited",
                ) from error
