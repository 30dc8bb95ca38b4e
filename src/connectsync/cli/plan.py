"""``connectsync plan``: what would change, and what that does to people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.choices import (
    PlanFormat,
    option_format,
    option_output,
    paths_argument,
    set_token_option,
)
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.formats import show_plan
from connectsync.cli.session import Session
from connectsync.cli.sharding import asked_shard, option_shard
from connectsync.domain.plan import Plan
from connectsync.domain.shard import ALL, Shard


def plan(
    context: typer.Context,
    paths: paths_argument = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan to this file, for `apply`.")
    ] = None,
    format_: option_format = PlanFormat.TEXT,
    output: option_output = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes."),
    ] = False,
    shard: option_shard = None,
    set_token: set_token_option = None,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Plan only settings that the files want otherwise than at this git"
            " revision; what else differs is shown apart.",
        ),
    ] = None,
) -> int:
    """
    Compare the files with Connect and say what `apply` would change.

    Reads only; nothing is ever written to Connect.
    """
    import asyncio

    from connectsync.domain.plan_file import plan_text

    session: Session = context.obj
    share = asked_shard(shard, session.environment)
    tokens = frozenset(set_token or ())
    made = asyncio.run(
        made_plan(session, paths or [], share, tokens, changed_since=changed_since)
    )
    if out is not None:
        session.terminal.deliver(plan_text(made), out)
        session.terminal.say(f"wrote {out}; next: `connectsync apply {out}`")
    show_plan(session.terminal, made, format_, output)
    return _status(made, detailed=detailed_exitcode)


async def made_plan(
    session: Session,
    paths: list[str],
    shard: Shard = ALL,
    set_token: frozenset[str] = frozenset(),
    *,
    changed_since: str | None = None,
) -> Plan:
    """
    Plan a shard of what the arguments mean, of all districts if there are none.

    With ``changed_since``, only what the files cause since that revision.
    """
    from dataclasses import replace

    from connectsync.cli.backends import open_reader
    from connectsync.cli.causing import since_of
    from connectsync.cli.fleets import planned_scope
    from connectsync.cli.state import circumstances, open_state
    from connectsync.operations.planning import make_plan

    scope = planned_scope(session, paths, shard)
    since = since_of(session, scope, changed_since)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader, set_token=set_token)
        return await make_plan(scope.wanted, reader, replace(given, since=since))


def _status(made: Plan, *, detailed: bool) -> ExitStatus:
    if made.failed:
        return ExitStatus.FINDINGS
    if detailed and made.districts:
        return ExitStatus.PENDING
    return ExitStatus.FINE
