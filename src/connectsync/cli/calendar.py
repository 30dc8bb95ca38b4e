"""``connectsync calendar``: everything with a date, also for other calendars."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from connectsync.cli.formats import deliver_pages, insist_free
from connectsync.cli.options import option_output, paths_argument, where_option
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.policy_check import holiday_reader
from connectsync.domain.schedule import Days
from connectsync.errors import UsageError
from connectsync.report.terminal import inert

A_YEAR = timedelta(days=365)
LONGEST = timedelta(days=3660)
YEARS = range(1970, 2200)


class CalendarFormat(StrEnum):
    """The formats of a calendar."""

    TEXT = "text"
    JSON = "json"
    ICS = "ics"


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
    from connectsync.report.calendar import calendar_json, calendar_text

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
