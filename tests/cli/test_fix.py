"""`validate --fix`: seen before, whole or not at all, and then judged as usual."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from console import Console
from processes import answered

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"


def texts(folder: Path) -> dict[str, bytes]:
    found = sorted((folder / "districts").rglob("*"))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if path.is_file()
    }


def spoil(valley: Console, file: str, old: str, new: str) -> None:
    path = valley.folder / file
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())


@pytest.fixture
def spoiled(valley: Console) -> Console:
    spoil(valley, LAKEVIEW, "  deletion_", "  phone_types: [home]\n  deletion_")
    spoil(valley, PROFILE, "manage_guardians: true", "manage_guardians: yes # on")
    return valley


def test_slips_are_shown_and_written_in_districts_and_profiles(
    spoiled: Console,
) -> None:
    before = texts(spoiled.folder)
    said = spoiled.run("validate", "--fix", "--yes")
    assert "-  manage_guardians: yes # on" in said.out
    assert "+  manage_guardians: true # on" in said.out
    assert "2 files to change\nwrote 2 files\n" in said.err
    assert said.status == spoiled.run("validate").status
    after = texts(spoiled.folder)
    assert after[LAKEVIEW] == before[LAKEVIEW].replace(b"[home]", b"[Home]")
    assert after[PROFILE] == before[PROFILE].replace(b"yes # on", b"true # on")
    assert {file for file in after if after[file] != before[file]} == {
        LAKEVIEW,
        PROFILE,
    }
    again = spoiled.run("validate", "--fix")
    assert "to change" not in again.err
    assert texts(spoiled.folder) == after


def test_no_terminal_and_no_yes_writes_nothing_as_with_set(spoiled: Console) -> None:
    before = texts(spoiled.folder)
    said = spoiled.run("validate", "--fix")
    assert said.status == 3
    assert "+  manage_guardians: true # on" in said.out
    assert "no terminal to ask on, so nothing was written" in said.err
    assert texts(spoiled.folder) == before


def test_at_a_terminal_it_asks_and_only_yes_is_yes(spoiled: Console) -> None:
    before = texts(spoiled.folder)
    status, said = answered(spoiled.folder, ["validate", "--fix"], b"y\n")
    assert status == 3
    assert "Write 2 files? Type `yes` to continue:" in said
    assert "error: you did not confirm, so nothing was written" in said
    assert texts(spoiled.folder) == before
    _, said = answered(spoiled.folder, ["validate", "--fix"], b"yes\n")
    assert "wrote 2 files" in said
    assert b"manage_guardians: true # on" in texts(spoiled.folder)[PROFILE]


def test_validate_alone_writes_nothing(spoiled: Console) -> None:
    before = texts(spoiled.folder)
    assert spoiled.run("validate").status == 1
    assert texts(spoiled.folder) == before


def test_only_what_is_named_is_changed(spoiled: Console) -> None:
    before = texts(spoiled.folder)
    spoiled.run("validate", "--fix", "--yes", "lakeview-usd")
    after = texts(spoiled.folder)
    assert {file for file in after if after[file] != before[file]} == {LAKEVIEW}
    spoiled.run("validate", "--fix", "--yes", PROFILE)
    assert b"manage_guardians: true # on" in texts(spoiled.folder)[PROFILE]


def test_findings_that_are_left_are_told_and_give_the_status(
    spoiled: Console,
) -> None:
    spoil(spoiled, LAKEVIEW, "[home]", "[home, Fax]")
    said = spoiled.run("validate", "--fix", "--yes")
    assert said.status == 1
    assert "'Fax' is not a label" in said.out
    assert "'home'" not in said.out.partition("error[")[2]


def test_a_file_that_is_no_yaml_is_left_alone_with_its_finding(
    spoiled: Console,
) -> None:
    broken = spoiled.folder / "districts" / "ca" / "broken.yaml"
    broken.write_text("name: [\nprovider: CLEVER\n")
    said = spoiled.run("validate", "--fix", "--yes")
    assert said.status == 1
    assert "districts/ca/broken.yaml" in said.out
    assert "wrote 2 files" in said.err
    assert broken.read_text() == "name: [\nprovider: CLEVER\n"


def test_guesses_are_counted_and_taken_when_asked_for(valley: Console) -> None:
    spoil(valley, PROFILE, "manage_guardians:", "manage_gardians:")
    said = valley.run("validate", "--fix", "--yes")
    assert said.status == 1
    assert "1 guess left alone; `--fix --unsafe-fixes` takes them too" in said.err
    assert b"manage_gardians:" in texts(valley.folder)[PROFILE]
    valley.run("validate", "--fix", "--unsafe-fixes", "--yes")
    assert b"manage_guardians:" in texts(valley.folder)[PROFILE]


def test_what_reads_findings_reads_nothing_else(spoiled: Console) -> None:
    said = spoiled.run("validate", "--fix", "--yes", "--format", "json")
    assert json.loads(said.out)["findings"] is not None
    assert "+  manage_guardians: true # on" in said.err


def test_keys_are_put_in_order(valley: Console) -> None:
    path = valley.folder / LAKEVIEW
    before = path.read_text()
    path.write_text(before.replace("schema: 1\n", "") + "schema: 1\n")
    said = valley.run("validate", "--fix", "--yes", LAKEVIEW)
    assert "wrote 1 file" in said.err
    assert sorted(path.read_text()) == sorted(before)
    assert valley.run("fmt", "--check", LAKEVIEW).status == 0


def test_a_secret_in_a_file_with_errors_is_not_shown(spoiled: Console) -> None:
    planted = "hunter2x-9"
    spoil(
        spoiled,
        LAKEVIEW,
        "credentials:\n",
        f"credentials:\n  # was {planted}\n  oauth_tokn: >-\n    {planted}\n"
        f"  old: {planted}\n  Provider: x\n",
    )
    spoil(spoiled, LAKEVIEW, "name:", "Name:")
    for options in ([], ["--format", "json"], ["--unsafe-fixes", "--yes"]):
        said = spoiled.run("validate", "--fix", *options)
        assert "-Name: Lakeview" in said.both
        assert planted not in said.both


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fix", "-"],
        ["--fix", "--shard", "1/2"],
        ["--unsafe-fixes"],
        ["--yes"],
    ],
)
def test_what_does_not_go_together_is_said(
    valley: Console, arguments: list[str]
) -> None:
    said = valley.run("validate", *arguments)
    assert said.status == 64
    assert "--fix" in said.err
