from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectsync.apply.store import open_store
from connectsync.errors import StateError

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


def test_baselines_of_one_backend_are_not_those_of_another(tmp_path: Path) -> None:
    with open_store(tmp_path / "state.db") as store:
        store.record_baseline("one", "lakeview", {}, running=False, at=NOW)
        assert store.baselines("one").keys() == {"lakeview"}
        assert store.baselines("other") == {}


def test_state_survives_being_closed(tmp_path: Path) -> None:
    form = {"phone_types": frozenset(["Cell"]), "deletion_threshold": None}
    with open_store(tmp_path / "state.db") as store:
        store.record_baseline("one", "lakeview", form, running=True, at=NOW)
    with open_store(tmp_path / "state.db") as store:
        assert store.baselines("one")["lakeview"].form == form
        assert store.baselines("one")["lakeview"].was_running


def test_a_sync_once_seen_running_is_not_forgotten(tmp_path: Path) -> None:
    with open_store(tmp_path / "state.db") as store:
        store.record_baseline("one", "lakeview", {}, running=True, at=NOW)
        store.record_baseline("one", "lakeview", {}, running=False, at=NOW)
        assert store.baselines("one")["lakeview"].was_running


def test_a_file_that_is_no_store_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("this is no database, but a long enough text file" * 100)
    before = path.read_bytes()
    with pytest.raises(StateError, match="state store failed"), open_store(path):
        pass
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StateError, match="cannot make"),
        open_store(tmp_path / "file" / "state.db"),
    ):
        pass
