"""Read days from an iCalendar file, and write one: the library is asked here alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.schedule import Days
from connectsync.values import dataclass, field

MOST_EVENTS = 5000
MOST_REPEATING = 200
MOST_DAYS_READ = 5000
MOST_LISTED = 400
"""Days that one part of a rule may list; a year has fewer."""
MOST_SECONDS = 5.0
"""Of one core, for all events of a file; those that begin long ago take long."""
"""Spans of days that events may give within the days that are asked for."""

LONGEST_TITLE = 100
NO_TITLE = "a day of the calendar"

_REPEATS = frozenset(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
_UNDERSTOOD = frozenset(
    [
        *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH"),
        *("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"),
    ]
)
_CYCLE = 400
"""Years after which the calendar is the same again, weekdays included."""

DAY = timedelta(days=1)


class UnreadableCalendar(Exception):
    """A file whose days cannot be told; its text is a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """
    An event to write: whole days, or hours that repeat every week.

    ``uid`` stays the same when the event moves. ``hours`` are local times of ``zone``
    on ``weekdays`` (0 is Monday), from the first of the days to the last.
    """

    uid: str
    title: str
    days: Days
    zone: str = ""
    hours: tuple[time, time] | None = None
    weekdays: frozenset[int] = frozenset()
    text: str = ""
    categories: tuple[str, ...] = field(default_factory=tuple)


def read_days(raw: bytes, zone: str, within: Days) -> tuple[tuple[Days, str], ...]:
    """
    Give the days of each event that touches the days asked for, with its title.

    An event of hours takes every day that it touches in the zone. Raises
    ``UnreadableCalendar`` for what is no calendar, for an event that cannot be
    understood whole, and for more than is read: what is left out would be open.
    """
    events = _events(raw)
    _insist_few(len(events), MOST_EVENTS, "events")
    _insist_few(sum(bool(_repeats(one)) for one in events), MOST_REPEATING, "repeating")
    moved = _moved(events)
    found: dict[tuple[Days, str], None] = {}
    began = process_time()
    for event in events:
        if process_time() - began > MOST_SECONDS:
            raise UnreadableCalendar(
                "its events take too long to work out; one that repeats may begin"
                " centuries ago"
            )
        title = _title(event)
        try:
            for days in _days_of(event, zone, within, moved):
                found[days, title] = None
        except UnreadableCalendar as error:
            raise UnreadableCalendar(f"the event {title!r} {error}") from error
        except Exception as error:  # damaged properties fail in many ways
            said = f"the event {title!r} cannot be read: {_said(error)}"
            raise UnreadableCalendar(said) from error
        _insist_few(len(found), MOST_DAYS_READ, "days")
    return tuple(sorted(found, key=lambda one: (one[0].first, one[0].last, one[1])))


def _events(raw: bytes) -> list[Any]:
    from icalendar import Calendar  # noqa: PLC0415 - slow, and few projects name a file

    try:
        calendar = Calendar.from_ical(raw)
        is_one = calendar.name == "VCALENDAR"
        events = calendar.walk("VEVENT")
        names = {str(one.name) for one in calendar.walk()}
    except Exception as error:  # what is no calendar fails in many ways
        raise UnreadableCalendar(_said(error, raw)) from error
    if not is_one:
        raise UnreadableCalendar("it holds no VCALENDAR")
    if any(one not in _PARTS and not one.startswith("X-") for one in names):
        # such as one with a blank behind it, which other programs take for an event
        raise UnreadableCalendar("it holds a part that is no event, and none we know")
    return list(events)


def _insist_few(count: int, most: int, what: str) -> None:
    if count > most:
        said = {
            "events": f"it holds {count:,} events, and {most:,} are read",
            "repeating": f"{count:,} of its events repeat, and {most:,} are read",
            "days": f"its events take more than {most:,} spans of days in a year",
        }
        raise UnreadableCalendar(said[what])


