"""What looks like a district and is not read is found; what does not is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.config.discovery import below, overlooked


def names(folder: Path, *files: str) -> list[str]:
    """Give the names of the overlooked, of these files."""
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [path.relative_to(folder).as_posix() for path in overlooked(folder)]


def test_endings_that_are_meant_as_yaml_are_found_anywhere(tmp_path: Path) -> None:
    found = ["_profiles/p.YML", "a.YAML", "ca/c.json", "ca/deep/b.Yaml", "d.JSON"]
    assert names(tmp_path, *found) == found


@pytest.mark.parametrize(
    "name",
    [
        "a.yaml",
        "ca/b.yml",
        "_profiles/p.yaml",
        "README.md",
        "a.yaml.bak",
        "a.txt",
        "yaml",
        ".hidden.json",
        "_connect/live.json",
        ".git/x.YAML",
        "ca/_profiles/p.YAML",
    ],
)
def test_nothing_else_is(tmp_path: Path, name: str) -> None:
    assert names(tmp_path, name) == []


def test_no_file_is_both_read_and_overlooked(tmp_path: Path) -> None:
    names(tmp_path, "a.yaml", "b.YAML", "c.yml", "d.json", "e.Yml")
    assert set(below(tmp_path)).isdisjoint(overlooked(tmp_path))


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert overlooked(tmp_path / "nowhere") == ()
