"""Rules about the rollover: the weeks in which the school year changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

ROLLOVER: Path = ("facts", "rollover")

LONGEST = timedelta(days=120)
"""Our own bound: a summer, with weeks to spare on both sides."""

LONG_OVER = timedelta(days=270)
"""Our own bound: a rollover that ended in August is out of date in May."""


@DISTRICT.rule(Severity.WARNING, source="design")
def rollover_too_long(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The rollover lasts longer than a summer.

    During the rollover a raised deletion threshold draws no warning. A rollover that
    reaches into the school year takes that protection from students in class.

    Bad:

        facts:
          rollover:
            from: 2027-06-15
            to: 2028-05-31

    Good:

        facts:
          rollover:
            from: 2027-06-15
            to: 2027-08-20
    """
    rollover = district.facts.rollover
    if rollover is not None and rollover.last - rollover.first > LONGEST:
        days = (rollover.last - rollover.first).days + 1
        yield Problem(
            ROLLOVER,
            f"the rollover lasts {days} days, from {rollover.first} to {rollover.last}",
            hint="limit it to the weeks around the summer in which the roster changes",
        )


@DISTRICT.rule(Severity.INFO, source="design")
def rollover_long_over(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The rollover in the file is that of a past school year.

    The next one is near and the file does not list it. The rules would let the sync run
    through it, and would report a threshold that is raised for it as a mistake.

    Bad:

        facts:
          rollover:
            from: 2025-06-15
            to: 2025-08-20

    Good:

        facts:
          rollover:
            from: 2027-06-15
            to: 2027-08-20
    """
    rollover = district.facts.rollover
    if rollover is not None and district.today - rollover.last > LONG_OVER:
        yield Problem(
            ROLLOVER,
            f"the rollover ended on {rollover.last}, {_months(district, rollover.last)}"
            " months ago",
            hint="state the days of the next one, or remove it",
        )


def _months(district: DistrictOnDay, since: date) -> int:
    return (district.today - since).days // 30
