"""Guards: rules about what a plan would do to people who are already reached."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansFrom, figure_on
from connectsync.domain.drift import MovedBy, adopting
from connectsync.domain.finding import Severity
from connectsync.domain.plan import DistrictPlan, PlannedChange
from connectsync.domain.settings import SWITCH, Set, running, widens
from connectsync.domain.wording import few, many
from connectsync.rules.engine import (
    PLAN,
    Objection,
    PlanAtHour,
    Rule,
    spell_change,
    turns_on,
)
from connectsync.rules.threshold import TERM_LIMIT

DISRUPTIVE = "disruptive"
"""The name under which every disruptive change is counted and accepted."""

GUARDIANS = ("manage_guardians", "contact_types", "contact_relationships")
"""The settings that decide who is a guardian."""


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


@PLAN.rule(Severity.ERROR, source="C5", inferred=True)
def guardians_cut_on_running_sync(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Contacts stop being guardians while the nightly sync is running.

    Families who were reached yesterday most likely get no messages tomorrow, and are
    not told.

    Bad:

        live: {enable_daily_sync: true, contact_types: [Parent/Guardian, Primary]}
        desired: {contact_types: [Parent/Guardian]}

    Good:

        live: {enable_daily_sync: false, contact_types: [Parent/Guardian, Primary]}
        desired: {contact_types: [Parent/Guardian]}
    """
    for planned, change in subject.disruptive(*GUARDIANS):
        if not widens(change.change):
            yield _disruption(planned, change)


@PLAN.rule(Severity.ERROR, source="C5")
def guardians_added_on_running_sync(subject: PlanAtHour) -> Iterator[Objection]:
    """
    More people become guardians while the nightly sync is running.

    A synced guardian can be messaged at once, without an invitation, and no later
    change can undo a message. That holds for every contact type and relationship.
    Emergency contacts, for example, often do not expect to hear about every event at
    school.

    Bad:

        live: {enable_daily_sync: true, contact_types: [Parent/Guardian]}
        desired: {contact_types: [Parent/Guardian, Emergency]}

    Good:

        live: {enable_daily_sync: false, contact_types: [Parent/Guardian]}
        desired: {contact_types: [Parent/Guardian, Emergency]}
    """
    for planned, change in subject.disruptive(*GUARDIANS):
        if widens(change.change):
            yield _disruption(planned, change)


@PLAN.rule(Severity.ERROR, source="U1")
def logins_overwritten(subject: PlanAtHour) -> Iterator[Objection]:
    """
    Contact details of people who have joined are overwritten from Clever.

    Their login changes with their email or phone, they are notified, and they can no
    longer edit their details.

    Bad:

        live: {enable_daily_sync: true, update_active_users: false}
        desired: {update_active_users: true}

    Good:

        live: {enable_daily_sync: true, update_active_users: true}
        desired: {update_active_users: false}
    """
    yield from _disruptive(subject, "update_active_users")


