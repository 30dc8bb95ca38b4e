"""Rules about the sync switch and the rollover window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.rules.engine import DISTRICT, DistrictOnDay
from connectsync.rules.threshold import (
    TERM_LEAST,
    TERM_LIMIT,
    THRESHOLD,
    tried_to_archive,
)

SYNC: KeyPath = ("settings", "enable_daily_sync")

SELF_CHECK_STEP = 6
LAUNCH_STEP = 7


@DISTRICT.rule(Severity.ERROR, source="C5")
def sync_before_launch(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on before the district is launched.

    The sync stays off while its settings are made (step 5) and is turned on at step 7.
    The first sync leaves existing students alone and creates new ones: before the steps
    in between are done, families may find duplicate students and classrooms.

    Bad:

        facts:
          setup_step: 5
        settings:
          enable_daily_sync: true

    Good:

        facts:
          setup_step: 5
        settings:
          enable_daily_sync: false
    """
    if not district.settings.enable_daily_sync:
        return
    step = district.facts.setup_step
    if step is not None and step < LAUNCH_STEP:
        yield Problem(
            SYNC,
            f"the sync is on, but facts.setup_step says that the district is at step"
            f" {step} of 9; it is turned on at step {LAUNCH_STEP}",
            hint="set enable_daily_sync to false until the district is launched",
        )


@DISTRICT.rule(Severity.ERROR, source="C6")
def sync_before_self_check(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on, but the self-check has not been done.

    The self-check (step 6) is where you decide what happens to students and guardians
    who are already on Connect. Without it, the first sync can create duplicates, and
    guardians can lose the account they use.

    Bad:

        facts:
          setup_step: 7
          self_check_done: false
        settings:
          enable_daily_sync: true

    Good:

        facts:
          setup_step: 7
          self_check_done: true
        settings:
          enable_daily_sync: true
    """
    on = district.settings.enable_daily_sync
    if on and district.facts.self_check_done is False:
        yield Problem(
            SYNC,
            "the sync is on, but facts.self_check_done is false",
            hint="set enable_daily_sync to false, do the self-check (step 6), then set"
            " self_check_done to true",
        )


@DISTRICT.rule(Severity.WARNING, source="C0")
def self_check_out_of_turn(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The self-check is marked as done before the settings it checks are made.

    The settings are step 5 and the self-check is step 6. A check made before that does
    not cover the settings that families will get.

    Bad:

        facts:
          setup_step: 4
          self_check_done: true

    Good:

        facts:
          setup_step: 4
          self_check_done: false
    """
    step = district.facts.setup_step
    early = step is not None and step < SELF_CHECK_STEP
    if early and district.facts.self_check_done:
        yield Problem(
            ("facts", "self_check_done"),
            f"the self-check is step {SELF_CHECK_STEP}, and facts.setup_step says that"
            f" the district is at step {step}",
            hint="correct setup_step; or set self_check_done to false, and do the check"
            " after the settings are made",
        )


@DISTRICT.rule(Severity.INFO, source="C0")
def launch_not_stated(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on, and the file does not say that the district was launched.

    A sync that is turned on too early can create duplicate students and classrooms.
    Without the setup step and the self-check in the facts, neither a reviewer nor a
    rule can tell whether it was too early.

    Bad:

        settings:
          enable_daily_sync: true

    Good:

        facts:
          setup_step: 9
          self_check_done: true
        settings:
          enable_daily_sync: true
    """
    if not district.settings.enable_daily_sync:
        return
    facts = district.facts
    stated = {
        "setup_step": facts.setup_step,
        "self_check_done": facts.self_check_done,
    }
    missing = [name for name, value in stated.items() if value is None]
    if missing:
        yield Problem(
            SYNC,
            f"the sync is on, and the facts do not state {' and '.join(missing)}",
            hint=f"add {' and '.join(missing)} to the facts, so that the rules can"
            " check them",
        )


@DISTRICT.rule(Severity.WARNING, source="E1")
def sync_during_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on while the school year changes.

    The vendor advises turning the sync off over the summer. While rosters are
    incomplete, the sync can archive people who are not listed yet and show families
    next year's classes early.

    A district that runs the sync through the rollover follows the procedure for the
    deletion threshold: after a failed sync, state the percentage it tried to archive in
    `facts.tried_to_archive`, and raise the threshold just above that. A file that says
    so, or a raised threshold, is a decision, and this rule is silent.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          setup_step: 9
          self_check_done: true
        settings:
          enable_daily_sync: true

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          setup_step: 9
          self_check_done: true
        settings:
          enable_daily_sync: false
    """
    threshold = district.settings.deletion_threshold
    if not district.settings.enable_daily_sync or (
        threshold is not None and threshold > TERM_LIMIT
    ):
        return
    rollover = district.rollover_now
    if rollover and tried_to_archive(district) is None:
        yield Problem(
            SYNC,
            f"the sync is on, and the rollover lasts until {rollover.last}",
            hint="set enable_daily_sync to false until the new rosters are complete",
        )


@DISTRICT.rule(Severity.INFO, source="C0")
def sync_off_after_launch(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is off, although the district was launched.

    New people and new phone numbers do not reach Connect, and people who left stay
    there. Outside the rollover, and a pause in Clever, that is rarely intended.

    Bad:

        facts:
          setup_step: 9
        settings:
          enable_daily_sync: false

    Good:

        facts:
          setup_step: 9
          self_check_done: true
        settings:
          enable_daily_sync: true
    """
    if district.settings.enable_daily_sync is not False:
        return
    step = district.facts.setup_step
    launched = step is not None and step > LAUNCH_STEP
    if launched and not (district.rollover_now or district.clever_pause_now):
        unchecked = district.facts.self_check_done is False
        first = "do the self-check, set self_check_done to true, then " * unchecked
        yield Problem(
            SYNC,
            f"the sync is off, but the district is at step {step} of 9 and today is not"
            " in its rollover",
            hint=f"{first}set enable_daily_sync to true; or state in facts.rollover the"
            " days it is paused for",
        )


ROLLOVER: KeyPath = ("facts", "rollover")

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
        months = (district.today - rollover.last).days // 30
        yield Problem(
            ROLLOVER,
            f"the rollover ended on {rollover.last}, {months} months ago",
            hint="state the days of the next one, or remove it",
        )


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
    low = threshold is not None and threshold <= TERM_LIMIT
    if not low or syncing is False or not district.rollover_now:
        return
    if tried_to_archive(district) is None:
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
    threshold = district.settings.deletion_threshold
    tried = None if threshold is None else tried_to_archive(district)
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
