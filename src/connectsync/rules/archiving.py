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
    Those sections stay archived only while this setting is off. With it on, they come
    back to teachers and families.

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
            "the sync brings classrooms back, but facts.sections_archived_by_hand says"
            " that some must stay archived",
            hint="set unarchive_classrooms to false",
        )


@DISTRICT.rule(Severity.WARNING, source="R1")
def classrooms_come_back_in_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Archived classrooms can come back while the school year changes.

    The vendor's rollover checklist turns this setting off: classrooms of the old year
    are archived then, and the sync would bring back every one that Clever still shares.
    Turn the setting on again after the rollover, if your district uses it.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
        settings:
          unarchive_classrooms: true

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
        settings:
          unarchive_classrooms: false
    """
    settings, rollover = district.settings, district.rollover_now
    syncing = settings.enable_daily_sync is not False
    # archived-sections-come-back already says so, as an error
    reported = district.facts.sections_archived_by_hand
    if rollover and settings.unarchive_classrooms and syncing and not reported:
        yield Problem(
            UNARCHIVE,
            "the sync brings back archived classrooms that Clever still shares, and the"
            f" rollover lasts until {rollover.last}",
            hint="set unarchive_classrooms to false until the rollover is over",
        )


@DISTRICT.rule(Severity.INFO, source="C5")
def shared_sections_stay_archived(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Classrooms that reappear in the roster stay archived, although none should.

    The setting keeps the classrooms that Clever shares active. With it off, a class
    that was archived by mistake stays archived until it is noticed. During the rollover
    the setting is off on purpose, and this rule is silent.

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
    off = district.settings.unarchive_classrooms is False
    if off and none_by_hand and not district.rollover_now:
        yield Problem(
            UNARCHIVE,
            "classrooms that reappear in the roster stay archived, but"
            " facts.sections_archived_by_hand says that none should",
            hint="set unarchive_classrooms to true, or set sections_archived_by_hand to"
            " true if some must stay archived",
        )
