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
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from stores import Place

from connectsync.apply.journal import BaselineUpdate, Claim, Intent, RunOptions
from connectsync.apply.state import audit
from connectsync.apply.state.database import in_file, opened
from connectsync.apply.state.opening import FILE, open_store
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.apply.state.tables import AUDIT, HEAD, PROJECTIONS
from connectsync.apply.state.verifying import audited
from connectsync.domain.audit import Audited
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import PhoneType, Settings
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol

WORK = Settings(phone_types=frozenset([PhoneType.WORK]))


async def lived_in(world: World) -> None:
    """Let a run end, another one break off, and people say yes."""
    store = world.store
    plan = await world.plan(CELL)
    world.archive.approve(plan_digest(plan), "Ada", at=NOW)
    world.archive.approve(plan_digest(plan), "Bo", at=NOW)
    await world.run(plan)
    seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=True)
    store.keep(plan.backend, KEYS[2], replace(seen, merged=True), at=NOW)
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
        with opened(in_file(self.folder / FILE)) as database:

            def after(statement: str, *values: object) -> tuple[str, ...]:
                connection = database.engine.connect()
                with connection, connection.begin() as undone:
                    connection.exec_driver_sql(statement, values)
                    found = audited(connection, None).problems
                    undone.rollback()
                return found

            yield after

    def audited(self, noted: str | None = None) -> Audited:
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

TABLES = [table.name for table in (*PROJECTIONS, AUDIT, HEAD)]
COLUMNS = [
    (table.name, column.name)
    for table in (*PROJECTIONS, AUDIT, HEAD)
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


@pytest.mark.parametrize("table", [table.name for table in PROJECTIONS])
def test_a_row_that_was_added_is_found(file: File, table: str) -> None:
    columns = [str(row[1]) for row in file.run(f"PRAGMA table_info({table})")]
    keys = [str(row[1]) for row in file.run(f"PRAGMA table_info({table})") if row[5]]
    others = ", ".join(column for column in columns if column != keys[-1])
    new = "4711" if keys[-1] in {"run", "row"} else "'added'"
    file.run(
        f"INSERT INTO {table} ({others}, {keys[-1]})"  # noqa: S608 - our own names
        f" SELECT {others}, {new} FROM {table} ORDER BY rowid DESC LIMIT 1"
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


def test_an_end_that_was_cut_off_with_its_head_leaves_rows_that_nobody_logged(
    file: File,
) -> None:
    for last in file.rows("audit"):
        file.as_it_was()
        file.run("DELETE FROM audit WHERE seq > ?", last - 1)
        seq, head = _end(file)
        file.run("UPDATE audit_head SET seq = ?, hash = ?", seq, head)
        found = file.audited().problems
        assert found, last
        assert "the end of the audit log was cut off" not in found


def _end(file: File) -> tuple[object, ...]:
    rows = file.run("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    return rows[0] if rows else (0, audit.NOTHING)


def test_a_store_that_was_put_back_whole_is_found_by_a_head_noted_elsewhere(
    file: File,
) -> None:
    before = file.audited().head
    with open_store(file.folder) as store:
        seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=False)
        store.keep("one", "elm-grove", seen, at=NOW)
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
        ("UPDATE runs SET accepted = '{}' WHERE run = 2", "run 2 was edited"),
        (
            "UPDATE run_districts SET ending = 'done' WHERE ending = 'conflict'",
            "district elm-grove of run 1 was edited",
        ),
        (
            "UPDATE journal SET settled = 'confirmed' WHERE settled = 'intended'",
            "row [0-9]* of the journal was edited",
        ),
        (
            "UPDATE run_districts SET wave = 'rest' WHERE run = 2",
            "district elm-grove of run 2 was edited",
        ),
        (
            "UPDATE audit SET detail = replace(detail, 'Work', 'Cell')",
            "entry [0-9]* of the audit log was edited, moved or cut off",
        ),
        (
            "DELETE FROM launches",
            "the launch of lakeview on embedded was removed",
        ),
        (
            "DELETE FROM approvals WHERE name = 'Bo'",
            "the approval of sha256:[0-9a-f]* by Bo was removed",
        ),
        (
            "DELETE FROM baselines WHERE district = 'lakeview'",
            "the baseline of lakeview on embedded was removed",
        ),
        ("DELETE FROM audit WHERE seq = 3", "entry 3 of the audit log is missing"),
    ],
)
def test_what_was_done_is_said_in_words(file: File, statement: str, told: str) -> None:
    file.run(statement)
    assert any(re.fullmatch(told, one) for one in file.audited().problems)


def test_who_writes_while_somebody_verifies_raises_no_alarm(kept: Place) -> None:
    with kept.open() as store, kept.open() as other:
        seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=False)
        store.keep("one", "lakeview", seen, at=NOW)
        late = _meanwhile(store, other)
        assert StateReader(store).audited().problems == ()
        assert next(late, None) is None, "somebody did write"
        assert StateReader(store).audited().problems == ()


def _meanwhile(store: Store, other: Store) -> Iterator[None]:
    """Let another runner write once the log was read, and before the tables are."""
    waiting = iter([None])

    def write(*told: Sequence[object]) -> None:
        if "FROM audit " in str(told[2]) and next(waiting, True) is None:
            other.keep("one", "lakeview", BaselineUpdate({}, running=True), at=NOW)

    event.listen(store.database.engine, "after_cursor_execute", write)
    return waiting
