"""Rules about the switch: when the nightly sync may be on, and when it should."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

SYNC: Path = ("settings", "enable_daily_sync")

SELF_CHECK_STEP = 6
LAUNCH_STEP = 7


@DISTRICT.rule(Severity.ERROR, source="C5")
def sync_before_launch(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on before the district is launched.

    The sync stays off while its settings are made and is turned on at step 7. The
    first sync creates students anew; before the steps in between are done, families
    find doubled children and classrooms.

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
    step = district.facts.setup_step
    if district.settings.enable_daily_sync and step is not None and step < LAUNCH_STEP:
        yield Problem(
            SYNC,
            f"the sync is on, while facts.setup_step says that the district is at step"
            f" {step} of 9; it is turned on at step {LAUNCH_STEP}",
            hint="set enable_daily_sync to false until the district is launched",
        )


@DISTRICT.rule(Severity.ERROR, source="C6")
def sync_before_self_check(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on before the self-check was done.

    The self-check decides what becomes of students and guardians who are on Connect
    already. Without it the first sync makes duplicates, and guardians lose the account
    they know.

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
    unchecked = district.facts.self_check_done is False
    if district.settings.enable_daily_sync and unchecked:
        yield Problem(
            SYNC,
            "the sync is on, while facts.self_check_done is false",
            hint="do the self-check of step 6 first, then state that it is done",
        )


@DISTRICT.rule(Severity.WARNING, source="C0")
def self_check_out_of_turn(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The self-check is said to be done before the settings it checks are made.

    The self-check is step 6 and the settings are step 5. What was checked before is
    not what families will meet.

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
            hint="correct the step, or do the check again once the settings are made",
        )


@DISTRICT.rule(Severity.INFO, source="C0")
def launch_not_stated(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on, and the file does not say that the district was launched.

    A sync that is on too early makes duplicates of children and classrooms. Without
    the step and the self-check among the facts nobody can see that it is not so.

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
    facts = district.facts
    stated = {
        "setup_step": facts.setup_step,
        "self_check_done": facts.self_check_done,
    }
    missing = [name for name, value in stated.items() if value is None]
    if district.settings.enable_daily_sync and missing:
        yield Problem(
            SYNC,
            f"the sync is on, and the facts do not state {' and '.join(missing)}",
            hint="state how far the district is, so that the rules can look after it",
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def sync_during_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on while the school year changes.

    During the rollover rosters are half empty: the sync archives what is not there yet
    and shows families next year's classes early. The sync may be paused over summer.

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
    rollover = district.facts.rollover
    during = rollover is not None and district.today in rollover
    if district.settings.enable_daily_sync and rollover and during:
        yield Problem(
            SYNC,
            f"the sync is on, and the rollover lasts until {rollover.last}",
            hint="pause it until the new rosters are complete",
        )


@DISTRICT.rule(Severity.INFO, source="C0")
def sync_off_after_launch(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is off, though the district was launched.

    Newcomers and new numbers do not reach Connect, and those who left stay. Outside of
    the rollover that is seldom meant.

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
    step, rollover = district.facts.setup_step, district.facts.rollover
    launched = step is not None and step > LAUNCH_STEP
    paused = rollover is not None and district.today in rollover
    if district.settings.enable_daily_sync is False and launched and not paused:
        yield Problem(
            SYNC,
            f"the sync is off, while the district is at step {step} of 9 and no"
            " rollover is on",
            hint="turn it on again, or state the rollover it is paused for",
        )
