"""Help pages: complete, in whole sentences, and no wider than the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
import typer
from console import Console
from typer.core import TyperCommand, TyperGroup

from connectsync.cli.app import app
from connectsync.cli.commands import COMMANDS, PANELS
from connectsync.cli.help import EXAMPLES
from connectsync.report.terminal import columns


def commands() -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    yield "", root
    for name, one in root.commands.items():
        assert isinstance(one, TyperCommand | TyperGroup)
        yield name, one
        if isinstance(one, TyperGroup):
            for inner, behind in one.commands.items():
                assert isinstance(behind, TyperCommand)
                yield f"{name} {inner}", behind


EVERY = dict(commands())


def test_every_command_stands_in_one_panel() -> None:
    named = [name for panel in PANELS.values() for name in panel]
    assert sorted(named) == sorted(COMMANDS)


def test_the_overview_has_a_line_for_each_command(valley: Console) -> None:
    lines = valley.run("--help").out.split("\n")
    for panel in PANELS.values():
        for name, said in panel.items():
            (found,) = [line for line in lines if line.startswith(f"│ {name} ")]
            assert found.removesuffix("│").rstrip().endswith(said)


@pytest.mark.parametrize("name", EVERY)
def test_every_option_and_argument_says_what_it_is_for(name: str) -> None:
    for one in EVERY[name].params:
        assert (getattr(one, "help", None) or "").strip(), one.name


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_a_page_is_as_wide_as_what_else_is_said(
    valley: Console, name: str, width: str
) -> None:
    said = valley.run(*name.split(), "--help", environment={"COLUMNS": width})
    assert said.status == 0
    assert max(map(columns, said.out.split("\n"))) <= min(int(width), 110)


@pytest.mark.parametrize("name", EVERY)
def test_a_page_speaks_of_files_not_of_types(valley: Console, name: str) -> None:
    said = valley.run(*name.split(), "--help").out
    for type_ in ("<str>", "<path>", "<int", "x>=", "<=x"):
        assert type_ not in said


def test_sentences_break_where_the_page_ends(valley: Console) -> None:
    for width, together in {
        "110": "the plan is made, shown",
        "80": "is made, sh",
    }.items():
        said = valley.run("apply", "--help", environment={"COLUMNS": width}).out
        assert together in said


def test_a_long_list_of_choices_stands_in_the_sentence(valley: Console) -> None:
    said = " ".join(valley.run("validate", "--help").out.split())
    assert "FORMAT" in said
    assert "text, concise, json," in said.replace("│ │", "").replace("  ", " ")


@pytest.mark.parametrize("name", EVERY)
def test_every_command_shows_how_it_is_called(valley: Console, name: str) -> None:
    said = valley.run(*name.split(), "--help").out
    assert EXAMPLES[name]
    assert all(f"   {one}\n" in said for one in EXAMPLES[name])


@pytest.mark.parametrize("example", [one for each in EXAMPLES.values() for one in each])
def test_an_example_is_understood(example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "connectsync"
    name = " ".join(words[:2]) if " ".join(words[:2]) in EVERY else words[0]
    rest = words[len(name.split()) :]
    EVERY[name].make_context(name, rest)
