"""``connectsync reconcile``: apply safe changes unattended."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.choices import option_output, paths_argument
from connectsync.cli.session import Session


class ReconcileFormat(StrEnum):
    """How a pass is shown."""

    TEXT = "text"
    JSON = "json"


def reconcile(
    context: typer.Context,
    paths: paths_argument = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")
    ] = False,
    format_: Annotated[
        ReconcileFormat,
        typer.Option("--format", help="Output format: text or json."),
    ] = ReconcileFormat.TEXT,
    output: option_output = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="FILE",
            help="Write metrics of the run to this file (OpenMetrics).",
        ),
    ] = None,
) -> int:
    """
    Apply safe pending changes unattended; list everything else for a person.

    Applies the districts whose every change is safe, that were not changed by hand, and
    that no guard objects to. The rest is listed, and waits for a person.

    Exits with 1 if something waits for a person, 3 if it waits for its hour, 4 if
    someone saved meanwhile. It can be run again at any time.
    """
    import asyncio

    from connectsync.cli.reconciling import Asked, reconcile_fleet

    session: Session = context.obj
    asked = Asked(dry_run, output, metrics, as_json=format_ is ReconcileFormat.JSON)
    return asyncio.run(reconcile_fleet(session, paths or [], asked))
