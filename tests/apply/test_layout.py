from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from old_stores import made_old
from sqlalchemy import Engine, create_engine, inspect
from stores import Place, place

from connectsync.apply.state.audit import AuditEntry
from connectsync.apply.state.queries import StateReader
from connectsync.errors import DamagedPlan, StateError


def engine(kept: Place) -> Engine:
    return create_engine(kept.address.url)


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
        assert archive.audited().problems == ()


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

    def broken(*_: AuditEntry) -> None:
        raise StateError("broken")

    monkeypatch.setattr("connectsync.apply.state.audit.append", broken)
    with pytest.raises(StateError, match="broken"), kept.open():
        pass
    after = described(engine(kept))
    after.pop("alembic_version", None)
    assert after == before


BEFORE = "BEFORE INSERT ON audit FOR EACH ROW"
DOMAIN = "CREATE DOMAIN short AS text CHECK (length(value) < 9)"
RENAMED = (
    "ALTER TABLE leases RENAME TO theirs; CREATE VIEW leases AS SELECT * FROM theirs"
)
NOTHING = "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; "


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            f"CREATE TRIGGER theirs {BEFORE} EXECUTE FUNCTION theirs()",
            "the trigger theirs of the table audit",
        ),
        (
            "CREATE RULE theirs AS ON INSERT TO audit DO INSTEAD NOTHING",
            "the rule theirs of the table audit",
        ),
        (
            "ALTER TABLE audit ENABLE ROW LEVEL SECURITY",
            "a policy for its rows of the table audit",
        ),
        (
            "CREATE POLICY theirs ON leases USING (false)",
            "a policy for its rows of the table leases",
        ),
        (
            "ALTER TABLE audit ALTER run SET DEFAULT length(current_user)",
            "a default or computed value in run of the table audit",
        ),
        (
            "ALTER TABLE audit ADD theirs TEXT GENERATED ALWAYS AS (lower(at)) STORED",
            "a default or computed value in theirs of the table audit",
        ),
        (
            "ALTER TABLE audit ADD CONSTRAINT theirs CHECK (kind <> '')",
            "the condition theirs of the table audit",
        ),
        (
            "CREATE UNIQUE INDEX theirs ON leases (lower(runner))",
            "the index theirs of the table leases",
        ),
        (
            f"{DOMAIN}; ALTER TABLE audit ADD theirs short",
            "the type of theirs of the table audit",
        ),
        (
            "CREATE TABLE theirs () INHERITS (audit)",
            "a view or another kind of table of the table audit",
        ),
        (
            RENAMED,
            "a view or another kind of table of the table leases",
        ),
    ],
)
def test_a_store_on_a_server_that_runs_statements_of_others_is_refused(
    tmp_path: Path, statement: str, named: str
) -> None:
    kept = place("postgresql", tmp_path)
    with kept.open():
        pass
    for one in (*NOTHING.split("; "), *statement.split(";")):
        if one:
            kept.run(one)
    ours = "statements that are not ours"
    with pytest.raises(StateError, match=ours) as refused, kept.open():
        pass
    assert named in refused.value.message
    assert kept.run("SELECT count(*) FROM audit") == [(0,)]


def test_an_older_store_on_a_server_that_runs_statements_of_others_is_refused(
    tmp_path: Path,
) -> None:
    kept = place("postgresql", tmp_path)
    made_old(kept)
    kept.run("CREATE RULE theirs AS ON DELETE TO journal DO INSTEAD NOTHING")
    named = "the rule theirs of the table journal"
    with pytest.raises(StateError, match=named), kept.open():
        pass


def test_what_others_keep_beside_ours_on_a_server_is_theirs(tmp_path: Path) -> None:
    kept = place("postgresql", tmp_path)
    with kept.open():
        pass
    kept.run("CREATE TABLE runs (number SERIAL PRIMARY KEY CHECK (number > 0))")
    kept.run("CREATE RULE theirs AS ON INSERT TO runs DO INSTEAD NOTHING")
    with kept.open() as store:
        assert StateReader(store).runs() == ()
