"""Rules about settings that hold for a time: their days, and what they return to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from connectsync.domain.district import District
from connectsync.domain.drift import Baselines
from connectsync.domain.finding import GuardFinding, Problem, Severity
from connectsync.domain.plan import Plan
from connectsync.domain.schedule import OverdueReturn, is_skipped, spell_managed
from connectsync.domain.settings import Form
from connectsync.rules.engine import DISTRICT, DistrictOnDay, problems

LONG_OVERDUE = 7
"""Days; our own bound: a week of nightly runs, each of which could have applied it."""


@DISTRICT.rule(Severity.WARNING, source="design")
def scheduled_without_zone(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Settings hold for a time, and nothing says in which time zone its days are meant.

    Without a zone the days begin and end at midnight UTC. In Chicago that is 18:00 or
    19:00 of the evening before: a threshold that should end after a last night would
    end before it.

    Bad:

        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2027-12-20
            to: 2027-12-31
            settings:
              deletion_threshold: 20
            reason: New buildings join in January

    Good:

        timezone: America/Chicago
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2027-12-20
            to: 2027-12-31
            settings:
              deletion_threshold: 20
            reason: New buildings join in January
    """
    schedule = district.district.schedule
    if schedule.periods and not schedule.is_named:
        yield Problem(
            ("scheduled",),
            "no time zone is named for these days, so they begin and end at midnight"
            " UTC: in Chicago at 18:00 or 19:00 of the evening before",
            hint="add timezone: America/Chicago, or your own zone, here or at the top"
            " of connectsync.yaml",
        )


