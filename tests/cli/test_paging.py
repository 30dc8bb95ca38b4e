"""Long text goes through a pager where a person reads it, and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from console import Console
from screen import Seen, on_a_terminal

from connectsync.domain.foreign_text import APART

COMMAND = (sys.executable, "-m", "connectsync")


@pytest.fixture
def pager(tmp_path: Path) -> Path:
    """Give a program that keeps what it is given: its words, and all it reads."""
    program = tmp_path / "a pager"
    program.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\n' \"$@\" > '{tmp_path}/words'\n"
        f"cat > '{tmp_path}/read'\n"
        f"env > '{tmp_path}/environment'\n"
        f"pwd > '{tmp_path}/place'\n"
    )
    program.chmod(0o755)
    return program


def shown(console: Console, pager: str, *words: str, **more: str) -> Seen:
    environment = {"PAGER": pager, "NO_COLOR": "1", **more}
    return on_a_terminal([*COMMAND, *words], console.folder, more=environment)


def test_long_text_goes_to_the_pager_by_its_words_and_no_shell(
    valley: Console, pager: Path
) -> None:
    hacked = pager.parent / "hacked"
    asked = f"'{pager}' 'one word' $(touch {hacked}) ; touch {hacked}"
    secret = {"CONNECT_GATEWAY_TOKEN": "of-the-gateway"}
    seen = shown(valley, asked, "plan", "districts/ca", **secret)
    assert (seen.status, seen.text) == (0, "")
    read = (pager.parent / "read").read_text()
    assert "harbor-point-usd" in read
    assert "sha256:" in read
    words = (pager.parent / "words").read_text().splitlines()
    assert words[:2] == ["one word", "$(touch"]
    assert not hacked.exists()
    assert "of-the-gateway" not in (pager.parent / "environment").read_text()


def test_no_pager_stands_in_the_folder_under_review(
    valley: Console, pager: Path
) -> None:
    shown(valley, f"'{pager}'", "plan", "districts/ca")
    # some read settings that lie where they are started
    assert (pager.parent / "place").read_text().strip() == APART


@pytest.mark.parametrize("why", ["short", "--no-pager", "NO_PAGER", "cat", "gone"])
def test_text_is_printed_where_no_pager_is_wanted_needed_or_there(
    valley: Console, pager: Path, why: str
) -> None:
    words = ["plan", "districts/ca"]
    if why == "short":
        words = ["plan", "dry-creek-isd"]
    if why == "--no-pager":
        words.append(why)
    more = {"NO_PAGER": "1"} if why == "NO_PAGER" else {}
    program = {"cat": "cat", "gone": "/nowhere/pager"}.get(why, f"'{pager}'")
    seen = shown(valley, program, *words, **more)
    assert seen.status == 0
    assert "sha256:" in seen.text
    assert not (pager.parent / "read").exists()


def test_a_pager_that_fails_costs_no_line(valley: Console, tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    seen = shown(valley, str(program), "plan", "districts/ca")
    assert seen.status == 0
    assert "harbor-point-usd" in seen.text


def test_a_program_of_the_folder_under_review_is_no_pager(valley: Console) -> None:
    program = valley.folder / "less"
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    for named, path in (("./less", "/usr/bin:/bin"), ("less", f".:{APART}")):
        seen = shown(valley, named, "plan", "districts/ca", PATH=path)
        assert "sha256:" in seen.text
    assert not (valley.folder / "ran").exists()


def test_a_pipe_gets_all_of_it_at_once(valley: Console, pager: Path) -> None:
    said = valley.run("plan", environment={"PAGER": f"'{pager}'"})
    assert "sha256:" in said.out
    assert not (pager.parent / "read").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--columns", "help"],
        ["show", "harbor-point-usd", "lakeview-usd"],
        ["compare", "harbor-point-usd", "lakeview-usd", "--all"],
    ],
)
def test_what_is_looked_up_is_paged_as_a_plan_is(
    valley: Console, pager: Path, words: list[str]
) -> None:
    seen = shown(valley, f"'{pager}'", *words)
    assert seen.text == ""
    assert "deletion_threshold" in (pager.parent / "read").read_text()


@pytest.mark.parametrize("words", [["list", "--where", "true"], ["status"]])
def test_a_long_list_of_districts_is_paged(
    valley: Console, pager: Path, words: list[str]
) -> None:
    text = (valley.folder / "districts/ca/lakeview-usd.yaml").read_text()
    for number in range(30):
        copied = text.replace("lakeview-usd", f"copied-{number}")
        (valley.folder / f"districts/ca/copied-{number}.yaml").write_text(copied)
    seen = shown(valley, f"'{pager}'", *words)
    assert "copied-29" not in seen.text
    assert "copied-29" in (pager.parent / "read").read_text()


@pytest.mark.parametrize(
    ("words", "line"),
    [(["rules"], "home-phone-for-texts"), (["runs", "show", "1"], "lakeview-usd")],
)
def test_rules_and_a_long_run_are_paged(
    valley: Console, pager: Path, words: list[str], line: str
) -> None:
    valley.run("apply", "--yes")
    seen = shown(valley, f"'{pager}'", *words, LINES="6")
    assert seen.text == ""
    assert line in (pager.parent / "read").read_text()
