"""State of version 0.1.0 is brought up to date, and all that it says still holds."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from apply_world import NOW
from forging import Entry, forge
from recorded import old_rows, recorded, world_beside
from stores import KINDS, Place
from trial import Trial, endings

from connectsync.apply.journal import SaveStatus
from connectsync.apply.state.queries import StateReader
from connectsync.backends import embedded
from connectsync.config.state_address import in_file
from connectsync.domain.outcome import Made, Sent
from connectsync.domain.plan import Plan
from connectsync.domain.settings import form_of
from connectsync.errors import DamagedPlan, StateError
from connectsync.operations.rollback import Rollback, undone

ELM, HARBOR, LAKE, MAPLE = "elm-grove", "harbor-point", "lakeview", "maple"


@pytest.fixture(params=KINDS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give the recorded store, once of each kind."""
    return recorded(request.param, tmp_path)


def test_a_store_of_the_last_version_says_the_same_as_before(old: Place) -> None:
    with old.open() as store:
        archive = StateReader(store)
        runs = {run.number: run for run in archive.runs()}
        assert {number: run.tally for number, run in runs.items()}.keys() == {
            1,
            2,
            3,
            4,
        }
        for row in old_rows("run_districts"):
            (part,) = [
                one for one in runs[row["run"]].parts if one.district == row["district"]
            ]
            said = part.outcome
            assert (said.ending.value if said else None) == row["ending"]
            if said is not None:
                assert (said.saves, said.changes) == (row["saves"], row["changes"])
                assert (said.message, part.runner) == (row["message"], row["runner"])
        for row in old_rows("runs"):
            run = runs[row["run"]]
            assert run.plan == row["plan"]
            assert run.accepted == json.loads(row["accepted"])
            assert run.reasons == json.loads(row["reasons"])
            assert (run.ended is None) == (row["ended"] is None)
            assert archive.plan(row["run"])[0].backend == "embedded"
        assert (runs[1].approved_elsewhere, runs[3].rollback_of) == (True, 1)
        assert archive.approvals(runs[1].plan) == ("Ada",)


def test_what_was_applied_by_the_last_version_is_still_the_baseline(old: Place) -> None:
    with old.open() as store:
        archive = StateReader(store)
        known = archive.baselines("embedded")
        for row in old_rows("baselines"):
            assert known[row["district"]].form == form_of(json.loads(row["form"]))
            assert known[row["district"]].was_running == bool(row["was_running"])
        assert store.known().launches["embedded"] == {LAKE}


def test_what_the_last_version_did_not_record_is_unknown(old: Place) -> None:
    with old.open() as store:
        saves = StateReader(store).journal(2)
        facts = {one.intent.district: one.facts for one in saves}
        assert facts[LAKE].sent is Sent.ANSWERED
        assert set(facts[LAKE].made.values()) == {Made.MADE}
        for district in (ELM, HARBOR):
            assert set(facts[district].made.values()) == {Made.UNKNOWN}
        assert not any(one.is_open for one in saves)


def test_the_log_of_the_last_version_goes_on(old: Place) -> None:
    (head,) = old_rows("audit_head")
    with old.open() as store:
        found = StateReader(store).audited(head["hash"])
        assert found.problems == ()
        assert found.entries > head["seq"]
    with old.open() as store:
        assert StateReader(store).audited().head == found.head, "it is migrated once"


def test_a_run_that_the_last_version_left_half_done_is_resumed(
    old: Place, tmp_path: Path
) -> None:
    with old.open() as store:
        world = world_beside(tmp_path, store)
        trial = Trial(world)
        outcome = asyncio.run(trial.resume(4))
        assert endings(outcome) == {HARBOR: "done", LAKE: "done"}
        assert trial.saved == [LAKE], "the save of the other one had arrived"
        settled = [one.settled for one in world.archive.journal(4)]
        assert settled == [SaveStatus.CONFIRMED, SaveStatus.CONFIRMED]
        assert world.archive.audited().problems == ()


def test_a_run_of_the_last_version_is_rolled_back(old: Place, tmp_path: Path) -> None:
    with old.open() as store:
        world = world_beside(tmp_path, store)

        async def story() -> Plan:
            plan, _ = world.archive.plan(1)
            way = Rollback(1, plan, undone(world.archive.journal(1)), only=(LAKE,))
            async with embedded.open_reader(world.app) as reader:
                back = await way.planned(reader, world.given())
            await world.run(back)
            return back

        back = asyncio.run(story())
        assert [one.district for one in back.districts] == [LAKE]
        live = asyncio.run(world.live(LAKE))
        assert (live["enable_daily_sync"], live["phone_types"]) == (True, frozenset())
        assert world.archive.audited().problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET accepted = '{}' WHERE run = 1",
        "UPDATE run_districts SET planned = replace(planned, 'Cell', 'Work')",
        "UPDATE journal SET settled = 'confirmed' WHERE settled = 'intended'",
        "DELETE FROM approvals",
        "DELETE FROM audit WHERE seq > 20",
        "UPDATE audit SET detail = '{}'",
        "INSERT INTO baselines VALUES ('embedded', 'oak', '{}', false, '2027')",
    ],
)
def test_an_edited_store_of_the_last_version_is_refused_and_left_alone(
    old: Place, statement: str
) -> None:
    old.run(statement)
    before = old.run("SELECT * FROM runs ORDER BY run")
    refused = pytest.raises(StateError, match="was edited, so it is not brought")
    with refused, old.open():
        pass
    assert old.run("SELECT * FROM runs ORDER BY run") == before
    assert old.run("SELECT version_num FROM alembic_version") == [("0002",)]


def test_the_database_of_another_program_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE photos (name TEXT)")
    before = path.read_bytes()
    kept = Place(tmp_path, in_file(path))
    with pytest.raises(StateError, match="database of another program"), kept.open():
        pass
    assert path.read_bytes() == before


def test_nothing_is_added_to_a_log_that_was_cut_off(kept: Place) -> None:
    with kept.open() as store:
        store.approve("sha256:1", "Ada", at=NOW)
        store.approve("sha256:1", "Bo", at=NOW)
    kept.run("DELETE FROM audit WHERE seq = 2")
    with kept.open() as store, pytest.raises(StateError, match="audit log was cut off"):
        store.approve("sha256:1", "Cy", at=NOW)
    assert kept.run("SELECT count(*) FROM audit") == [(1,)]


def test_a_run_that_was_edited_is_not_read_as_a_plan(old: Place) -> None:
    with old.open():
        pass
    old.run("UPDATE audit SET detail = '{}' WHERE run = 4 AND kind = 'fact'")
    with old.open() as store, pytest.raises(StateError, match="store was edited"):
        StateReader(store).plan(4)


def test_a_plan_that_was_forged_in_the_log_is_not_its_runs(old: Place) -> None:
    with old.open():
        pass

    def other(entry: Entry) -> None:
        if entry["run"] == 4 and entry["action"] == "run begun":
            entry["detail"]["plan"]["scope"] = ["everything"]

    forge(old.address.url, other)
    with old.open() as store:
        with pytest.raises(DamagedPlan, match="plan of run 4 was edited"):
            StateReader(store).plan(4)
        assert StateReader(store).audited().problems == (
            "the plan of run 4 was edited",
        )
