"""What the store knows a Connect by: kept when its name or its address changes."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from connectsync.apply.state.audit import CONNECT_NAMED
from connectsync.apply.state.store import Store
from connectsync.apply.state.tables import AUDIT, BASELINES, LAUNCHES, LEASES, RUNS
from connectsync.domain.connect_key import ConnectKey
from connectsync.errors import ConnectRenamed, StateError


def recognize(store: Store, connect: ConnectKey, *, at: datetime) -> None:
    """
    Let the store know a Connect by its key, with all it knows of it by other names.

    Raises ``ConnectRenamed`` if the store knows it by another name that people gave,
    and ``StateError`` if it may not be written.
    """
    with store.database.reading() as connection:
        known = _keys(connection)
        others = sorted((connect.known_as - {connect.key}) & known)
        new = connect.key not in known
        said = _names(connection, connect) if new else {}
    named = connect.key not in connect.known_as
    if new and not others and (called := sorted(said.keys() - {connect.key})):
        raise ConnectRenamed(
            f"the state knows this Connect as {called[0]!r}, and connectsync.yaml calls"
            f" it {connect.key if named else 'nothing'!r}",
            remedy=f"write `connect: {called[0]}` in connectsync.yaml: launches, limits"
            " of a day and what was applied are kept under that name",
        )
    if others or (new and named and connect.key not in said):
        try:
            _take_over(store, connect, others, at)
        except StateError as error:
            if not others:
                return  # nothing is known of it yet, so nothing is lost by waiting
            raise StateError(
                f"the state knows this Connect as {others[0]!r} still, and may not be"
                f" written here: {error.message}",
                remedy="run `connectsync drift` once where the state may be written",
            ) from error


def _keys(connection: Connection) -> set[str]:
    found: set[str] = set()
    for table in (RUNS, BASELINES, LAUNCHES):
        found |= set(connection.execute(select(table.c.backend).distinct()).scalars())
    return found


def _names(connection: Connection, connect: ConnectKey) -> dict[str, list[str]]:
    """Give the names by which people called this Connect, with its spellings."""
    entries = connection.execute(
        select(AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == CONNECT_NAMED)
    )
    names = {row.subject: json.loads(row.detail) for row in entries}
    return {
        name: detail["known_as"]
        for name, detail in names.items()
        if connect.known_as & set(detail["known_as"])
    }


def _take_over(
    store: Store, connect: ConnectKey, others: Collection[str], at: datetime
) -> None:
    detail = {"known_as": sorted(connect.known_as), "was": list(others)}
    with store.changing() as connection:
        store.log(connection, CONNECT_NAMED, detail, at, subject=connect.key)
        _move_leases(connection, others, connect.key)


def _move_leases(connection: Connection, others: Collection[str], key: str) -> None:
    there = set(
        connection.execute(
            select(LEASES.c.district).where(LEASES.c.backend == key)
        ).scalars()
    )
    rows = connection.execute(select(LEASES).where(LEASES.c.backend.in_(others))).all()
    connection.execute(delete(LEASES).where(LEASES.c.backend.in_(others)))
    for row in rows:
        if row.district not in there:
            there.add(row.district)
            connection.execute(insert(LEASES).values(row._asdict() | {"backend": key}))
