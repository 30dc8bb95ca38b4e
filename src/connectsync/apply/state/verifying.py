"""Holding the store against its audit log: any edit, removal or reordering shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Index,
    NullPool,
    Row,
    Table,
    create_engine,
    func,
    insert,
    select,
)
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from connectsync.apply.state import audit
from connectsync.apply.state.database import POSTGRESQL
from connectsync.apply.state.projections import SAVE_INTENDED, project
from connectsync.apply.state.tables import (
    APPROVALS,
    AUDIT,
    BASELINES,
    DISTRICTS,
    HEAD,
    JOURNAL,
    LAUNCHES,
    METADATA,
    PROJECTIONS,
    RUNS,
)
from connectsync.domain.audit import Audited
from connectsync.domain.plan_file import digest_of
from connectsync.errors import StateError


def audited(connection: Connection, noted: str | None) -> Audited:
    """
    Hold the store against its log, as it is at one moment, even while others write.

    ``noted`` is a hash that the log ended with once, and must still hold.
    """
    # SQLite shows one moment anyway
    if connection.dialect.name == POSTGRESQL:
        connection.execution_options(isolation_level="REPEATABLE READ")
    problems = list(verify(connection))
    if noted is not None:
        problems += _grown_from(connection, noted)
    last = connection.execute(
        select(AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
    ).scalar()
    count = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
    return Audited(count, last or audit.NOTHING, tuple(problems))


def verify(connection: Connection) -> Iterator[str]:
    """Give a sentence for everything that is not as the log says."""
    previous, expected = audit.NOTHING, 1
    with _scratch() as scratch:
        for entry in audit.rows(connection):
            if entry.seq != expected:
                yield f"entry {expected} of the audit log is missing"
                expected = entry.seq
            if not audit.is_chained(previous, entry):
                yield f"entry {entry.seq} of the audit log was edited, moved or cut off"
            previous, expected = entry.hash, expected + 1
            if not _replayed(scratch, entry):
                yield f"entry {entry.seq} of the audit log holds no fact of ours"
        yield from _end(connection, previous, expected - 1)
        for table in PROJECTIONS:
            yield from _compared(scratch, connection, table)


def insist_as_logged(connection: Connection, run: int) -> None:
    """
    Refuse a run of which the store says anything else than its audit log.

    Raises ``StateError``. Only the run's own entries are read.
    """
    problems: list[str] = []
    with _scratch() as scratch:
        for entry in audit.rows(connection, run=run):
            before = select(AUDIT.c.hash).where(AUDIT.c.seq == entry.seq - 1)
            previous = connection.execute(before).scalar() or audit.NOTHING
            if not (audit.is_chained(previous, entry) and _replayed(scratch, entry)):
                problems.append(f"entry {entry.seq} of the audit log was edited")
        for table in (RUNS, DISTRICTS, JOURNAL):
            problems += _compared(scratch, connection, table, run)
    if problems:
        raise StateError(
            f"the state store was edited: {problems[0]}",
            remedy="`connectsync runs verify` lists all that was edited; restore the"
            " store from a backup",
        )


@contextmanager
def _scratch() -> Iterator[Connection]:
    """Give empty tables in memory, for what follows from the facts."""
    with _in_memory().begin() as connection:
        for statement in _tables():
            connection.exec_driver_sql(statement)
        yield connection


@cache
def _in_memory() -> Engine:
    # one for all: it remembers how statements are spelled, and each of its connections
    # has a database of its own
    return create_engine("sqlite://", poolclass=NullPool)


@cache
def _tables() -> tuple[str, ...]:
    made = list[ExecutableDDLElement]()
    for table in METADATA.sorted_tables:
        made.append(CreateTable(table))
        made += [CreateIndex(one) for one in sorted(table.indexes, key=_name)]
    return tuple(str(one.compile(_in_memory())) for one in made)


def _name(index: Index) -> str:
    return str(index.name)


def _replayed(scratch: Connection, row: Row[Any]) -> bool:
    """Let a fact have its effect on empty tables; False if it is none of ours."""
    if row.kind != audit.FACT:
        return True
    try:
        entry = audit.read_entry(row)
        if entry.action == SAVE_INTENDED:
            # what is seen of a save is read beside what was to be sent
            scratch.execute(insert(AUDIT).values(dict(row._mapping)))  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
        project(scratch, entry)
        plan = entry.detail.get("plan") if entry.detail.get("waves") else None
        return plan is None or digest_of(plan) == entry.detail["digest"]
    except Exception:  # noqa: BLE001 - whatever an edited entry leads to: it is told
        return False


def _grown_from(connection: Connection, head: str) -> Iterator[str]:
    """Give a sentence if no entry of the log has the hash that was noted elsewhere."""
    found = select(AUDIT.c.seq).where(AUDIT.c.hash == head)
    if head != audit.NOTHING and connection.execute(found).first() is None:
        yield (
            f"the audit log does not hold {head}: it was rewritten, or cut off, since"
            " that was noted"
        )


def _end(connection: Connection, previous: str, seq: int) -> Iterator[str]:
    head = connection.execute(select(HEAD)).first()
    if head is None or (head.seq, head.hash) != (seq, previous):
        yield "the end of the audit log was cut off"


def _compared(
    scratch: Connection, connection: Connection, table: Table, run: int | None = None
) -> Iterator[str]:
    """Compare what follows from the facts with what a table says."""
    should, says = (_rows(one, table, run) for one in (scratch, connection))
    for key in sorted(should.keys() | says.keys()):
        name = _spelled(table.name, key)
        if key not in says:
            yield f"{name} was removed"
        elif key not in should:
            yield f"{name} is in no entry of the audit log"
        elif says[key] != should[key]:
            yield f"{name} was edited"


def _rows(connection: Connection, table: Table, run: int | None) -> dict[str, str]:
    # as the database holds them: what our types make of an edited value may look right
    where = "" if run is None else f" WHERE run = {run:d}"
    asked = f"SELECT * FROM {table.name}{where}"  # noqa: S608 - a name of ours, a number
    keys = [column.name for column in table.primary_key.columns]
    found = {}
    for row in connection.exec_driver_sql(asked).mappings():
        values = {column.name: _plain(row[column.name]) for column in table.columns}
        key = json.dumps([values[name] for name in keys], default=repr)
        found[key] = json.dumps(values, default=repr)
    return found


def _plain(value: object) -> object:
    # SQLite knows no booleans
    return int(value) if isinstance(value, bool) else value


_NAMES = {
    RUNS.name: "run {}",
    DISTRICTS.name: "district {1} of run {0}",
    JOURNAL.name: "row {} of the journal",
    BASELINES.name: "the baseline of {1} on {0}",
    LAUNCHES.name: "the launch of {1} on {0}",
    APPROVALS.name: "the approval of {0} by {1}",
}
"""What people call a row, by its table and its key."""


def _spelled(kind: str, key: str) -> str:
    return _NAMES[kind].format(*json.loads(key))
