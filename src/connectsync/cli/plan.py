"""``connectsync plan``: what would change, and what that does to people."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.formats import CLEVER, insist_apart, insist_free, show_plan
from connectsync.cli.options import (
    PlanFormat,
    choose_shard,
    option_format,
    option_output,
    option_shard,
    paths_argument,
    set_token_option,
    where_option,
)
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import STDOUT, ExitStatus
from connectsync.domain.plan import Plan
from connectsync.errors import UsageError
from connectsync.report.reporter import PlanToReport
from connectsync.report.terminal import inert


def plan(
    context: typer.Context,
    paths: paths_argument = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan to this file, for `apply`.")
    ] = None,
    format_: option_format = PlanFormat("text"),
    output: option_output = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="CHARACTERS",
            help="With markdown: shorten tables to this many characters and count"
            " what is left out (default: one GitHub comment).",
        ),
    ] = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes."),
    ] = False,
    where: where_option = None,
    shard: option_shard = None,
    set_token: set_token_option = None,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Plan only settings that changed in the files since this git"
            " revision; other differences are listed separately.",
        ),
    ] = None,
    impact: Annotated[
        bool,
        typer.Option(
            "--impact",
            help="Count on each district's roster whom the changes reach, and whom they"
            " lose. Only numbers get into the plan.",
        ),
    ] = False,
    roster: Annotated[
        str | None,
        typer.Option(
            metavar="clever|PATH",
            help="With --impact: the rosters, `clever` or a path with {district} in"
            " place of the key (default: as `roster.source` in connectsync.yaml says).",
        ),
    ] = None,
) -> int:
    """
    Compare the files with Connect and show what `apply` would change.

    Only reads; nothing is written to Connect.
    """
    from connectsync.cli.asked import chosen_by
    from connectsync.cli.fleets import begin_scope

    session: Session = context.obj
    insist_free(session, out, output)
    if roster is not None and not impact:
        raise UsageError("--roster goes with --impact", remedy="give --impact as well")
    if roster not in {None, CLEVER}:
        from connectsync.cli.rosters import roster_path

        insist_apart([out, output], [roster_path(session, str(roster))])
    share = choose_shard(shard, session.environment)
    tokens = frozenset(set_token or ())
    asked = chosen_by(session, paths, where)
    # other processes read files while this one imports what it needs to go on
    begun = begin_scope(session, asked, share) if changed_since is None else None
    from connectsync.cli.plan_source import plan_now, wrote_plan
    from connectsync.domain.plan_file import plan_text

    planned = wait_for(
        plan_now(
            session,
            asked,
            share,
            tokens,
            changed_since=changed_since,
            impact=impact,
            roster=roster,
            begun=begun,
        )
    )
    made = planned.plan
    if out is not None:
        policy = planned.scope.project.policy
        session.terminal.deliver(plan_text(made), out, note=None)
        if out != STDOUT:
            session.terminal.say(inert(wrote_plan(out, made, policy)))
    review = partial(planned.review, out)
    show_plan(session.terminal, PlanToReport(made, review, limit), format_, output)
    return _status(made, detailed=detailed_exitcode)


def _status(made: Plan, *, detailed: bool) -> ExitStatus:
    if made.failed:
        return ExitStatus.FINDINGS
    if detailed and made.districts:
        return ExitStatus.PENDING
    return ExitStatus.FINE
