"""``connectsync import``: adopt districts from Connect or a sheet; ``export``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.commands import quote_word
from connectsync.cli.drift import show_findings
from connectsync.cli.formats import insist_free
from connectsync.cli.options import (
    ignore_unknown_option,
    option_yes_write,
    paths_argument,
    sheet_option,
    where_option,
)
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus
from connectsync.config.decode import SUFFIXES, Ground, without_steps_up
from connectsync.config.discovery import below, relative, stem_of
from connectsync.config.fleet import Fleet, LoadedDistrict
from connectsync.config.project import Project
from connectsync.domain.drift import AdoptedDistrict, AdoptionResult
from connectsync.domain.finding import Finding
from connectsync.domain.wording import SHOWN, did_you_mean, few, many
from connectsync.errors import UsageError
from connectsync.operations.sheet_rows import (
    NewFiles,
    SheetDrafts,
    SheetReading,
    WantedDistrict,
    place_of,
    read_rows,
)
from connectsync.operations.sheets import (
    ADDED_COLUMNS,
    NOTES,
    SheetField,
    chosen_fields,
    field_named,
    refuse_cells,
    sheet_fields,
    sheet_row,
    stated_values,
)
from connectsync.report.terminal import inert
from connectsync.values import dataclass


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
    from_sheet: sheet_option = None,
    ignore_unknown: ignore_unknown_option = False,
    yes: option_yes_write = False,
) -> int:
    """
    Write what Connect or a sheet holds into district files, made or changed as needed.

    A new file builds on the profile that leaves the least to state. In a file that is
    there only managed values that differ change; comments stay.

    `--from-sheet` takes what `export` wrote, or any table with a column `district`:
    it shows the change and asks. Connect is not read then.

    Exits with 1 if a district or a cell is refused, or if a file that was written has
    errors.
    """
    from connectsync.report.show_text import adoption_text

    session: Session = context.obj
    if from_sheet is not None:
        if keys or profile is not None:
            raise UsageError(
                "--from-sheet takes neither districts nor --profile",
                remedy="leave them out; the sheet has columns for both",
            )
        asked = SheetImport(from_sheet, folder, ignore_unknown=ignore_unknown)
        return import_sheet(session, asked, yes=yes, dry_run=dry_run)
    if yes or ignore_unknown:
        raise UsageError(
            "--yes and --ignore-unknown are for a sheet",
            remedy="leave them out, or name a sheet with --from-sheet FILE",
        )
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


@dataclass(frozen=True, slots=True)
class SheetImport:
    """
    A sheet to take districts from; new ones go to ``folder``.

    With ``only_new`` a row of a district that is there is refused.
    """

    path: Path
    folder: str = ""
    ignore_unknown: bool = False
    only_new: bool = False


def import_sheet(
    session: Session, asked: SheetImport, *, yes: bool, dry_run: bool = False
) -> int:
    """Show what a sheet does to files, ask, and write all of them or none."""
    from connectsync.cli.set_ import Proposal

    project, terminal, shown = session.project(), session.terminal, str(asked.path)
    fleet = session.whole_fleet(project)
    fields = sheet_fields(fleet)
    reading = _read(session, project, asked, fields)
    place = NewFiles(project.root, project.districts_dir, asked.folder)
    drafts = SheetDrafts(place, fleet, fields, only_new=asked.only_new)
    edited = [one for row in reading.rows for one in drafts.draft(row)]
    if problems := [*reading.problems, *drafts.problems]:
        raise refuse_cells(shown, problems)
    if drafts.left:
        terminal.say(
            f"{many(drafts.left, 'cell')} left out: the files changed since the sheet"
            " was written, and the cell did not"
        )
    same = len(reading.rows) - len(edited)
    if not edited:
        terminal.say(f"nothing to change: {many(same, 'district')} as the sheet says")
        return ExitStatus.FINE
    rows = {drafts.files[row.key]: row for row in reading.rows}
    proposal = Proposal(
        *(session, project, fleet, edited),
        lambda errors: refuse_cells(shown, [_told(rows, one) for one in errors]),
    )
    already = f"; {same:,} as the sheet says already" if same else ""
    return proposal.settle(already, drafts.settings, yes=yes, dry_run=dry_run)


def _read(
    session: Session,
    project: Project,
    asked: SheetImport,
    fields: Mapping[str, SheetField],
) -> SheetReading:
    """Read the rows of the sheet, and say what was left out."""
    from connectsync.files.sheets import ABOUT
    from connectsync.files.workbook import read_sheet

    shown = str(asked.path)
    end = Ground.of(project.root).way_out(without_steps_up(asked.path))
    if end is not None:
        raise UsageError(
            f"the sheet {shown} is a link that leads out of the project, to {end}",
            remedy="name the file itself",
        )
    sheet = read_sheet(asked.path, shown, ABOUT)
    for remark in sheet.remarks:
        session.terminal.say(inert(f"{shown}: {remark}"))
    reading = read_rows(sheet, fields, ignore_unknown=asked.ignore_unknown)
    if reading.ignored:
        said = f"{shown}: columns left out: {few(reading.ignored)}"
        session.terminal.say(inert(said))
    return reading


def _told(rows: Mapping[str, WantedDistrict], one: Finding) -> str:
    """Tell of an error that a file would have, by the cell that makes it."""
    row = rows.get(one.place.file)
    place = place_of(row, one.path) if row else one.place.file
    return f"{place}: {one.message}" + (f"; {one.hint}" if one.hint else "")


def export(
    context: typer.Context,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="An .xlsx or a .csv file."),
    ],
    paths: paths_argument = None,
    where: where_option = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Names of values, with commas between them, or `all`.",
        ),
    ] = None,
) -> int:
    """
    Write districts to a spreadsheet, one a row, to change them there.

    A cell is what the district has, whether its file or a profile says so; what a
    profile says is gray. `import --from-sheet` takes the changes back. Tokens are
    never in it, only where they are.
    """
    from connectsync.cli.asked import chosen_by
    from connectsync.files.sheets import csv_table, workbook

    session: Session = context.obj
    insist_free(session, output)
    if output.suffix.lower() not in {".xlsx", ".csv"}:
        raise UsageError(
            f"{output} is neither an .xlsx nor a .csv file",
            remedy="name for example fleet.xlsx",
        )
    project, terminal = session.project(), session.terminal
    fleet = session.whole_fleet(project)
    chosen = _chosen(session, project, fleet, chosen_by(session, paths, where))
    fields = sheet_fields(fleet)
    values = [stated_values(one, fields) for one in chosen]
    asked = _column_names(columns, fields)
    shown = chosen_fields(fields, values, asked)
    rows = [
        sheet_row(one, held, shown) for one, held in zip(chosen, values, strict=True)
    ]
    table = [*(one.column for one in shown), *ADDED_COLUMNS]
    command = f"connectsync import --from-sheet {quote_word(str(output))}"
    note = f": {many(len(rows), 'district')}; next: change it, then `{command}`"
    if output.suffix.lower() == ".xlsx":
        whole = workbook("Districts", table, rows, NOTES)
        terminal.deliver(whole, output, note=note)
    else:
        names = [one.heading for one in table]
        cells = ([row.cells.get(name) for name in names] for row in rows)
        # a program for spreadsheets takes UTF-8 for it only behind this mark
        terminal.deliver("\ufeff" + csv_table(names, cells), output, note=note)
    return ExitStatus.FINE


def _chosen(
    session: Session, project: Project, fleet: Fleet, arguments: Sequence[str]
) -> list[LoadedDistrict]:
    """Give the districts that arguments mean; say which have errors."""
    if not arguments and set(fleet.files) <= set(fleet.shelf.names.values()):
        return []  # a sheet of headings, to begin with
    named = session.files(project, session.named(project, arguments))
    files = {relative(one, project.root) for one in named}
    files -= set(fleet.shelf.names.values())
    chosen = [one for one in fleet.districts if one.file in files]
    session.terminal.tell_left_out(sorted(files - {one.file for one in chosen}))
    return chosen


def _column_names(
    columns: str | None, fields: Mapping[str, SheetField]
) -> list[str] | None:
    if columns is None:
        return None
    if columns.strip() == "all":
        return list(fields)
    found = []
    for text in filter(None, map(str.strip, columns.split(","))):
        name = field_named(text, fields)
        if name is None:
            raise UsageError(
                f"no value that can be set is called {text[:80]!r}",
                remedy=did_you_mean(text, fields) or f"there are: {', '.join(fields)}",
            )
        found.append(name)
    return found
