"""Guards: rules about what a plan would do to people who are already reached."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.change import Set
from connectsync.domain.counting import many
from connectsync.domain.district import GuardiansFrom
from connectsync.domain.drift import Moved
from connectsync.domain.finding import Severity
from connectsync.domain.plan import SWITCH
from connectsync.rules.disruptive import DISRUPTIVE_GUARDS
from connectsync.rules.engine import Rule
from connectsync.rules.plan_subject import (
    PLAN,
    Objection,
    PlanAtHour,
    spelled,
    turns_on,
)
from connectsync.rules.threshold import TERM_LIMIT


@PLAN.rule(Severity.ERROR, source="C0")
def enable_with_other_changes(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The sync is enabled in the same plan that changes other settings.

    Changing the settings and enabling the sync are steps 5 and 7 of the setup, with a
    self-check between them. A form that goes live as it changes cannot be checked.

    Bad:

        live: {enable_daily_sync: false, phone_types: [Home]}
        desired: {enable_daily_sync: true, phone_types: [Cell]}

    Good:

        live: {enable_daily_sync: false, phone_types: [Cell]}
        desired: {enable_daily_sync: true, phone_types: [Cell]}
    """
    for planned, change in subject.changes(SWITCH):
        others = sum(1 for _ in planned.changes()) - 1
        if turns_on(change.change) and others:
            yield Objection(
                (planned.district,),
                f"the sync is enabled together with {many(others, 'other change')}",
                hint="apply the other changes first, check, then enable the sync",
            )
        if turns_on(change.change) and (left := subject.left_alone(planned)):
            yield Objection(
                (planned.district,),
                f"the sync is enabled while {' and '.join(left)}"
                f" {'differs' if len(left) == 1 else 'differ'} from the files",
                hint="apply those first, check, then enable the sync",
            )


@PLAN.rule(Severity.ERROR, source="C0")
def first_enable(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The sync is enabled for the first time, as far as connectsync knows.

    The first sync leaves existing students alone and creates new ones: students who
    were not archived first may appear twice, and guardians may get new accounts.

    Bad:

        live: {enable_daily_sync: false}
        desired: {enable_daily_sync: true}

    Good:

        was_running: true
        live: {enable_daily_sync: false}
        desired: {enable_daily_sync: true}
    """
    for planned, change in subject.changes(SWITCH):
        if turns_on(change.change) and not subject.baseline(planned).was_running:
            yield Objection(
                (planned.district,),
                "the sync is enabled for the first time, as far as connectsync knows",
                hint="do the self-check (step 6), then accept this by number",
            )


@PLAN.rule(Severity.WARNING, source="G1", inferred=True)
def student_id_changed_with_guardians_csv(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The student id changes while guardians come from guardians.csv.

    The file links guardians to students by the id that the sync uses: the links break
    until the file has the new id.

    Bad:

        facts: {guardians_from: guardians_csv}
        live: {student_id: STUDENT ID}
        desired: {student_id: STUDENT NUMBER}

    Good:

        facts: {guardians_from: clever}
        live: {student_id: STUDENT ID}
        desired: {student_id: STUDENT NUMBER}
    """
    for planned, change in subject.changes("student_id"):
        if subject.facts(planned).guardians_from is GuardiansFrom.GUARDIANS_CSV:
            yield Objection(
                (planned.district,),
                f"{spelled(change.change)} while guardians.csv links by the old id",
                hint="change the id in guardians.csv on the same day",
            )


@PLAN.rule(Severity.WARNING, source="T1")
def threshold_raised_without_figure(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The deletion threshold is raised, and no failed sync's percentage is stated.

    Connect advises a threshold just above what the failed sync tried to archive. One
    that is raised by guess lets a broken roster archive that many people. A threshold
    above 20 percent that was empty before counts as raised.

    Bad:

        live: {deletion_threshold: 15}
        desired: {deletion_threshold: 40}

    Good:

        facts: {tried_to_archive: 38}
        live: {deletion_threshold: 15}
        desired: {deletion_threshold: 40}
    """
    if subject.plan.rollback_of is not None:
        return  # the threshold was in use before the run that is undone
    for planned, change in subject.changes("deletion_threshold"):
        unknown = subject.facts(planned).tried_to_archive is None
        if unknown and isinstance(change.change, Set) and _raised(change.change):
            yield Objection(
                (planned.district,),
                f"{spelled(change.change)}, and the facts do not say why that much",
                hint="state the percentage that the failed sync tried to archive in"
                " facts.tried_to_archive",
            )


@PLAN.rule(Severity.ERROR, source="design")
def overwrites_drift(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A setting that a person changed on Connect is overwritten.

    A person changed it by hand after the last apply, perhaps for a good reason.

    Bad:

        baseline: {phone_types: [Cell]}
        live: {phone_types: [Home]}
        desired: {phone_types: [Cell]}

    Good:

        baseline: {phone_types: [Home]}
        live: {phone_types: [Home]}
        desired: {phone_types: [Cell]}
    """
    for planned in subject.plan.districts:
        theirs = [move for move in planned.drift if move.who is not Moved.US]
        for move in theirs:
            yield Objection(
                (planned.district,),
                f"{move.setting} was changed by hand on Connect since the last apply;"
                " this plan overwrites it",
                hint="find out who changed it and why; put it in the file with"
                " `connectsync drift --adopt`, or accept this by number",
            )


@PLAN.rule(Severity.WARNING, source="design")
def running_without_a_file(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A district no longer has a file, but its sync is still running.

    Removing a file changes nothing on Connect: every night the district's people are
    created, updated and archived by settings that no one reviews. A renamed file is a
    different district, because the name of the file is the district's key.

    Bad:

        still_running: [lakeview-usd]

    Good:

        still_running: []
    """
    for one in subject.plan.still_running:
        file = f"; its file was {one.file}" if one.file else ""
        said = (
            f"no file describes it any longer, and Connect did not answer: {one.error}"
            if one.error
            else "no file describes it any longer, and its sync still runs on Connect"
        )
        yield Objection(
            (one.district,),
            f"{said}{file}",
            hint="restore the file under its old name; to end the sync, set"
            " enable_daily_sync to false in it, apply that, then remove the file",
        )


def _raised(change: Set) -> bool:
    # if the field was empty, up to what Connect advises in term is not a raise
    before = change.before if isinstance(change.before, int) else TERM_LIMIT
    return isinstance(change.after, int) and change.after > before


CHANGE_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    enable_with_other_changes,
    first_enable,
    *DISRUPTIVE_GUARDS,
    student_id_changed_with_guardians_csv,
    threshold_raised_without_figure,
    overwrites_drift,
    running_without_a_file,
)
