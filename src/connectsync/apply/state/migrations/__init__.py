"""The store's layout: made when it is not there, migrated when it is older."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, text

from connectsync.apply.state import audit
from connectsync.apply.state.database import POSTGRESQL, SQLITE, Database
from connectsync.apply.state.projections import rebuild
from connectsync.apply.state.tables import HEAD, METADATA, PROJECTIONS, RUNS
from connectsync.errors import StateError

NEWEST = "0003"
"""The last revision in ``versions``."""

FIRST = "0001"
"""The layout of stores from before revisions were written down."""

FOLDER = Path(__file__).parent

_VERSION = "alembic_version"
_ONE_AT_A_TIME = 7_305_813
"""Any number; whoever lays out a PostgreSQL store holds this lock."""


def ensure(database: Database) -> None:
    """
    Bring a store to the newest layout.

    Raises ``StateError``, with nothing changed, if it is newer than this release
    knows, if it is the database of something else, or if an older one was edited.
    """
    with database.reading() as connection:
        if _revision(connection) == NEWEST:
            return
    with database.writing() as connection:
        if database.kind == POSTGRESQL:
            lock = text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
            connection.execute(lock)
        revision = _revision(connection)
        if revision is None:
            _make(connection)
        elif revision != NEWEST:
            migrate(connection, revision)
            # what follows from the facts is never migrated, but rebuilt
            METADATA.create_all(connection, tables=PROJECTIONS)
            rebuild(connection)


def _revision(connection: Connection) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if _VERSION in tables and RUNS.name in tables:
        asked = text(f"SELECT version_num FROM {_VERSION}")  # noqa: S608 - a constant
        return str(connection.execute(asked).scalar_one())
    if RUNS.name in tables:
        return FIRST
    # others may keep tables beside ours on a server, and never in our file
    if _VERSION in tables or (tables and connection.dialect.name == SQLITE):
        raise StateError(
            "the state store is the database of another program: it has the table"
            f" {min(tables)!r}, and none of ours",
            remedy="name another state folder or database; nothing was changed",
        )
    return None


def _make(connection: Connection) -> None:
    METADATA.create_all(connection)
    connection.execute(insert(HEAD).values(head=1, seq=0, hash=audit.NOTHING))
    connection.execute(
        text(f"CREATE TABLE {_VERSION} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(
        text(f"INSERT INTO {_VERSION} VALUES (:newest)"),  # noqa: S608 - a constant
        {"newest": NEWEST},
    )


def migrate(connection: Connection, revision: str) -> None:
    """
    Run every migration after a revision, in this transaction.

    Raises ``StateError`` if the revision is unknown: it is newer than this release.
    """
    from alembic import command  # noqa: PLC0415 - slow, and needed once a release
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        if _VERSION not in inspect(connection).get_table_names():
            command.stamp(config, revision)
        command.upgrade(config, "head")
    except CommandError as error:
        raise StateError(
            f"the state store has the layout {revision!r}, which this release does"
            " not know",
            remedy="it was written by a newer connectsync: use that one",
        ) from error
    except LookupError as error:
        # a table of ours by name, without the columns that every release had
        raise StateError(
            "the state store was not made by connectsync, or is damaged",
            remedy="move it away to begin with an empty one, or name another folder"
            " with --state-dir",
        ) from error
