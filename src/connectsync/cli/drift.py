"""``connectsync drift``: what changed since the last apply, and where."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.choices import option_output, paths_argument
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.outputs import insist_free
from connectsync.cli.session import Session
from connectsync.cli.sharding import asked_shard, option_shard
from connectsync.config.discovery import relative
from connectsync.domain.drift import DistrictDrift
from connectsync.errors import UsageError


class DriftFormat(StrEnum):
    """How drift is shown."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def drift(
    context: typer.Context,
    paths: paths_argument = None,
    format_: Annotated[
        DriftFormat,
        typer.Option("--format", help="Output format: text, json or junit."),
    ] = DriftFormat.TEXT,
    output: option_output = None,
    shard: option_shard = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Write what people changed on Connect to the files; changes made"
            " in the files stay.",
        ),
    ] = False,
    adopt_conflict: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT:SETTING",
            help="With --adopt: keep Connect's value of this conflicting setting.",
        ),
    ] = None,
) -> int:
    """
    Compare files, Connect and the last apply, and show which side changed.

    With --adopt, files take over what people changed; Connect is never changed.

    Exits with 1 if drift is left, or if a district could not be read.
    """
    import asyncio

    from connectsync.cli.drifting import look, take_what_people_changed
    from connectsync.cli.fleets import planned_scope

    session: Session = context.obj
    if adopt_conflict and not adopt:
        raise UsageError("--adopt-conflict goes with --adopt")
    insist_free(session, output)
    share = asked_shard(shard, session.environment)
    scope = planned_scope(session, paths or [], share)
    looked = asyncio.run(look(session, scope))
    found = looked.drift
    if adopt:
        aloud = format_ is DriftFormat.TEXT and output is None
        found = take_what_people_changed(
            session, looked, adopt_conflict or [], aloud=aloud
        )
    folder = relative(scope.project.districts_dir, scope.project.root)
    _deliver(session, found, folder, format_, output, paths or [])
    calm = all(one.standing in {"in step", "pending"} for one in found)
    return ExitStatus.FINE if calm else ExitStatus.FINDINGS


def _deliver(
    session: Session,
    found: Sequence[DistrictDrift],
    folder: str,
    format_: DriftFormat,
    output: Path | None,
    named: Sequence[str],
) -> None:
    terminal = session.terminal
    colour = terminal.colour and output is None
    text = _spelled(found, folder, format_, named, colour=colour, width=terminal.width)
    if format_ is DriftFormat.TEXT:
        text = terminal.place.complete(text)
    terminal.deliver(text, output)


def _spelled(
    found: Sequence[DistrictDrift],
    folder: str,
    format_: DriftFormat,
    named: Sequence[str],
    *,
    colour: bool,
    width: int,
) -> str:
    from connectsync.report.drift import drift_json, drift_text
    from connectsync.report.drift_junit import drift_junit
    from connectsync.report.fleet_text import drift_tables

    match format_:
        case DriftFormat.TEXT:
            tables = drift_tables(found, folder, colour=colour)
            return drift_text(
                found, colour=colour, width=width, tables=tables, named=named
            )
        case DriftFormat.JSON:
            return drift_json(found)
        case DriftFormat.JUNIT:
            return drift_junit(found)
