"""Every command, in the order people meet them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import typer

from connectsync.cli import runs as of_runs
from connectsync.cli.apply import apply
from connectsync.cli.approve import approve
from connectsync.cli.demo import demo
from connectsync.cli.doctor import doctor
from connectsync.cli.drift import drift
from connectsync.cli.emulator import emulator
from connectsync.cli.everywhere import Command, understand_everywhere
from connectsync.cli.explain import explain, rules
from connectsync.cli.fmt import fmt
from connectsync.cli.helping import CommandWithHelp, GroupWithHelp
from connectsync.cli.import_ import import_
from connectsync.cli.init import init, new
from connectsync.cli.login import login
from connectsync.cli.plan import plan
from connectsync.cli.reconcile import reconcile
from connectsync.cli.resume import resume
from connectsync.cli.rollback import rollback
from connectsync.cli.runs import runs
from connectsync.cli.schema import schema
from connectsync.cli.show import show
from connectsync.cli.snapshot import snapshot
from connectsync.cli.validate import validate

ASKED_BY_A_SHELL = "_CONNECTSYNC_COMPLETE"
"""The variable by which a shell asks for words at the tab key."""

COMMANDS = (
    init,
    new,
    validate,
    explain,
    rules,
    show,
    fmt,
    import_,
    snapshot,
    plan,
    approve,
    apply,
    resume,
    rollback,
    runs,
    drift,
    reconcile,
    login,
    doctor,
    emulator,
    demo,
    schema,
)


WITHIN: Mapping[str, tuple[Callable[..., int], ...]] = {
    "runs": (of_runs.show, of_runs.diff, of_runs.verify, of_runs.close),
}
"""Commands that stand behind another one."""

PANELS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "init": "Create a new project.",
        "new": "Create a file for a new district (sync off).",
        "import": "Write the settings on Connect to district files.",
    },
    "Check files": {
        "validate": "Check district files against the schema and every rule.",
        "explain": "Explain a rule or a key, with examples.",
        "rules": "List every rule.",
        "show": "Show a district's values, each with its file and line.",
        "fmt": "Put keys in schema order; comments are kept.",
        "schema": "Print a schema, for editors and other tools.",
    },
    "Plan and apply": {
        "snapshot": "Write live settings to a file to plan from.",
        "plan": "Compare the files with Connect; reads only.",
        "approve": "Approve a plan file.",
        "apply": "Apply a plan to Connect and verify the result.",
        "resume": "Continue an interrupted or failed run.",
        "rollback": "Undo a run.",
        "reconcile": "Apply safe changes unattended; list the rest.",
    },
    "Inspect": {
        "runs": "List, show, compare or close runs; verify the audit log.",
        "drift": "Show what changed since the last apply, and where.",
        "doctor": "Check project, state and backend for problems.",
    },
    "Connect": {
        "login": "Sign in to Connect's page, for the browser backend.",
        "emulator": "Serve a stand-in for Connect to try things out.",
        "demo": "Plan and apply one district on a stand-in.",
    },
}
"""Every command once more, in a line each: what the help of connectsync shows."""


class OnDemand(Mapping[str, Command]):
    """
    The commands in order, each made when it is first asked for.

    Making all of them takes longer than a whole commit hook may.
    """

    def __init__(self, own: Iterable[object]) -> None:
        """Take the options of connectsync itself, which every command understands."""
        self._own = tuple(own)
        self._made: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._made:
            made = _made(_BY_NAME[name])
            understand_everywhere(made, self._own)
            self._made[name] = made
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_BY_NAME)

    def __len__(self) -> int:
        return len(_BY_NAME)


class InOrder(GroupWithHelp):
    """
    Lists commands as they stand above, also where some have others behind them.

    All of them understand its own options as well.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = OnDemand(self.params)  # type: ignore[assignment]
        if ASKED_BY_A_SHELL in os.environ:
            from connectsync.cli.completing import teach

            teach(self)

    def list_commands(self, ctx: object) -> list[str]:
        """Name them in order."""
        del ctx
        return list(self.commands)


_BY_NAME = {command.__name__: command for command in COMMANDS}


def _made(command: Callable[..., int]) -> Command:
    """Make a command of its function, with those that stand behind it."""
    name = command.__name__
    panel = next((one for one, inside in PANELS.items() if name in inside), "More")
    short = PANELS.get(panel, {}).get(name)
    behind = WITHIN.get(name, ())
    one = typer.Typer(name=name, cls=GroupWithHelp, add_completion=False)
    if not behind:
        one.command(name, cls=CommandWithHelp, short_help=short, rich_help_panel=panel)(
            command
        )
    else:
        one.callback(
            invoke_without_command=True, short_help=short, rich_help_panel=panel
        )(command)
    for inner in behind:
        one.command(inner.__name__, cls=CommandWithHelp)(inner)
    return cast("Command", typer.main.get_command(one))
