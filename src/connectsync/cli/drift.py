"""``connectsync drift``: who moved what since we last applied."""

from __future__ import annotations

import typer

from connectsync.cli.choices import (
    PlanFormat,
    option_format,
    option_output,
    paths_argument,
)
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.domain.drift import DistrictDrift


def drift(
    context: typer.Context,
    paths: paths_argument = None,
    format_: option_format = PlanFormat.TEXT,
    output: option_output = None,
) -> int:
    """
    Compare files, Connect and what was last applied, and say who moved what.

    Exits with 1 if a person changed Connect, or if a district could not be read.
    """
    import asyncio

    from connectsync.report.drift import drift_json, drift_text

    session: Session = context.obj
    terminal = session.terminal
    found = asyncio.run(_found(session, paths or []))
    if format_ is PlanFormat.JSON:
        terminal.deliver(drift_json(found), output)
    else:
        colour = terminal.colour and output is None
        terminal.deliver(drift_text(found, colour=colour, width=terminal.width), output)
    calm = all(one.standing in {"in step", "pending"} for one in found)
    return ExitStatus.FINE if calm else ExitStatus.FINDINGS


async def _found(session: Session, paths: list[str]) -> tuple[DistrictDrift, ...]:
    from connectsync.cli.backends import open_reader
    from connectsync.cli.fleets import planned_scope
    from connectsync.cli.state import open_state
    from connectsync.operations.drifting import find_drift

    scope = planned_scope(session, paths)
    async with open_reader(session, scope.project, scope.districts) as reader:
        with open_state(session, scope.project) as store:
            baselines = store.baselines(reader.described)
        return await find_drift(scope.wanted, reader, baselines)
