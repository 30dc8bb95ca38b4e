"""What a change does to people, and how much it can hurt them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.settings import Form


class Risk(StrEnum):
    """How much a change can hurt: not, perhaps, or for certain some families."""

    SAFE = "safe"
    CAUTION = "caution"
    DISRUPTIVE = "disruptive"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A risk and the sentence that says why, about people."""

    risk: Risk
    effect: str


def running(form: Form) -> bool:
    """Say whether the nightly sync is on."""
    return form.get("enable_daily_sync") is True


AT_ONCE = frozenset(["enable_daily_sync", "permissions"])
"""What changes when Save is pressed; everything else waits for the sync."""


def assess(change: Change, live: Form) -> Assessment:
    """
    Say what a change does to people, given the form it is made on.

    On a district whose sync is off nothing happens until the sync runs, so nothing
    there is disruptive.
    """
    assessment = _ASSESSORS[change.setting](change)
    if running(live) or change.setting in AT_ONCE:
        return assessment
    risk = Risk.CAUTION if assessment.risk is Risk.DISRUPTIVE else assessment.risk
    effect = assessment.effect[0].lower() + assessment.effect[1:]
    return Assessment(risk, f"Once the sync runs, {effect}")


def _district_id(change: Change) -> Assessment:
    if isinstance(change, Set) and not change.before:
        return Assessment(Risk.CAUTION, "The roster of this district is read.")
    return Assessment(
        Risk.DISRUPTIVE,
        "The sync reads another district's roster: everybody not in it is archived.",
    )


def _student_id(_: Change) -> Assessment:
    return Assessment(
        Risk.CAUTION,
        "Students show another id, and files that link by the old id stop matching.",
    )


def _archived_students(_: Change) -> Assessment:
    return Assessment(
        Risk.CAUTION, "Students who were archived are treated differently from now on."
    )


def _enable_daily_sync(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.CAUTION,
            "Every night the roster creates, updates and archives people on Connect.",
        )
    return Assessment(
        Risk.CAUTION,
        "The roster stands still: newcomers and leavers are not taken over.",
    )


def _manage_guardians(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.CAUTION,
            "Guardians are taken from Clever and can be messaged without invitation.",
        )
    return Assessment(
        Risk.DISRUPTIVE,
        "Guardians are no longer kept up by the sync; new families are not reached.",
    )


def _unarchive_classrooms(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.CAUTION, "Classrooms archived by hand come back if Clever shares them."
        )
    return Assessment(Risk.SAFE, "Classrooms archived by hand stay archived.")


def _update_active_users(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.DISRUPTIVE,
            "People who have joined get name, email and phone from Clever, log in with"
            " those, are notified, and can no longer edit them.",
        )
    return Assessment(
        Risk.CAUTION,
        "People and Users Managers edit contact details; Clever no longer.",
    )


def _contacts(change: Change) -> Assessment:
    match change:
        case Remove():
            return Assessment(
                Risk.DISRUPTIVE,
                "Contacts marked so are no longer guardians and get no messages.",
            )
        case Add():
            return Assessment(
                Risk.CAUTION,
                "Contacts marked so become guardians and get messages at once.",
            )
        case Set():
            return Assessment(
                Risk.DISRUPTIVE, "Other contacts than before become guardians."
            )


def _phone_types(change: Change) -> Assessment:
    match change:
        case Remove():
            return Assessment(
                Risk.DISRUPTIVE,
                "Numbers of this type no longer come: texts, calls and logins that"
                " rest on them end.",
            )
        case Add(label="Home"):
            return Assessment(
                Risk.DISRUPTIVE,
                "Home numbers fill the Phone field, which is neither texted nor called"
                " nor a login.",
            )
        case Add():
            return Assessment(
                Risk.DISRUPTIVE,
                "Numbers of this type become those for texts, calls and login.",
            )
        case Set():
            return Assessment(
                Risk.DISRUPTIVE, "Families are reached at other numbers than before."
            )


def _deletion_threshold(change: Change) -> Assessment:
    if isinstance(change, Set) and _raised(change):
        return Assessment(
            Risk.CAUTION, "One sync may archive a larger part of the people at once."
        )
    return Assessment(
        Risk.SAFE, "A sync that would archive more than this archives nobody."
    )


def _permissions(change: Change) -> Assessment:
    match change:
        case Remove():
            return Assessment(Risk.CAUTION, "Staff lose what this let them do.")
        case Add(label="Permissions Admin"):
            return Assessment(
                Risk.CAUTION, "Staff can change the permissions of other staff."
            )
        case Add():
            return Assessment(Risk.CAUTION, "Staff get what this lets them do.")
        case Set():
            return Assessment(Risk.CAUTION, "Staff may do other things than before.")


def _turned_on(change: Change) -> bool:
    return isinstance(change, Set) and change.after is True


def _raised(change: Set) -> bool:
    after = change.after if isinstance(change.after, int) else 0
    before = change.before if isinstance(change.before, int) else 0
    return after > before


_ASSESSORS: Mapping[str, Callable[[Change], Assessment]] = {
    "district_id": _district_id,
    "student_id": _student_id,
    "archived_students": _archived_students,
    "enable_daily_sync": _enable_daily_sync,
    "manage_guardians": _manage_guardians,
    "unarchive_classrooms": _unarchive_classrooms,
    "update_active_users": _update_active_users,
    "contact_types": _contacts,
    "contact_relationships": _contacts,
    "phone_types": _phone_types,
    "deletion_threshold": _deletion_threshold,
    "permissions": _permissions,
}
