"""Guards: days and hours at which nothing is applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta

from connectsync.domain.calendar import (
    END_OF_DAY,
    Calendar,
    Freeze,
    Window,
    spell_hour,
)
from connectsync.domain.finding import Severity
from connectsync.domain.policy import Policy
from connectsync.domain.schedule import local_time
from connectsync.domain.wording import few
from connectsync.rules.engine import PLAN, Objection, PlanAtHour, Rule
from connectsync.values import dataclass


@PLAN.rule(Severity.ERROR, source="design")
def in_a_freeze(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Today is in a freeze of the project, or of a calendar that takes the district.

    At the start of school everyone logs in, and no one has time to fix a mistake.

    Bad:

        now: 2027-08-20T10:00:00
        policy: {freeze: {from: 2027-08-16, to: 2027-08-27, reason: School starts}}

    Good:

        now: 2027-09-01T10:00:00
        policy: {freeze: {from: 2027-08-16, to: 2027-08-27, reason: School starts}}
    """
    found = _frozen(subject.policy.freezes, subject.now)
    yield from _objections(subject, in_a_freeze.name, found)


@PLAN.rule(Severity.ERROR, source="design")
def outside_the_window(subject: PlanAtHour) -> Iterator[Objection]:
    """
    No change window of the project, or of the district's calendar, is open now.

    Changes are made when a person is there to see what they do, and to undo them.

    Bad:

        now: 2027-01-15T23:00:00
        policy: {window: {days: [friday], from: "08:00", to: "16:00"}}

    Good:

        now: 2027-01-15T10:00:00
        policy: {window: {days: [friday], from: "08:00", to: "16:00"}}
    """
    found = _shut(subject.policy.all_windows, subject.now)
    yield from _objections(subject, outside_the_window.name, found)


