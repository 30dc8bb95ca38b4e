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
        named = connect.key not in connect.known_as
        said = _names(connection) if new or named else {}
    here = {name for name, spellings in said.items() if connect.known_as & spellings}
    if new and not others and (called := sorted(here - {connect.key})):
        calls = f"calls it {connect.key!r}" if named else "gives it no name"
        raise ConnectRenamed(
            f"the state knows this Connect as {called[0]!r}, and connectsync.yaml"
            f" {calls}",
            remedy=f"write `connect: {called[0]}` in connectsync.yaml: launches, limits"
            " of a day and what was applied are kept under that name",
        )
    # an address that is reached by this name from now on, so that no other may have it
    moved_to = named and connect.key not in here
    if others or moved_to:
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


def _names(connection: Connection) -> dict[str, set[str]]:
    """Give every name by which people called a Connect, with all its spellings."""
    entries = connection.execute(
        select(AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == CONNECT_NAMED)
    )
    names: dict[str, set[str]] = {}
    for row in entries:
        names.setdefault(row.subject, set()).update(json.loads(row.detail)["known_as"])
    return names


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
