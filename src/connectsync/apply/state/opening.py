"""Open the state store: its address, its layout, and stores of older releases."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import MetaData, Table, insert, inspect, select, text
from sqlalchemy.engine import Connection, Row
from sqlalchemy.schema import DropTable

from connectsync.apply.state import audit, older
from connectsync.apply.state.audit import End
from connectsync.apply.state.database import (
    AUDIT,
    HEAD,
    LAYOUT,
    LEASES,
    METADATA,
    Database,
    LeaseTable,
    opened,
    usual_path,
)
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
from connectsync.values import dataclass, field

NEWEST = "0003"
"""The layout of today: the log of facts, and leases."""

OLDER = ("0001", "0002")
"""The layouts of stores that are read as facts."""

_ONE_AT_A_TIME = 7_305_813
"""Any number; a runner holds this lock while it lays out a PostgreSQL store."""


_FOUND = """
WITH me AS (SELECT oid, rolsuper FROM pg_roles WHERE rolname = current_user),
near AS (
    SELECT r.oid FROM pg_roles r, me
    WHERE r.oid = me.oid OR r.rolsuper OR r.rolname = 'pg_database_owner'
        OR r.oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
        OR CASE WHEN me.rolsuper THEN r.oid IN (
            SELECT roleid FROM pg_auth_members WHERE member = me.oid
        ) ELSE pg_has_role(me.oid, r.oid, 'USAGE') END
),
makers AS (
    SELECT oid AS place, nspowner AS maker FROM pg_namespace
    UNION SELECT oid, grantee
    FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
    WHERE privilege_type = 'CREATE'
)
SELECT nspname, relname, pg_get_userbyid(relowner) AS owner,
    nspname = 'public' OR nspowner IN (SELECT oid FROM near) AS usual,
    nspname = current_user AS namesake,
    relowner IN (SELECT oid FROM near) AS ours,
    NOT has_schema_privilege(n.oid, 'CREATE') AND nspname <> current_user
        AND relowner IN (SELECT maker FROM makers WHERE place = n.oid)
        AND NOT EXISTS (SELECT FROM makers WHERE place = n.oid AND maker <> relowner
            AND maker NOT IN (SELECT oid FROM near)) AS appointed
FROM pg_namespace n LEFT JOIN pg_class ON relnamespace = n.oid
    AND relkind NOT IN ('i', 'I') AND relname = ANY(:tables)
WHERE nspname = ANY(:schemas)
"""
"""
Tables by our names in the schemas of the usual path, and whose they are.

