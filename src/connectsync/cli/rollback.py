"""``connectsync rollback``: undo a run, as a plan like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.accepting import accepted_counts, override_reasons
from connectsync.cli.choices import (
    accept_option,
    metrics_option,
    override_option,
    yes_option,
)
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.outputs import insist_free
from connectsync.cli.session import Session


def rollback(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="The number of the run to undo.")],
    districts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DISTRICT]...", help="Only these (default: all)."),
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT:SETTING",
            help="Also undo this setting although it was changed after the run.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the plan to this file for `apply`; do not apply it."),
    ] = None,
    accept: accept_option = None,
    override: override_option = None,
    yes: yes_option = False,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files", help="Undo even if a district file has an error."
        ),
    ] = False,
    metrics: metrics_option = None,
) -> int:
    """
    Undo a run: plan the values from before it, show them, apply after you confirm.

    The plan is guarded like any other. The files still say what the run made true:
    take their change back as well, or the next plan makes it again.
    """
    import asyncio

    from connectsync.cli.going import Said
    from connectsync.cli.rolling_back import roll_back
    from connectsync.operations.rolling_back import overs

    session: Session = context.obj
    insist_free(session, out, metrics)
    said = Said(
        accepted=accepted_counts(accept or []),
        reasons=override_reasons(override or []),
        metrics=metrics,
        yes=yes,
        ignore_files=ignore_files,
    )
    only = tuple(districts or ())
    way = roll_back(session, run, only, overs(over or []), said, out)
    return ExitStatus(asyncio.run(way))
