"""Guards: changes that are certain to reach people if a sync runs, or ran."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.change import widens
from connectsync.domain.finding import Severity
from connectsync.domain.plan import DistrictPlan, PlannedChange
from connectsync.domain.risk import running
from connectsync.rules.engine import Rule
from connectsync.rules.plan_subject import PLAN, Objection, PlanAtHour, spelled

DISRUPTIVE = "disruptive"
"""The name under which every disruptive change is counted and accepted."""

GUARDIANS = ("manage_guardians", "contact_types", "contact_relationships")
"""The settings that decide who is a guardian."""


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
    return Objection(
        (planned.district,),
        f"{spelled(change.change)} {_when(planned)}",
        hint="tell the district first, then accept it by number",
        accept=DISRUPTIVE,
    )


def _when(planned: DistrictPlan) -> str:
    if running(planned.live):
        return "while the sync is running"
    return "while the sync is paused"


DISRUPTIVE_GUARDS: tuple[Rule[PlanAtHour], ...] = (
    guardians_cut_on_running_sync,
    guardians_added_on_running_sync,
    logins_overwritten,
    phone_type_changed_on_running_sync,
    roster_swapped_on_running_sync,
)
"""Guards that are accepted together, by the number of disruptive changes."""
