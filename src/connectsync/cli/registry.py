"""Every command, in the order people meet them."""

from __future__ import annotations

import typer

from connectsync.cli.apply import apply
from connectsync.cli.demo import demo
from connectsync.cli.doctor import doctor
from connectsync.cli.drift import drift
from connectsync.cli.emulator import emulator
from connectsync.cli.explain import explain, rules
from connectsync.cli.fmt import fmt
from connectsync.cli.import_ import import_
from connectsync.cli.init import init, new
from connectsync.cli.login import login
from connectsync.cli.plan import plan
from connectsync.cli.resume import resume
from connectsync.cli.rollback import rollback
from connectsync.cli.schema import schema
from connectsync.cli.show import show
from connectsync.cli.snapshot import snapshot
from connectsync.cli.validate import validate

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
    apply,
    resume,
    rollback,
    drift,
    login,
    doctor,
    emulator,
    demo,
    schema,
)


def register(app: typer.Typer) -> None:
    """Give the app its commands."""
    for command in COMMANDS:
        app.command(command.__name__)(command)
