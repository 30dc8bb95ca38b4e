"""``connectsync list``, ``show`` and ``compare``: ask the fleet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer

from connectsync.cli.asked import AskedFleet, Row
from connectsync.cli.commands import quote_word
from connectsync.cli.formats import deliver_pages, insist_free, show_plan
from connectsync.cli.options import (
    PlanFormat,
    option_format,
    option_output,
    paths_argument,
    where_option,
)
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus, Terminal
from connectsync.config.discovery import is_key
from connectsync.config.fleet import Fleet, LoadedDistrict
from connectsync.config.project import Project
from connectsync.domain.district import names_meant
from connectsync.domain.wording import did_you_mean
from connectsync.errors import InvalidFiles, UsageError
from connectsync.operations import query
from connectsync.operations.expression import FOUND, LIVE, STATE
from connectsync.report.terminal import inert

ListFormat = StrEnum("ListFormat", ["TEXT", "JSON", "CSV", "XLSX", "MARKDOWN"])
"""How a list of districts is shown."""


WHOLE = frozenset([ListFormat.JSON, ListFormat.CSV, ListFormat.XLSX])
"""Formats for other programs, which have every name unless some are chosen."""

DEFAULT = (
    "district",
    "profiles",
    "labels",
    "findings",
    "state.standing",
    "state.run",
    "allow.until",
)
"""Columns that are shown if none are named, where any district has something there."""

HELP, EVERY = "help", "all"


def list_(
    context: typer.Context,
    paths: paths_argument = None,
    where: where_option = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Names of values, with commas between them; `all`, or `help` for a"
            " list of them.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Sort by these names, one with - in front from the largest down.",
        ),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read Connect too, for names with live.")
    ] = False,
    format_: Annotated[
        ListFormat,
        typer.Option(
            "--format", help="Output format: text, json, csv, xlsx or markdown."
        ),
    ] = ListFormat.TEXT,
    output: option_output = None,
) -> int:
    """
    List districts and their values, all or those for which an expression is true.

    Values are effective: what profiles say counts. JSON, CSV and XLSX have every name;
    an XLSX is to read, `export` writes one to change and take back.
    """
    from connectsync.report import show_text

    session: Session = context.obj
    insist_free(session, output)
    terminal = session.terminal
    types = query.names(live=live)
    if columns == HELP:
        terminal.present(show_text.names_text(types), None)
        return ExitStatus.FINE
    whole = columns == EVERY or (columns is None and format_ in WHOLE)
    shown = list(types) if whole else _named_for(columns, types, format_)
    if columns is None and not whole:
        shown = [*DEFAULT, *(["live.standing", "live.differs"] if live else [])]
    order = [(one.removeprefix("-"), one[:1] == "-") for one in _split(sort)]
    keys = [(_named(name, types)[0], down) for name, down in order]
    fleet = AskedFleet(session, session.project(), paths or [])
    fleet.read()
    expression = fleet.compile(where, live=live) if where is not None else None
    total, used = len(fleet.rows), expression.used if expression else frozenset[str]()
    late = {*shown, *(name for name, _ in keys)}
    fleet.learn(used)
    if expression is not None:
        fleet.choose(expression)
    fleet.learn(late - {name for name in late if _same_source(name, used)})
    for name, down in reversed(keys):
        fleet.sort(name, down=down)
    notes = 0
    if columns is None and format_ is ListFormat.TEXT and FOUND.isdisjoint(used):
        notes = fleet.leave_out_notes()
    if columns is None and not whole:
        shown = [one for one in shown if any(row.get(one) for row in fleet.rows)]
    names = tuple(shown or DEFAULT[:1])
    table = show_text.DistrictTable(names, fleet.rows, total, notes)
    _deliver(terminal, table, types, format_, output)
    return ExitStatus.FINE


def _deliver(
    terminal: Terminal,
    table: Any,
    types: Mapping[str, str],
    format_: ListFormat,
    output: Path | None,
) -> None:
    from connectsync.report import show_text

    if format_ is ListFormat.XLSX:
        terminal.deliver(show_text.workbook_of(table, types), output)
        return
    look = show_text.ListLook(
        terminal.colour and output is None, terminal.wraps_at(output)
    )
    text = show_text.list_districts(table, format_.value, look)
    deliver_pages(terminal, text, format_.value, output)


def _named_for(
    text: str | None, types: Collection[str], format_: ListFormat
) -> list[str]:
    """Give the columns that are named; where people read, each row has its district."""
    shown = _named(text, types)
    read = format_ in {ListFormat.TEXT, ListFormat.MARKDOWN, ListFormat.XLSX}
    if read and {"district", "name", "file"}.isdisjoint(shown):
        return [DEFAULT[0], *shown]
    return shown


def _same_source(name: str, used: Collection[str]) -> bool:
    """Say whether what a name needs was learned with names that were used."""
    if name in FOUND:
        return not FOUND.isdisjoint(used)
    lead = name.partition(".")[0] + "."
    return lead in {STATE, LIVE} and any(u.startswith(lead) for u in used)


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _named(text: str | None, types: Collection[str]) -> list[str]:
    """Give the names that a list means; the last part of one does where it is alone."""
    found = []
    for name in _split(text):
        meant = names_meant(name, types)
        if len(meant) != 1:
            several = f"did you mean {' or '.join(map(repr, meant))}?" if meant else ""
            raise UsageError(
                f"there is no value called {name[:80]!r}",
                remedy=several
                or did_you_mean(name, types)
                or "`connectsync list --columns help` lists all names",
            )
        found += meant
    return found


def show(
    context: typer.Context,
    districts: Annotated[
        list[str],
        typer.Argument(
            metavar="DISTRICTS...",
            help="Names of districts, or their files; or one plan file.",
        ),
    ],
    format_: option_format = PlanFormat("text"),
    output: option_output = None,
) -> int:
    """
    Show districts' effective values, each with the file and line it came from.

    A plan file, such as plan.json, is shown as `plan` shows it, and as it is written:
    `approve` and `apply` work out what guards say of it again. Districts are shown as
    text or JSON.
    """
    from connectsync.operations.calendar import calendar_values
    from connectsync.operations.files import effective, shown_data, unmanaged
    from connectsync.report.show_text import render, several_json

    session: Session = context.obj
    terminal = session.terminal
    if plan := _plan_file(districts):
        insist_free(session, output, read=plan)
        return _show_plan(session, plan, format_, output)
    insist_free(session, output)
    if format_ not in {"text", "json"}:
        raise UsageError(
            f"--format {format_.value} is for plans; districts have json",
            remedy="give --format json, or name one plan file",
        )
    project, today = session.project(), session.today()
    calendars = project.policy.calendars
    fleet = session.fleet(project, ())
    found = [_find_district(fleet, name) for name in dict.fromkeys(districts)]
    if format_ == "json":
        terminal.deliver(several_json([shown_data(one) for one in found]), output)
        return ExitStatus.FINE
    texts = [
        render(
            (*effective(one), *calendar_values(calendars, one.district, today)),
            unmanaged=unmanaged(one),
            colour=terminal.colour and output is None,
            width=terminal.width,
        )
        for one in found
    ]
    terminal.present("\n".join(texts), output)
    return ExitStatus.FINE


def _plan_file(names: Sequence[str]) -> Path | None:
    """Give the plan that is named, which is a file whose name ends in .json."""
    plans = [name for name in names if name.endswith(".json")]
    if plans and len(names) > 1:
        raise UsageError(
            "one plan is shown at a time, and no district beside it",
            remedy=f"write `connectsync show {quote_word(plans[0])}`",
        )
    return Path(plans[0]) if plans else None


def _show_plan(
    session: Session, path: Path, format_: PlanFormat, output: Path | None
) -> int:
    from connectsync.cli.fleets import any_scope
    from connectsync.cli.plan_source import plan_in
    from connectsync.operations.approve import plan_review
    from connectsync.report.reporter import PlanToReport

    plan = plan_in(path)

    def review() -> Any:
        scope = any_scope(session, (), saves=False)
        return plan_review(
            plan,
            scope.wanted,
            scope.project,
            findings=scope.findings,
            plan_file=str(path),
        )

    show_plan(session.terminal, PlanToReport(plan, review), format_, output)
    session.terminal.say(AS_WRITTEN)
    return ExitStatus.FINE


AS_WRITTEN = (
    "risks, effects, names and guards are shown as the file says them; `approve`"
    " and `apply` work them out again"
)


def _find_district(fleet: Fleet, name: str) -> LoadedDistrict:
    for loaded in fleet.districts:
        if name in {loaded.district.key, loaded.file}:
            return loaded
    asked = {name, PurePosixPath(name).stem}
    for finding in fleet.findings:
        file = finding.place.file
        # a layer that is wrong takes the districts on it along
        if not asked.isdisjoint({file, PurePosixPath(file).stem, *finding.districts}):
            place = f"{file}:{finding.place.line}"
            raise InvalidFiles(inert(f"{place}: {finding.message}"))
    if (stem := PurePosixPath(name).stem) in fleet.shelf.documents:
        raise UsageError(
            f"{stem!r} is a profile, and `show` shows districts",
            remedy=f"`connectsync compare DISTRICT {stem}` shows what it states",
        )
    stems = (PurePosixPath(file).stem for file in fleet.files)
    names = [one for one in stems if one not in fleet.shelf.documents]
    raise UsageError(
        f"there is no district {name!r}",
        remedy=did_you_mean(name, names)
        or "a district is named as its file is, without .yaml",
    )


def compare(
    context: typer.Context,
    one: Annotated[
        str, typer.Argument(metavar="A", help="A district's name, or its file.")
    ],
    other: Annotated[
        str | None,
        typer.Argument(metavar="[B]", help="Another district, or a profile."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Compare a district with Connect instead.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Show also what is the same.")
    ] = False,
) -> int:
    """
    Show two districts side by side, a district and a profile, or files and Connect.

    Exits with 1 if they differ.
    """
    from connectsync.report.show_text import compare_text

    session: Session = context.obj
    project, terminal = session.project(), session.terminal
    if live == (other is not None):
        raise UsageError(
            "`compare` takes two districts, or one and --live",
            remedy="write `connectsync compare A B`, or `connectsync compare A --live`",
        )
    if live:
        titles, sides = _files_and_connect(session, project, one)
    else:
        fleet = session.fleet(project, ())
        titles = (one, str(other))
        sides = (_side(fleet, one), _side(fleet, str(other)))
    left, right = sides
    if not all("labels" in side for side in sides) and not live:
        # a profile says nothing of these
        left, right = (
            {name: side[name] for name in side if name.startswith(PROFILED)}
            for side in sides
        )
    same = {name for name in left if name in right and left[name] == right[name]}
    names = [name for name in query.names() if name in left or name in right]
    rows = [(n, left.get(n), right.get(n)) for n in names if every or n not in same]
    differ = len({*left, *right}) - len(same)
    looks = {"colour": terminal.colour, "width": terminal.width}
    terminal.present(compare_text(titles, rows, differ=differ, **looks), None)  # type: ignore[arg-type]
    return ExitStatus.FINDINGS if differ else ExitStatus.FINE


PROFILED = ("settings.", "facts.", "provider")
"""What a profile can state."""

OWN = ("district", "name", "file", "credentials.district_id")
"""What any two districts do not share."""


def _side(fleet: Fleet, name: str) -> Row:
    """Give the values of a district, or of a profile where no district is called so."""
    from connectsync.operations.files import profile_values

    stem = PurePosixPath(name).stem
    keys = {loaded.district.key for loaded in fleet.districts}
    if stem in fleet.shelf.documents and (not is_key(name) or name not in keys):
        return profile_values(fleet.shelf, stem)
    values = _find_district(fleet, name).district.values()
    return {name: values[name] for name in values if name not in OWN}


def _files_and_connect(
    session: Session, project: Project, name: str
) -> tuple[tuple[str, str], tuple[Row, Row]]:
    fleet = AskedFleet(session, project, [name])
    fleet.read()
    if not fleet.rows:
        _find_district(session.fleet(project, ()), name)
    fleet.learn({LIVE})
    row = fleet.rows[0]
    live = {
        path: row[f"{LIVE}{path.rpartition('.')[2]}"]
        for path in row
        if f"{LIVE}{path.rpartition('.')[2]}" in row
    }
    if not live:
        raise UsageError(f"Connect could not be read: {row.get('live.error', '')}")
    return ("files", "Connect"), ({path: row[path] for path in live}, live)
