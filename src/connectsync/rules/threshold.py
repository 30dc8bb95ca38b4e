"""Rules about the deletion threshold: how much one sync may archive at once."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

THRESHOLD: Path = ("settings", "deletion_threshold")

TERM_LIMIT = 20
"""Percent; Connect advises 10 to 20 during the school year (T1)."""

ROLLOVER_LIMIT = 60
"""Percent; our own bound for any time of the year: most of a roster is not a change."""

MARGIN = 10
"""Points above the observed figure that still count as just above it; our own."""


@DISTRICT.rule(Severity.ERROR, source="design", inferred=True)
def threshold_above_any_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold lets one sync archive most of the district.

    The threshold is what stops a broken roster from archiving everybody. Above 60
    percent it stops nothing: one bad night and most families and classrooms are gone
    from Connect.

    Bad:

        settings:
          deletion_threshold: 95

    Good:

        settings:
          deletion_threshold: 15
    """
    threshold = district.settings.deletion_threshold
    if threshold is not None and threshold > ROLLOVER_LIMIT:
        yield Problem(
            THRESHOLD,
            f"one sync may archive {threshold} percent; more than {ROLLOVER_LIMIT} is"
            " no protection",
            hint="at rollover, set it just above the figure the failed sync shows",
        )


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_raised_in_term(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is raised outside of the rollover.

    During the school year 10 to 20 percent is enough. A higher figure lets a broken
    roster archive children who are in class today, and their families hear nothing
    more.

    Bad:

        settings:
          deletion_threshold: 45

    Good:

        settings:
          deletion_threshold: 15
    """
    threshold, rollover = _raised(district), district.facts.rollover
    if threshold is None or (rollover and rollover.first <= district.today):
        return
    when = f"the rollover starts on {rollover.first}" if rollover else "no rollover is"
    yield Problem(
        THRESHOLD,
        f"one sync may archive {threshold} percent, and {when}"
        + ("" if rollover else " stated in the facts"),
        hint=f"keep it at 10 to {TERM_LIMIT} outside of the rollover",
    )


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_still_raised(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold was raised for the rollover and never put back.

    The rollover is over. What was right for the change of school years now lets one
    broken roster archive children who are in class today.

    Bad:

        facts:
          rollover:
            from: 2026-06-15
            to: 2026-08-20
        settings:
          deletion_threshold: 45

    Good:

        facts:
          rollover:
            from: 2026-06-15
            to: 2026-08-20
        settings:
          deletion_threshold: 15
    """
    threshold, rollover = _raised(district), district.facts.rollover
    if threshold is not None and rollover and rollover.last < district.today:
        yield Problem(
            THRESHOLD,
            f"one sync may archive {threshold} percent, and the rollover ended on"
            f" {rollover.last}",
            hint=f"put it back to 10 to {TERM_LIMIT}",
        )


@DISTRICT.rule(Severity.INFO, source="T1")
def threshold_low_for_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is as low as in term while the rollover is on.

    When the school year changes, more than a fifth of a roster may go at once. Past
    the threshold a sync archives nothing and shows as failed, so last year's classes
    stay until somebody looks.

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
        settings:
          deletion_threshold: 45
    """
    threshold = district.settings.deletion_threshold
    known = district.facts.tried_to_archive is not None
    low = threshold is not None and threshold <= TERM_LIMIT
    if low and not known and _in_rollover(district):
        yield Problem(
            THRESHOLD,
            f"the rollover is on, and a sync that would archive more than"
            f" {threshold} percent archives nothing",
            hint="should it fail, set it just above the figure it tried to archive",
        )


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_below_tried(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is not above what the last sync tried to archive.

    The sync will fail again for the same reason. It goes on adding people, but those
    who left keep their place and their messages.

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
    threshold, tried = district.settings.deletion_threshold, _tried(district)
    if threshold is not None and tried is not None and threshold <= tried:
        yield Problem(
            THRESHOLD,
            f"the last sync tried to archive {tried} percent, and {threshold} stops it",
            hint=f"if the figure is right for the rollover, set it to {tried + 1}",
        )


@DISTRICT.rule(Severity.WARNING, source="T1", inferred=True)
def threshold_far_above_tried(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is far above what the last sync tried to archive.

    Just above the figure is enough for the sync to pass. Every point more is room for
    a broken roster to archive people who did not leave.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 22
        settings:
          deletion_threshold: 60

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 22
        settings:
          deletion_threshold: 23
    """
    threshold, tried = _raised(district), _tried(district)
    if threshold is not None and tried is not None and threshold > tried + MARGIN:
        yield Problem(
            THRESHOLD,
            f"one sync may archive {threshold} percent, while the last one tried"
            f" {tried}",
            hint=f"{tried + 1} is enough for it to pass",
        )


@DISTRICT.rule(Severity.WARNING, source="T1", inferred=True)
def threshold_of_zero(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is zero, so one child who leaves makes the sync fail.

    Past the threshold a sync archives nothing. With zero the first family that moves
    away is past it, and from then on nobody who leaves is archived.

    Bad:

        settings:
          deletion_threshold: 0

    Good:

        settings:
          deletion_threshold: 10
    """
    if district.settings.deletion_threshold == 0:
        yield Problem(
            THRESHOLD,
            "a sync that would archive anybody fails and archives nobody",
            hint=f"set it to 10 to {TERM_LIMIT}; to stop the sync, turn it off",
        )


def _raised(district: DistrictOnDay) -> int | None:
    """Give a threshold above that of a term, and not so high that it is an error."""
    threshold = district.settings.deletion_threshold
    if threshold is None or not TERM_LIMIT < threshold <= ROLLOVER_LIMIT:
        return None
    return threshold


def _in_rollover(district: DistrictOnDay) -> bool:
    rollover = district.facts.rollover
    return rollover is not None and district.today in rollover


def _tried(district: DistrictOnDay) -> int | None:
    """Give the observed figure; it means something only while the rollover is on."""
    return district.facts.tried_to_archive if _in_rollover(district) else None
