"""The state that version 0.1.0 left behind, and the Connect beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from apply_world import World
from sqlalchemy import Boolean, create_engine, inspect, text
from stores import Place, place

from connectsync.apply.state.store import Store
from connectsync.emulator.app import create_app

FOLDER = Path(__file__).parents[1] / "apply" / "recorded"
TABLES = (
    "runs",
    "run_districts",
    "journal",
    "baselines",
    "leases",
    "approvals",
    "audit",
    "audit_head",
)


def recorded(kind: str, folder: Path) -> Place:
    """Give a copy of the store, not opened by this version yet."""
    kept = place(kind, folder)
    old = folder / "state.db" if kind == "sqlite" else folder / "recorded.db"
    _load(old, "state.sql")
    if kind != "sqlite":
        _copy(old, kept)
    return kept


def world_beside(folder: Path, store: Store) -> World:
    """Give the Connect that was recorded with it."""
    _load(folder / "connect.db", "connect.sql")
    return World(create_app(folder / "connect.db"), store)


def old_rows(table: str) -> list[dict[str, Any]]:
    """Give the rows of a table as they were recorded."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((FOLDER / "state.sql").read_text("utf-8"))
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608 - our own names


def _load(path: Path, dump: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FOLDER / dump).read_text("utf-8"))


def _copy(old: Path, kept: Place) -> None:
    """Make the tables as that version made them on a server, with the same rows."""
    engine = create_engine(kept.address.url)
    source = sqlite3.connect(old)
    with closing(source), engine.begin() as connection:
        source.row_factory = sqlite3.Row
        for table in ("alembic_version", *TABLES):
            (made,) = source.execute(
                "SELECT sql FROM sqlite_master WHERE name = ?", [table]
            ).fetchone()
            connection.execute(text(made))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0002')"))
        for table in TABLES:
            boxes = {
                column["name"]
                for column in inspect(connection).get_columns(table)
                if isinstance(column["type"], Boolean)
            }
            for row in source.execute(f"SELECT * FROM {table}"):  # noqa: S608 - our own names
                values = {
                    name: bool(row[name]) if name in boxes else row[name]
                    for name in row.keys()  # noqa: SIM118 - a row has no iterator over names
                }
                names = ", ".join(f'"{name}"' for name in values)
                marks = ", ".join(f":{name}" for name in values)
                connection.execute(
                    text(f"INSERT INTO {table} ({names}) VALUES ({marks})"),  # noqa: S608 - as above
                    values,
                )
    engine.dispose()
