"""The store of the stand-in: one SQLite file, one row a district."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectsync.emulator.errors import StoreUnusable
from connectsync.emulator.form import OPTIONS, Option, Options

LAYOUT = 1
"""The version of the tables, kept in the file itself."""

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS district (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, saves INTEGER NOT NULL,
        version TEXT NOT NULL, form TEXT NOT NULL, token_digest TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS learnt_option (
        field TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (field, label)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS remembered (
        key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, district TEXT NOT NULL,
        version TEXT NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS remembered_at ON remembered (at)",
    """
    CREATE INDEX IF NOT EXISTS district_by_name ON district (name COLLATE NOCASE, key)
    """,
    """
    CREATE TABLE IF NOT EXISTS user (
        email TEXT PRIMARY KEY, password TEXT NOT NULL, everywhere INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS user_district (
        email TEXT NOT NULL, district TEXT NOT NULL, PRIMARY KEY (email, district)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS session (
        digest TEXT PRIMARY KEY, email TEXT NOT NULL, csrf TEXT NOT NULL,
        ends REAL NOT NULL, visits INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS session_ends ON session (ends)",
    f"PRAGMA user_version = {LAYOUT}",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A district: its form as JSON values, and how often it was saved."""

    key: str
    name: str
    saves: int
    version: str
    form: dict[str, object]
    token_digest: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """
    Where the file is; every use opens and closes a connection of its own.

    A commit is not flushed to the disk: it outlives the process, killed or not, but
    not a power cut, which a stand-in may forget.
    """

    path: Path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open the store to look something up."""
        with closing(self._connection()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open the store alone: what is looked up stays true until the commit."""
        with closing(self._connection()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def opened(path: Path | str) -> Store:
    """Open a store, or make it with its directory. Raises ``StoreUnusable``."""
    store = Store(Path(path))
    try:
        _made_private(store.path)
        with store.writing() as connection:
            (layout,) = connection.execute("PRAGMA user_version").fetchone()
            if layout not in {0, LAYOUT}:
                raise StoreUnusable(f"{path} was made by another version")
            for table in _TABLES:
                connection.execute(table)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusable(f"{path} cannot be used as a store: {error}") from error
    return store


def _made_private(path: Path) -> None:
    """Make the file, if it is not there, so that only this user may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.close(handle)
    if path.is_file():
        path.chmod(path.stat().st_mode & 0o700 | 0o600)


def page(connection: sqlite3.Connection, after: str, limit: int) -> list[Row]:
    """Give the districts whose key comes after ``after``, by key, without forms."""
    rows = connection.execute(
        "SELECT key, name, saves, version FROM district"
        " WHERE key > ? ORDER BY key LIMIT ?",
        (after, limit),
    )
    return [Row(key, name, saves, version, {}) for key, name, saves, version in rows]


def find(connection: sqlite3.Connection, key: str) -> Row | None:
    """Give one district, or None."""
    return next(iter(find_many(connection, [key])), None)


def find_many(connection: sqlite3.Connection, keys: Sequence[str]) -> list[Row]:
    """Give the districts among ``keys`` that exist, by key, in one query."""
    rows = connection.execute(
        "SELECT key, name, saves, version, form, token_digest FROM district"
        " WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key",
        (json.dumps(list(keys)),),
    )
    return [
        Row(key, name, saves, version, _form(key, form), token_digest)
        for key, name, saves, version, form, token_digest in rows
    ]


def _form(key: object, kept: object) -> dict[str, object]:
    try:
        form = json.loads(kept) if isinstance(kept, str) else None
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict):
        raise StoreUnusable(f"the form of district {key!r} in the store is damaged")
    return form


def put(connection: sqlite3.Connection, row: Row) -> None:
    """Keep a district as it now is."""
    connection.execute(
        "REPLACE INTO district VALUES (?, ?, ?, ?, ?, ?)",
        (
            row.key,
            row.name,
            row.saves,
            row.version,
            json.dumps(row.form),
            row.token_digest,
        ),
    )


def version_of(saves: int, form: dict[str, object]) -> str:
    """
    Name a version: the number of the save and a short digest of the form.

    The number keeps a form that was changed and changed back apart from the one
    that nobody touched.
    """
    digest = hashlib.sha256(json.dumps(form, sort_keys=True).encode("ascii"))
    return f"{saves}-{digest.hexdigest()[:12]}"


def options(connection: sqlite3.Connection) -> Options:
    """Give what the form offers: the page's labels, and those learnt from a seed."""
    learnt = connection.execute("SELECT field, label FROM learnt_option ORDER BY rowid")
    offered = {field: list(choices) for field, choices in OPTIONS.items()}
    for field, label in learnt:
        offered[field].append(Option(label))
    return offered


def learn(connection: sqlite3.Connection, field: str, label: str) -> None:
    """Offer a label that a seed proves to exist."""
    connection.execute(
        "INSERT OR IGNORE INTO learnt_option VALUES (?, ?)", (field, label)
    )
