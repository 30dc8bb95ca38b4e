"""Rules about the deletion threshold: how much one sync may archive at once."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import figure_on
from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.rules.engine import DISTRICT, DistrictOnDay

THRESHOLD: KeyPath = ("settings", "deletion_threshold")

TERM_LEAST = 10
TERM_LIMIT = 20
"""Percent; Connect advises 10 to 20 during the school year (T1)."""

MOST_WITHOUT_FIGURE = 60
"""Percent; our own bound for a threshold that no failed sync's figure explains."""

MARGIN = 10
"""Points above the observed figure that still count as just above it; our own."""


@DISTRICT.rule(Severity.ERROR, source="design", inferred=True)
def threshold_above_any_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold lets one sync archive most of the district without a reason.

    The threshold is what stops a broken roster from archiving everyone. A threshold
    above 60 percent is right only if a sync in this rollover failed, tried to archive
    almost that much, and the figure was checked. Then state the figure in
    `facts.tried_to_archive` and set the threshold just above it, however high that is.

    No limit is published; 60 is this project's own.

    Bad:

        settings:
          deletion_threshold: 95

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 63
        settings:
          deletion_threshold: 65
    """
    if not _unexplained(district):
        return
    threshold, tried = district.settings.deletion_threshold, tried_to_archive(district)
    if tried is None:
        yield Problem(
            THRESHOLD,
            f"one sync may archive {threshold} percent, and no failed sync in a current"
            " rollover calls for that",
            hint=f"set it to {TERM_LEAST} to {TERM_LIMIT}; in a rollover, set it just"
            " above the percentage that a failed sync tried to archive, and state that"
            " in facts.tried_to_archive",
        )
    else:
        yield _too_far_above(threshold, tried)


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_raised_in_term(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is raised outside the rollover.

    During the school year, 10 to 20 percent is enough. A higher threshold lets a broken
    roster archive students who are in class today, and their families stop getting
    messages.

    Bad:

        settings:
          deletion_threshold: 45

    Good:

        settings:
          deletion_threshold: 15
    """
    threshold = _raised_threshold(district)
    if threshold is None:
        return
    rollover = district.facts.rollover
    if rollover and rollover.first <= district.today:
        return
    when = (
        f"the rollover starts on {rollover.first}"
        if rollover
        else "no rollover is stated in the facts"
    )
    yield Problem(
        THRESHOLD,
        f"one sync may archive {threshold} percent, and {when}",
        hint=f"set it to {TERM_LEAST} to {TERM_LIMIT} outside the rollover",
    )


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_still_raised(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold was raised for the rollover and never set back.

    The rollover is over. A threshold that was right while the school year changed now
    lets one broken roster archive students who are in class today.

    A threshold that is raised under `scheduled`, for the days of the rollover alone,
    comes back by itself.

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
    threshold = _raised_threshold(district)
    rollover = None if threshold is None else district.facts.rollover
    if rollover and rollover.last < district.today:
        yield Problem(
            THRESHOLD,
            f"one sync may archive {threshold} percent, and the rollover ended on"
            f" {rollover.last}",
            hint=f"set it back to {TERM_LEAST} to {TERM_LIMIT}; next time raise it"
            " under scheduled, which ends by itself",
        )


@DISTRICT.rule(Severity.WARNING, source="T1")
def threshold_low_in_term(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is lower than Connect advises for the school year.

    Connect advises 10 to 20 percent. Below that, an ordinary week in which many
    students leave can stop the sync from archiving: it still adds people, but those who
    left keep their place in classrooms and their messages.

    Bad:

        settings:
          deletion_threshold: 3

    Good:

        settings:
          deletion_threshold: 10
    """
    threshold = district.settings.deletion_threshold
    low = threshold is not None and 0 < threshold < TERM_LEAST
    if low and not district.rollover_now:
        yield Problem(
            THRESHOLD,
            f"a sync that would archive more than {threshold} percent archives no one;"
            f" Connect advises {TERM_LEAST} to {TERM_LIMIT} during the school year",
            hint=f"set it to {TERM_LEAST} to {TERM_LIMIT}",
        )


@DISTRICT.rule(Severity.WARNING, source="T1", inferred=True)
def threshold_far_above_tried(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is far above what the last sync tried to archive.

    Just above that percentage is enough for the sync to pass. Every point more gives a
    broken roster room to archive people who did not leave.

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
    threshold = _raised_threshold(district)
    tried = None if threshold is None else tried_to_archive(district)
    if threshold is not None and tried is not None and threshold > tried + MARGIN:
        yield _too_far_above(threshold, tried)


@DISTRICT.rule(Severity.WARNING, source="T1", inferred=True)
def threshold_of_zero(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The deletion threshold is zero, so a single student who leaves makes the sync fail.

    Past the threshold a sync archives no one. With zero, the first family that moves
    away is past it, and from then on no one who leaves is archived.

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
            "a sync that would archive anyone fails and archives no one",
            hint=f"set it to {TERM_LEAST} to {TERM_LIMIT}; to stop the sync, set"
            " enable_daily_sync to false",
        )


def _too_far_above(threshold: int | None, tried: int) -> Problem:
    return Problem(
        THRESHOLD,
        f"one sync may archive {threshold} percent, but the last one tried only"
        f" {tried}",
        hint=f"set it to {max(tried + 1, TERM_LEAST)}, which is enough for the sync"
        " to pass",
    )


def _unexplained(district: DistrictOnDay) -> bool:
    """Say whether a threshold for most of a district has no figure just below it."""
    threshold = district.settings.deletion_threshold
    if threshold is None or threshold <= MOST_WITHOUT_FIGURE:
        return False
    tried = tried_to_archive(district)
    return tried is None or threshold > tried + MARGIN


def _raised_threshold(district: DistrictOnDay) -> int | None:
    """Give a threshold above the usual; of a higher one another rule speaks."""
    threshold = district.settings.deletion_threshold
    if threshold is None or not TERM_LIMIT < threshold <= MOST_WITHOUT_FIGURE:
        return None
    return threshold


def tried_to_archive(district: DistrictOnDay) -> int | None:
    """Give the observed percentage; it means something only during its rollover."""
    return figure_on(district.facts, district.today) if district.rollover_now else None
