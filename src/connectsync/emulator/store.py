"""The emulator's store: one SQLite file, one row per district."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connectsync.emulator.form import (
    OPTIONS,
    TOKEN,
    FieldOption,
    Options,
    completed,
    in_page_order,
    refusals,
    token_refusal,
)
from connectsync.emulator.http import (
    DroppedAnswer,
    FaultState,
    ProblemAnswer,
    StoreUnusable,
    district_not_found,
)

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
    """
    CREATE TABLE IF NOT EXISTS nightly_sync (
        district TEXT PRIMARY KEY, status TEXT NOT NULL, at TEXT NOT NULL, tried INTEGER
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS nightly_school (
        home TEXT PRIMARY KEY, schools TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    f"PRAGMA user_version = {LAYOUT}",
)


@dataclass(frozen=True, slots=True)
class SchoolReport:
    """What is shown of a nightly sync for one school; ``tried`` is a percentage."""

    school: str
    status: str
    tried: int | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """
    What is shown of a nightly sync: its status, when, and what it tried to archive.

    ``at`` is an ISO 8601 time with its zone, ``tried`` a percentage; ``schools`` are
    those that are shown.
    """

    status: str
    at: str
    tried: int | None = None
    schools: tuple[SchoolReport, ...] = ()


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """
    A district: its form as JSON values, and how often it was saved.

    ``synced`` is its last nightly sync; None where none was run.
    """

    key: str
    name: str
    saves: int
    version: str
    form: dict[str, object]
    token_digest: str = ""
    synced: SyncReport | None = None


@dataclass(frozen=True, slots=True)
class EmulatorStore:
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


def open_store(path: Path | str) -> EmulatorStore:
    """Open a store, or make it with its directory. Raises ``StoreUnusable``."""
    store = EmulatorStore(Path(path))
    try:
        _make_private(store.path)
        with store.writing() as connection:
            (layout,) = connection.execute("PRAGMA user_version").fetchone()
            if layout not in {0, LAYOUT}:
                raise StoreUnusable(f"{path} was made by another version")
            for table in _TABLES:
                connection.execute(table)
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be made: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StoreUnusable(f"{path} cannot be used as a store: {error}") from error
    return store


def _make_private(path: Path) -> None:
    """Make the file, if it is not there, so that only this user may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.is_file():
        path.chmod(path.stat().st_mode & 0o700 | 0o600)


def page(connection: sqlite3.Connection, after: str, limit: int) -> list[DistrictRow]:
    """Give the districts whose key comes after ``after``, by key, without forms."""
    rows = connection.execute(
        "SELECT key, name, saves, version FROM district WHERE key > ? ORDER BY key"
        " LIMIT ?",
        (after, limit),
    )
    return [
        DistrictRow(key, name, saves, version, {}) for key, name, saves, version in rows
    ]


def find(connection: sqlite3.Connection, key: str) -> DistrictRow | None:
    """Give one district, or None."""
    return next(iter(find_many(connection, [key])), None)


def known_among(connection: sqlite3.Connection, keys: Sequence[str]) -> set[str]:
    """Give those of ``keys`` that are districts, in one query and without forms."""
    query = "SELECT key FROM district WHERE key IN (SELECT value FROM json_each(?))"
    return {key for (key,) in connection.execute(query, (json.dumps(list(keys)),))}


def find_many(connection: sqlite3.Connection, keys: Sequence[str]) -> list[DistrictRow]:
    """Give the districts among ``keys`` that exist, by key, in one query."""
    found = find_kept(connection, keys)
    return [replace(row, form=read_form(row.key, kept)) for row, kept in found]


def find_kept(
    connection: sqlite3.Connection, keys: Sequence[str]
) -> list[tuple[DistrictRow, str | None]]:
    """Give the same without forms, and each as JSON; None where it is damaged."""
    query = (
        "SELECT CASE WHEN NOT json_valid(form) THEN NULL WHEN form GLOB '{*'"
        " OR json_type(form) = 'object' THEN form END, token_digest, key, name, saves"
        ", version, status, at, tried, schools FROM district LEFT JOIN nightly_sync"
        " ON district = key LEFT JOIN nightly_school ON home = key"
        " WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key"
    )
    rows = connection.execute(query, (json.dumps(list(keys)),))
    return [
        (DistrictRow(key, name, saves, version, {}, digest, _report(*sync)), kept)
        for kept, digest, key, name, saves, version, *sync in rows
    ]


def _report(status: str | None, at: str, *told: Any) -> SyncReport | None:
    tried, schools = told
    each = (SchoolReport(*one) for one in (json.loads(schools) if schools else ()))
    return None if status is None else SyncReport(status, at, tried, tuple(each))


def read_form(key: str, kept: str | None) -> dict[str, object]:
    """Read a form as it is kept. Raises ``StoreUnusable`` if it is damaged."""
    with suppress(ValueError, RecursionError):
        if kept is not None:
            return completed(json.loads(kept))
    raise StoreUnusable(f"the form of district {key!r} in the store is damaged")


def put_row(connection: sqlite3.Connection, row: DistrictRow) -> None:
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


def put_sync(connection: sqlite3.Connection, key: str, report: SyncReport) -> None:
    """Keep what a night came to, in place of the night before."""
    connection.execute(
        "REPLACE INTO nightly_sync VALUES (?, ?, ?, ?)",
        (key, report.status, report.at, report.tried),
    )
    each = [(one.school, one.status, one.tried) for one in report.schools]
    connection.execute(
        "REPLACE INTO nightly_school VALUES (?, ?)", (key, json.dumps(each))
    )


def version_of(saves: int, form: dict[str, object]) -> str:
    """
    Name a version: the number of the save and a short digest of the form.

    The number keeps a form that was changed and changed back apart from the one
    that no one touched.
    """
    digest = hashlib.sha256(json.dumps(form, sort_keys=True).encode("ascii"))
    return f"{saves}-{digest.hexdigest()[:12]}"


def options(connection: sqlite3.Connection) -> Options:
    """Give what the form offers: the page's labels, and those learnt from a seed."""
    learnt = connection.execute("SELECT field, label FROM learnt_option ORDER BY rowid")
    offered = {field: list(choices) for field, choices in OPTIONS.items()}
    for field, label in learnt:
        offered[field].append(FieldOption(label))
    return offered


def learn(connection: sqlite3.Connection, field: str, label: str) -> None:
    """Offer a label that a seed proves to exist."""
    statement = "INSERT OR IGNORE INTO learnt_option VALUES (?, ?)"
    connection.execute(statement, (field, label))


REMEMBERED_SECONDS = 24 * 60 * 60
"""How long an idempotency key keeps its answer."""


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """
    What was asked: which fields of which district, at which version.

    No ``expected_version`` means whichever is there: the last who saves wins.
    ``idempotency_key`` is empty where the request names none.
    """

    district: str
    fields: Mapping[str, object]
    expected_version: str | None
    idempotency_key: str = ""

    @property
    def fingerprint(self) -> str:
        """Tell one save from another; it gives away nothing of its content."""
        asked = [self.district, self.expected_version, self.fields]
        spelled = json.dumps(asked, sort_keys=True)
        return hashlib.sha256(spelled.encode("ascii")).hexdigest()


def save_form(connection: sqlite3.Connection, save: SaveRequest, *, now: float) -> str:
    """
    Make a save and give the version the form then has.

    ``now`` is in seconds since the epoch. A save that changes nothing keeps the
    version. Raises ``Problem``: 404, 412, or 422; then nothing was written.
    """
    latest = now - REMEMBERED_SECONDS
    connection.execute("DELETE FROM remembered WHERE at < ?", (latest,))
    if version := _remember_save(connection, save):
        return version
    version = _write_save(connection, save)
    _remember(connection, save, version, now)
    return version


def _write_save(connection: sqlite3.Connection, save: SaveRequest) -> str:
    row = find(connection, save.district)
    if row is None:
        raise district_not_found(save.district)
    if save.expected_version not in {None, row.version}:
        raise ProblemAnswer(
            412,
            "version-moved",
            "the form was saved by someone else meanwhile",
            f"it is at version {row.version}, not {save.expected_version}",
        )
    after = _fill_in(connection, row, save.fields)
    if (after.form, after.token_digest) == (row.form, row.token_digest):
        return row.version
    saves = row.saves + 1
    version = version_of(saves, after.form)
    put_row(connection, replace(after, saves=saves, version=version))
    return version


def _fill_in(
    connection: sqlite3.Connection, row: DistrictRow, fields: Mapping[str, object]
) -> DistrictRow:
    offered = options(connection)
    form = row.form | {name: fields[name] for name in fields if name != TOKEN}
    token = fields.get(TOKEN, "")
    found = refusals(form, offered)
    if (refusal := token_refusal(token)) is not None:
        found.append(refusal)
    if found:
        raise ProblemAnswer(
            422, "form-refused", "the form does not accept this", refusals=found
        )
    digest = _digest(str(token)) if TOKEN in fields else row.token_digest
    return replace(row, form=in_page_order(form, offered), token_digest=digest)


def _digest(token: str) -> str:
    # enough to tell a new token from the old; what is not kept cannot be shown
    return hashlib.sha256(token.encode("utf-8")).hexdigest() if token else ""


def _remember_save(connection: sqlite3.Connection, save: SaveRequest) -> str:
    row = connection.execute(
        "SELECT fingerprint, version FROM remembered WHERE key = ?",
        (save.idempotency_key,),
    ).fetchone()
    if row is None:
        return ""
    fingerprint, version = row
    if fingerprint != save.fingerprint:
        raise ProblemAnswer(
            422,
            "idempotency-key-reused",
            "this Idempotency-Key was used for another save",
        )
    return str(version)


def _remember(
    connection: sqlite3.Connection, save: SaveRequest, version: str, now: float
) -> None:
    if save.idempotency_key:
        connection.execute(
            "INSERT INTO remembered VALUES (?, ?, ?, ?, ?)",
            (save.idempotency_key, save.fingerprint, save.district, version, now),
        )


@dataclass(frozen=True, slots=True)
class FormSaver:
    """Saves over one store, in whatever weather there is."""

    store: EmulatorStore
    clock: Callable[[], datetime]
    weather: FaultState

    def save(self, ask: SaveRequest) -> str:
        """
        Make a save and give the version the form then has.

        Raises ``Problem`` if nothing was saved, and ``DroppedAnswer`` if the save was
        made but must not be answered.
        """
        number = self.weather.next_save()
        if self.weather.edits_before(number):
            self._edited(ask.district)
        version = self._made(ask)
        if self.weather.edits_with(number):
            version = self._edited(ask.district) or version
        if self.weather.drops_after(number):
            raise DroppedAnswer
        return version

    def _made(self, ask: SaveRequest) -> str:
        with self.store.writing() as connection:
            return save_form(connection, ask, now=self.clock().timestamp())

    def _edited(self, district: str) -> str | None:
        """Change what no save asked for; give the version the form then has."""
        with self.store.reading() as connection:
            row = find(connection, district)
        if row is None:
            return None
        turned = {"unarchiveClassrooms": not row.form["unarchiveClassrooms"]}
        edit = self.weather.faults.edit or turned
        return self._made(SaveRequest(district, edit, None))
