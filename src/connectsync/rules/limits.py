"""Guards: how much a plan may change at once and in a day, and how old it may be."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Severity
from connectsync.rules.engine import Rule
from connectsync.rules.subjects import PLAN, Objection, PlanAtHour


@PLAN.rule(Severity.ERROR, source="design")
def too_many_districts(subject: PlanAtHour) -> Iterator[Objection]:
    """
    One plan changes more districts than the project allows.

    A mistake in a profile reaches every district that builds on it. A limit stops it
    before that.

    Bad:

        policy: {max_districts: 1}
        districts: 2

    Good:

        policy: {max_districts: 2}
        districts: 2
    """
    changed = len(subject.plan.districts)
    if _too_many(subject):
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

    A single district is never too much, however small the fleet: other guards check
    what happens to it.

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
    if _too_much(subject):
        yield Objection(
            (),
            f"{changed} of {fleet} districts change at once; the project allows"
            f" {subject.policy.max_percent} %",
            hint="plan fewer districts, or raise guards.max_percent",
            count=changed,
        )


@PLAN.rule(Severity.ERROR, source="design")
def too_many_districts_a_day(subject: PlanAtHour) -> Iterator[Objection]:
    """
    More districts change within 24 hours than the project allows.

    One big change that is split into ten small ones is still one big change. A district
    that is saved twice counts once. A district that a run of the last 24 hours has not
    saved yet counts too.

    Bad:

        policy: {max_districts_a_day: 3}
        recent: 2
        districts: 2

    Good:

        policy: {max_districts_a_day: 3}
        recent: 1
        districts: 2
    """
    count = _count_of_day(subject, said=_too_many(subject))
    if count > subject.policy.max_districts_a_day:
        yield Objection(
            (),
            f"{count} districts change within 24 hours; the project allows"
            f" {subject.policy.max_districts_a_day}",
            hint="wait, plan fewer districts, or raise guards.max_districts_a_day",
            count=count,
        )


@PLAN.rule(Severity.ERROR, source="design")
def too_much_of_the_fleet_a_day(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A larger part of the fleet changes within 24 hours than the project allows.

    One big change that is split into ten small ones is still one big change. A single
    district is never too much, however small the fleet.

    Bad:

        policy: {max_percent_a_day: 50}
        recent: 2
        districts: 1
        fleet: 4

    Good:

        policy: {max_percent_a_day: 50}
        recent: 1
        districts: 1
        fleet: 4
    """
    count = _count_of_day(subject, said=_too_much(subject))
    most = subject.policy.max_percent_a_day
    if _is_more(count, subject.plan.fleet, most):
        yield Objection(
            (),
            f"{count} districts change within 24 hours, in a fleet of"
            f" {subject.plan.fleet}; the project allows {most} %",
            hint="wait, plan fewer districts, or raise guards.max_percent_a_day",
            count=count,
        )


@PLAN.rule(Severity.ERROR, source="design")
def stale_live(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Connect was read longer ago than the project allows.

    The form may have been changed since then, so the plan may be out of date.

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
            f"{len(stale)} district{'s were' if len(stale) > 1 else ' was'} read from"
            f" Connect too long ago, the first at {first:%Y-%m-%d %H:%M}",
            hint="make a new plan, which reads Connect again",
            count=len(stale),
        )


def _count_of_day(subject: PlanAtHour, *, said: bool) -> int:
    """
    Count the districts of a plan and of the last 24 hours, each once.

    0 if the plan adds none to the day, or if the guard of the plan alone ``said`` it.
    """
    planned = frozenset(one.district for one in subject.plan.districts)
    recent = subject.recent.districts
    if planned <= recent or (said and recent <= planned):
        return 0
    return len(planned | recent)


def _too_many(subject: PlanAtHour) -> bool:
    return len(subject.plan.districts) > subject.policy.max_districts


def _too_much(subject: PlanAtHour) -> bool:
    count, fleet = len(subject.plan.districts), subject.plan.fleet
    return _is_more(count, fleet, subject.policy.max_percent)


def _is_more(count: int, fleet: int, percent: int) -> bool:
    """Compare with a share of the fleet; a single district is never more."""
    return count > 1 and count * 100 > fleet * percent


TIMED_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    too_many_districts_a_day,
    too_much_of_the_fleet_a_day,
    stale_live,
)
"""Guards whose answer depends on when a plan is applied."""
