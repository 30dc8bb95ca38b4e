"""``connectsync import``: adopt the districts that Connect holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.drift import show_findings
from connectsync.cli.session import Session, wait_for
from connectsync.cli.suggest import quote_word
from connectsync.cli.terminal import ExitStatus
from connectsync.config.decode import SUFFIXES
from connectsync.config.discovery import below, relative, stem_of
from connectsync.config.project import Project
from connectsync.domain.drift import AdoptedDistrict, AdoptionResult
from connectsync.domain.wording import SHOWN, did_you_mean
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
    from connectsync.report.show_text import adoption_text

    session: Session = context.obj
    project = session.project()
    for key in keys or ():
        _insist_no_path(session, project, key)
    adopted = wait_for(
        _adopt(session, project, keys or [], profile, folder, write=not dry_run)
    )
    terminal = session.terminal
    terminal.show(
        adoption_text(
            adopted,
            written=not dry_run,
            colour=terminal.colour,
            width=terminal.width,
        )
    )
    errors = 0 if dry_run else show_findings(session, project, adopted)
    refused = any(one.adoption is AdoptionResult.REFUSED for one in adopted)
    return ExitStatus.FINDINGS if refused or errors else ExitStatus.FINE


import_.__name__ = "import"  # what the command is called; Python keeps the word


def _insist_no_path(session: Session, project: Project, argument: str) -> None:
    """Refuse a path, which other commands take. Raises ``UsageError``."""
    path = session.here / (session.folder or "") / argument
    inside = relative(path, project.districts_dir)
    # a folder elsewhere may have the name of a district by chance
    named = not inside.startswith("/") and path.is_dir()
    if named or "/" in argument or argument.endswith(SUFFIXES):
        raise UsageError(
            f"{argument!r} is a path, and import takes the keys of districts on"
            " Connect",
            remedy=_by_keys(path, inside),
        )


def _by_keys(path: Path, inside: str) -> str:
    """Give the command that names the districts of a path by their keys."""
    if not path.is_dir():
        return f"name the district: `connectsync import {quote_word(stem_of(path))}`"
    if inside.startswith("_"):
        return "name districts by their keys; profiles are not on Connect"
    keys = sorted(map(stem_of, below(path)))
    named = " ".join(map(quote_word, keys[:SHOWN])) or "KEY"
    more = " and so on" if len(keys) > SHOWN else ""
    remedy = f"name its districts: `connectsync import {named}`{more}"
    if inside.startswith((".", "/")):
        return remedy
    new = f"`connectsync import KEY --in {quote_word(inside)}`"
    return f"{remedy}; for new files there: {new}"


async def _adopt(
    session: Session,
    project: Project,
    keys: Sequence[str],
    profile: str | None,
    folder: str,
    *,
    write: bool,
) -> tuple[AdoptedDistrict, ...]:
    from connectsync.cli.backends import open_reader
    from connectsync.config.profiles import shelf_of
    from connectsync.operations.files import insist_inside
    from connectsync.operations.from_live import usable_profiles
    from connectsync.operations.import_ import ImportTarget, adopt, find_live

    inside = project.districts_dir / folder
    insist_inside(inside / "any.yaml", project.districts_dir, folder)
    fleet = session.fleet(project, ()) if session.count(project) else None
    shelf = (
        fleet.shelf
        if fleet
        else shelf_of(
            project.root,
            project.districts_dir,
            project.options,
            session.moment(project),
        )
    )
    usable = tuple(usable_profiles(shelf))
    if profile is not None and profile not in usable:
        raise UsageError(
            f"there is no profile {profile!r} to build on",
            remedy=did_you_mean(profile, usable)
            or f"choose one of: {', '.join(usable) or '(none yet)'}",
        )
    home = ImportTarget(
        project.root, project.districts_dir, inside, shelf, fleet, profile or ""
    )
    async with open_reader(session, project, ()) as reader:
        found = await find_live(reader, keys)
    return tuple(adopt(found, home, write=write))
