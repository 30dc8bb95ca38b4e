"""Rules about the rollover: the weeks in which one school year becomes the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

ROLLOVER: Path = ("facts", "rollover")

LONGEST = timedelta(days=120)
"""Our own bound: a summer, with weeks to spare on both sides."""

LONG_OVER = timedelta(days=270)
"""Our own bound: a rollover that ended in August is asked for again in May."""


@DISTRICT.rule(Severity.WARNING, source="design")
def rollover_too_long(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The rollover lasts longer than a summer.

    During the rollover a high deletion threshold is taken for granted. A window that
    reaches into the school year takes that protection from children in class.

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
            hint="name the weeks around the summer in which the roster changes",
        )


@DISTRICT.rule(Severity.INFO, source="design")
def rollover_long_over(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The rollover described is that of a past school year.

    The next one is near, and the file does not know it: the sync would run through it,
    and a threshold that is raised for it would be taken for a mistake.

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
            hint="state when the next one is, or remove it",
        )


def _months(district: DistrictOnDay, since: date) -> int:
    return (district.today - since).days // 30
