"""``connectsync runs``: what was run, what it did, whether the log still says so."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.errors import UsageError

LATELY = 20
"""Runs that are listed if nobody says how many."""


class RunsFormat(StrEnum):
    """How runs are shown."""

    TEXT = "text"
    JSON = "json"


option_format = Annotated[
    RunsFormat, typer.Option("--format", help="How to show it: text or json.")
]


def runs(
    context: typer.Context,
    format_: option_format = RunsFormat.TEXT,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many, the newest first.")
    ] = LATELY,
) -> int:
    """
    List what was run, the newest first; show a run, compare two, verify the audit log.

    Nothing is asked of Connect, and nothing is changed.
    """
    if context.invoked_subcommand is not None:
        _insist_bare(context.invoked_subcommand, format_, limit)
        return ExitStatus.FINE
    from connectsync.cli.looking_back import list_runs

    return list_runs(context.obj, limit, as_json=format_ is RunsFormat.JSON)


def _insist_bare(command: str, format_: RunsFormat, limit: int) -> None:
    """Refuse options of the list with a command that would not heed them."""
    if format_ is not RunsFormat.TEXT:
        raise UsageError(
            f"--format belongs after `runs {command}`",
            remedy=f"see `connectsync runs {command} --help`",
        )
    if limit != LATELY:
        raise UsageError(f"--limit goes with the list, not with `runs {command}`")


def show(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="The number of the run.")],
    districts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DISTRICT]...", help="Only these (default: all)."),
    ] = None,
    format_: option_format = RunsFormat.TEXT,
) -> int:
    """Show a run: how each district ended, what each save changed, when, by whom."""
    from connectsync.cli.looking_back import show_run

    session: Session = context.obj
    as_json = format_ is RunsFormat.JSON
    return show_run(session, run, tuple(districts or ()), as_json=as_json)


def diff(
    context: typer.Context,
    run_a: Annotated[int, typer.Argument(metavar="A", help="The number of a run.")],
    run_b: Annotated[int, typer.Argument(metavar="B", help="That of another one.")],
    format_: option_format = RunsFormat.TEXT,
) -> int:
    """
    Compare what two runs on one backend left behind, setting by setting.

    Of the districts that either saved: what a save of it changed, as the last confirmed
    save up to the one run says, and up to the other. People's own saves are not seen.
    """
    from connectsync.cli.looking_back import diff_runs

    return diff_runs(context.obj, run_a, run_b, as_json=format_ is RunsFormat.JSON)


def close(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="The number of the run.")],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why nobody is to go on with it.")
    ],
) -> int:
    """
    Close a run that nobody is to go on with; what is left of it stays as it is.

    The reason goes to the audit log. Nothing is asked of Connect. Refused while a
    runner has a district of it, or nobody knows whether a save of it happened.
    """
    from connectsync.cli.closing import close_run

    return close_run(context.obj, run, reason)


def verify(
    context: typer.Context,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="The head of the audit log as it was noted elsewhere: the log must"
            " still hold it.",
        ),
    ] = None,
    format_: option_format = RunsFormat.TEXT,
) -> int:
    """
    Hold runs, journal, baselines and approvals against the audit log.

    Exits with 1 if anything was edited, removed, put in or reordered.
    """
    from connectsync.cli.looking_back import verify_log

    return verify_log(context.obj, head, as_json=format_ is RunsFormat.JSON)
