"""Whatever is done to the file behind our back, the audit log tells."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from apply_world import CELL, KEYS, NOW, World
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError
from stores import Place

from connectsync.apply.journal import BaselineUpdate, Claim, Intent, RunOptions
from connectsync.apply.state import audit
from connectsync.apply.state.database import AUDIT, HEAD
from connectsync.apply.state.known import Known
from connectsync.apply.state.opening import FILE, open_store
from connectsync.apply.state.queries import StateReader, audited
from connectsync.apply.state.store import Store
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.run import AuditResult
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.errors import StateError
from connectsync.providers.clever import PhoneType, Settings

WORK = Settings(phone_types=frozenset([PhoneType.WORK]))


async def lived_in(world: World) -> None:
    """Let a run end, another one break off, and people say yes."""
    store = world.store
    plan = await world.plan(CELL)
    store.approve(plan_digest(plan), "Ada", at=NOW)
    store.approve(plan_digest(plan), "Bo", at=NOW)
    await world.run(plan)
    seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=True)
    store.note(plan.backend, {KEYS[2]: replace(seen, merged=True)}, at=NOW)
    store.doubt(1, KEYS[0], "a person saved it", at=NOW)
    plan = await world.plan(WORK)
    orders = RunOptions(
        (("canary", KEYS[:1]), ("rest", KEYS[1:])), {"x": 1}, {"y": "z"}
    )
    run, _ = store.begin(plan, plan_digest(plan), orders, at=NOW)
    claim = store.claim(run, plan.backend, KEYS[0], at=NOW)
    assert isinstance(claim, Claim)
    first = plan.districts[0]
    after = first.saves[0].after(first.live)
    store.intend(claim, Intent(KEYS[0], 1, first.live, after, "1"), at=NOW)
    store.stop(run, "it was interrupted", at=NOW)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store that tells of all that can be told."""
    folder = tmp_path_factory.mktemp("original")
    enrol(folder / "connect.db", [(key, key) for key in KEYS])
    with open_store(folder) as store:
        asyncio.run(lived_in(World(create_app(folder / "connect.db"), store)))
    return folder / FILE


After = Callable[..., tuple[str, ...]]
"""Gives what is found after a statement with values."""


