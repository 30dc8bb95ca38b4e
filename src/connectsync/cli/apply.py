"""``connectsync apply``: apply a plan to Connect and verify the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.accepting import accepted_counts, override_reasons
from connectsync.cli.choices import (
    accept_option,
    metrics_option,
    override_option,
    paths_argument,
    set_token_option,
    yes_option,
)
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.outputs import insist_free
from connectsync.cli.session import Session
from connectsync.cli.sharding import asked_shard, option_shard
from connectsync.config.discovery import SUFFIXES
from connectsync.errors import UsageError


def apply(
    context: typer.Context,
    paths: paths_argument = None,
    accept: accept_option = None,
    override: override_option = None,
    approved: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST", help="The digest of the plan that was reviewed."
        ),
    ] = None,
    yes: yes_option = False,
    shard: option_shard = None,
    set_token: set_token_option = None,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files", help="Apply the plan even if the files changed."
        ),
    ] = False,
    click_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Snapshot only: where to write the click list (default: in the"
            " state folder).",
        ),
    ] = None,
    confirmed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT",
            help="Snapshot only: record that a person saved every change on the"
            " click list for this district.",
        ),
    ] = None,
    metrics: metrics_option = None,
) -> int:
    """
    Apply a plan to Connect: a plan file, or districts that are planned now.

    With a plan file exactly that plan is applied, or nothing. With paths the plan is
    made, shown, and applied once you say yes. Ctrl-C ends after the district in hand.

    On a snapshot a person presses Save: they get a click list, and say what is done.
    """
    import asyncio

    from connectsync.cli.applying import apply_file, apply_paths
    from connectsync.cli.by_hand import PAGE, PLAN, ByHand
    from connectsync.cli.going import Said

    session: Session = context.obj
    said = Said(
        accepted=accepted_counts(accept or []),
        reasons=override_reasons(override or []),
        approved=approved,
        by_hand=ByHand(click_list, tuple(confirmed or ())),
        shard=asked_shard(shard, session.environment),
        set_token=frozenset(set_token or ()),
        metrics=metrics,
        yes=yes,
        ignore_files=ignore_files,
    )
    plan_file = _plan_file(paths or [])
    insist_free(session, metrics, read=plan_file)
    if click_list is not None:
        insist_free(session, click_list / PAGE, click_list / PLAN)
    if plan_file is None:
        if ignore_files:
            raise UsageError("--ignore-files goes with a plan file")
        return ExitStatus(asyncio.run(apply_paths(session, paths or [], said)))
    if said.set_token:
        raise UsageError(
            "--set-token goes with `plan`, or with districts planned on the spot",
            remedy="a plan file says itself whose token is typed",
        )
    return ExitStatus(asyncio.run(apply_file(session, plan_file, said)))


def _plan_file(paths: list[str]) -> Path | None:
    plans = [path for path in paths if _is_plan(Path(path))]
    if plans and len(paths) > 1:
        raise UsageError("apply takes one plan file, or districts, not both")
    return Path(plans[0]) if plans else None


def _is_plan(path: Path) -> bool:
    return path.suffix == ".json" or (path.is_file() and path.suffix not in SUFFIXES)
