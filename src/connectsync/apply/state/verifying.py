"""Holding the store against its audit log: any edit, removal or reordering shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from connectsync.apply.state import audit, runs
from connectsync.apply.state.database import POSTGRESQL
from connectsync.apply.state.tables import (
    APPROVALS,
    AUDIT,
    BASELINES,
    DISTRICTS,
    HEAD,
    JOURNAL,
    RUNS,
)
from connectsync.domain.audit import Audited
from connectsync.domain.plan_file import digest_of

Contents = dict[tuple[str, str], str]


def audited(connection: Connection, noted: str | None) -> Audited:
    """
    Hold the store against its log, as it is at one moment, whoever writes meanwhile.

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
    contents: Contents = {}
    previous, expected = audit.NOTHING, 1
    for entry in audit.entries(connection):
        if entry.seq != expected:
            yield f"entry {expected} of the audit log is missing"
            expected = entry.seq
        if entry.hash != _chained(previous, entry):
            yield f"entry {entry.seq} of the audit log was edited, moved or cut off"
        previous, expected = entry.hash, expected + 1
        contents[entry.kind, entry.subject] = entry.content
    yield from _end(connection, previous, expected - 1)
    for table in audit.AUDITED:
        yield from _rows(connection, table, contents)
    yield from (
        f"{_spelled(kind, subject)} was removed"
        for (kind, subject), content in contents.items()
        if content != audit.NOTHING
    )
    yield from _plans(connection)


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


def _rows(connection: Connection, table: Table, contents: Contents) -> Iterator[str]:
    """Compare a table's rows; what is found is taken out of ``contents``."""
    columns = tuple(table.primary_key.columns)
    for row in connection.execute(select(table).order_by(*columns)):
        key = [row._mapping[column.name] for column in columns]  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
        subject = json.dumps(key, default=repr)
        logged = contents.pop((table.name, subject), None)
        if logged is None:
            if table is not DISTRICTS or not _untouched(row):
                said = "is in no entry of the audit log"
                yield f"{_spelled(table.name, subject)} {said}"
        elif logged != _digest(table, row):
            yield f"{_spelled(table.name, subject)} was edited"


_NAMES = {
    RUNS.name: "run {}",
    DISTRICTS.name: "district {1} of run {0}",
    JOURNAL.name: "row {} of the journal",
    BASELINES.name: "the baseline of {1} on {0}",
    APPROVALS.name: "the approval of {0} by {1}",
}
"""What people call a row, by its table and its key."""


def _spelled(kind: str, subject: str) -> str:
    try:
        return _NAMES[kind].format(*json.loads(subject))
    except (KeyError, IndexError, TypeError, ValueError):
        return f"{kind} {subject}"


_UNTOUCHED = (None, None, 0, 0, "", "", "")


def _untouched(row: Row[Any]) -> bool:
    """Say whether a district of a run is as it was when the run began."""
    counts, said = (row.saves, row.changes), (row.message, row.remedy, row.runner)
    return (row.ending, row.ended, *counts, *said) == _UNTOUCHED


def _plans(connection: Connection) -> Iterator[str]:
    """Hold what runs keep of their districts against digests that the log holds."""
    for row in connection.execute(select(RUNS).order_by(RUNS.c.run)).all():
        if not _as_begun(connection, row):
            yield f"the plan of run {row.run}, or its order, was edited"


def _as_begun(connection: Connection, row: Row[Any]) -> bool:
    parts = connection.execute(
        select(DISTRICTS)
        .where(DISTRICTS.c.run == row.run)
        .order_by(DISTRICTS.c.position)
    ).all()
    if row.header == runs.NO_PLAN:
        return all(part.planned == runs.NO_PLAN for part in parts)
    places = list(range(len(parts)))
    try:
        header = json.loads(row.header)
        waves = header.pop(runs.WAVES)
        header.pop(runs.ELSEWHERE, None)
        planned = [json.loads(part.planned) for part in parts]
        return (
            digest_of({**header, "districts": planned}) == row.plan
            and waves == runs.waves_digest(runs.orders_of(connection, row.run))
            and [part.position for part in parts] == places
            and sorted(part.turn - 1 for part in parts) == places
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _digest(table: Table, row: Row[Any]) -> str:
    try:
        return audit.digest_of(table, row)
    except (TypeError, ValueError):
        return "nothing that was ever written"


def _chained(previous: str, entry: Row[Any]) -> str:
    try:
        return audit.chained(previous, dict(entry._mapping))  # noqa: SLF001 - as above
    except (TypeError, ValueError):
        return "nothing that was ever written"
