"""No command but those that make a plan true can construct a writer."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from console import Console
from stores import failed

import connectsync
from connectsync.cli.commands import COMMANDS

HOUSE = Path(connectsync.__file__).parent
# the demo writes to a stand-in of its own
WRITING = {"apply", "resume", "rollback", "reconcile", "demo"}
HAPPY = {
    "init": ["init", "fresh"],
    "new": ["new", "elm-grove", "--name", "Elm Grove"],
    "validate": ["validate"],
    "explain": ["explain", "home-phone-for-texts"],
    "rules": ["rules"],
    "list": ["list", "--live"],
    "show": ["show", "lakeview-usd"],
    "compare": ["compare", "lakeview-usd", "lakeview-usd"],
    "set": ["set", "deletion_threshold=17", "lakeview-usd", "--yes"],
    "unset": ["unset", "deletion_threshold", "lakeview-usd", "--yes"],
    "fmt": ["fmt", "districts/ca"],
    "import": ["import", "--dry-run"],
    "export": ["export", "--output", "fleet.csv"],
    "snapshot": ["snapshot"],
    "plan": ["plan", "--out", "plan.json"],
    "approve": ["approve", "reviewed.json", "--as", "Ada"],
    "runs": ["runs"],
    "runs verify": ["runs", "verify"],
    "history": ["history", "lakeview-usd"],
    "drift": ["drift"],
    "status": ["status", "harbor-point-usd"],
    "audit": ["audit"],
    "notify": ["notify", "--dry-run"],
    "calendar": ["calendar"],
    "report": ["report", "--live", "--output", "fleet.html"],
    "impact": ["impact", "lakeview-usd", "--roster", "students.csv"],
    "roster": ["roster", "check", "students.csv", "--ignore", "roster-column-missing"],
    "doctor": ["doctor"],
    "emulator": ["emulator", "--port", "0"],
    "schema": ["schema", "plan"],
}

COUNTED = Path(__file__).parent / "projects" / "counted"

SIGNING_IN = {"login"}  # needs a page; that it knows no writer is seen below


class Wrote(BaseException):
    """A writer was opened where none may be; no net catches it."""


@pytest.fixture
def no_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody open a writer."""

    def refuse(*_: object, **__: object) -> None:
        raise Wrote

    for module in (
        "cli.runner",  # first: importing it afterwards would bind what is patched
        "cli.backends",
        "backends.embedded",
        "backends.gateway",
    ):
        monkeypatch.setattr(f"connectsync.{module}.open_writer", refuse)
    monkeypatch.setattr("connectsync.backends.contract.ContractWriter.__init__", refuse)
    monkeypatch.setattr("connectsync.backends.snapshot.SnapshotWriter.__init__", refuse)
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)


def test_every_command_is_accounted_for() -> None:
    every = set(COMMANDS)
    assert every == WRITING | {one.split()[0] for one in HAPPY} | SIGNING_IN


@pytest.mark.usefixtures("no_writer")
@pytest.mark.parametrize("command", HAPPY)
def test_a_command_that_only_looks_opens_no_writer(
    valley: Console, command: str
) -> None:
    valley.run("plan", "--out", "reviewed.json")
    shutil.copy(COUNTED / "students.csv", valley.folder)
    with (valley.folder / "connectsync.yaml").open("a") as project:
        project.write("notify: {webhooks: [{name: a, url: 'env:A'}]}\n")
    said = valley.run(*HAPPY[command])
    assert said.status == 0, said.err


@pytest.mark.usefixtures("no_writer")
def test_apply_would_be_caught(valley: Console) -> None:
    with pytest.raises(Wrote):
        valley.run("apply", "--yes")
    with pytest.raises(Wrote):
        valley.run("--backend", "snapshot:live.json", "apply")


@pytest.mark.parametrize("command", [["resume"], ["rollback", "1", "--yes"]])
def test_going_on_and_taking_back_would_be_caught(
    valley: Console, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Wrote

    assert valley.run("apply", "--yes").status == 0
    if command == ["resume"]:
        failed(valley.folder / ".connectsync", 1, "lakeview-usd")
    monkeypatch.setattr("connectsync.cli.runner.open_writer", refuse)
    with pytest.raises(Wrote):
        valley.run(*command)


@pytest.mark.usefixtures("no_writer")
@pytest.mark.parametrize(
    "refused",
    [
        ["apply"],
        ["apply", "plan.json", "--accept", "disruptive=1"],
        ["apply", "damaged.json"],
    ],
    ids=" ".join,
)
def test_apply_opens_no_writer_where_it_is_refused(
    valley: Console, refused: list[str]
) -> None:
    valley.run("plan", "--out", "plan.json")
    (valley.folder / "damaged.json").write_text("{}", "utf-8")
    assert valley.run(*refused).status in {3, 4}


def mentions(path: Path, name: str) -> bool:
    """Say whether a module names something, in code: words do not count."""
    names: dict[type[ast.AST], Callable[..., str]] = {
        ast.Name: lambda node: node.id,
        ast.Attribute: lambda node: node.attr,
        ast.alias: lambda node: node.name,
    }
    tree = ast.parse(path.read_text("utf-8"))
    return any(
        names[type(node)](node) == name
        for node in ast.walk(tree)
        if type(node) in names
    )


def test_only_what_carries_a_run_out_speaks_of_opening_a_writer() -> None:
    speaking = {
        path.relative_to(HOUSE).as_posix()
        for path in HOUSE.rglob("*.py")
        if mentions(path, "open_writer")
    }
    ways = {path for path in speaking if path.startswith(("backends/", "cli/backend"))}
    assert speaking - ways == {"cli/runner.py", "operations/apply.py"}


@pytest.mark.parametrize(
    ("function", "known_to"),
    [
        ("execute", {"apply.py", "reconcile.py"}),
        ("show_and_apply", {"apply.py", "rollback.py"}),
        ("apply_paths", {"apply.py", "demo.py"}),
    ],
)
def test_what_writes_is_known_to_its_own_command_alone(
    function: str, known_to: set[str]
) -> None:
    knowing = {
        path.name for path in (HOUSE / "cli").glob("*.py") if mentions(path, function)
    }
    assert knowing == known_to


def test_carrying_a_run_out_is_known_to_what_writes_alone() -> None:
    knowing = {
        path.name
        for path in (HOUSE / "cli").glob("*.py")
        if mentions(path, "apply_run")
    }
    assert knowing == {
        "apply.py",
        "reconcile.py",
        "resume.py",
        "rollback.py",
    }
