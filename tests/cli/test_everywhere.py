"""connectsync's own options: before the command, after it, and never by mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer
from console import Console
from typer.core import TyperCommand, TyperGroup

from connectsync.cli import app as registry
from connectsync.cli.app import app
from connectsync.cli.commands import COMMANDS, WITHIN
from connectsync.cli.help import understand_everywhere

SPELLINGS = {
    "--quiet": ["--quiet"],
    "-q": ["-q"],
    "--color": ["--color", "always"],
    "--color=": ["--color=always"],
    "--log-format": ["--log-format", "json"],
    "--backend": ["--backend", "nowhere"],
    "--state-dir": ["--state-dir", "elsewhere"],
    "--project": ["--project", "valley"],
    "-C": ["-C", "valley"],
    "-C without a space": ["-Cvalley"],
    "two at once": ["-q", "--color", "always"],
    "one too many": ["--color", "blue"],
    "a number that is none": ["--slow", "soon"],
    "a folder that is none": ["--project", "nowhere"],
}


@pytest.fixture
def above(copied: Callable[[str], Console]) -> Console:
    """Stand beside a project: what `--project` says makes a difference."""
    return Console(copied("valley").folder.parent)


@pytest.mark.parametrize("command", [["plan"], ["rules"], ["runs", "show", "1"]])
@pytest.mark.parametrize("option", SPELLINGS.values(), ids=SPELLINGS)
def test_an_option_after_the_command_does_what_it_does_before_it(
    above: Console, command: list[str], option: list[str]
) -> None:
    before = above.run(*option, *command)
    after = above.run(*command, *option)
    assert (after.status, after.out) == (before.status, before.out)
    # a remedy names the command whose help to look at, which is the one it was given to
    assert _first_line(after.err) == _first_line(before.err)


def _first_line(text: str) -> str:
    return text.partition("\n")[0].partition('"remedy"')[0]


def test_it_may_stand_between_a_command_and_the_one_behind_it(above: Console) -> None:
    known = above.run("-C", "valley", "runs", "verify")
    assert known.status == 0
    assert above.run("runs", "-C", "valley", "verify") == known
    assert above.run("runs", "verify", "-C", "valley") == known


def test_the_one_that_stands_last_counts(above: Console) -> None:
    said = above.run("--project", "nowhere", "plan", "-C", "valley")
    assert (said.status, said.err) == (0, "")


def test_the_value_of_another_option_is_not_taken_for_one(valley: Console) -> None:
    said = valley.run("plan", "--out", "--quiet")
    assert (valley.folder / "--quiet").is_file()
    assert "wrote --quiet" in said.err


def test_after_two_dashes_everything_is_a_path(valley: Console) -> None:
    said = valley.run("validate", "--", "--quiet")
    assert (said.status, said.out) == (64, "")
    assert "'--quiet' matches no district file" in said.err


def test_a_value_that_is_missing_is_not_made_up(valley: Console) -> None:
    said = valley.run("plan", "--project")
    assert said.status == 64
    assert "Option '--project' requires an argument" in said.err


def test_short_ones_may_be_joined_with_the_command_s_own(valley: Console) -> None:
    said = valley.run("apply", "-yq", "districts/ca")
    assert said.status == 0
    assert "2 done" in said.out
    assert said.err == ""


def test_what_stands_after_it_is_still_the_command_s_own(valley: Console) -> None:
    said = valley.run("plan", "--quiet", "--out", "plan.json", "districts/ca")
    assert (said.status, said.err) == (0, "")
    assert (valley.folder / "plan.json").is_file()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_understands_all_of_them_and_repeats_none(command: str) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found = group.commands[command]
    assert isinstance(found, TyperCommand | TyperGroup)
    behind = [found]
    if isinstance(found, TyperGroup):
        behind += [found.commands[one] for one in WITHIN[command]]  # type: ignore[misc]
    for one in behind:
        late = [each for each in one.params if getattr(each, "hidden", False)]
        assert {name for each in late for name in each.opts} >= {
            "--project",
            "-C",
            "--state-dir",
            "--backend",
            "--color",
            "--quiet",
            "-q",
            "--log-format",
            "--headed",
            "--slow",
        }


def test_a_command_does_not_wait_until_all_others_are_made(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[str]()
    make = registry._made  # noqa: SLF001 - what takes its time

    def counted(name: str) -> TyperCommand | TyperGroup:
        made.append(name)
        return make(name)

    monkeypatch.setattr(registry, "_made", counted)
    registry.make_program.cache_clear()
    assert valley.run("rules").status == 0
    assert made == ["rules"]


def _own_quiet() -> TyperGroup:
    """Make a program whose command has a `-q` of its own."""
    own = typer.Typer()
    heard: dict[str, object] = {}

    @own.callback()
    def options(
        context: typer.Context,
        *,
        quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
        place: Annotated[Path | None, typer.Option("--place")] = None,
    ) -> None:
        heard.update(quiet=quiet, place=place)
        context.obj = heard

    @own.command("ask")
    def ask(
        context: typer.Context,
        question: Annotated[str, typer.Option("--question", "-q")] = "",
        place: Annotated[str, typer.Option("--place")] = "",
        quiet: Annotated[str, typer.Option("--hush")] = "",
    ) -> dict[str, object]:
        return {**context.obj, "asked": question, "placed": place, "hushed": quiet}

    group = typer.main.get_command(own)
    assert isinstance(group, TyperGroup)
    understand_everywhere(group.commands["ask"], group.params)  # type: ignore[arg-type]
    return group


def test_a_command_s_own_option_of_the_same_name_wins() -> None:
    group = _own_quiet()
    said = ["ask", "-q", "why", "--quiet", "--place", "here", "--hush", "you"]
    assert group.main(said, standalone_mode=False) == {
        "quiet": True,
        "place": None,
        "asked": "why",
        "placed": "here",
        "hushed": "you",
    }
