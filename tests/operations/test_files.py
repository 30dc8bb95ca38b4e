from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connectsync.errors import InvalidFiles, UsageError
from connectsync.files.writing import replace_file
from connectsync.operations.files import (
    NewDistrict,
    format_file,
    fresh_files,
    new_district,
    start,
)


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    path.chmod(0o640)
    replace_file(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match=r"cannot write .*a\.yaml: No space left"):
        replace_file(path, "new")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        replace_file(tmp_path / "nowhere" / "a.yaml", "new")


def test_a_file_that_is_not_text_is_not_formatted(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff")
    with pytest.raises(InvalidFiles, match=r"a\.yaml"):
        format_file(path, root=tmp_path, write=True)
    assert path.read_bytes() == b"\xff"


def test_a_file_that_cannot_be_formatted_is_named_and_left(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("schema: [")
    with pytest.raises(InvalidFiles):
        format_file(path, root=tmp_path, write=True)
    assert path.read_text() == "schema: ["


def test_a_fresh_project_is_not_made_over_another(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError):
        start(tmp_path, fresh_files("1.0"))
    assert [one.name for one in tmp_path.iterdir()] == ["README.md"]


def test_a_fresh_project_whose_folder_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make"):
        start(tmp_path / "file", {"a/b.yaml": ""})


def test_a_district_is_not_made_where_a_folder_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("")
    with pytest.raises(UsageError, match="cannot make"):
        new_district(
            tmp_path, tmp_path, NewDistrict("lakeview", "Lakeview", folder="ca/x")
        )


@pytest.mark.parametrize("folder", ["..", "../elsewhere", "_profiles", ".hidden"])
def test_a_district_is_made_only_where_districts_are(
    tmp_path: Path, folder: str
) -> None:
    districts = tmp_path / "districts"
    districts.mkdir()
    with pytest.raises(UsageError, match="is no folder for districts"):
        new_district(
            tmp_path, districts, NewDistrict("lakeview", "Lakeview", folder=folder)
        )
    assert list(districts.iterdir()) == []
