from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from stores import Place

from connectsync.apply.state import migrations as layout
from connectsync.apply.state.queries import StateReader
from connectsync.errors import DamagedPlan, StateError

OLD = "2026-12-01T08:00:00+00:00"


def config(connection: Connection) -> Config:
    made = Config()
    folder = layout.FOLDER
    made.set_main_option("script_location", str(folder))
    made.attributes["connection"] = connection
    return made


def engine(kept: Place) -> Engine:
    return create_engine(kept.address.url)


def made_old(kept: Place) -> None:
    """Make a store as the first release did, with a run in it."""
    made = engine(kept)
    with made.begin() as connection:
        command.upgrade(config(connection), layout.FIRST)
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(
            text(
                "INSERT INTO runs (run, plan, backend, districts, began)"
                " VALUES (1, 'sha256:1', 'embedded', '[\"a\", \"b\", \"c\"]', :at)"
            ),
            {"at": OLD},
        )
        for district, settled in (("a", "confirmed"), ("b", "conflict")):
            connection.execute(
                text(
                    "INSERT INTO journal (run, district, phase, settled, before, after,"
                    " expected_version, intended_at, note) VALUES (1, :district, 1,"
                    " :settled, '{}', '{}', 'v1', :at, '')"
                ),
                {"district": district, "settled": settled, "at": OLD},
            )
        connection.execute(
            text(
                "INSERT INTO baselines VALUES"
                " ('embedded', 'a', '{\"manage_guardians\": true}', true, :at)"
            ),
            {"at": OLD},
        )
    made.dispose()


def test_a_store_of_the_first_release_keeps_everything(kept: Place) -> None:
    made_old(kept)
    with kept.open() as store:
        archive = StateReader(store)
        (run,) = archive.runs()
        endings = {part.district: part.outcome for part in run.parts}
        assert {
            key: one.ending.value if one else "" for key, one in endings.items()
        } == {"a": "done", "b": "conflict", "c": "failed"}
        assert run.ended is not None
        baseline = archive.baselines("embedded")["a"]
        assert baseline.form == {"manage_guardians": True}
        assert baseline.was_running
        assert archive.verify() == ()


def test_a_run_without_its_plan_cannot_be_resumed_and_says_why(kept: Place) -> None:
    made_old(kept)
    with kept.open() as store, pytest.raises(DamagedPlan, match="before plans were"):
        StateReader(store).plan(1)


def test_a_migrated_store_has_the_layout_of_a_new_one(kept: Place) -> None:
    made_old(kept)
    with kept.open():
        migrated = described(engine(kept))
    for table in reversed(list(migrated)):
        kept.run(f"DROP TABLE {table} {'CASCADE' if is_postgres(kept) else ''}")
    with kept.open():
        assert described(engine(kept)) == migrated


def is_postgres(kept: Place) -> bool:
    return kept.address.url.drivername.startswith("postgresql")


def described(made: Engine) -> dict[str, Any]:
    looked = inspect(made)
    found = {
        table: (
            {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in looked.get_columns(table)
            },
            looked.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (index["name"] or "", index["column_names"])
                for index in looked.get_indexes(table)
            ),
        )
        for table in looked.get_table_names()
    }
    made.dispose()
    return found


def test_a_store_of_a_newer_release_is_refused_and_left_alone(kept: Place) -> None:
    with kept.open():
        pass
    kept.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateError, match=r"'9999'.* does not know"), kept.open():
        pass
    assert kept.run("SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_migration_that_breaks_changes_nothing(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_old(kept)
    before = described(engine(kept))

    def broken(_: Connection) -> None:
        raise StateError("broken")

    monkeypatch.setattr("connectsync.apply.state.migrations.rebuild", broken)
    with pytest.raises(StateError, match="broken"), kept.open():
        pass
    after = described(engine(kept))
    after.pop("alembic_version", None)
    assert after == before
