"""``connectsync approve``: say yes to a plan that somebody is to apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session


def approve(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(help="The plan file that was read.")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Who says yes to it.")
    ],
) -> int:
    """
    Say yes to a plan file, for a project that asks for approvals.

    The yes is kept with the plan's digest: it is worth nothing for any other plan. The
    name is taken as given; who may write to the state store decides who can say yes.
    """
    from connectsync.cli.approving import approve_file

    session: Session = context.obj
    return ExitStatus(approve_file(session, plan, name))
