"""``connectsync resume``: go on with a run that was interrupted, or that failed."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.accepting import override_reasons
from connectsync.cli.choices import metrics_option, override_option
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.cli.sharding import asked_shard, option_shard


def resume(
    context: typer.Context,
    run: Annotated[
        int | None,
        typer.Argument(
            metavar="[RUN]",
            help="Its number (default: the last that has anything left).",
        ),
    ] = None,
    override: override_option = None,
    shard: option_shard = None,
    ignore_files: Annotated[
        bool,
        typer.Option("--ignore-files", help="Go on though the files changed."),
    ] = False,
    metrics: metrics_option = None,
) -> int:
    """
    Go on with a run: settle by reading what nobody knows, then do what is left.

    What is confirmed is not done again. A district that somebody changed meanwhile is
    left alone, and named.
    """
    import asyncio

    from connectsync.cli.going import Said
    from connectsync.cli.resuming import resume_run

    session: Session = context.obj
    said = Said(
        reasons=override_reasons(override or []),
        shard=asked_shard(shard, session.environment),
        metrics=metrics,
        ignore_files=ignore_files,
    )
    return ExitStatus(asyncio.run(resume_run(session, run, said)))
