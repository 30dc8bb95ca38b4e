"""The state store: runs, journal and baselines in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from connectsync.apply.journal import Intent, Settled
from connectsync.domain.baseline import Baseline
from connectsync.domain.settings import Form
from connectsync.domain.values import form_data, form_of
from connectsync.errors import StateError

_METADATA = MetaData()

_RUNS = Table(
    "runs",
    _METADATA,
    Column("run", Integer, primary_key=True),
    Column("plan", String(80), nullable=False),
    Column("backend", Text, nullable=False),
    Column("districts", Text, nullable=False),
    Column("began", String(40), nullable=False),
    Column("ended", String(40)),
)

_JOURNAL = Table(
    "journal",
    _METADATA,
    Column("row", Integer, primary_key=True),
    Column("run", ForeignKey("runs.run"), nullable=False, index=True),
    Column("district", String(200), nullable=False, index=True),
    Column("phase", Integer, nullable=False),
    Column("settled", String(20), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("expected_version", Text, nullable=False),
    Column("intended_at", String(40), nullable=False),
    Column("settled_at", String(40)),
    Column("note", Text, nullable=False, default=""),
)

_BASELINES = Table(
    "baselines",
    _METADATA,
    Column("backend", String(400), primary_key=True),
    Column("district", String(200), primary_key=True),
    Column("form", Text, nullable=False),
    Column("was_running", Boolean, nullable=False),
    Column("at", String(40), nullable=False),
)


class Store:
    """
    The journal and the baselines; every call is on disk before it returns.

    All methods raise ``StateError``. Forms never hold the token.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with self._transaction() as connection:
            _METADATA.create_all(connection)

    def begin(
        self, *, plan: str, backend: str, districts: Sequence[str], at: datetime
    ) -> int:
        """Open a run for the plan with this digest; give its number."""
        row = {
            "plan": plan,
            "backend": backend,
            "districts": json.dumps(list(districts)),
            "began": at.isoformat(),
        }
        with self._transaction() as connection:
            return _inserted(connection, _RUNS, row)

    def intend(self, run: int, intent: Intent, *, at: datetime) -> int:
        """Write down a save before it is made; give the row's number."""
        row = {
            "run": run,
            "district": intent.district,
            "phase": intent.phase,
            "settled": Settled.INTENDED.value,
            "before": _spelled(intent.before),
            "after": _spelled(intent.after),
            "expected_version": intent.expected_version,
            "intended_at": at.isoformat(),
        }
        with self._transaction() as connection:
            return _inserted(connection, _JOURNAL, row)

    def settle(
        self, row: int, settled: Settled, *, at: datetime, note: str = ""
    ) -> None:
        """Write down how the save ended."""
        values = {"settled": settled.value, "settled_at": at.isoformat(), "note": note}
        with self._transaction() as connection:
            connection.execute(
                update(_JOURNAL).where(_JOURNAL.c.row == row).values(values)
            )

    def record_baseline(
        self, backend: str, district: str, form: Form, *, running: bool, at: datetime
    ) -> None:
        """Remember the managed values as they are now confirmed on Connect."""
        here = (_BASELINES.c.backend == backend) & (_BASELINES.c.district == district)
        with self._transaction() as connection:
            old = connection.execute(
                select(_BASELINES.c.was_running).where(here)
            ).scalar()
            row = {
                "form": _spelled(form),
                "was_running": bool(old) or running,
                "at": at.isoformat(),
            }
            if old is None:
                key = {"backend": backend, "district": district}
                connection.execute(insert(_BASELINES).values(key | row))
            else:
                connection.execute(update(_BASELINES).where(here).values(row))

    def run_of(self, plan: str) -> int | None:
        """Give the last run of the plan with this digest that confirmed anything."""
        runs = (
            select(_RUNS.c.run)
            .join(_JOURNAL, _JOURNAL.c.run == _RUNS.c.run)
            .where(_RUNS.c.plan == plan)
            .where(_JOURNAL.c.settled == Settled.CONFIRMED.value)
            .order_by(_RUNS.c.run.desc())
        )
        with self._transaction() as connection:
            return connection.execute(runs).scalar()

    def end(self, run: int, *, at: datetime) -> None:
        """Close a run."""
        with self._transaction() as connection:
            connection.execute(
                update(_RUNS).where(_RUNS.c.run == run).values(ended=at.isoformat())
            )

    def baselines(self, backend: str) -> dict[str, Baseline]:
        """Give what was last applied through a backend, by district."""
        rows = select(_BASELINES).where(_BASELINES.c.backend == backend)
        with self._transaction() as connection:
            return {
                row.district: Baseline(form_of(json.loads(row.form)), row.was_running)
                for row in connection.execute(rows)
            }

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StateError(f"the state store failed: {_reason(error)}") from error


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open the SQLite store in a file, making it if needed. Raises ``StateError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"cannot make {path.parent}: {error.strerror}") from error
    engine = create_engine(f"sqlite:///{path}")
    try:
        yield Store(engine)
    finally:
        engine.dispose()


def _inserted(connection: Connection, table: Table, row: Mapping[str, object]) -> int:
    key = connection.execute(insert(table).values(row)).inserted_primary_key
    if key is None:  # pragma: no cover - every table here has a key
        raise StateError("the state store gave no key for a new row")
    return int(key[0])


def _spelled(form: Form) -> str:
    return json.dumps(form_data(form))


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
