"""Files and folders that lie outside the project, as the command line names them."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus

WRITING = (
    "plan --out",
    "plan --format html --output",
    "validate --output",
    "drift --output",
    "snapshot --output",
    "reconcile --metrics",
)


@pytest.mark.parametrize("command", WRITING)
def test_a_file_above_the_project_is_written_however_its_path_is_spelled(
    valley: Console, command: str
) -> None:
    above = valley.folder.parent
    for spelled in (str(above / "a.json"), "../b.json", "districts/../../c.json"):
        said = valley.run(*command.split(), spelled)
        assert "is a link" not in said.both
        assert said.status in {ExitStatus.FINE, ExitStatus.FINDINGS}, said.both
    assert {"a.json", "b.json", "c.json"} <= {one.name for one in above.iterdir()}


@pytest.mark.parametrize(
    "spelled",
    ["away/../c.json", "away/c.json", "../valley/c.json", "districts/../c.json"],
)
def test_a_link_out_of_the_project_is_refused_beside_a_plain_way_up(
    valley: Console, spelled: str
) -> None:
    far = valley.folder.parent / "far" / "off"
    far.mkdir(parents=True)
    (valley.folder / "away").symlink_to(far)
    (valley.folder / "c.json").symlink_to(far / "c.json")
    said = valley.run("plan", "--out", spelled)
    assert said.status == ExitStatus.USAGE
    assert "is a link that leads out of the project" in " ".join(said.err.split())
    assert not list(far.parent.rglob("c.json"))


def test_a_snapshot_above_the_project_is_read_however_its_path_is_spelled(
    valley: Console,
) -> None:
    shutil.copy(valley.folder / "live.json", valley.folder.parent / "live.json")
    for spelled in (str(valley.folder.parent / "live.json"), "../live.json"):
        said = valley.run("--backend", f"snapshot:{spelled}", "plan")
        assert said.status == 0, said.both


@pytest.mark.parametrize("command", ["validate", "plan", "list"])
def test_a_district_above_the_project_is_read_however_its_path_is_spelled(
    valley: Console, command: str
) -> None:
    path = valley.folder.parent / "far.yaml"
    path.write_text("schema: 1\ndistrict: far\nname: Far\nsettings: {}\nodd: 1\n")
    said = [
        valley.run(command, spelled)
        for spelled in (str(path), "../far.yaml", "districts/../../far.yaml")
    ]
    assert said[0].both == said[1].both == said[2].both
    assert "far.yaml:5:1" in said[0].both or command == "list"
    assert "is a link" not in said[0].both


@pytest.mark.parametrize(
    "command", ["validate", "plan", "apply", "drift", "fmt --check", "snapshot -o -"]
)
@pytest.mark.parametrize("named", ["", "districts", "districts/ca/lakeview-usd.yaml"])
def test_a_file_of_a_project_that_is_not_here_names_the_folder_to_give(
    valley: Console, tmp_path: Path, command: str, named: str
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    before = sorted(tmp_path.rglob("*"))
    said = Console(elsewhere).run(*command.split(), str(valley.folder / named))
    told = " ".join(said.err.split())
    assert (said.status, said.out) == (ExitStatus.USAGE, "")
    assert "there is no connectsync.yaml here or above" in told
    assert f"-C {shlex.quote(str(valley.folder))}" in told
    assert "_profiles" not in told
    assert sorted(tmp_path.rglob("*")) == before