@DISTRICT.rule(Severity.ERROR, source="design", refused=True)
def scheduled_day_skipped(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A period begins or ends on a day that the clocks of its time zone left out.

    A zone that moves across the date line leaves a whole day out: Samoa had no 30
    December 2011. Such a day never comes, so it is not clear when the settings should
    change. A day of which only the first hour is left out is no such day: it begins
    when its clocks do.

    Bad:

        timezone: Pacific/Apia
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2011-12-30
            to: 2012-01-15
            settings:
              deletion_threshold: 20
            reason: New buildings join in January

    Good:

        timezone: Pacific/Apia
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2011-12-31
            to: 2012-01-15
            settings:
              deletion_threshold: 20
            reason: New buildings join in January
    """
    schedule = district.district.schedule
    for position, period in enumerate(schedule.periods):
        edges = (("from", period.days.first), ("to", period.days.last))
        for key, day in edges:
            if is_skipped(day, schedule.zone):
                yield Problem(
                    ("scheduled", position, key),
                    f"there is no {day} in {schedule.zone}: its clocks left that day"
                    " out",
                    hint="write the day before it or the day after it",
                )


@DISTRICT.rule(Severity.ERROR, source="design")
def scheduled_returns_to_nothing(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A setting holds for a time, and nothing says what it returns to.

    When the period is over, a setting that no layer names is left to the page: what
    the period set stays there, and no plan will change it.

    Bad:

        timezone: America/Chicago
        scheduled:
          - from: 2027-12-20
            to: 2027-12-31
            settings:
              deletion_threshold: 20
            reason: New buildings join in January

    Good:

        timezone: America/Chicago
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2027-12-20
            to: 2027-12-31
            settings:
              deletion_threshold: 20
            reason: New buildings join in January
    """
    schedule = district.district.schedule
    told: set[str] = set()
    for position, period in enumerate(schedule.periods):
        for name, value in period.settings.items():
            if value is None or name in told:
                continue
            if getattr(schedule.usual, name) is None:
                told.add(name)
                yield Problem(
                    ("scheduled", position, "settings", name),
                    f"{name} is set until {period.days.last}, and nothing says what"
                    " it returns to then: it would stay as it is",
                    hint=f"add {name} with its usual value under settings",
                )


@DISTRICT.rule(Severity.WARNING, source="design")
def return_overdue(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A period is over, and what it set was the last to be applied.

    The file asks for the usual value again, and no one has applied that. A threshold
    that was right for the rollover is still in force on Connect while students are in
    class. After a week this becomes an error.

    It is found by `plan`, `drift` and `reconcile`, which know what was last applied;
    `validate` does not. The example stands for a district where the value of the period
    was applied and nothing since.

    Bad:

        timezone: America/Chicago
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2026-12-20
            to: 2027-01-11
            settings:
              deletion_threshold: 20
            reason: New buildings join in January

    Good:

        timezone: America/Chicago
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2026-12-20
            to: 2027-01-31
            settings:
              deletion_threshold: 20
            reason: New buildings join in January
    """
    for late in _overdue(district):
        if late.days <= LONG_OVERDUE:
            yield _not_returned(district, late)


@DISTRICT.rule(Severity.ERROR, source="design")
def return_long_overdue(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A period has been over for more than a week, and what it set is still applied.

    No run made the return, and no person did. Either nothing reconciles this project
    by itself, or what it lists for a person every night is not looked at.

    It is found by `plan`, `drift` and `reconcile`, which know what was last applied;
    `validate` does not. The example stands for a district where the value of the period
    was applied and nothing since.

    Bad:

        timezone: America/Chicago
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2026-11-20
            to: 2026-12-20
            settings:
              deletion_threshold: 20
            reason: New buildings join in December

    Good:

        timezone: America/Chicago
        settings:
          deletion_threshold: 15
        scheduled:
          - from: 2026-11-20
            to: 2027-01-31
            settings:
              deletion_threshold: 20
            reason: New buildings join in December
    """
    for late in _overdue(district):
        if late.days > LONG_OVERDUE:
            yield _not_returned(district, late)


OVERDUE_RULES = (return_overdue, return_long_overdue)
"""The rules that need what was last applied."""

OVERDUE = frozenset(rule.name for rule in OVERDUE_RULES)


def _overdue(district: DistrictOnDay) -> Iterator[OverdueReturn]:
    schedule = district.district.schedule
    if schedule.periods and district.applied:
        yield from schedule.overdue(district.today, district.applied)


def _not_returned(district: DistrictOnDay, late: OverdueReturn) -> Problem:
    last: date = district.district.schedule.periods[late.period].days.last
    days = "a day" if late.days == 1 else f"{late.days} days"
    return Problem(
        ("scheduled", late.period, "to"),
        f"{late.setting} should have returned to {spell_managed(late.wanted)} when the"
        f" period ended on {last}; that is {days} late, and"
        f" {spell_managed(late.applied)} is what was last applied",
        hint="apply it: `connectsync plan`, then `connectsync apply`; or find out why"
        " `connectsync reconcile` did not",
    )


def find_overdue(
    plan: Plan, districts: Iterable[District], baselines: Baselines
) -> Iterator[GuardFinding]:
    """
    Find values whose period is over and that are still what was last applied.

    They stop no plan: applying it is what makes the return.
    """
    unread = {one.district for one in plan.failed}
    apart = {
        *(
            (one.district, each.setting)
            for one in plan.left_alone
            for each in one.movements
        ),
        *(
            (one.district, each.change.setting)
            for one in plan.districts
            for each in one.changes()
        ),
    }
    for district in districts:
        if district.schedule.periods and (known := baselines.get(district.key)):
            applied = {
                name: value
                for name, value in known.form.items()
                if (district.key, name) in apart or district.key in unread
            }
            yield from overdue_on(district, applied)


def overdue_on(district: District, applied: Form) -> Iterator[GuardFinding]:
    """Say what of a district's last ``applied`` values should have returned by now."""
    if district.day is None:
        return
    subject = DistrictOnDay(district, district.day, district.key, applied=applied)
    for rule, problem in problems(OVERDUE_RULES, subject):
        yield GuardFinding(
            rule.name,
            rule.severity,
            problem.message,
            problem.hint,
            district.key,
            accept=rule.name,
            count=0,
        )
