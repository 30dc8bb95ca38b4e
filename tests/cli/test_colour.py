"""Colour: on a terminal that wants it, and not one code of it anywhere else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest
from console import Console
from processes import environment
from screen import COLOUR, on_a_terminal

from connectsync.cli.commands import COMMANDS

SAID_BY = {
    "init": [["init", "fresh"]],
    "new": [["new", "oak-usd", "--name", "Oak"], ["new", "oak-usd", "--name", "Oak"]],
    "validate": [["validate"], ["validate", "nowhere"]],
    "explain": [["explain", "two-phone-types"], ["explain", "settings.phone_types"]],
    "rules": [["rules"]],
    "list": [["list"], ["list", "--columns", "nothing"]],
    "compare": [["compare", "lakeview-usd", "harbor-point-usd"]],
    "set": [["set", "deletion_threshold=17", "lakeview-usd", "--dry-run"]],
    "unset": [["unset", "deletion_threshold", "lakeview-usd", "--dry-run"]],
    "show": [["show", "lakeview-usd"], ["show", "lakeviev-usd"]],
    "fmt": [["fmt", "--check"]],
    "import": [["import", "--dry-run"]],
    "export": [["export", "--output", "fleet.csv"]],
    "snapshot": [["snapshot"]],
    "plan": [
        ["plan"],
        ["plan", "--out", "plan.json"],
        ["plan", "--format", "markdown"],
    ],
    "approve": [["approve", "plan.json", "--as", "Ada", "--yes"]],
    "apply": [["apply", "plan.json"], ["apply", "--yes"], ["apply", "plan.json"]],
    "resume": [["resume"], ["resume", "7"]],
    "runs": [["runs"], ["runs", "show", "1"], ["runs", "diff", "1", "1"]],
    "rollback": [["rollback", "1", "--yes"]],
    "history": [["history", "lakeview-usd"]],
    "drift": [["drift"]],
    "status": [["status"]],
    "audit": [["audit"]],
    "calendar": [["calendar"]],
    "report": [["report"], ["report", "--output", "fleet.html"]],
    "reconcile": [["reconcile"]],
    "notify": [["notify"]],
    "roster": [["roster", "check", "gone.csv"]],
    "impact": [["impact", "lakeview-usd", "--roster", "gone.csv"]],
    "login": [["login"]],
    "doctor": [["doctor"]],
    "emulator": [["emulator", "--port", "70000"]],
    "demo": [["demo"]],
    "schema": [["schema"], ["schema", "nothing"]],
}
"""What each command is asked to say, in a project that has changes to apply."""

COLOURLESS = {"schema", "emulator", "new", "snapshot", "resume", "login", "init", "fmt"}
COLOURLESS |= {"export", "notify", "report"}
"""Commands that have nothing to colour but their help and their errors."""

TELL = """
import json, sys
from connectsync.cli.app import main
for arguments in json.loads(sys.argv[1]):
    for stream in (sys.stdout, sys.stderr):
        print(f"@@ {' '.join(arguments)}", file=stream, flush=True)
    main([*json.loads(sys.argv[2]), *arguments])
"""


SOME = ("plan", "rules", "schema", "validate")
"""Enough where all commands were asked the same way by a sister test."""


def command(*options: str, names: Iterable[str] = tuple(SAID_BY)) -> list[str]:
    """Spell a process that lets commands speak, help first; all of them if not told."""
    asked = [words for name in names for words in ([name, "--help"], *SAID_BY[name])]
    told = json.dumps([["--help"], *asked, ["frobnicate"]])
    return [sys.executable, "-c", TELL, told, json.dumps(options)]


def coloured(text: str) -> set[str]:
    """Name what had a code of colour in it."""
    said = re.split(r"^@@ (.*?)\r?$", text, flags=re.MULTILINE)[1:]
    return {
        asked
        for asked, answer in zip(said[::2], said[1::2], strict=True)
        if COLOUR.search(answer)
    }


def test_every_command_is_asked() -> None:
    assert SAID_BY.keys() == set(COMMANDS)


@dataclass(frozen=True)
class How:
    """How somebody says that they want no colour on their terminal."""

    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = ()  # type: ignore[assignment]
    names: tuple[str, ...] = tuple(SAID_BY)


WITHOUT = {
    "NO_COLOR": How((), {"NO_COLOR": "1"}),
    "--color never": How(("--color", "never"), names=SOME),
    "a dumb terminal": How((), {"TERM": "dumb"}, SOME),
}


@pytest.mark.parametrize("how", WITHOUT.values(), ids=WITHOUT)
def test_no_command_colours_a_terminal_that_wants_none(
    valley: Console, how: How
) -> None:
    asked = command(*how.options, names=how.names)
    seen = on_a_terminal(asked, valley.folder, more=dict(how.variables))
    assert seen.status == 0
    assert coloured(seen.text) == set()


def test_every_command_colours_a_terminal_that_takes_it(valley: Console) -> None:
    said = coloured(on_a_terminal(command(), valley.folder).text)
    assert {f"{name} --help" for name in SAID_BY} <= said
    spoken = {asked.partition(" ")[0] for asked in said if "--help" not in asked}
    assert spoken >= SAID_BY.keys() - COLOURLESS
    assert "frobnicate" in spoken


@pytest.mark.parametrize("service", ["", "GITHUB_ACTIONS", "FORCE_COLOR"])
def test_a_pipe_gets_no_colour_whatever_service_it_leads_to(
    valley: Console, service: str
) -> None:
    told = environment(TERM="xterm-256color", **({service: "1"} if service else {}))
    del told["NO_COLOR"]
    done = subprocess.run(
        command(names=SOME if service else SAID_BY),
        cwd=valley.folder,
        env=told,
        capture_output=True,
        text=True,
        check=True,
    )
    assert coloured(done.stdout) == set()
    assert coloured(done.stderr) == set()


def test_who_asks_for_colour_gets_it_through_a_pipe(valley: Console) -> None:
    for asked in (["rules"], ["plan", "--help"], ["frobnicate"]):
        said = valley.run("--color", "always", *asked, environment={"NO_COLOR": ""})
        assert COLOUR.search(said.both)


@pytest.mark.parametrize("kept", ["1", "2"], ids=["standard output", "standard error"])
def test_of_two_streams_only_the_one_on_the_terminal_is_coloured(
    valley: Console, kept: str
) -> None:
    shell = f'"$@" {kept}>kept.txt'
    seen = on_a_terminal(["sh", "-c", shell, "sh", *command(names=SOME)], valley.folder)
    assert seen.status == 0
    assert coloured((valley.folder / "kept.txt").read_text("utf-8")) == set()
    assert coloured(seen.text)


def test_a_file_that_is_asked_for_has_no_colour(valley: Console) -> None:
    for asked in (["plan"], ["validate"], ["drift"]):
        done = [sys.executable, "-m", "connectsync", *asked, "--output", "kept.txt"]
        on_a_terminal(done, valley.folder, more={"COLUMNS": "80"})
        text = (valley.folder / "kept.txt").read_text("utf-8")
        assert text.strip()
        assert not COLOUR.search(text)
        (valley.folder / "kept.txt").unlink()