def _said(error: Exception, raw: bytes = b"") -> str:
    """
    Say what the library complains of, without what it quotes: with the line instead.

    A project file may name any calendar of the project, and what stands in one may be
    no one's to read in a log.
    """
    said, _, rest = str(error).partition(": ")
    said = foreign_text(_QUOTED.sub("…", said) or type(error).__name__)
    quoted = _QUOTED.search(rest or str(error))
    at = raw.find(quoted[0][1:-1].encode()) if quoted else -1
    line = raw.count(b"\n", 0, at) + 1
    return f"{said}, in line {line}" if at >= 0 else said


_PARTS = frozenset(
    [
        *("VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM"),
        *("VTIMEZONE", "STANDARD", "DAYLIGHT", "VAVAILABILITY", "AVAILABLE"),
        *("PARTICIPANT", "VLOCATION", "VRESOURCE", "VPOLL"),
    ]
)
"""What the standards put into a calendar; only events are read."""

_DATED = frozenset(
    ["DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"]
)
"""Properties that say when an event is."""

_QUOTED = re.compile("'[^']*'|\"[^\"]*\"")


def _title(event: Any) -> str:
    title = foreign_text(str(event.get("SUMMARY") or ""))[:LONGEST_TITLE].strip()
    return title or NO_TITLE


def _repeats(event: Any) -> Any:
    return event.get("RRULE") or event.get("RDATE")


def _moved(events: Iterable[Any]) -> frozenset[tuple[str, date]]:
    """Give which times of which repeating events other events take the place of."""
    found = set()
    for event in events:
        stands_for = getattr(event.get("RECURRENCE-ID"), "dt", None)
        if stands_for is not None:
            found.add((str(event.get("UID")), _day(stands_for)))
    return frozenset(found)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _days_of(
    event: Any, zone: str, within: Days, moved: frozenset[tuple[str, date]]
) -> Iterator[Days]:
    if event.errors:
        name = str(event.errors[0][0])
        known = name if name in _DATED else "property"
        raise UnreadableCalendar(f"has a {known} that cannot be read")
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    start, end = event.start, event.end
    first, last = _local_days(start, end, zone)
    if last < first:
        raise UnreadableCalendar(f"ends on {last}, before it begins on {first}")
    out = {_day(one.dt) for one in _listed(event, "EXDATE")}
    if event.get("RECURRENCE-ID") is None:
        uid = str(event.get("UID"))
        out |= {day for whose, day in moved if whose == uid}
    # what begins on the day after, in a zone of its own, may be on the last one here
    for begin in _beginnings(
        event, _day(start), min(within.last, date.max - DAY) + DAY
    ):
        days = _days_from(begin, start, end, zone)
        if begin not in out and within.first <= days.last and days.first <= within.last:
            yield days


def _days_from(day: date, start: date, end: date, zone: str) -> Days:
    """Give the days of an event that begins on another day, of its own zone."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        # where clocks change in between, its hours may fall on other days here
        begin = datetime.combine(day, start.timetz())
        return Days(*_local_days(begin, begin + (end - start), zone))
    first, last = _local_days(start, end, zone)
    shift = day - _day(start)
    return Days(first + shift, last + shift)


def _local_days(start: date, end: date, zone: str) -> tuple[date, date]:
    """Give the first and the last day that an event touches in a zone."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        first, after = _day(start), _day(end)
        return first, max(first, after - DAY) if after > first else after
    place = ZoneInfo(zone)
    begin = start.astimezone(place) if start.tzinfo else start
    over = end.astimezone(place) if end.tzinfo else end
    if over > begin:
        over -= timedelta(microseconds=1)
    return begin.date(), over.date()


def _listed(event: Any, name: str) -> Iterator[Any]:
    found = event.get(name)
    for one in found if isinstance(found, list) else [found] if found else []:
        yield from one.dts


def _beginnings(event: Any, first: date, latest: date) -> Iterator[date]:
    """Give the days on which an event begins, up to the latest that is asked for."""
    rules = event.get("RRULE")
    rules = rules if isinstance(rules, list) else [rules] if rules else []
    yield first
    for one in _listed(event, "RDATE"):
        given = one.dt[0] if isinstance(one.dt, tuple) else one.dt
        yield _day(given)
    for rule in rules:
        yield from _repeated(rule, first, latest)


