"""Open the state store: its address, its layout, and stores of older releases."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, insert, inspect, text

from connectsync.apply.state import audit, older
from connectsync.apply.state.audit import End
from connectsync.apply.state.database import AUDIT, HEAD, METADATA, Database, opened
from connectsync.apply.state.ledger import LeaseTable
from connectsync.apply.state.store import Store
from connectsync.config.state_address import POSTGRESQL, SQLITE, Address, in_file
from connectsync.domain.foreign_text import foreign_text
from connectsync.errors import StateError
from connectsync.files.access import (
    Planted,
    insist_settled,
    private_file,
    private_folder,
    state_folder,
)

NEWEST = "0003"
"""The layout of today: the log of facts, and leases."""

OLDER = ("0001", "0002")
"""The layouts of stores that are read as facts."""

_VERSION = "alembic_version"
"""The table that names the layout, as releases of every age look for it."""

_ONE_AT_A_TIME = 7_305_813
"""Any number; a runner holds this lock while it lays out a PostgreSQL store."""


_STRANGE = """
WITH ours AS (
    SELECT c.* FROM pg_class c
    WHERE c.relname = ANY(:tables) AND pg_table_is_visible(c.oid) AND c.relkind <> 'i'
)
SELECT relname, 'a view or another kind of table' FROM ours
WHERE relkind <> 'r' OR oid IN (SELECT inhparent FROM pg_inherits)
    OR oid IN (SELECT inhrelid FROM pg_inherits)
UNION ALL SELECT relname, 'the trigger ' || tgname
FROM ours JOIN pg_trigger t ON tgrelid = ours.oid WHERE NOT tgisinternal
UNION ALL SELECT relname, 'the rule ' || rulename
FROM ours JOIN pg_rewrite r ON ev_class = ours.oid
UNION ALL SELECT relname, 'a policy for its rows' FROM ours
WHERE relrowsecurity OR oid IN (SELECT polrelid FROM pg_policy)
UNION ALL SELECT relname, 'a default or computed value in ' || attname
FROM ours JOIN pg_attrdef d ON adrelid = ours.oid
JOIN pg_attribute a ON attrelid = ours.oid AND attnum = adnum
WHERE attgenerated <> '' OR pg_get_expr(adbin, adrelid) ~ '^(?!nextval\\().*[(]'
UNION ALL SELECT relname, 'the type of ' || attname
FROM ours JOIN pg_attribute a ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
JOIN pg_type y ON y.oid = atttypid
WHERE typnamespace <> 'pg_catalog'::regnamespace
UNION ALL SELECT relname, 'the condition ' || conname
FROM ours JOIN pg_constraint k ON conrelid = ours.oid
WHERE contype NOT IN ('p', 'n', 'f') OR (contype = 'f' AND NOT (
    confrelid IN (SELECT oid FROM ours) AND confdeltype = 'a' AND confupdtype = 'a'))
UNION ALL SELECT relname, 'the index ' || indexrelid::regclass
FROM ours JOIN pg_index i ON indrelid = ours.oid
WHERE indexprs IS NOT NULL OR indpred IS NOT NULL OR (indisunique AND NOT indisprimary)
LIMIT 1
"""
"""What others made of our tables that runs with our statements, or hides rows."""


def _insist_plain(connection: Connection, *tables: str) -> None:
    """Refuse tables of a server to which others added something that runs."""
    if connection.dialect.name != POSTGRESQL:
        return  # of a file all is looked at when it is connected to
    found = connection.execute(text(_STRANGE), {"tables": list(tables)}).first()
    if found is not None:
        table, what = found
        raise StateError(
            "the state store was edited: it runs statements that are not ours, or hides"
            f" rows: {foreign_text(str(what))} of the table {table}",
            remedy="have whoever may change the database take that away, then check"
            " with `connectsync runs verify`",
        )


def ensure(database: Database) -> None:
    """
    Bring a store to the newest layout.

    Raises ``StateError``, with nothing changed, if it is newer than this release
    knows, if it is the database of something else, or if it was edited.
    """
    with database.reading() as connection:
        _insist_plain(connection, *METADATA.tables, _VERSION)
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
            _insist_plain(connection, *older.TABLES)
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


FILE = "state.db"
LEASE_SECONDS = 30.0

KEPT = 1000
"""How many files of dead runners may lie about before the oldest are removed."""


@contextmanager
def open_store(
    folder: Path,
    address: Address | None = None,
    *,
    lease_seconds: float = LEASE_SECONDS,
    told_time: bool = False,
) -> Iterator[Store]:
    """
    Open the store at an address, or in a SQLite file in the folder.

    The folder keeps this runner's sign of life either way. A store that is not there
    is made, an older one brought up to date. ``told_time`` marks all that is written
    by a time that is not the machine's. Raises ``StateError``.
    """
    try:
        state_folder(folder)
        if address is None:
            private_file(folder / FILE)
        insist_settled(folder)
    except Planted as error:
        raise StateError(
            f"{error.strerror}: {error.filename} is not used as state",
            remedy="name a folder of your own with --state-dir",
        ) from error
    except OSError as error:
        raise StateError(
            f"cannot make {error.filename or folder}: {error.strerror}"
        ) from error
    with opened(address or in_file(folder / FILE)) as database:
        ensure(database)
        with present(folder) as here:
            leases = LeaseTable(here.runner, lease_seconds, here.is_gone)
            yield Store(database, leases, told_time=told_time)


@dataclass(frozen=True, slots=True)
class Presence:
    """
    A runner, and a way to see that another one has died.

    ``runner`` names machine and process; ``folder`` keeps the locked files.
    """

    runner: str
    folder: Path

    def is_gone(self, runner: str) -> bool:
        """
        Say whether a runner has certainly ended.

        The system lets go of a lock when a process ends, however it ends. Of a runner
        on another machine nothing is known here: only time tells.
        """
        path = _file(self.folder, runner)
        # a drive that machines share may not share its locks
        near = _machine(runner) == _machine(self.runner)
        if runner == self.runner or not near or not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                return True
        except (Timeout, OSError):
            return False


@contextmanager
def present(folder: Path) -> Iterator[Presence]:
    """Be a runner, until the end of the block. Raises ``StateError``."""
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    runners = folder / "runners"
    try:
        private_folder(runners)
        _clear(runners)
        lock = FileLock(_file(runners, name), timeout=0, mode=0o600)
        lock.acquire()
    except OSError as error:
        raise StateError(f"cannot write in {runners}: {error.strerror}") from error
    try:
        yield Presence(name, runners)
    finally:
        lock.release()
        _file(runners, name).unlink(missing_ok=True)


def _clear(runners: Path) -> None:
    for path in sorted(runners.glob("*.lock"), key=lambda path: path.name)[:-KEPT]:
        with suppress(Timeout, OSError), FileLock(path, timeout=0):
            path.unlink(missing_ok=True)


def _machine(runner: str) -> str:
    return runner.rpartition(":")[0].rpartition(":")[0]


def _file(folder: Path, runner: str) -> Path:
    return folder / f"{runner.replace(':', '-')}.lock"
