"""A project file that names a file which is not there says so, with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectsync.config.project import insist_named_files
from connectsync.errors import ProjectError

Write = Callable[[str, str], Path]

SEED = "schema: 1\nbackends:\n  embedded: {seed: live.json}\n"
SAMPLE = "schema: 1\nroster: {guardians_sample: guardians.csv}\n"
SNAPSHOT = "schema: 1\nbackend: snapshot:taken/live.json\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SEED, "connectsync.yaml:3:20: there is no file 'live.json' (correct the path"),
        (SAMPLE, "connectsync.yaml:2:28: there is no file 'guardians.csv' (correct"),
        (
            SNAPSHOT,
            "connectsync.yaml:2:10: there is no file 'taken/live.json' (correct",
        ),
    ],
)
def test_a_file_that_is_not_there_is_told_with_its_place(
    tmp_path: Path, write: Write, text: str, sentence: str
) -> None:
    write("connectsync.yaml", text)
    with pytest.raises(ProjectError) as failure:
        insist_named_files(tmp_path)
    assert failure.value.message.startswith(sentence)


def test_both_are_told_at_once(tmp_path: Path, write: Write) -> None:
    write("connectsync.yaml", SNAPSHOT + SEED.removeprefix("schema: 1\n"))
    with pytest.raises(ProjectError) as failure:
        insist_named_files(tmp_path)
    assert len(failure.value.message.split("\n")) == 2


def test_a_folder_is_no_file(tmp_path: Path, write: Write) -> None:
    write("connectsync.yaml", SEED)
    (tmp_path / "live.json").mkdir()
    with pytest.raises(ProjectError):
        insist_named_files(tmp_path)


def test_files_that_are_there_are_fine(tmp_path: Path, write: Write) -> None:
    write("connectsync.yaml", SNAPSHOT + SEED.removeprefix("schema: 1\n"))
    (tmp_path / "taken").mkdir()
    for name in ("live.json", "taken/live.json"):
        (tmp_path / name).write_text("{}", "utf-8")
    insist_named_files(tmp_path)


def test_a_snapshot_that_is_not_used_need_not_be_there(
    tmp_path: Path, write: Write
) -> None:
    write("connectsync.yaml", SNAPSHOT)
    insist_named_files(tmp_path, with_backend=False)


@pytest.mark.parametrize("text", ["schema: 1\n", "schema: 1\nbackend: gateway\n"])
def test_who_names_no_file_lacks_none(tmp_path: Path, write: Write, text: str) -> None:
    insist_named_files(tmp_path)
    write("connectsync.yaml", text)
    insist_named_files(tmp_path)
