"""``connectsync import``: adopt the districts that Connect holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.cli.written import show_findings
from connectsync.config.project import Project
from connectsync.domain.adoption import Adopted, Adoption
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import UsageError


def import_(
    context: typer.Context,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEYS]...",
            help="Districts by their keys on Connect (default: all of them).",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="What new files build on (default: the closest profile)."),
    ] = None,
    folder: Annotated[
        str,
        typer.Option("--in", help="Folder below the districts' folder for new files."),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would do; write nothing.")
    ] = False,
) -> int:
    """
    Write what Connect holds into district files, made or changed as needed.

    A new file builds on the profile that leaves the least to state.

    In a file that is there only managed values that differ change; comments stay.

    Exits with 1 if a district is refused, or if a file that was written has errors.
    """
    import asyncio

    from connectsync.report.adopted_text import adopted_text

    session: Session = context.obj
    project = session.project()
    adopted = asyncio.run(
        _adopted(session, project, keys or [], profile, folder, write=not dry_run)
    )
    terminal = session.terminal
    terminal.show(
        adopted_text(
            adopted,
            written=not dry_run,
            colour=terminal.colour,
            width=terminal.width,
        )
    )
    errors = 0 if dry_run else show_findings(session, project, adopted)
    refused = any(one.adoption is Adoption.REFUSED for one in adopted)
    return ExitStatus.FINDINGS if refused or errors else ExitStatus.FINE


import_.__name__ = "import"  # what the command is called; Python keeps the word


async def _adopted(
    session: Session,
    project: Project,
    keys: Sequence[str],
    profile: str | None,
    folder: str,
    *,
    write: bool,
) -> tuple[Adopted, ...]:
    from connectsync.cli.backends import open_reader
    from connectsync.config.shelf import shelf_of
    from connectsync.operations.importing import Home, adopt, find_live
    from connectsync.operations.likening import usable_profiles
    from connectsync.operations.new_district import insist_inside

    inside = project.districts_dir / folder
    insist_inside(inside / "any.yaml", project.districts_dir, folder)
    fleet = session.fleet(project, ()) if session.count(project) else None
    shelf = (
        fleet.shelf
        if fleet
        else shelf_of(project.root, project.districts_dir, project.options)
    )
    usable = tuple(usable_profiles(shelf))
    if profile is not None and profile not in usable:
        raise UsageError(
            f"there is no profile {profile!r} to build on",
            remedy=did_you_mean(profile, usable)
            or f"choose one of: {', '.join(usable) or '(none yet)'}",
        )
    home = Home(
        project.root, project.districts_dir, inside, shelf, fleet, profile or ""
    )
    async with open_reader(session, project, ()) as reader:
        found = await find_live(reader, keys)
    return tuple(adopt(found, home, write=write))
