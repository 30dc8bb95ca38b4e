"""``connectsync init`` and ``connectsync new``: starting something."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from connectsync import __version__
from connectsync.cli.options import (
    dry_run_option,
    option_yes_write,
    paths_argument,
    sheet_option,
)
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import PROJECT_FILE, relative
from connectsync.config.project import Project
from connectsync.domain.wording import foreign_character
from connectsync.errors import UsageError
from connectsync.report.terminal import inert

KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def init(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(help="Folder of the project; created if it does not exist."),
    ] = Path(),
) -> int:
    """
    Create a new project, with pre-commit and editor settings.

    Existing files are never overwritten.
    """
    from connectsync.operations.files import fresh_files, start

    session: Session = context.obj
    terminal = session.terminal
    # what is suggested now is for the new project, wherever the user stands
    terminal.place.project = "" if folder == Path() else str(folder)
    texts = fresh_files(__version__)
    start(folder, texts)
    made = ((folder / name).as_posix() for name in texts)
    terminal.show("\n".join(f"made {inert(one)}" for one in made))
    terminal.say("next: `connectsync validate`, then `connectsync new KEY --name NAME`")
    return 0


def new(
    context: typer.Context,
    key: Annotated[
        str | None, typer.Argument(help="The district's key: a-z, 0-9, dashes.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The district's name.")] = None,
    profile: Annotated[
        list[str] | None, typer.Option(help="A profile to build on.")
    ] = None,
    folder: Annotated[
        str, typer.Option("--in", help="Folder inside the folder of districts.")
    ] = "",
    district_id: Annotated[
        str, typer.Option(metavar="ID", help="The district's id at Clever.")
    ] = "",
    token: Annotated[
        str,
        typer.Option(
            metavar="REFERENCE",
            help="Where its token is, such as env:NAME; never the token itself.",
        ),
    ] = "",
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A value of the file."),
    ] = None,
    from_sheet: sheet_option = None,
    yes: option_yes_write = False,
    dry_run: dry_run_option = False,
) -> int:
    """
    Create a file for a new district, at step 5 of the setup, sync off.

    `--from-sheet` creates one for each row of a table with the columns `district` and
    `name`: it shows them and asks.
    """
    from connectsync.cli.set_ import parse_assignment
    from connectsync.operations.files import NewDistrict, new_district

    session: Session = context.obj
    if from_sheet is not None:
        _insist_project(session)
        from connectsync.cli.import_ import SheetImport, import_sheet

        if key or name or profile or district_id or token or values:
            raise UsageError(
                "--from-sheet takes nothing beside it but --in, --yes and --dry-run",
                remedy="give the values in columns of the sheet",
            )
        asked_for = SheetImport(from_sheet, folder, only_new=True)
        return import_sheet(session, asked_for, yes=yes, dry_run=dry_run)
    if key is None or name is None or yes or dry_run:
        raise UsageError(
            "`new` needs a key and --name NAME, or --from-sheet FILE",
            remedy="write for example `connectsync new elm-usd --name 'Elm Unified'`",
        )
    _insist_sound(key, name)
    project = _insist_project(session)
    edits = tuple(parse_assignment(one) for one in values or ())
    if any(one.sign != "=" for one in edits):
        raise UsageError("a new district has no list to add to: write NAME=VALUE")
    asked = NewDistrict(
        key, name, tuple(profile or ()), folder, district_id, token, edits
    )
    path = new_district(project.root, project.districts_dir, asked, project.options)
    shown = relative(path, project.root)
    session.terminal.show(f"made {inert(shown)}")
    missing = "settings" if district_id else "district_id and settings"
    session.terminal.say(f"next: write its {missing}, then validate")
    return 0


def _insist_project(session: Session) -> Project:
    project = session.project()
    if not (project.root / PROJECT_FILE).is_file():
        where, remedy = session.no_project()
        raise UsageError(
            where,
            remedy=remedy
            or "make a project with `connectsync init`, or name its folder with -C",
        )
    return project


def _insist_sound(key: str, name: str) -> None:
    if not KEY.fullmatch(key):
        odd = foreign_character(key)
        raise UsageError(
            f"{key!r} cannot be a district's key{odd and f': {odd}'}",
            remedy="use a-z, 0-9 and single dashes, such as lakeview-usd",
        )
    if not (name.strip() and name.isprintable()):
        raise UsageError(
            f"{name!r} cannot be a district's name",
            remedy="write its name on one line, such as 'Lakeview Unified'",
        )


def fmt(
    context: typer.Context,
    paths: paths_argument = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change nothing; exit with 1 if a file would change."
        ),
    ] = False,
) -> int:
    """
    Put the keys of district files into the order of the schema, keeping comments.

    Exits with 1 if a file was changed, so that a commit stops and can be looked at.
    """
    from connectsync.operations.files import format_file

    session: Session = context.obj
    project = session.project()
    verb = "would be formatted" if check else "formatted"
    changed = False
    named = session.named(project, paths or [])
    files = session.files(project, named, perhaps_none=True)
    for path in files:
        if format_file(path, root=project.root, write=not check):
            changed = True
            session.terminal.show(f"{verb}: {inert(relative(path, project.root))}")
    return ExitStatus.FINDINGS if changed else ExitStatus.FINE
