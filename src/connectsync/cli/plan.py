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
) -> int:
    """
    Compare the files with Connect and say what `apply` would change.

    Reads only; nothing is ever written to Connect.
    """
    import asyncio

    from connectsync.domain.plan_file import plan_text
    from connectsync.report.plan_text import render_plan

    session: Session = context.obj
    share = asked_shard(shard, session.environment)
    tokens = frozenset(set_token or ())
    made = asyncio.run(made_plan(session, paths or [], share, tokens))
    if out is not None:
        session.terminal.deliver(plan_text(made), out)
        session.terminal.say(f"wrote {out}; next: `connectsync apply {out}`")
    if format_ is PlanFormat.JSON:
        session.terminal.deliver(plan_text(made), output)
    else:
        terminal = session.terminal
        colour = terminal.colour and output is None
        text = render_plan(made, colour=colour, width=terminal.width)
        terminal.deliver(text, output)
    return _status(made, detailed=detailed_exitcode)


async def made_plan(
    session: Session,
    paths: list[str],
    shard: Shard = ALL,
    set_token: frozenset[str] = frozenset(),
) -> Plan:
    """Plan a shard of what the arguments mean, of all districts if there are none."""
    from connectsync.cli.backends import open_reader
    from connectsync.cli.fleets import planned_scope
    from connectsync.cli.state import circumstances, open_state
    from connectsync.operations.planning import make_plan

    scope = planned_scope(session, paths, shard)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            given = circumstances(session, scope, store, reader, set_token=set_token)
        return await make_plan(scope.wanted, reader, given)


def _status(made: Plan, *, detailed: bool) -> ExitStatus:
    if made.failed:
        return ExitStatus.FINDINGS
    if detailed and made.districts:
        return ExitStatus.PENDING
    return ExitStatus.FINE
