"""``connectsync resume``: continue a run that was interrupted or failed."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.accepting import accepted_counts, override_reasons
from connectsync.cli.choices import accept_option, metrics_option, override_option
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.outputs import insist_free
from connectsync.cli.session import Session
from connectsync.cli.sharding import asked_shard, option_shard


def resume(
    context: typer.Context,
    run: Annotated[
        int | None,
        typer.Argument(
            metavar="[RUN]",
            help="Number of the run (default: the last unfinished one).",
        ),
    ] = None,
    accept: accept_option = None,
    override: override_option = None,
    approved: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST", help="The digest of the plan that was reviewed."
        ),
    ] = None,
    shard: option_shard = None,
    ignore_files: Annotated[
        bool,
        typer.Option(
            "--ignore-files",
            help="Continue even if the files changed or have errors.",
        ),
    ] = False,
    metrics: metrics_option = None,
) -> int:
    """
    Continue a run: check unfinished saves on Connect, then apply what is left.

    What is left is judged as `apply` judges a plan: files, guards, hours, age and
    approval. What is confirmed is not done again. A district that someone changed
    meanwhile is left alone, and named. A run whose districts a newer run planned as
    well is continued only by its number.
    """
    import asyncio

    from connectsync.cli.going import Said
    from connectsync.cli.resuming import resume_run

    session: Session = context.obj
    insist_free(session, metrics)
    said = Said(
        accepted=accepted_counts(accept or []),
        approved=approved,
        reasons=override_reasons(override or []),
        shard=asked_shard(shard, session.environment),
        metrics=metrics,
        ignore_files=ignore_files,
    )
    return ExitStatus(asyncio.run(resume_run(session, run, said)))
