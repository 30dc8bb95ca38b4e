from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from stores import Place

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader
from connectsync.config.state_address import at_url
from connectsync.domain.settings import Form
from connectsync.errors import StateError, UnknownRun

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


def test_baselines_of_one_backend_are_not_those_of_another(kept: Place) -> None:
    with kept.open() as store:
        seen = BaselineUpdate({"student_id": "STUDENT ID"}, running=False)
        store.note("one", {"lakeview": seen}, at=NOW)
        assert StateReader(store).baselines("one").keys() == {"lakeview"}
        assert StateReader(store).baselines("other") == {}


def test_state_survives_being_closed(kept: Place) -> None:
    form = {"phone_types": frozenset(["Cell"]), "deletion_threshold": None}
    with kept.open() as store:
        store.note("one", {"lakeview": BaselineUpdate(form, running=True)}, at=NOW)
    with kept.open() as store:
        assert StateReader(store).baselines("one")["lakeview"].form == form
        assert StateReader(store).baselines("one")["lakeview"].was_running


def test_a_sync_once_seen_running_is_not_forgotten(kept: Place) -> None:
    with kept.open() as store:
        store.note("one", {"lakeview": BaselineUpdate({}, running=True)}, at=NOW)
        store.note("one", {"lakeview": BaselineUpdate({}, running=False)}, at=NOW)
        assert StateReader(store).baselines("one")["lakeview"].was_running


def test_a_merged_baseline_keeps_what_it_does_not_speak_of(kept: Place) -> None:
    whole = BaselineUpdate(
        {"student_id": "STUDENT ID", "manage_guardians": True}, running=False
    )
    with kept.open() as store:
        store.note("one", {"lakeview": whole}, at=NOW)
        part = BaselineUpdate({"manage_guardians": False}, running=False, merged=True)
        store.note("one", {"lakeview": part}, at=NOW)
        assert StateReader(store).baselines("one")["lakeview"].form == {
            "student_id": "STUDENT ID",
            "manage_guardians": False,
        }


def test_what_was_learned_since_a_reading_began_stays(kept: Place) -> None:
    form: Form = {"student_id": "STUDENT ID", "deletion_threshold": 12}
    with kept.open() as store, kept.open() as other:
        mark = store.mark()
        other.note("one", {"lakeview": BaselineUpdate(form, running=False)}, at=NOW)
        older: Form = {"deletion_threshold": 15, "manage_guardians": True}
        seen = BaselineUpdate(older, running=True, merged=True, all=True)
        store.note("one", {"lakeview": seen}, at=NOW, mark=mark)
        known = StateReader(store).baselines("one")["lakeview"]
        assert known.form == {**form, "manage_guardians": True}
        assert known.was_running
        store.note("one", {"lakeview": seen}, at=NOW, mark=store.mark())
        assert StateReader(store).baselines("one")["lakeview"].form == {**form, **older}


def test_a_plan_is_approved_once_by_each_name(kept: Place) -> None:
    with kept.open() as store:
        archive = StateReader(store)
        assert store.approve("sha256:1", "Ada", at=NOW)
        assert not store.approve("sha256:1", "Ada", at=NOW)
        assert store.approve("sha256:1", "Bo", at=NOW)
        assert archive.approvals("sha256:1") == ("Ada", "Bo")
        assert archive.approvals("sha256:2") == ()


def test_a_run_that_never_was_is_told(kept: Place) -> None:
    with kept.open() as store, pytest.raises(UnknownRun, match="there is no run 7"):
        StateReader(store).run(7)


def test_a_file_that_is_no_store_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("this is no database, but a long enough text file" * 100)
    before = path.read_bytes()
    with (
        pytest.raises(StateError, match=r"state store .* failed"),
        open_store(tmp_path),
    ):
        pass
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StateError, match="cannot make"),
        open_store(tmp_path / "file"),
    ):
        pass


@pytest.mark.parametrize("url", ["no address", "mysql://host/db"])
def test_an_address_that_cannot_be_used_is_told(url: str) -> None:
    with pytest.raises(StateError):
        at_url(url)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    address = at_url("postgresql://ada:hush-hush@127.0.0.1:1/connectsync")
    assert "hush-hush" not in repr(address)
    with (
        pytest.raises(StateError) as refused,
        open_store(tmp_path, address),
    ):
        pass
    assert "hush-hush" not in str(refused.value)
    assert "postgresql://ada:***@127.0.0.1:1/connectsync" in refused.value.message
