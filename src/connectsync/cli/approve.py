"""``connectsync approve``: approve a plan before it is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session


def approve(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(help="The plan file that you reviewed.")],
    name: Annotated[
        str,
        typer.Option("--as", metavar="NAME", help="Name of the person who approves."),
    ],
) -> int:
    """
    Approve a plan file, for a project that requires approvals.

    The yes is kept with the plan's digest: it is worth nothing for any other plan. The
    name is taken as given; who may write to the state store decides who can say yes.
    """
    from connectsync.cli.approving import approve_file

    session: Session = context.obj
    return ExitStatus(approve_file(session, plan, name))
