"""``connectsync apply``: make a plan true on Connect, and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.accepting import accepted_counts
from connectsync.cli.choices import paths_argument
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.config.discovery import SUFFIXES
from connectsync.errors import UsageError


def apply(
    context: typer.Context,
    paths: paths_argument = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COUNT", help="Accept what a guard counts."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Apply without asking.")
    ] = False,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files", help="Apply a plan file though the files changed."
        ),
    ] = False,
    click_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="On a snapshot: where to write the click list (default: below the"
            " state folder).",
        ),
    ] = None,
    confirmed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT",
            help="On a snapshot, with the plan beside a click list: a person saved all"
            " that it says of this district.",
        ),
    ] = None,
) -> int:
    """
    Make a plan true on Connect: a plan file, or districts planned on the spot.

    With a plan file exactly that plan is applied, or nothing. With paths the plan is
    made, shown, and applied once you say yes.

    On a snapshot a person presses Save: they get a click list, and say what is done.
    """
    import asyncio

    from connectsync.cli.applying import apply_file, apply_paths
    from connectsync.cli.by_hand import ByHand

    session: Session = context.obj
    accepted = accepted_counts(accept or [])
    by_hand = ByHand(click_list, tuple(confirmed or ()))
    plan_file = _plan_file(paths or [])
    if plan_file is None:
        if ignore_files:
            raise UsageError("--ignore-files goes with a plan file")
        run = apply_paths(session, paths or [], accepted, by_hand, yes=yes)
    else:
        run = apply_file(
            session, plan_file, accepted, by_hand, ignore_files=ignore_files
        )
    return ExitStatus(asyncio.run(run))


def _plan_file(paths: list[str]) -> Path | None:
    plans = [path for path in paths if _is_plan(Path(path))]
    if plans and len(paths) > 1:
        raise UsageError("apply takes one plan file, or districts, not both")
    return Path(plans[0]) if plans else None


def _is_plan(path: Path) -> bool:
    return path.suffix == ".json" or (path.is_file() and path.suffix not in SUFFIXES)
