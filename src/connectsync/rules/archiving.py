"""Rules about what is archived and what comes back."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

UNARCHIVE: Path = ("settings", "unarchive_classrooms")


@DISTRICT.rule(Severity.ERROR, source="C2")
def archived_sections_come_back(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Sections that were archived by hand come back with the next sync.

    Some districts share more sections than they want and archive the rest by hand.
    Those stay archived only while the setting is off. With it on, teachers and
    families find classrooms that nobody uses.

    Bad:

        facts:
          sections_archived_by_hand: true
        settings:
          unarchive_classrooms: true

    Good:

        facts:
          sections_archived_by_hand: true
        settings:
          unarchive_classrooms: false
    """
    by_hand = district.facts.sections_archived_by_hand
    if district.settings.unarchive_classrooms and by_hand:
        yield Problem(
            UNARCHIVE,
            "the sync brings back classrooms, while facts.sections_archived_by_hand"
            " says that some are to stay archived",
            hint="set unarchive_classrooms to false",
        )


@DISTRICT.rule(Severity.INFO, source="C5")
def shared_sections_stay_archived(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Classrooms that reappear in the roster stay archived, though none is kept so.

    The setting makes sure that classrooms which Clever shares are active. With it off,
    a class that was archived by mistake stays away until somebody misses it.

    Bad:

        facts:
          sections_archived_by_hand: false
        settings:
          unarchive_classrooms: false

    Good:

        facts:
          sections_archived_by_hand: false
        settings:
          unarchive_classrooms: true
    """
    none_by_hand = district.facts.sections_archived_by_hand is False
    if district.settings.unarchive_classrooms is False and none_by_hand:
        yield Problem(
            UNARCHIVE,
            "classrooms that reappear in the roster stay archived, while"
            " facts.sections_archived_by_hand says that none is kept archived",
            hint="set unarchive_classrooms to true, or state what is kept archived",
        )
