"""``connectsync calendar``: everything with a date, also for other calendars."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from connectsync.cli.formats import deliver_pages, insist_free
from connectsync.cli.options import option_output, paths_argument, where_option
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.policy_check import holiday_reader
from connectsync.domain.calendar import (
    CalendarDate,
    CalendarReport,
    DateKind,
    window_data,
)
from connectsync.domain.schedule import Days
from connectsync.domain.wording import few, many
from connectsync.errors import UsageError
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    inert,
    wrap,
)

A_YEAR = timedelta(days=365)
LONGEST = timedelta(days=3660)
YEARS = range(1970, 2200)


CalendarFormat = StrEnum("CalendarFormat", ["TEXT", "JSON", "ICS"])
"""The formats of a calendar."""


def calendar(
    context: typer.Context,
    paths: paths_argument = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="The first day, such as 2027-06-01; today."
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="The last day; a year from there."),
    ] = None,
    where: where_option = None,
    ics: Annotated[
        bool,
        typer.Option(
            "--ics", help="Write iCalendar, as Google Calendar and Outlook take it."
        ),
    ] = False,
    format_: Annotated[
        CalendarFormat,
        typer.Option("--format", help="Output format: text, json or ics."),
    ] = CalendarFormat.TEXT,
    output: option_output = None,
) -> int:
    """
    Show everything with a date: freezes, rollovers, periods, exceptions.

    Hours that come back every week stand first: change windows and the nightly sync.
    What is of a calendar of the project names it; of the others it names the districts.
    """
    from connectsync.cli.asked import broken_files, chosen_by
    from connectsync.operations.calendar import calendar_file, dates_of

    session: Session = context.obj
    insist_free(session, output)
    if ics and format_ is CalendarFormat.JSON:
        raise UsageError(
            "--ics and --format json ask for two formats", remedy="give one"
        )
    within = _within(session, first, last)
    project, terminal = session.project(), session.terminal
    named = session.named(project, chosen_by(session, paths, where))
    fleet = session.fleet(project, named)
    terminal.tell_left_out(broken_files(fleet))
    districts = [one.district for one in fleet.districts]
    read = holiday_reader(project.root)
    report = dates_of(project.policy, districts, within, read)
    if ics or format_ is CalendarFormat.ICS:
        raw = calendar_file(report, tool=session.tool, today=session.today())
        terminal.deliver(raw if output else raw.decode(), output)
    elif format_ is CalendarFormat.JSON:
        terminal.deliver(calendar_json(report), output)
    else:
        text = calendar_text(
            report, colour=terminal.colour and output is None, width=terminal.width
        )
        deliver_pages(terminal, text, format_.value, output)
    return ExitStatus.FINE


def _within(session: Session, first: str | None, last: str | None) -> Days:
    begin = _day("--from", first) if first is not None else session.today()
    end = _day("--to", last) if last is not None else begin + A_YEAR
    if end < begin:
        raise UsageError(
            f"--to {end} is before --from {begin}", remedy="swap the two dates"
        )
    if end - begin > LONGEST:
        raise UsageError(
            f"from {begin} to {end} is more than ten years",
            remedy="give --from and --to that are nearer to each other",
        )
    return Days(begin, end)


def _day(option: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option} needs a date, and {inert(text)!r} is none",
            remedy="write it as in 2027-06-01",
        ) from error
    if day.year not in YEARS:
        raise UsageError(
            f"{option} {day} is out of the years {YEARS.start} to {YEARS.stop - 1}",
            remedy="correct the year",
        )
    return day


SCHEMA = 1

_STYLES: Mapping[DateKind, Style] = {
    DateKind.FREEZE: Style.WARNING,
    DateKind.NIGHTLY_SYNC: Style.WARNING,
    DateKind.WINDOW: Style.SAFE,
    DateKind.ALLOWANCE: Style.INFO,
}


def calendar_text(report: CalendarReport, *, colour: bool, width: int) -> str:
    """Give the hours that come back every week, then a line for each date."""
    paint = Paint(colour)
    weekly = [_weekly(one) for one in report.dates if one.hours]
    dated = [_dated(one) for one in report.dates if not one.hours]
    lines: list[str] = []
    if weekly:
        lines.append(paint(Style.BOLD, "Every week"))
        lines += align_rows(weekly, paint=paint, width=width, indent=2)
        lines.append("")
    first, last = report.within.first, report.within.last
    if dated:
        lines.append(paint(Style.BOLD, f"From {first} to {last}"))
        lines += align_rows(dated, paint=paint, width=width, indent=2)
    else:
        nothing = wrap(f"Nothing has a date from {first} to {last}.", width)
        lines += [paint(Style.DIM, line) for line in nothing]
    count = many(report.total, "district")
    return "\n".join([*lines, "", f"{many(len(dated), 'date')}; {count}"]) + "\n"


def _weekly(one: CalendarDate) -> TableRow:
    return TableRow(
        (
            TableCell(one.kind.value, _STYLES[one.kind]),
            TableCell(f"{one.says}: {_whom(one)}"),
        )
    )


def _dated(one: CalendarDate) -> TableRow:
    first, last = one.days.first, one.days.last
    span = f"{first}" if first == last else f"{first} to {last}"
    return TableRow(
        (
            TableCell(span),
            TableCell(one.kind.value, _STYLES.get(one.kind, Style.PLAIN)),
            TableCell("; ".join(_told(one))),
        )
    )


def _told(one: CalendarDate) -> Iterator[str]:
    yield _whom(one)
    if one.kind is not DateKind.FREEZE:
        yield one.says
    if one.reason:
        yield one.reason
    if one.zone != "UTC":
        yield one.zone


def _whom(one: CalendarDate) -> str:
    if one.calendar:
        return f"calendar {one.calendar}, {many(len(one.districts), 'district')}"
    return few(one.districts) if one.districts else "all districts"


def calendar_json(report: CalendarReport) -> str:
    """Give the report in the shape of ``schema/calendar.schema.json``."""
    data = {
        "schema": SCHEMA,
        "from": report.within.first.isoformat(),
        "to": report.within.last.isoformat(),
        "total": report.total,
        "dates": [_data(one) for one in report.dates],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _data(one: CalendarDate) -> dict[str, Any]:
    stated = {
        "reason": one.reason,
        "calendar": one.calendar,
        "file": one.file,
        "hours": window_data(one.hours) if one.hours else None,
    }
    return {
        "kind": one.kind.value,
        "from": one.days.first.isoformat(),
        "to": one.days.last.isoformat(),
        "timezone": one.zone,
        "says": one.says,
        "districts": list(one.districts),
        **{name: value for name, value in stated.items() if value},
    }
