"""``connectsync fmt``: canonical key order, comments kept."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.choices import paths_argument
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.config.discovery import relative
from connectsync.report.style import inert


def fmt(
    context: typer.Context,
    paths: paths_argument = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change nothing; exit with 1 if a file would change."
        ),
    ] = False,
) -> int:
    """
    Put the keys of district files into the order of the schema, keeping comments.

    Exits with 1 if a file was changed, so that a commit stops and can be looked at.
    """
    from connectsync.operations.formatting import format_file

    session: Session = context.obj
    project = session.project()
    verb = "would be formatted" if check else "formatted"
    changed = False
    named = session.named(project, paths or [])
    files = session.files(project, named, perhaps_none=True)
    for path in files:
        if format_file(path, root=project.root, write=not check):
            changed = True
            session.terminal.show(f"{verb}: {inert(relative(path, project.root))}")
    return ExitStatus.FINDINGS if changed else ExitStatus.FINE
