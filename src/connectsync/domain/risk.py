"""What a change does to people, and how much it can hurt them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from connectsync.domain.change import Add, Change, Remove, Set, values_of, widens
from connectsync.domain.settings import Form, is_empty, labels_of


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


UNDATED = frozenset(["enable_daily_sync", "permissions"])
"""The switch itself, and permissions, which may not wait for the sync (unpublished)."""

LEAST_ADVISED = 10
"""Percent; the lowest deletion threshold that Connect advises (T1)."""


def assess(change: Change, live: Form, *, launched: bool = False) -> Assessment:
    """
    Say what a change does to people, given the form it is made on.

    On a district whose sync never ran, no one is reached yet, so nothing there is
    disruptive. A paused district was ``launched``: families meet what is changed now
    when the sync runs again.

    A sentence that says more than the published pages do ends with ``(inferred)``.
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


def _reaches(change: Change, live: Form) -> bool:
    """Say whether added contacts take effect: not while guardians are not synced."""
    managed = live.get("manage_guardians") is not False
    return managed or change.setting == "manage_guardians"


def _district_id(change: Change) -> Assessment:
    before, after = values_of(change)
    if is_empty(after):
        return Assessment(
            Risk.DISRUPTIVE,
            "No roster is named for the sync, which is likely to fail every night"
            " (inferred).",
        )
    if is_empty(before):
        return Assessment(
            Risk.CAUTION, "The roster with this district id is read (inferred)."
        )
    return Assessment(
        Risk.DISRUPTIVE,
        "Another district's roster is read, and everyone who is not in it is archived"
        " (inferred).",
    )


def _student_id(change: Change) -> Assessment:
    before, after = values_of(change)
    if is_empty(after):
        return Assessment(
            Risk.CAUTION,
            "Students have the id that Connect uses by default, which is not"
            " published.",
        )
    if is_empty(before):
        return Assessment(
            Risk.CAUTION, f"Students have their {after} as their id on Connect."
        )
    return Assessment(
        Risk.CAUTION,
        f"Students have their {after} as their id on Connect; files that link by the"
        " old one stop matching (inferred).",
    )


def _archived_students(change: Change) -> Assessment:
    _, after = values_of(change)
    if is_empty(after):
        return Assessment(
            Risk.CAUTION,
            "Archived students are handled in Connect's default way, which is not"
            " published.",
        )
    return Assessment(
        Risk.CAUTION,
        f"Archived students are handled as the option '{after}' says; what it does is"
        " not published.",
    )


def _enable_daily_sync(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.CAUTION,
            "Every night the roster creates, updates and archives people on Connect.",
        )
    return Assessment(
        Risk.CAUTION,
        "Roster updates stop: new and departing students and staff are no longer"
        " synced.",
    )


def _manage_guardians(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.DISRUPTIVE,
            "Contacts from Clever become guardians, who can be messaged at once,"
            " without an invitation.",
        )
    return Assessment(
        Risk.DISRUPTIVE,
        "Guardians are not added or updated by the sync: new families are not reached.",
    )


def _unarchive_classrooms(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.CAUTION,
            "Classrooms that were archived by hand come back if Clever shares them.",
        )
    return Assessment(Risk.SAFE, "Classrooms that were archived by hand stay archived.")


def _update_active_users(change: Change) -> Assessment:
    if _turned_on(change):
        return Assessment(
            Risk.DISRUPTIVE,
            "People who have joined get their name, email and phone from Clever: their"
            " login changes, they are notified, and they can no longer edit them.",
        )
    return Assessment(
        Risk.CAUTION,
        "Users and Users Managers edit contact details; Clever does not overwrite"
        " them.",
    )


def _contacts(change: Change) -> Assessment:
    of_type = change.setting == "contact_types"
    kind = "of this type" if of_type else "with this relationship"
    if isinstance(change, Add):
        return Assessment(
            Risk.DISRUPTIVE,
            f"Contacts {kind} become guardians and can be messaged at once.",
        )
    if isinstance(change, Remove):
        return Assessment(
            Risk.DISRUPTIVE,
            f"Contacts {kind} stop being guardians and receive no more messages"
            " (inferred).",
        )
    before, after = values_of(change)
    if is_empty(after):
        return Assessment(
            Risk.DISRUPTIVE,
            "No contact becomes a guardian, and those who are receive no more messages"
            " (inferred).",
        )
    if is_empty(before):
        return Assessment(
            Risk.DISRUPTIVE,
            "Contacts like these become guardians and can be messaged at once; others"
            " may stop being guardians (inferred).",
        )
    return Assessment(
        Risk.DISRUPTIVE, "Different contacts become guardians (inferred)."
    )


def _phone_types(change: Change) -> Assessment:
    before, after = values_of(change)
    if is_empty(after):
        return Assessment(
            Risk.DISRUPTIVE,
            "Numbers of this type are no longer synced; people who have joined keep"
            " theirs unless the sync updates active users (inferred).",
        )
    if labels_of(after) == {"Home"}:
        return Assessment(
            Risk.DISRUPTIVE,
            "Home numbers fill the Phone field, which is not used for texts, calls or"
            " login.",
        )
    if is_empty(before):
        return Assessment(
            Risk.DISRUPTIVE,
            "Numbers of this type are used for texts, calls and login.",
        )
    return Assessment(
        Risk.DISRUPTIVE, "Families are reached at different numbers (inferred)."
    )


def _deletion_threshold(change: Change) -> Assessment:
    before, after = values_of(change)
    if not isinstance(after, int):
        return Assessment(
            Risk.CAUTION,
            "A sync may archive as much as Connect allows by default, which is not"
            " published.",
        )
    limit = (
        f"If a sync would archive more than {after} percent of the people, it archives"
        " no one"
    )
    if not isinstance(before, int):
        return Assessment(
            Risk.CAUTION, f"{limit}; the limit before is not known (inferred)."
        )
    if after > before:
        return Assessment(
            Risk.CAUTION,
            f"One sync may archive up to {after} percent of the people instead of"
            f" {before}.",
        )
    if after < LEAST_ADVISED:
        return Assessment(
            Risk.CAUTION,
            f"{limit}: an ordinary week may be enough to stop it (inferred).",
        )
    return Assessment(Risk.SAFE, f"{limit}.")


def _permissions(change: Change) -> Assessment:
    return Assessment(
        Risk.CAUTION,
        f"{_what_staff_may(change)}; for which staff and from when is not published.",
    )


def _what_staff_may(change: Change) -> str:
    before, after = values_of(change)
    if "Permissions Admin" in labels_of(after) - labels_of(before):
        return "Staff may be able to change the permissions of other staff"
    if is_empty(after):
        return "Staff may lose permissions that they use today"
    if is_empty(before):
        return "Staff may be able to do more than before"
    return "Staff may be able to do different things than before"


def _turned_on(change: Change) -> bool:
    return isinstance(change, Set) and change.after is True


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
