"""What is named and holds no district is left out with a word, and never judged."""

from __future__ import annotations

import json
import shutil

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus

OTHER = "schema/gateway.openapi.yaml"
COMMANDS = ("validate", "plan", "drift", "fmt --check", "snapshot --output -")


@pytest.fixture
def mixed(valley: Console) -> Console:
    """Give the valley with YAML of other kinds beside its districts."""
    for name in (OTHER, "compose.yml"):
        path = valley.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("openapi: 3.1.0\ninfo: {title: Gateway}\n", "utf-8")
    return valley


def _without_scope(text: str) -> list[str]:
    """Leave out the lines that repeat what was named: a digest, and what is next."""
    lines = text.splitlines()
    return [one for one in lines if "sha256:" not in one and "`connectsync" not in one]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("named", [".", "**/*.yaml", "*"])
def test_a_folder_or_glob_gives_only_what_lies_with_the_districts(
    mixed: Console, command: str, named: str
) -> None:
    whole = mixed.run(*command.split(), "districts")
    said = mixed.run(*command.split(), named)
    assert said.status == whole.status, said.both
    assert _without_scope(said.out) == _without_scope(whole.out)
    told = " ".join(said.err.split())
    assert "left out:" in told
    assert OTHER in told
    assert "outside districts/" in told


@pytest.mark.parametrize("command", ["plan", "drift", "snapshot --output -", "apply"])
def test_a_folder_without_districts_says_where_they_lie(
    mixed: Console, command: str
) -> None:
    said = mixed.run(*command.split(), "schema")
    told = " ".join(said.err.split())
    assert (said.status, said.out) == (ExitStatus.USAGE, "")
    assert f"{OTHER}: " in told
    assert "outside districts/" in told


@pytest.mark.parametrize("command", ["plan", "drift", "snapshot --output -", "apply"])
def test_the_project_file_is_no_district_and_it_is_said_what_to_name(
    valley: Console, command: str
) -> None:
    said = valley.run(*command.split(), "connectsync.yaml")
    told = " ".join(said.err.split())
    assert (said.status, said.out) == (ExitStatus.USAGE, "")
    assert "connectsync.yaml: " in told
    assert "checked with every command; name districts instead" in told


@pytest.mark.parametrize("command", ["validate", "fmt --check"])
def test_a_commit_may_hand_over_the_project_file(valley: Console, command: str) -> None:
    alone = valley.run(*command.split(), "connectsync.yaml")
    assert alone.status == 0, alone.both
    assert "checked with every command" in " ".join(alone.err.split())
    assert "add `name:" not in alone.both
    district = "districts/ca/lakeview-usd.yaml"
    both = valley.run(*command.split(), "connectsync.yaml", district)
    assert both.out == valley.run(*command.split(), district).out
    valley.replace("connectsync.yaml", "max_districts: 2", "max_districts: none")
    assert valley.run(*command.split(), "connectsync.yaml").status != 0


def test_a_district_file_elsewhere_is_taken_where_it_is_named_itself(
    valley: Console,
) -> None:
    drafts = valley.folder / "drafts"
    drafts.mkdir()
    shutil.move(valley.folder / "districts/ca/lakeview-usd.yaml", drafts)
    said = valley.run("plan", "drafts/lakeview-usd.yaml", "--format", "json")
    assert [one["district"] for one in json.loads(said.out)["districts"]] == [
        "lakeview-usd"
    ]
    assert valley.run("plan", "drafts").status == ExitStatus.USAGE


def test_a_folder_is_a_folder_of_districts_by_each_of_its_names(
    valley: Console,
) -> None:
    (valley.folder / "districts/ca").rename(valley.folder / "california")
    (valley.folder / "districts/ca").symlink_to("../california")
    for named in ("california", "districts/ca"):
        said = valley.run("validate", named)
        assert "3 files" in said.out, said.both
        assert "left out" not in said.err


def test_without_a_project_file_any_folder_may_hold_districts(valley: Console) -> None:
    (valley.folder / "connectsync.yaml").unlink()
    shutil.copytree(valley.folder / "districts/ca", valley.folder / "more")
    (valley.folder / "districts/ca").rename(valley.folder / "districts/_ca")
    said = valley.run("validate", "more")
    assert "3 files" in said.out, said.both
