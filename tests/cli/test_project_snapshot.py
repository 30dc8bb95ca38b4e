"""A project may live on a snapshot: the file is found from the project's folder."""

from __future__ import annotations

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus


@pytest.fixture
def on_snapshot(valley: Console) -> Console:
    """Give the project with a snapshot as its backend."""
    folder = valley.folder / "taken"
    folder.mkdir()
    (valley.folder / "live.json").rename(folder / "live.json")
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackend: snapshot:taken/live.json\n", "utf-8"
    )
    return valley


def test_every_command_reads_the_file_that_the_project_names(
    on_snapshot: Console,
) -> None:
    said = on_snapshot.run("plan")
    assert said.status == ExitStatus.FINE
    assert "\non snapshot:taken/live.json\nsha256:" in said.out
    assert on_snapshot.run("doctor").status == ExitStatus.FINE
    assert on_snapshot.run("validate").status == ExitStatus.FINE


def test_it_is_found_wherever_one_stands(on_snapshot: Console) -> None:
    below = Console(on_snapshot.folder / "districts" / "ca")
    assert below.run("plan").out == on_snapshot.run("plan").out


def test_the_command_line_still_counts_from_where_one_stands(
    on_snapshot: Console,
) -> None:
    below = Console(on_snapshot.folder / "districts")
    said = below.run("--backend", "snapshot:../taken/live.json", "plan")
    assert said.out == on_snapshot.run("plan").out
    assert below.run("--backend", "snapshot:taken/live.json", "plan").status == (
        ExitStatus.UNREACHABLE
    )


def test_a_person_presses_save_on_it(on_snapshot: Console) -> None:
    said = on_snapshot.run("apply", "districts/ca/lakeview-usd.yaml")
    assert "not confirmed yet" in said.both
    (lists,) = (on_snapshot.folder / ".connectsync" / "click-lists").iterdir()
    plan = lists / "plan.json"
    done = on_snapshot.run("apply", str(plan), "--confirmed", "lakeview-usd")
    assert done.status == ExitStatus.FINE, done.both


def test_a_snapshot_that_is_not_there_is_told_by_validate_with_its_place(
    on_snapshot: Console,
) -> None:
    (on_snapshot.folder / "taken" / "live.json").unlink()
    said = on_snapshot.run("validate")
    assert said.status == ExitStatus.FINDINGS
    assert "connectsync.yaml:2:10: there is no file 'taken/live.json'" in said.err
    assert on_snapshot.run("plan").status == ExitStatus.UNREACHABLE


def test_it_can_be_taken_anew_from_another_backend(on_snapshot: Console) -> None:
    path = on_snapshot.folder / "taken" / "live.json"
    path.unlink()
    assert on_snapshot.run("--backend", "embedded", "validate").status == 0
    taken = on_snapshot.run("--backend", "embedded", "snapshot", "-o", str(path))
    assert taken.status == ExitStatus.FINE
    assert on_snapshot.run("validate").status == ExitStatus.FINE
