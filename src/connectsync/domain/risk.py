"""What a change does to people, and how much it can hurt them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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


CLOSEST = frozenset(["Parent/Guardian", "Primary", "Family", "Parent"])
"""Contacts whom every sync is for. All others, once added, are messaged as well."""

UNDATED = frozenset(["enable_daily_sync", "permissions"])
"""The switch itself, and what is not published to wait for the sync."""


def assess(change: Change, live: Form, *, launched: bool = False) -> Assessment:
    """
    Say what a change does to people, given the form it is made on.

    On a district whose sync never ran nobody is reached yet, so nothing there is
    disruptive. One that is paused was ``launched``: what is changed now, families
    meet when the sync goes on again.
    """
    assessment = _ASSESSORS[change.setting](change)
    if widens(change) and not _reaches(change, live):
        assessment = replace(assessment, risk=Risk.CAUTION)
    if running(live) or change.setting in UNDATED:
        return assessment
    disruptive = assessment.risk is Risk.DISRUPTIVE
    risk = Risk.CAUTION if disruptive and not launched else assessment.risk
    effect = assessment.effect[0].lower() + assessment.effect[1:]
    return Assessment(risk, f"Once the sync runs, {effect}")


def widens(change: Change) -> bool:
    """
    Say whether people who were left alone become guardians by a change.

    They can be messaged at once and without an invitation (C5), and no later change
    takes back what was sent.
    """
    match change:
        case Add("contact_types" | "contact_relationships", label):
            return label not in CLOSEST
        case Set("manage_guardians"):
            return change.after is True
        case _:
            return False


def _reaches(change: Change, live: Form) -> bool:
    """Say whether added contacts take effect: not while guardians are not synced."""
    managed = live.get("manage_guardians") is not False
    return managed or change.setting == "manage_guardians"


def _district_id(change: Change) -> Assessment:
    if isinstance(change, Set) and not change.before:
        return Assessment(Risk.CAUTION, "The roster of this district is read.")
    return Assessment(
        Risk.DISRUPTIVE,
        "The sync reads another district's roster: everybody not in it is archived"
        " (inferred).",
    )


def _student_id(_: Change) -> Assessment:
    return Assessment(
        Risk.CAUTION,
        "Students show another id; files that link by the old one stop matching"
        " (inferred).",
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
            Risk.DISRUPTIVE,
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
                "Contacts marked so are no longer guardians: no messages (inferred).",
            )
        case Add():
            return Assessment(
                Risk.DISRUPTIVE if widens(change) else Risk.CAUTION,
                "Contacts marked so become guardians and get messages at once.",
            )
        case Set():
            return Assessment(
                Risk.DISRUPTIVE,
                "Other contacts become guardians than before (inferred).",
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
    if isinstance(change, Set) and change.after is None:
        return Assessment(
            Risk.CAUTION,
            "No threshold is stated: how many people one sync may archive then is not"
            " published.",
        )
    if isinstance(change, Set) and _raised(change):
        return Assessment(
            Risk.CAUTION, "One sync may archive up to this part of the people at once."
        )
    return Assessment(
        Risk.SAFE, "A sync that would archive more than this archives nobody."
    )


def _permissions(change: Change) -> Assessment:
    match change:
        case Add(label="Permissions Admin"):
            return Assessment(
                Risk.CAUTION,
                "Staff may change the permissions of other staff; for whom and from"
                " when is not published.",
            )
        case _:
            return Assessment(
                Risk.CAUTION,
                "Staff may do other things than before; for whom and from when is not"
                " published.",
            )


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
