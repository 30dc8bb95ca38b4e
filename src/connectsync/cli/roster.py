"""``connectsync roster``: roster files, checked before they are sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from connectsync import __version__
from connectsync.cli.formats import insist_apart, insist_free, show_findings
from connectsync.cli.options import (
    FindingFormat,
    option_ignore,
    option_output,
    option_select,
    option_strict,
)
from connectsync.cli.session import TOOL, Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.decode import Ground, without_steps_up
from connectsync.config.discovery import PROJECT_FILE, relative
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.wording import did_you_mean, fold_word
from connectsync.errors import InvalidFiles, NothingMatched, ProjectError, UsageError
from connectsync.operations.roster_files import RosterFileOptions, check_roster_files
from connectsync.providers.clever import StudentId
from connectsync.report.reporter import FindingsToReport
from connectsync.report.terminal import inert
from connectsync.roster.files import open_delivery
from connectsync.roster.opening import LATIN_1, UTF_8, BadRoster, header_of
from connectsync.rules.catalogue import ROSTER_PAGES, by_name
from connectsync.rules.engine import page_of
from connectsync.rules.guardians_file import READ_ON_REQUEST
from connectsync.values import replace


def roster(context: typer.Context) -> int:
    """
    Check roster files before they are sent.

    Connect is not read, and nothing is changed.
    """
    if context.invoked_subcommand is None:
        raise UsageError(
            "`roster` needs a command behind it",
            remedy="for example `connectsync roster check PATH`, a file or a folder",
        )
    return ExitStatus.FINE


def check(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders or zips: guardians.csv, Clever's files, OneRoster.",
        ),
    ],
    format_: Annotated[
        FindingFormat, typer.Option("--format", help="How to show findings.")
    ] = FindingFormat("text"),
    output: option_output = None,
    strict: option_strict = False,
    select: option_select = None,
    ignore: option_ignore = None,
    district: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="The district whose files these are: its deletion threshold, student"
            " id, encoding of guardians.csv and `allow` count.",
        ),
    ] = None,
    previous: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="The roster that was sent before: forecast what is deleted, updated"
            " and added, and whether a threshold would stop it.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="Deletion threshold for the forecast (default: the district's).",
        ),
    ] = None,
    show_values: Annotated[
        bool,
        typer.Option(
            "--show-values",
            help="Show the lines, with names and numbers of people; on a terminal"
            " only.",
        ),
    ] = False,
) -> int:
    """
    Check roster files: columns, ids, numbers, and what they say of each other.

    Exits with 1 if there is an error. A finding names line and column, never a value:
    nothing of a child or a contact is shown or written.
    """
    session: Session = context.obj
    insist_free(session, output)
    if show_values:
        _insist_terminal(format_, output)
    if threshold is not None and not previous:
        raise UsageError(
            "--threshold is for a forecast",
            remedy="name the roster that was sent before with --previous",
        )
    project = session.project()
    named = named_paths(session, project, paths)
    before = named_paths(session, project, previous or [])
    insist_apart([output], [path for path, _ in (*named, *before)])
    options = _options(session, project, district, threshold, bool(previous))
    options = _with_rules(options, select, ignore, show_values)
    report, files = check_roster_files(named, before, options)
    found = FindingsToReport(
        report,
        files=files,
        districts={},
        folder="",
        today=session.today(),
        rules=lambda: [page_of(rule) for rule in ROSTER_PAGES],
        tool=TOOL,
        version=__version__,
        strict=strict,
        command="roster check",
    )
    show_findings(session.terminal, found, format_, output)
    failed = report.errors or (strict and report.warnings)
    return ExitStatus.FINDINGS if failed else ExitStatus.FINE


def _insist_terminal(format_: str, output: Path | None) -> None:
    """Refuse to show values where they may be kept: in a file, a log or a pipe."""
    if format_ == "text" and output is None and sys.stdout.isatty():
        return
    raise UsageError(
        "--show-values shows names and numbers of children and their families: it is"
        " for text on a terminal alone",
        remedy="leave it out; line and column are named all the same",
    )


def named_paths(
    session: Session, project: Project, paths: list[str]
) -> list[tuple[Path, str]]:
    """
    Give paths as they are opened and as they are shown: from the project's folder.

    Raises ``NothingMatched`` for one that is not there.
    """
    base = session.folder or session.here
    found = []
    for spelled in paths:
        path = without_steps_up(base / spelled)
        if not os.path.lexists(path):
            raise NothingMatched(
                f"there is no file or folder {inert(spelled)}",
                remedy="correct the path; it is taken from the current folder",
            )
        inside = path.is_relative_to(project.root)
        found.append((path, relative(path, project.root) if inside else spelled))
    return found


def _options(
    session: Session,
    project: Project,
    district: str | None,
    threshold: float | None,
    forecast: bool,
) -> RosterFileOptions:
    way_out = Ground.of(project.root).way_out
    options = RosterFileOptions(
        way_out,
        session.today(),
        sample=_sample(project),
        encoding=project.roster.encoding,
        threshold=threshold,
    )
    if district is None:
        return options
    one = _district(session, project, district)
    stated = one.facts.guardians_csv
    agreed = stated is not None and stated.encoding_agreed is True
    latin = agreed and fold_word(stated.encoding or "") in READ_ON_REQUEST  # type: ignore[union-attr]
    student_id = one.settings.student_id
    limit = one.settings.deletion_threshold if threshold is None else threshold
    if forecast and limit is None:
        session.terminal.complain(
            f"{inert(district)} states no deletion_threshold: none is compared"
        )
    return replace(
        options,
        guardians_encoding=LATIN_1 if latin else UTF_8,
        numbers=None if student_id is None else student_id == StudentId.STUDENT_NUMBER,
        allow=one.allow,
        threshold=limit,
    )


def _with_rules(
    options: RosterFileOptions,
    select: list[str] | None,
    ignore: list[str] | None,
    lines: bool,
) -> RosterFileOptions:
    return replace(
        options,
        lines=lines,
        select=_rules(select) if select else None,
        ignore=_rules(ignore or []),
    )


def _rules(names: list[str]) -> frozenset[str]:
    """Give rules of roster files. Raises ``UsageError`` for one of another kind."""
    known = {rule.name for rule in ROSTER_PAGES}
    for name in names:
        if by_name(name).name not in known:
            raise UsageError(
                f"the rule {name!r} does not look at roster files",
                remedy=did_you_mean(name, known) or "`connectsync rules` lists them",
            )
    return frozenset(names)


def _district(session: Session, project: Project, key: str) -> District:
    """Give a district of the project. Raises ``InvalidFiles`` if it has errors."""
    fleet = session.fleet(project, session.named(project, [key]))
    for one in fleet.districts:
        return one.district
    first = fleet.findings[0]
    where = f"{first.place.file}:{first.place.line}"
    raise InvalidFiles(inert(f"{where}: {first.message}"))


def _sample(project: Project) -> tuple[str, ...] | None:
    """
    Read the header of the sample of a guardians file that the project names.

    Raises ``ProjectError`` if it cannot be.
    """
    path = project.guardians_sample
    if path is None:
        return None
    ground = Ground.of(project.root)
    shown = relative(path, project.root)
    why = "it lies outside the project"
    # its first line is told: no other file of this machine may be named
    if ground.holds(path):
        try:
            found = open_delivery(path, shown, ground.way_out)
            if len(found.files) == 1 and not found.whole:
                return header_of(found.files[path.name]).names
            why = "it is not one CSV file"
        except BadRoster as error:
            why = error.message
    raise ProjectError(
        f"{PROJECT_FILE}: roster.guardians_sample: {inert(shown)}: {why}",
        remedy="save the sample that Connect offers beside Upload, and name it",
    )
