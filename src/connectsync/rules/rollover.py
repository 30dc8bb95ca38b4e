"""Rules about the rollover, the weeks of a new school year, and its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay
from connectsync.rules.threshold import (
    TERM_LEAST,
    TERM_LIMIT,
    THRESHOLD,
    tried_to_archive,
)

ROLLOVER: Path = ("facts", "rollover")

LONGEST = timedelta(days=120)
"""Our own bound: a summer, with weeks to spare on both sides."""

LONG_OVER = timedelta(days=270)
"""Our own bound: a rollover that ended in August is out of date in May."""

EVERYONE = 100


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


@DISTRICT.rule(Severity.INFO, source="T1")
def threshold_low_for_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync runs through the rollover with the deletion threshold of the school year.

    When the school year changes, more than a fifth of a roster may leave at once. Past
    the threshold a sync archives no one and its status is *Failed: threshold*, so last
    year's classes stay until the threshold is raised.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
        settings:
          deletion_threshold: 15

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 43
        settings:
          deletion_threshold: 45
    """
    settings = district.settings
    threshold, syncing = settings.deletion_threshold, settings.enable_daily_sync
    known = district.facts.tried_to_archive is not None
    low = threshold is not None and threshold <= TERM_LIMIT
    if low and not known and syncing is not False and district.rollover_now:
        yield Problem(
            THRESHOLD,
            "the rollover has started, and a sync that would archive more than"
            f" {threshold} percent archives no one",
            hint="if a sync fails on it, state the percentage it tried to archive in"
            " facts.tried_to_archive, and set the threshold just above that",
        )


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_below_tried(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is not above what the last sync tried to archive.

    The next sync will fail for the same reason. It still adds people, but those who
    left keep their place in classrooms and their messages.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 34
        settings:
          deletion_threshold: 30

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 34
        settings:
          deletion_threshold: 35
    """
    threshold, tried = district.settings.deletion_threshold, tried_to_archive(district)
    if threshold is not None and tried is not None and threshold <= tried:
        yield Problem(
            THRESHOLD,
            f"the last sync tried to archive {tried} percent, and a threshold of"
            f" {threshold} stops it",
            hint=f"if {tried} percent is right for the rollover, set it to"
            f" {max(tried + 1, TERM_LEAST)}"
            if tried < EVERYONE
            else "no threshold is above that: check the roster in Clever before a sync"
            f" archives everyone, remove tried_to_archive and set it to {TERM_LEAST} to"
            f" {TERM_LIMIT}",
        )
