"""Guards: how much a plan may do at once, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from connectsync.domain.finding import Severity
from connectsync.domain.policy import Window
from connectsync.rules.engine import Rule
from connectsync.rules.guards import PLAN
from connectsync.rules.plan_subject import Objection, PlanAtHour


@PLAN.rule(Severity.ERROR, source="design")
def too_many_districts(subject: PlanAtHour) -> Iterator[Objection]:
    """
    One plan changes more districts than the project allows.

    A mistake in a profile reaches every district that builds on it. A cap turns a
    disaster into a question.

    Bad:

        policy: {max_districts: 1}
        districts: 2

    Good:

        policy: {max_districts: 2}
        districts: 2
    """
    changed = len(subject.plan.districts)
    if changed > subject.policy.max_districts:
        yield Objection(
            (),
            f"{changed} districts change at once; the project allows"
            f" {subject.policy.max_districts}",
            hint="plan fewer districts, or raise guards.max_districts",
            count=changed,
        )


@PLAN.rule(Severity.ERROR, source="design")
def too_much_of_the_fleet(subject: PlanAtHour) -> Iterator[Objection]:
    """
    One plan changes a larger part of the fleet than the project allows.

    A single district is never too much, however small the fleet: other guards look
    at what happens to it.

    Bad:

        policy: {max_percent: 50}
        districts: 2
        fleet: 3

    Good:

        policy: {max_percent: 50}
        districts: 2
        fleet: 4
    """
    changed, fleet = len(subject.plan.districts), subject.plan.fleet
    if changed > 1 and changed * 100 > fleet * subject.policy.max_percent:
        yield Objection(
            (),
            f"{changed} of {fleet} districts change at once; the project allows"
            f" {subject.policy.max_percent} %",
            hint="plan fewer districts, or raise guards.max_percent",
            count=changed,
        )


@PLAN.rule(Severity.ERROR, source="design")
def in_a_freeze(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Today lies in a freeze of the project.

    At the start of school everybody logs in, and nobody has time to mend.

    Bad:

        now: 2027-08-20T10:00:00
        policy: {freeze: {from: 2027-08-16, to: 2027-08-27, reason: School starts}}

    Good:

        now: 2027-09-01T10:00:00
        policy: {freeze: {from: 2027-08-16, to: 2027-08-27, reason: School starts}}
    """
    for freeze in subject.policy.freezes:
        if subject.plan.districts and subject.now.date() in freeze.days:
            yield Objection(
                (),
                f"nothing is applied from {freeze.days.first} to {freeze.days.last}:"
                f" {freeze.reason}",
                hint=f"wait until {freeze.days.last + timedelta(days=1)}",
            )


@PLAN.rule(Severity.ERROR, source="design")
def outside_the_window(subject: PlanAtHour) -> Iterator[Objection]:
    """
    It is an hour in which the project applies nothing.

    Changes are made when somebody is there to see what they do, and not while the
    nightly sync may be running.

    Bad:

        now: 2027-01-15T23:00:00
        policy: {window: {days: [friday], from: "08:00", to: "16:00"}}

    Good:

        now: 2027-01-15T10:00:00
        policy: {window: {days: [friday], from: "08:00", to: "16:00"}}
    """
    windows = subject.policy.windows
    if not subject.plan.districts or not windows:
        return
    if not any(is_open(window, subject.now) for window in windows):
        yield Objection(
            (),
            "no window of the project is open now",
            hint="wait for one of: " + "; ".join(map(spelled_window, windows)),
        )


@PLAN.rule(Severity.ERROR, source="design")
def stale_live(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Connect was read longer ago than the project allows.

    Somebody may have changed the form since; a plan from an old reading is a guess.

    Bad:

        now: 2027-01-15T10:00:00
        read_at: 2027-01-13T10:00:00
        policy: {max_live_age_hours: 24}

    Good:

        now: 2027-01-15T10:00:00
        read_at: 2027-01-15T09:00:00
        policy: {max_live_age_hours: 24}
    """
    oldest = subject.now - subject.policy.max_live_age
    stale = [planned for planned in subject.plan.districts if planned.read_at < oldest]
    if stale:
        first = min(planned.read_at for planned in stale)
        yield Objection(
            (),
            f"{len(stale)} district{'s were' if len(stale) > 1 else ' was'} read as"
            f" long ago as {first:%Y-%m-%d %H:%M}",
            hint="read Connect again: make a new plan",
            count=len(stale),
        )


def is_open(window: Window, now: datetime) -> bool:
    """
    Say whether a window is open at an hour, in the window's own time zone.

    A window that runs past midnight belongs to the day it opens on.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - slow, and few have windows

    local = now.astimezone(ZoneInfo(window.timezone))
    today, hour = local.weekday(), local.time().replace(tzinfo=None)
    if window.opens <= window.closes:
        return today in window.weekdays and window.opens <= hour < window.closes
    yesterday = (today - 1) % len(DAYS)
    late = today in window.weekdays and hour >= window.opens
    return late or (yesterday in window.weekdays and hour < window.closes)


def spelled_window(window: Window) -> str:
    """Spell a window for a person."""
    days = ", ".join(DAYS[day] for day in sorted(window.weekdays))
    return f"{days} {_hour(window.opens)} to {_hour(window.closes)} {window.timezone}"


def _hour(hour: time) -> str:
    return hour.strftime("%H:%M")


DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)

LIMIT_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    too_many_districts,
    too_much_of_the_fleet,
    in_a_freeze,
    outside_the_window,
    stale_live,
)