@dataclass(frozen=True)
class File:
    """A copy of that store, and a way to do anything to it."""

    folder: Path
    original: Path

    def as_it_was(self) -> None:
        for left in self.folder.glob(f"{FILE}*"):
            left.unlink()
        shutil.copy(self.original, self.folder / FILE)

    def run(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Do something to the tables, past everything that would object."""
        with closing(sqlite3.connect(self.folder / FILE)) as connection, connection:
            return list(connection.execute(statement, values))

    def rows(self, table: str) -> list[int]:
        return [int(str(row)) for (row,) in self.run(f"SELECT rowid FROM {table}")]  # noqa: S608 - our own names

    @contextmanager
    def undoing(self) -> Iterator[After]:
        """Give a way to do something to the tables, and find it, and undo it."""
        with open_store(self.folder) as store:

            def after(statement: str, *values: object) -> tuple[str, ...]:
                connection = store.database.engine.connect()
                with connection, connection.begin() as undone:
                    connection.exec_driver_sql(statement, values)
                    found = audited(connection, None).problems
                    refused = _refused(connection)
                    undone.rollback()
                assert bool(found) == refused, "what is found is refused as well"
                return found

            yield after

    def audited(self, noted: str | None = None) -> AuditResult:
        with open_store(self.folder) as store:
            return StateReader(store).audited(noted)


@pytest.fixture
def file(original: Path, tmp_path: Path) -> File:
    """Give a copy of the store."""
    copy = File(tmp_path, original)
    copy.as_it_was()
    return copy


EDITED = ("edited", 4711, b"\xff", None)
FEW = len(EDITED)


def _refused(connection: Connection) -> bool:
    """Say whether who plans, saves or undoes is refused."""
    try:
        Known().catch_up(connection)
    except StateError:
        return True
    return False


TABLES = [table.name for table in (AUDIT, HEAD)]
COLUMNS = [
    (table.name, column.name)
    for table in (AUDIT, HEAD)
    for column in table.columns
    # which row it is says nothing
    if (table, column.name) != (HEAD, "head")
]


def test_a_store_that_nobody_touched_is_as_its_log_says(file: File) -> None:
    assert all(file.rows(table) for table in TABLES), "each table has something to lose"
    found = file.audited()
    assert found.problems == ()
    assert found.entries == len(file.rows("audit"))
    assert file.run("SELECT seq, hash FROM audit_head") == [(found.entries, found.head)]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_value_that_was_edited_is_found(file: File, table: str, column: str) -> None:
    statement = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - our own names
    rows = file.rows(table)
    with file.undoing() as after:
        for place, row in enumerate(rows):
            before = file.run(f"SELECT {column} FROM {table} WHERE rowid = ?", row)  # noqa: S608 - our own names
            # in a long table the rows take turns: each way is tried on several rows
            ways = EDITED if len(rows) <= FEW else EDITED[place % len(EDITED) :][:1]
            for edited in ways:
                # a number as a key takes nothing else, and what must be there no null
                with suppress(IntegrityError):
                    found = after(statement, edited, row)
                    assert found or before == [(edited,)], (row, edited)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_was_removed_is_found(file: File, table: str) -> None:
    removed = f"DELETE FROM {table} WHERE rowid = ?"  # noqa: S608 - our own names
    with file.undoing() as after:
        for row in file.rows(table):
            assert after(removed, row), row


def test_an_entry_that_was_added_is_found(file: File) -> None:
    columns = "at, runner, action, kind, subject, detail, content, hash, run"
    (last,) = max(file.run("SELECT seq FROM audit"))
    for seq in (0, last + 1):  # type: ignore[operator]
        file.as_it_was()
        file.run(
            f"INSERT INTO audit (seq, {columns})"  # noqa: S608 - our own names
            f" SELECT ?, {columns} FROM audit ORDER BY seq DESC LIMIT 1",
            seq,
        )
        assert file.audited().problems


def test_two_entries_that_changed_places_are_found(file: File) -> None:
    for row in file.rows("audit")[:-1]:
        file.as_it_was()
        for old, new in ((row, -1), (row + 1, row), (-1, row + 1)):
            file.run("UPDATE audit SET seq = ? WHERE seq = ?", new, old)
        assert file.audited().problems, row


def test_an_end_that_was_cut_off_is_found(file: File) -> None:
    with file.undoing() as after:
        for last in file.rows("audit"):
            found = after("DELETE FROM audit WHERE seq >= ?", last)
            assert "the end of the audit log was cut off" in found


def test_an_end_that_was_cut_off_with_its_head_is_found_by_a_head_noted_elsewhere(
    file: File,
) -> None:
    noted = file.audited().head
    for last in file.rows("audit"):
        file.as_it_was()
        file.run("DELETE FROM audit WHERE seq > ?", last - 1)
        seq, head = _end(file)
        file.run("UPDATE audit_head SET seq = ?, hash = ?", seq, head)
        (sentence,) = file.audited(noted).problems
        assert noted in sentence


def _end(file: File) -> tuple[object, ...]:
    rows = file.run("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    return rows[0] if rows else (0, audit.NOTHING)


def test_a_store_that_was_put_back_whole_is_found_by_a_head_noted_elsewhere(
    file: File,
) -> None:
    before = file.audited().head
    with open_store(file.folder) as store:
        seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=False)
        store.note("one", {"elm-grove": seen}, at=NOW)
    noted = file.audited(before)
    assert noted.problems == (), "the log may grow"
    file.as_it_was()
    assert file.audited().problems == (), "nothing in the file can tell"
    (sentence,) = file.audited(noted.head).problems
    assert noted.head in sentence
    assert file.audited(audit.NOTHING).problems == (), "a log begins with nothing"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE audit SET detail = replace(detail, 'Work', 'Cell')",
            "entry [0-9]* of the audit log was edited, moved or cut off",
        ),
        (
            "UPDATE audit SET detail = 'x' WHERE action = 'save seen'",
            "entry [0-9]* of the audit log holds no fact of ours",
        ),
        ("DELETE FROM audit WHERE seq = 3", "entry 3 of the audit log is missing"),
        ("DELETE FROM audit", "the end of the audit log was cut off"),
        ("UPDATE audit_head SET seq = seq - 1", "the end of the audit log was cut off"),
    ],
)
def test_what_was_done_is_said_in_words(file: File, statement: str, told: str) -> None:
    file.run(statement)
    assert any(re.fullmatch(told, one) for one in file.audited().problems)


def test_who_writes_while_somebody_verifies_raises_no_alarm(kept: Place) -> None:
    with kept.open() as store, kept.open() as other:
        seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=False)
        store.note("one", {"lakeview": seen}, at=NOW)
        late = _meanwhile(store, other)
        assert StateReader(store).audited().problems == ()
        assert next(late, None) is None, "somebody did write"
        assert StateReader(store).audited().problems == ()


def _meanwhile(store: Store, other: Store) -> Iterator[None]:
    """Let another runner write once the log was read, and before its head is."""
    waiting = iter([None])

    def write(*told: Sequence[object]) -> None:
        if "SELECT audit." in str(told[2]) and next(waiting, True) is None:
            other.note("one", {"lakeview": BaselineUpdate({}, running=True)}, at=NOW)

    event.listen(store.database.engine, "after_cursor_execute", write)
    return waiting
