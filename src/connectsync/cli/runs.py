"""``connectsync runs``: what was run, what it did, whether the log still says so."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.errors import UsageError

LATELY = 20
"""Runs that are listed by default."""


class RunsFormat(StrEnum):
    """How runs are shown."""

    TEXT = "text"
    JSON = "json"


option_format = Annotated[
    RunsFormat, typer.Option("--format", help="Output format: text or json.")
]


def runs(
    context: typer.Context,
    format_: option_format = RunsFormat.TEXT,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many to list, newest first.")
    ] = LATELY,
) -> int:
    """
    List runs, newest first; show one, compare two, verify the audit log.

    Connect is not read, and nothing is changed.
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
    """Show a run: the result of each district and what each save changed."""
    from connectsync.cli.looking_back import show_run

    session: Session = context.obj
    as_json = format_ is RunsFormat.JSON
    return show_run(session, run, tuple(districts or ()), as_json=as_json)


def diff(
    context: typer.Context,
    run_a: Annotated[int, typer.Argument(metavar="A", help="The number of a run.")],
    run_b: Annotated[
        int, typer.Argument(metavar="B", help="Number of the run to compare with.")
    ],
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
        str, typer.Option(metavar="TEXT", help="Why this run is abandoned.")
    ],
) -> int:
    """
    Abandon an unfinished run; districts not applied yet stay as they are.

    The reason goes to the audit log. Connect is not read. Refused while a
    runner has a district of it, or while it is not known whether a save happened.
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
    Check runs, journal, baselines and approvals against the audit log.

    Exits with 1 if any entry was edited, removed, inserted or reordered.
    """
    from connectsync.cli.looking_back import verify_log

    return verify_log(context.obj, head, as_json=format_ is RunsFormat.JSON)