``ours``: they belong to our role, or to one that could do as much without our tables.
``appointed``: we read what another role keeps, in a schema where no one else may make
tables, we as little as others.
"""


_STRANGE = """
WITH ours AS (
    SELECT c.* FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace
    WHERE c.relname = ANY(:tables) AND s.nspname = :schema AND relkind NOT IN ('i', 'I')
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
UNION ALL SELECT ours.relname, 'the index ' || x.relname
FROM ours JOIN pg_index i ON indrelid = ours.oid JOIN pg_class x ON x.oid = indexrelid
WHERE indexprs IS NOT NULL OR indpred IS NOT NULL OR (indisunique AND NOT indisprimary)
LIMIT 1
"""
"""What others made of our tables that runs with our statements, or hides rows."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    The tables that there are, and on a server the schema that they are in.

    ``strangers`` names the owner of each that belongs to neither us nor those whose
    store we read.
    """

    tables: Collection[str]
    schema: str | None = None
    strangers: Mapping[str, str] = field(default_factory=dict)


def _find(database: Database, connection: Connection) -> Found:
    """Look for our tables, and take those of one schema from then on."""
    if database.kind != POSTGRESQL:
        return Found(set(inspect(connection).get_table_names()))
    path = [name for name in usual_path(connection) if not name.startswith("pg_")]
    asked = {"schemas": path, "tables": [*METADATA.tables, *older.TABLES]}
    schemas = {name: list[Row[Any]]() for name in path}
    for row in connection.execute(text(_FOUND), asked):
        schemas[row.nspname].append(row)
    # who may make schemas could make one called like our role, in front of others
    ranks = {name: rank for name, rows in schemas.items() if (rank := _rank(rows))}
    if not ranks:
        raise StateError(
            "the database has no schema for the state that is ours to use",
            remedy="make one with `CREATE SCHEMA connectsync AUTHORIZATION` and our"
            " role, and name it with `ALTER ROLE … SET search_path = connectsync`",
        )
    schema = min(ranks, key=ranks.__getitem__)
    database.keep_in(schema, connection)
    rows = [row for row in schemas[schema] if row.relname]
    strangers = [row for row in rows if not (row.ours or row.appointed)]
    return Found(
        {row.relname for row in rows},
        schema,
        {row.relname: row.owner for row in strangers},
    )


def _rank(rows: Sequence[Row[Any]]) -> int:
    """Say how well a schema does as the place of the store; 0 if not at all."""
    for rank, kept in enumerate(("ours", "appointed"), start=1):
        names = {row.relname for row in rows if getattr(row, kept)}
        if AUDIT.name in names or names >= older.FIRST:
            return rank
    if rows[0].usual:
        return 3
    return 0 if rows[0].namesake else 4


def _insist_plain(connection: Connection, found: Found, *tables: str) -> None:
    """Refuse tables of others, and those to which others added what runs."""
    for table in tables:
        if owner := found.strangers.get(table):
            raise StateError(
                f"the table {table} in the schema {foreign_text(str(found.schema))} of"
                " the state store belongs to another user,"
                f" {foreign_text(owner)}: what it says may be theirs",
                remedy="where that is not who keeps the state, have the table removed;"
                " where it is, have our role be given theirs (`GRANT`), or, for a role"
                " that only reads, see that they alone may create tables in that"
                " schema (`REVOKE CREATE ON SCHEMA … FROM PUBLIC`, and `GRANT CREATE`"
                " to them)",
            )
    if found.schema is None:
        return  # of a file all is looked at when it is connected to
    asked = {"tables": list(tables), "schema": found.schema}
    strange = connection.execute(text(_STRANGE), asked).first()
    if strange is not None:
        table, what = strange
        raise StateError(
            "the state store was edited: it runs statements that are not ours, or hides"
            f" rows: {foreign_text(str(what))} of the table {table}",
            remedy="ask the owner of the database to remove that, then check"
            " with `connectsync runs verify`",
        )


def ensure(database: Database) -> None:
    """
    Bring a store to the newest layout.

    Raises ``StateError``, with nothing changed, if it is newer than this release
    knows, if it is the database of something else, if it was edited, or belongs to
    somebody else.
    """
    with database.reading() as connection:
        found = _find(database, connection)
        _insist_plain(connection, found, *METADATA.tables)
        if _layout(connection, found.tables) == NEWEST:
            return
    with database.writing() as connection:
        if database.kind == POSTGRESQL:
            lock = text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
            connection.execute(lock)
        found = _find(database, connection)
        _insist_plain(connection, found, *METADATA.tables)
        layout = _layout(connection, found.tables)
        if layout is None:
            _make(connection, found.tables)
        elif layout in OLDER:
            _insist_plain(connection, found, *older.TABLES)
            _bring_up_to_date(connection, found.tables)
        elif layout != NEWEST:
            raise StateError(
                f"the state store has the layout {layout!r}, which this release does"
                " not know",
                remedy="it was written by a newer connectsync: use that one",
            )


def _layout(connection: Connection, tables: Collection[str]) -> str | None:
    ours = {AUDIT.name, *older.FIRST}.intersection(tables)
    if LAYOUT.name in tables and ours:
        asked = select(LAYOUT.c.version_num)
        return str(connection.execute(asked).scalar_one())
    if ours >= older.FIRST:
        return OLDER[0]
    # others may keep tables beside ours on a server, and never in our file
    if LAYOUT.name in tables or (tables and connection.dialect.name == SQLITE):
        raise StateError(
            "the state store is the database of another program: it has the table"
            f" {min(tables)!r}, and none of ours",
            remedy="name another state folder or database; nothing was changed",
        )
    return None


def _make(
    connection: Connection, tables: Collection[str], end: End | None = None
) -> None:
    end = end or End()
    missing = [one for one in METADATA.sorted_tables if one.name not in tables]
    # one that somebody else made since is not taken
    METADATA.create_all(connection, missing, checkfirst=False)
    connection.execute(insert(HEAD).values(head=1, seq=end.seq, hash=end.hash))
    connection.execute(insert(LAYOUT).values(version_num=NEWEST))


def _bring_up_to_date(connection: Connection, tables: Collection[str]) -> None:
    """Keep the log and the leases of an older store, and its rows as facts."""
    log, facts = older.read(connection, tables)
    kept = {LEASES.name}.intersection(tables)
    for name in (*older.TABLES, *METADATA.tables):
        if name in tables and name not in kept:
            connection.execute(DropTable(Table(name, MetaData())))
    end = End(log[-1]["seq"], log[-1]["hash"]) if log else End()
    _make(connection, kept, end)
    if log:
        connection.execute(insert(AUDIT), log)
    rows = []
    for fact in facts:
        end, row = audit.chain(end, fact)
        rows.append(row)
    audit.append(connection, rows, end)


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
