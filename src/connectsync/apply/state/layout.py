"""The store's layout: made where there is none, brought up to date where it is old."""

from __future__ import annotations

from sqlalchemy import Connection, insert, inspect, text

from connectsync.apply.state import audit, older
from connectsync.apply.state.audit import End
from connectsync.apply.state.database import Database
from connectsync.apply.state.tables import AUDIT, HEAD, METADATA
from connectsync.config.state_address import POSTGRESQL, SQLITE
from connectsync.errors import StateError

NEWEST = "0003"
"""The layout of today: the log of facts, and leases."""

OLDER = ("0001", "0002")
"""The layouts of stores that are read as facts."""

_VERSION = "alembic_version"
"""The table that names the layout, as releases of every age look for it."""

_ONE_AT_A_TIME = 7_305_813
"""Any number; whoever lays out a PostgreSQL store holds this lock."""


def ensure(database: Database) -> None:
    """
    Bring a store to the newest layout.

    Raises ``StateError``, with nothing changed, if it is newer than this release
    knows, if it is the database of something else, or if an older one was edited.
    """
    with database.reading() as connection:
        if _layout(connection, _tables(connection)) == NEWEST:
            return
    with database.writing() as connection:
        if database.kind == POSTGRESQL:
            lock = text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
            connection.execute(lock)
        tables = _tables(connection)
        layout = _layout(connection, tables)
        if layout is None:
            _make(connection)
        elif layout in OLDER:
            _bring_up_to_date(connection, tables)
        elif layout != NEWEST:
            raise StateError(
                f"the state store has the layout {layout!r}, which this release does"
                " not know",
                remedy="it was written by a newer connectsync: use that one",
            )


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _layout(connection: Connection, tables: set[str]) -> str | None:
    if _VERSION in tables and tables & {AUDIT.name, *older.FIRST}:
        asked = text(f"SELECT version_num FROM {_VERSION}")  # noqa: S608 - a constant
        return str(connection.execute(asked).scalar_one())
    if tables >= older.FIRST:
        return OLDER[0]
    # others may keep tables beside ours on a server, and never in our file
    if _VERSION in tables or (tables and connection.dialect.name == SQLITE):
        raise StateError(
            "the state store is the database of another program: it has the table"
            f" {min(tables)!r}, and none of ours",
            remedy="name another state folder or database; nothing was changed",
        )
    return None


def _make(connection: Connection, end: End | None = None) -> None:
    end = end or End()
    METADATA.create_all(connection)
    connection.execute(insert(HEAD).values(head=1, seq=end.seq, hash=end.hash))
    connection.execute(
        text(f"CREATE TABLE {_VERSION} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(
        text(f"INSERT INTO {_VERSION} VALUES (:newest)"),  # noqa: S608 - a constant
        {"newest": NEWEST},
    )


def _bring_up_to_date(connection: Connection, tables: set[str]) -> None:
    """Keep the log and the leases of an older store, and its rows as facts."""
    log, facts = older.read(connection, tables)
    for table in (*older.TABLES, AUDIT.name, HEAD.name, _VERSION):
        if table in tables:
            connection.execute(text(f"DROP TABLE {table}"))
    end = End(log[-1]["seq"], log[-1]["hash"]) if log else End()
    _make(connection, end)
    if log:
        connection.execute(insert(AUDIT), log)
    for fact in facts:
        end = audit.append(connection, end, fact)
