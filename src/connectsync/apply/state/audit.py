"""The audit log: every change of the store, chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select, update

from connectsync.apply.state.tables import (
    APPROVALS,
    AUDIT,
    BASELINES,
    DISTRICTS,
    HEAD,
    JOURNAL,
    RUNS,
)

NOTHING = "sha256:" + "0" * 64
"""What the first entry is chained to."""

_UNBOUND = {DISTRICTS.name: frozenset(["planned"])}
"""Columns that the plan's own digest holds already."""

AUDITED: tuple[Table, ...] = (RUNS, DISTRICTS, JOURNAL, BASELINES, APPROVALS)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    Something that was done to one row.

    ``key`` is the row's primary key, ``detail`` what else is to be remembered.
    """

    action: str
    table: Table
    key: tuple[str | int, ...]
    detail: Mapping[str, Any]
    runner: str
    at: datetime


def stamp(at: datetime) -> str:
    """Spell a time, always in UTC, so that times sort as they spell."""
    return at.astimezone(UTC).isoformat()


def record(connection: Connection, deed: AuditEntry) -> str:
    """
    Append what was done, in the transaction that did it; give the new head.

    The head stays locked until the commit, so that the chain never forks.
    """
    seq, previous = _head(connection)
    entry = {
        "seq": seq + 1,
        "at": stamp(deed.at),
        "runner": deed.runner,
        "action": deed.action,
        "kind": deed.table.name,
        "subject": json.dumps(list(deed.key)),
        "detail": _canonical(deed.detail),
        "content": content(connection, deed.table, deed.key),
    }
    entry["hash"] = chained(previous, entry)
    connection.execute(insert(AUDIT).values(entry))
    connection.execute(update(HEAD).values(seq=entry["seq"], hash=entry["hash"]))
    return str(entry["hash"])


def seal(connection: Connection) -> None:
    """Log every row as it stands, after a migration gave it another shape."""
    at = datetime.now(UTC)
    for table in AUDITED:
        columns = tuple(table.primary_key.columns)
        for key in connection.execute(select(*columns).order_by(*columns)).all():
            record(connection, AuditEntry("migrated", table, tuple(key), {}, "", at))


def content(connection: Connection, table: Table, key: tuple[str | int, ...]) -> str:
    """Give the digest of a row as it stands, of nothing if it is not there."""
    columns = tuple(table.primary_key.columns)
    found = select(table).where(
        *(column == part for column, part in zip(columns, key, strict=True))
    )
    return digest_of(table, connection.execute(found).first())


def digest_of(table: Table, row: Row[Any] | None) -> str:
    """Give the digest of a row's columns."""
    if row is None:
        return NOTHING
    left_out = _UNBOUND.get(table.name, frozenset())
    columns = row._asdict().items()
    held = {name: value for name, value in columns if name not in left_out}
    return _hash(_canonical(held))


def chained(previous: str, entry: Mapping[str, Any]) -> str:
    """Give the hash of an entry: of what it says, and of all before it."""
    said = {name: value for name, value in entry.items() if name != "hash"}
    return _hash(previous + _canonical(said))


def head(connection: Connection) -> str:
    """Give the hash at which the chain ends."""
    return str(connection.execute(select(HEAD.c.hash)).scalar_one())


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(select(HEAD.c.seq, HEAD.c.hash).with_for_update()).one()
    return row.seq, row.hash


def _hash(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def entries(connection: Connection) -> Iterator[Row[Any]]:
    """Give every entry, oldest first."""
    yield from connection.execute(select(AUDIT).order_by(AUDIT.c.seq))