def _repeated(
    rule: Mapping[str, list[Any]], first: date, latest: date
) -> Iterator[date]:
    """Give the days of a rule, by the library that knows how they are counted."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped] # noqa: PLC0415

    stated = {name.upper(): values for name, values in rule.items()}
    frequency = str(stated.get("FREQ", [""])[0]).upper()
    if frequency not in _REPEATS or (other := stated.keys() - _UNDERSTOOD):
        what = frequency if frequency not in _REPEATS else min(other)
        said = f"repeats by {foreign_text(what)}, and only whole days are read"
        raise UnreadableCalendar(said)
    if max(map(len, stated.values())) > MOST_LISTED:
        raise UnreadableCalendar("repeats on more days than a year has")
    if int(stated.get("INTERVAL", [1])[0]) < 1:
        raise UnreadableCalendar("repeats with an INTERVAL below 1")
    end = _day(stated["UNTIL"][0]) if "UNTIL" in stated else latest
    kept = type(rule)({k: v for k, v in stated.items() if k != "UNTIL"})  # type: ignore[call-arg]
    # a rule that never fits is looked for up to the last year there is, which is near
    # once the years are those of a later cycle
    ahead = date.max.year - 1 - max(first.year, latest.year)
    years = max(0, ahead // _CYCLE) * _CYCLE
    begin = datetime.combine(first.replace(year=first.year + years), time())
    found = rrulestr(kept.to_ical().decode(), dtstart=begin)  # type: ignore[attr-defined]
    days = (one.date().replace(year=one.year - years) for one in found)
    yield from takewhile(lambda day: day <= min(end, latest), days)


def write_calendar(
    events: Iterable[CalendarEvent], *, name: str, tool: str, stamp: date
) -> bytes:
    """
    Write events as a calendar that other programs subscribe to or import.

    ``stamp`` is the day on which it is made. Nothing of it takes up anyone's time.
    """
    from icalendar import Calendar, Timezone  # noqa: PLC0415 - as above

    calendar = Calendar()
    calendar.add("prodid", f"-//{tool}//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    every = tuple(events)
    for one in every:
        calendar.add_component(_event(one, stamp))
    if not every:
        # a calendar that holds nothing at all is none, and some programs refuse it
        calendar.add_component(Timezone.from_tzid("UTC"))
    if zoned := [one.days for one in every if one.hours]:
        first = min(days.first for days in zoned)
        last = max(days.last for days in zoned)
        calendar.add_missing_timezones(first - 366 * DAY, last + 2 * DAY)
    return bytes(calendar.to_ical())


def _event(one: CalendarEvent, stamp: date) -> Any:
    from icalendar import Event  # noqa: PLC0415 - as above

    event = Event()
    event.add("uid", one.uid)
    event.add("dtstamp", datetime.combine(stamp, time(), UTC))
    event.add("summary", one.title)
    event.add("transp", "TRANSPARENT")
    if one.text:
        event.add("description", one.text)
    if one.categories:
        event.add("categories", list(one.categories))
    if one.hours is None:
        event.add("dtstart", one.days.first)
        # the last day of all has none after it
        event.add("dtend", min(one.days.last, date.max - DAY) + DAY)
    else:
        _add_hours(event, one, *one.hours)
    return event


def _add_hours(event: Any, one: CalendarEvent, opens: time, closes: time) -> None:
    """Say from when to when it is, and that it comes back every week."""
    week = (one.days.first + DAY * number for number in range(7))
    first = next(day for day in week if day.weekday() in one.weekdays)
    place, ends = ZoneInfo(one.zone), first
    if closes == time.max:
        closes, ends = time(), first + DAY
    elif closes <= opens:
        ends = first + DAY
    event.add("dtstart", datetime.combine(first, opens, place))
    event.add("dtend", datetime.combine(ends, closes, place))
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    latest = datetime.combine(one.days.last, time(23, 59, 59), place)
    rule = {
        "freq": "weekly",
        "byday": [names[day] for day in sorted(one.weekdays)],
        "until": latest.astimezone(UTC),
    }
    event.add("rrule", rule)