@PLAN.rule(Severity.ERROR, source="design")
def during_the_nightly_sync(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The nightly sync may be running with the settings that would be changed.

    What a sync does when its settings change while it runs is not published: it may
    continue with the old ones, or archive by the new ones. When the sync runs is not
    published either; the project states the hours it was told.

    Bad:

        now: 2027-01-15T02:30:00
        policy: {nightly_sync: {from: "01:00", to: "05:00"}}

    Good:

        now: 2027-01-15T10:00:00
        policy: {nightly_sync: {from: "01:00", to: "05:00"}}
    """
    found = _syncing(subject.policy.nightly_syncs, subject.now)
    yield from _objections(subject, during_the_nightly_sync.name, found)


@dataclass(frozen=True, slots=True)
class ClosedHours:
    """A guard that blocks the current hour, why, and until when."""

    guard: str
    why: str
    until: str


def closings(policy: Policy, now: datetime) -> Iterator[ClosedHours]:
    """Give every reason why nothing is applied to any district at this hour."""
    yield from _frozen(policy.freezes, now)
    yield from _shut(policy.all_windows, now)
    yield from _syncing(policy.nightly_syncs, now)


def closings_by_district(
    policy: Policy, now: datetime
) -> Iterator[tuple[str, ClosedHours]]:
    """Give every reason why nothing is applied to a district, by its calendars."""
    for calendar in policy.calendars:
        whose = f"the calendar {calendar.name}"
        found = (
            *_frozen(calendar.freezes, now, whose),
            *_shut((calendar.windows,) if calendar.windows else (), now, whose),
            *_syncing(calendar.nightly_syncs, now, whose),
        )
        for key in sorted(calendar.members or ()) if found else ():
            yield from ((key, one) for one in found)


def closed(policy: Policy, now: datetime, overridden: Collection[str] = ()) -> str:
    """
    Say why nothing may start at this hour; empty if everything may.

    ``now`` has a time zone. ``overridden`` are the names of guards that a person
    overrode with a reason. A rollout asks before each district, so that a window that
    closes stops it.
    """
    found = (one for one in closings(policy, now) if one.guard not in overridden)
    return next((one.why for one in found), "")


def closed_for(
    policy: Policy, district: str, now: datetime, overridden: Collection[str] = ()
) -> str:
    """Say why one district may not start at this hour; empty if it may."""
    for key, one in closings_by_district(policy, now) if policy.calendars else ():
        if key == district and one.guard not in overridden:
            return one.why
    return ""


def _objections(
    subject: PlanAtHour, rule: str, closings: Iterator[ClosedHours]
) -> Iterator[Objection]:
    """Object to the hour, unless there is nothing to apply."""
    if not subject.plan.districts:
        return
    for one in closings:
        yield Objection((), one.why, hint=one.until, needs_reason=True)
    planned = frozenset(one.district for one in subject.plan.districts)
    told = closings_by_district(subject.policy, subject.now)
    # limits that a plan keeps may say once more what the project says
    for key, one in dict.fromkeys(told):
        if one.guard == rule and key in planned:
            yield Objection((key,), one.why, hint=one.until, needs_reason=True)


def _frozen(
    freezes: Iterable[Freeze], now: datetime, whose: str = ""
) -> Iterator[ClosedHours]:
    for freeze in freezes:
        if local_time(now, freeze.timezone).date() in freeze.days:
            first, last = freeze.days.first, freeze.days.last
            span = f"on {first}" if first == last else f"from {first} to {last}"
            by = f" by {whose}" if whose else ""
            yield ClosedHours(
                in_a_freeze.name,
                f"nothing is applied {span}{by}: {freeze.reason}",
                _after(last, freeze.timezone),
            )


def _after(last: date, timezone: str) -> str:
    if last == date.max:
        return "it has no end: change the freeze in connectsync.yaml first"
    return f"wait until {last + timedelta(days=1)} {timezone}"


def _shut(
    lists: Iterable[tuple[Window, ...]], now: datetime, whose: str = "the project"
) -> Iterator[ClosedHours]:
    for windows in lists:
        if not any(is_open(window, now) for window in windows):
            yield ClosedHours(
                outside_the_window.name,
                f"no change window of {whose} is open now",
                "wait for one of: " + "; ".join(map(spelled_window, windows)),
            )


def _syncing(
    syncs: Iterable[Window], now: datetime, whose: str = ""
) -> Iterator[ClosedHours]:
    for sync in syncs:
        if is_open(sync, now):
            by = f"by {whose} " if whose else ""
            hours = (
                f"{spell_hour(sync.opens)} to {spell_hour(sync.closes)} {sync.timezone}"
            )
            yield ClosedHours(
                during_the_nightly_sync.name,
                f"{by}the nightly sync may be running now: {hours}",
                f"wait until {spell_hour(sync.closes)} {sync.timezone}",
            )


def is_open(window: Window, now: datetime) -> bool:
    """
    Say whether a window is open at an hour, in the window's own time zone.

    A window that runs past midnight belongs to the day it opens on.
    """
    local = local_time(now, window.timezone)
    today, hour = local.weekday(), local.time().replace(tzinfo=None)
    if window.opens <= window.closes:
        before_end = hour < window.closes or window.closes == END_OF_DAY
        return today in window.weekdays and window.opens <= hour and before_end
    yesterday = (today - 1) % len(DAYS)
    late = today in window.weekdays and hour >= window.opens
    return late or (yesterday in window.weekdays and hour < window.closes)


def spelled_window(window: Window) -> str:
    """Spell a window for a person."""
    days = ", ".join(DAYS[day] for day in sorted(window.weekdays))
    hours = f"{spell_hour(window.opens)} to {spell_hour(window.closes)}"
    return f"{days} {hours} {window.timezone}"


DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)

HOUR_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    in_a_freeze,
    outside_the_window,
    during_the_nightly_sync,
)
"""These are not counted: a person overrides them by name, with a reason."""


def hours_loosened(before: Policy, after: Policy) -> Iterator[str]:
    """
    Tell which freezes and hours a change takes out, and which districts leave one.

    Both have their calendar files read; ``before`` is settled for districts of then.
    """
    yield from _fewer(before, after, "")
    now = {one.name: one for one in after.calendars}
    for calendar in before.calendars:
        whose = f" of the calendar {calendar.name}"
        if (other := now.get(calendar.name)) is None:
            yield f"the calendar {calendar.name} is gone"
            continue
        yield from _fewer(calendar, other, whose)
        if other.whom != calendar.whom:
            yield (
                f"the calendar {calendar.name} took {calendar.whom}, and takes"
                f" {other.whom}"
            )
        elif left := sorted((calendar.members or set()) - (other.members or set())):
            yield f"{few(left)} left the calendar {calendar.name}"


def _fewer(
    before: Policy | Calendar, after: Policy | Calendar, whose: str
) -> Iterator[str]:
    gone = defaultdict[str, list[str]](list)
    for one in (one for one in before.freezes if one not in after.freezes):
        gone[one.reason].append(f"{one.days.first} to {one.days.last}")
    for reason, days in gone.items():
        yield f"the freeze{whose} from {few(days)} is gone: {reason}"
    if set(after.windows) - set(before.windows) or (
        before.windows and not after.windows
    ):
        yield f"the change windows{whose} are others"
    if set(before.nightly_syncs) - set(after.nightly_syncs):
        yield f"the hours of the nightly sync{whose} are others"