@PLAN.rule(Severity.ERROR, source="C5")
def phone_type_changed_on_running_sync(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The phone type changes while the nightly sync is running.

    The number of the selected type is a family's login, and the number for texts and
    calls.

    Bad:

        live: {enable_daily_sync: true, phone_types: [Cell]}
        desired: {phone_types: [Work]}

    Good:

        live: {enable_daily_sync: false, phone_types: [Work]}
        desired: {phone_types: [Cell]}
    """
    yield from _disruptive(subject, "phone_types")


@PLAN.rule(Severity.ERROR, source="C5", inferred=True)
def roster_swapped_on_running_sync(subject: PlanAtHour) -> Iterator[Objection]:
    """
    The district id changes while the nightly sync is running.

    The next sync would read another district's roster, which does not list any of these
    people.

    Bad:

        live: {enable_daily_sync: true, district_id: 58da8a43cc70ab00017a1a87}
        desired: {district_id: 58da8a43cc70ab00017a1a88}

    Good:

        live: {enable_daily_sync: false, district_id: 58da8a43cc70ab00017a1a87}
        desired: {district_id: 58da8a43cc70ab00017a1a88}
    """
    yield from _disruptive(subject, "district_id")


def _disruptive(subject: PlanAtHour, *settings: str) -> Iterator[Objection]:
    for planned, change in subject.disruptive(*settings):
        yield _disruption(planned, change)


def _disruption(planned: DistrictPlan, change: PlannedChange) -> Objection:
    now = "running" if running(planned.live) else "paused"
    return Objection(
        (planned.district,),
        f"{spell_change(change.change)} while the sync is {now}",
        hint="tell the district first, then accept it by number",
        accept=DISRUPTIVE,
    )


DISRUPTIVE_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    guardians_cut_on_running_sync,
    guardians_added_on_running_sync,
    logins_overwritten,
    phone_type_changed_on_running_sync,
    roster_swapped_on_running_sync,
)
"""Guards that are accepted together, by the number of disruptive changes."""


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
                f"{spell_change(change.change)} while guardians.csv links by the old"
                " id",
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
        unknown = figure_on(subject.facts(planned), subject.now.date()) is None
        if unknown and isinstance(change.change, Set) and _is_raised(change.change):
            yield Objection(
                (planned.district,),
                f"{spell_change(change.change)}, and the facts do not say why that"
                " much",
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
    if subject.plan.rollback_of is not None:
        return  # `rollback` asks for each of them by its name
    for planned in subject.plan.districts:
        theirs = [move for move in planned.drift if move.who is not MovedBy.US]
        flags = f"--adopt {adopting(planned.district, planned.drift)}".rstrip()
        for move in theirs:
            yield Objection(
                (planned.district,),
                f"{move.setting} was changed by hand on Connect since the last apply;"
                " this plan overwrites it",
                hint="find out who changed it and why; put it in the file with"
                f" `connectsync drift {flags}`, or accept this by number",
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


@PLAN.rule(Severity.WARNING, source="design")
def fleet_of_other_files(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A change to `connectsync.yaml` decides which files are districts.

    With another folder of `districts`, files that were there before and counted for
    nothing become districts, and others stop being ones, though the change touches none
    of them. What comes in is planned whole; what goes out stays on Connect as it is,
    and no plan speaks of it any longer.

    Bad:

        comes_in: [lakeview-usd]

    Good:

        comes_in: []
    """
    moves = (
        (subject.plan.comes_in, "read as districts only since this change"),
        (subject.plan.goes_out, "no longer read as districts since this change"),
    )
    for keys, said in moves:
        if keys:
            count = many(len(keys), "district file is", "district files are")
            yield Objection(
                (),
                f"{count} {said}: {few(keys)}",
                hint="look at what `districts` says in connectsync.yaml, and at each"
                " of these files",
            )


@PLAN.rule(Severity.WARNING, source="design")
def changes_on_later_days(subject: PlanAtHour) -> Iterator[Objection]:
    """
    A change has settings take other values on days to come.

    What a period sets is no change of today, so the plan of the change that brings it
    has nothing to save. When its day comes, `reconcile` or the next plan of everything
    makes it so, and no pull request is open then. So it is told now, with what the days
    to come were before the change. It stops nothing: on that day the guards are asked.

    Bad:

        later: {lakeview-usd: ["phone_types: Cell until 2027-06-14, then Home"]}

    Good:

        later: {}
    """
    for key, lines in subject.plan.later.items():
        # one by one: in a heap of them, what matters could be hidden
        for said in lines:
            yield Objection(
                (key,),
                f"other values on later days: {said}",
                hint="read the periods under `scheduled`: nothing else shows them"
                " before their day",
                count=0,
            )


def _is_raised(change: Set) -> bool:
    # if the field was empty, up to what Connect advises in term is not a raise
    before = change.before if isinstance(change.before, int) else TERM_LIMIT
    return isinstance(change.after, int) and change.after > before
