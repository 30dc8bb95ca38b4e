"""Everything with a date: of the project, of its calendars, and of its districts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.policy_check import ReadBytes, freezes_in
from connectsync.domain.calendar import (
    Calendar,
    CalendarDate,
    CalendarReport,
    DateKind,
    Freeze,
    HolidayFile,
    Window,
)
from connectsync.domain.district import District
from connectsync.domain.policy import Policy
from connectsync.domain.schedule import Days, following, spell_managed
from connectsync.domain.wording import few
from connectsync.files.calendars import CalendarEvent, write_calendar
from connectsync.report.show_text import EffectiveValue
from connectsync.rules.hours import spelled_window
from connectsync.values import replace

NAMED_IN_EVENT = 50
"""Districts that an event names; beyond it counts them."""


def dates_of(
    policy: Policy, districts: Sequence[District], within: Days, read: ReadBytes
) -> CalendarReport:
    """
    Gather everything with a date within some days.

    Calendars count that take one of the districts. Raises ``ProjectError`` for a
    calendar file that cannot be read.
    """
    found = [*_of_project(policy, within, read)]
    for calendar in policy.settled(districts, [one.key for one in districts]).calendars:
        if calendar.members:
            found += _of_calendar(calendar, within, read)
    found += _of_districts(districts, within)
    touching = (one for one in found if _touch(one.days, within))
    return CalendarReport(within, len(districts), tuple(sorted(touching, key=_order)))


def _order(one: CalendarDate) -> tuple[object, ...]:
    return (
        one.hours is None,
        one.days.first,
        one.days.last,
        list(DateKind).index(one.kind),
        one.calendar,
        one.says,
        one.districts,
        one.reason,
    )


def _touch(days: Days, within: Days) -> bool:
    return days.first <= within.last and within.first <= days.last


def _of_project(
    policy: Policy, within: Days, read: ReadBytes
) -> Iterator[CalendarDate]:
    yield from _closed(policy.freezes, policy.holidays, within, read)
    yield from _hours(policy.windows, policy.nightly_syncs, within)


def _of_calendar(
    calendar: Calendar, within: Days, read: ReadBytes
) -> Iterator[CalendarDate]:
    whose = tuple(sorted(calendar.members or ()))
    for one in (
        *_closed(calendar.freezes, calendar.holidays, within, read),
        *_hours(calendar.windows, calendar.nightly_syncs, within),
    ):
        yield replace(one, calendar=calendar.name, districts=whose)


def _closed(
    freezes: Iterable[Freeze],
    holidays: Iterable[HolidayFile],
    within: Days,
    read: ReadBytes,
) -> Iterator[CalendarDate]:
    says = "nothing is applied"
    for freeze in freezes:
        yield CalendarDate(
            DateKind.FREEZE, freeze.days, freeze.timezone, says, freeze.reason
        )
    for file in holidays:
        for one in freezes_in(file, read, within):
            yield CalendarDate(
                DateKind.FREEZE,
                one.days,
                one.timezone,
                says,
                one.reason,
                file=file.name,
            )


def _hours(
    windows: Iterable[Window], syncs: Iterable[Window], within: Days
) -> Iterator[CalendarDate]:
    for kind, spans in (
        (DateKind.WINDOW, windows),
        (DateKind.NIGHTLY_SYNC, syncs),
    ):
        for span in spans:
            yield CalendarDate(
                kind, within, span.timezone, spelled_window(span), hours=span
            )


def _of_districts(
    districts: Iterable[District], within: Days
) -> Iterator[CalendarDate]:
    """Give what districts have, once for all of them that have it alike."""
    alike: dict[CalendarDate, list[str]] = {}
    for district in districts:
        for one in _of_district(district):
            if _touch(one.days, within):
                alike.setdefault(one, []).append(district.key)
    for one, keys in alike.items():
        yield replace(one, districts=tuple(sorted(keys)))


def _of_district(district: District) -> Iterator[CalendarDate]:
    zone, facts = district.schedule.zone, district.facts
    if facts.rollover:
        says = "the school year changes"
        yield CalendarDate(DateKind.ROLLOVER, facts.rollover, zone, says)
    if facts.clever_paused:
        says = "Clever does not renew the roster"
        yield CalendarDate(DateKind.PAUSE, facts.clever_paused, zone, says)
    for period in district.schedule.periods:
        held = _spelled(period.settings)
        yield CalendarDate(DateKind.PERIOD, period.days, zone, held, period.reason)
        after = following(period.days.last)
        if after is not None:
            then = district.schedule.settings_on(after)
            back = _spelled({name: getattr(then, name) for name in period.settings})
            days = Days(after, after)
            yield CalendarDate(DateKind.RETURN, days, zone, back, period.reason)
    for entry in district.allow:
        days = Days(entry.until, entry.until)
        yield CalendarDate(DateKind.ALLOWANCE, days, zone, entry.rule, entry.reason)


def _spelled(settings: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {spell_managed(value)}"  # type: ignore[arg-type]
        for name, value in settings.items()
    )


def whom(one: CalendarDate) -> str:
    """Name the districts of a date in a few words."""
    if one.calendar:
        count = f"{len(one.districts):,} district{'s' * (len(one.districts) != 1)}"
        return f"calendar {one.calendar}: {count}"
    return few(one.districts) if one.districts else "all districts"


def calendar_file(report: CalendarReport, *, tool: str, today: date) -> bytes:
    """
    Give a report as iCalendar, to subscribe to or to import.

    Reasons of periods and exceptions stay out, for a calendar is shared widely: only
    those of freezes are in it.
    """
    counted: dict[str, int] = {}
    events = []
    for one in report.dates:
        told = _identity(one)
        number = counted[told] = counted.get(told, -1) + 1
        events.append(_event(one, f"{told}|{number}"))
    name = "connectsync"
    return write_calendar(events, name=name, tool=tool, stamp=today)


def _identity(one: CalendarDate) -> str:
    """
    Name what a date is about without its days: it stays that when it is moved.

    Of several districts the first counts, so that one more does not make it another.
    """
    says = one.says if one.hours is None else ""
    reason = one.reason if one.kind is DateKind.FREEZE else ""
    first = "" if one.calendar or not one.districts else one.districts[0]
    return f"{one.kind.value}|{one.calendar}|{first}|{says}|{reason}|{one.file}"


def _event(one: CalendarDate, identity: str) -> CalendarEvent:
    from hashlib import sha256  # noqa: PLC0415 - it loads OpenSSL

    said = one.reason if one.kind is DateKind.FREEZE else one.says
    title = f"{one.kind.value.capitalize()}: {said} ({whom(one)})"
    text = f"Districts: {_all_or_few(one.districts)}" if one.districts else ""
    digest = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    hours = one.hours
    return CalendarEvent(
        uid=f"{digest}@connectsync",
        title=title,
        days=one.days,
        zone=one.zone,
        hours=(hours.opens, hours.closes) if hours else None,
        weekdays=hours.weekdays if hours else frozenset(),
        text=text,
        categories=(one.kind.value,),
    )


def _all_or_few(districts: Sequence[str]) -> str:
    """Name districts, up to as many as an event has room for."""
    rest = len(districts) - NAMED_IN_EVENT
    more = f" and {rest:,} more" if rest > 0 else ""
    return ", ".join(districts[:NAMED_IN_EVENT]) + more


def calendar_values(
    calendars: Iterable[Calendar], district: District, today: date
) -> Iterator[EffectiveValue]:
    """Say of each calendar that takes a district what it holds for it from now on."""
    for one in calendars:
        if one.takes(district.labels, district.builds_on, district.file):
            said = "; ".join(_held_by(one, today)) or "nothing from today on"
            yield EffectiveValue(("calendars", one.name), said, PROJECT_FILE)


def _held_by(one: Calendar, today: date) -> Iterator[str]:
    for freeze in one.freezes:
        if freeze.days.last >= today:
            days = f"{freeze.days.first} to {freeze.days.last}"
            yield f"nothing is applied from {days}: {freeze.reason}"
    if one.windows:
        yield f"applied only on {' or '.join(map(spelled_window, one.windows))}"
    for sync in one.nightly_syncs:
        yield f"nightly sync on {spelled_window(sync)}"
    if one.rollover:
        days = f"{one.rollover.first} to {one.rollover.last}"
        yield f"rollover from {days}, where the district states none"
    if one.holidays:
        yield f"holidays of {', '.join(file.name for file in one.holidays)}"
