from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus


@pytest.mark.parametrize(
    "command",
    [
        ["plan", "--out", "districts/ca/lakeview-usd.yaml"],
        ["plan", "-o", "connectsync.yaml"],
        ["validate", "-o", "districts/tx/dry-creek-isd.yaml"],
        ["drift", "-o", "anything.yml"],
    ],
    ids=" ".join,
)
def test_nothing_is_written_over_what_people_write(
    valley: Console, command: list[str]
) -> None:
    def sources() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in valley.folder.rglob("*.y*ml")}

    before = sources()
    said = valley.run(*command)
    assert said.status == ExitStatus.USAGE
    assert "nothing is written over it" in said.err
    assert sources() == before


def test_a_dash_is_standard_output(valley: Console) -> None:
    said = valley.run("plan", "--format", "json", "--output", "-")
    assert said.out.startswith("{")
    assert not (valley.folder / "-").exists()


def test_a_district_is_not_made_where_there_is_no_project(tmp_path: Path) -> None:
    said = Console(tmp_path).run("new", "elm", "--name", "Elm")
    assert said.status == ExitStatus.USAGE
    assert "there is no connectsync.yaml here or above" in said.err
    assert list(tmp_path.iterdir()) == []


def test_colour_is_never_in_an_error_if_it_was_not_wanted(tmp_path: Path) -> None:
    console = Console(tmp_path)
    always = console.run("--color", "always", "show", "x", environment={"NO_COLOR": ""})
    never = console.run("--color", "never", "show", "x")
    assert "\x1b[" in always.err
    assert "\x1b[" not in never.err


OF_A_PROJECT = [
    "validate",
    "plan",
    "fmt",
    "drift",
    "new elm-usd --name Elm",
    "runs",
    "runs show 1",
    "runs diff 1 2",
    "runs close 1 --reason done",
    "runs verify",
    "doctor",
    "apply",
    "resume",
    "rollback 1",
    "reconcile",
    "approve plan.json --as Ada",
    "snapshot --output -",
    "import",
    "emulator --port 0",
    "login",
    "show lakeview-usd",
    "demo",
]


@pytest.mark.parametrize("command", OF_A_PROJECT)
@pytest.mark.parametrize("below", ["districts/_profiles", "tools"])
@pytest.mark.sampled(12)
def test_a_project_above_the_folder_that_was_named_is_told(
    valley: Console, command: str, below: str
) -> None:
    (valley.folder / "tools").mkdir()
    valley.run("plan", "--out", "plan.json")
    before = sorted(valley.folder.rglob("*"))
    said = valley.run("-C", below, *command.split())
    told = " ".join(said.err.split())
    assert said.status == 64, told
    assert f"there is no connectsync.yaml in {below}, which -C names" in told
    assert f"it is in {valley.folder}" in told
    assert "-C names the folder of connectsync.yaml itself: give -C ." in told
    assert "here or above" not in told
    assert sorted(valley.folder.rglob("*")) == before


IN_CA = "districts/ca"
SHARING = {
    IN_CA: "schema: 1\n",
    "districts/_profiles": "schema: 1\n",
    "docs": "schema: 1\ndistricts: ../districts\n",
    "docs/here": "schema: 1\nstate: {dir: ../../.connectsync}\n",
    "tools": "schema: 1\nconnect: production\n",
    "tools/more": "schema: 1\nbackends: {gateway: {url: 'https://x.example.org',"
    " token: 'env:CONNECT_GATEWAY_TOKEN'}}\n",
    "other/spelling": "schema: 1\nbackends: {gateway: {url:"
    " 'https://x.example.org', token: 'file:../../secrets/gateway'}}\n",
    "a/session": "schema: 1\nbackends: {browser: {url: 'https://x.example.org',"
    " session: ../../.connectsync/session.json}}\n",
    "a/snapshot": "schema: 1\nbackend: snapshot:../../live.json\n",
    "a/hook": "schema: 1\nnotify: {webhooks: [{name: a, url: 'env:A_HOOK'}]}\n",
}


@pytest.mark.parametrize("below", SHARING)
def test_no_project_file_below_takes_the_place_of_the_project(
    valley: Console, below: str
) -> None:
    """A change could bring one to a folder where people stand."""
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nconnect: production\nbackends:\n  embedded: {seed: live.json}\n"
        "  gateway:\n    url: https://connect.example.org\n"
        "    token: env:CONNECT_GATEWAY_TOKEN\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=valley.folder, check=True)
    nested = valley.folder / below / "connectsync.yaml"
    nested.parent.mkdir(parents=True, exist_ok=True)
    nested.write_text(SHARING[below])
    there = Console(nested.parent)
    for command in ("plan", "apply --yes", "validate", "runs", "reconcile", "doctor"):
        said = there.run(*command.split())
        told = " ".join(said.err.split())
        assert (said.status, said.out) == (ExitStatus.USAGE, ""), told
        assert f"{below}/connectsync.yaml is not used: it " in told
        assert f"the project in {valley.folder}" in told
    # who names it means it
    assert "is not used" not in there.run("-C", ".", "runs").err
    nested.unlink()
    assert there.run("runs").status == ExitStatus.FINE


def test_a_project_around_it_that_cannot_be_read_may_share_all_with_it(
    valley: Console,
) -> None:
    """One commit can bring the one below and a mistake above."""
    (valley.folder / "connectsync.yaml").write_text("schema: 1\nnonsense: 1\n")
    (valley.folder / "docs").mkdir()
    (valley.folder / "docs/connectsync.yaml").write_text("schema: 1\n")
    said = Console(valley.folder / "docs").run("plan")
    assert said.status == ExitStatus.USAGE
    assert "is not used: it may share what it names with" in " ".join(said.err.split())


@pytest.mark.parametrize("below", [IN_CA, "districts", "districts/_profiles"])
def test_validate_refuses_a_project_file_among_the_districts(
    valley: Console, below: str
) -> None:
    (valley.folder / below / "connectsync.yaml").write_text("schema: 1\n")
    said = valley.run("validate")
    assert said.status == ExitStatus.FINDINGS
    assert f"'{below}' has a connectsync.yaml of its own" in " ".join(said.err.split())


def test_a_project_within_another_that_shares_nothing_is_used_and_that_is_said(
    valley: Console,
) -> None:
    nested = valley.folder / "training"
    shutil.copytree(valley.folder / "districts", nested / "districts")
    shutil.copy(valley.folder / "connectsync.yaml", nested)
    shutil.copy(valley.folder / "live.json", nested)
    said = Console(nested).run("plan")
    assert (said.status, "districts/ca/lakeview-usd.yaml" in said.out) == (0, True)
    assert said.err.count("training/connectsync.yaml is used, not the project in") == 1
    assert valley.run("validate").status == ExitStatus.FINE
