"""The emulator's form: fields, options, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Options = Mapping[str, Sequence["FieldOption"]]

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FieldOption:
    """A label that a field offers; a placeholder stands for one nobody publishes."""

    label: str
    placeholder: bool = False


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """A field the form does not accept, and why."""

    field: str
    detail: str


def _labels(*labels: str) -> tuple[FieldOption, ...]:
    return tuple(FieldOption(label) for label in labels)


OPTIONS: Options = {
    "studentId": _labels("STUDENT ID", "STUDENT NUMBER"),
    "archivedStudents": (
        FieldOption("(placeholder) Leave archived", placeholder=True),
        FieldOption("(placeholder) Restore", placeholder=True),
    ),
    "contactTypes": _labels(
        "Parent/Guardian", "Emergency", "Primary", "Secondary", "Family", "Other"
    ),
    "contactRelationships": _labels(
        "Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other"
    ),
    "phoneTypes": _labels("Cell", "Home", "Work", "Other"),
    "permissions": _labels(
        "Permissions Admin",
        "School-Wide Communications",
        "Rostering Administrator",
        "Content Moderator",
        "Users Manager",
        "Family Access",
    ),
}
"""What every drop-down and box group offers, in the order of the page."""

CHOICES = ("studentId", "archivedStudents")
BOXES = (
    "enableDailySync",
    "manageGuardians",
    "unarchiveClassrooms",
    "updateActiveUsers",
)
BOX_GROUPS = ("contactTypes", "contactRelationships", "phoneTypes", "permissions")

BLANK: Mapping[str, object] = {
    "districtId": "",
    "studentId": "STUDENT ID",
    "archivedStudents": OPTIONS["archivedStudents"][0].label,
    **dict.fromkeys(BOXES, False),
    "contactTypes": [],
    "contactRelationships": [],
    "phoneTypes": [],
    "deletionThreshold": None,
    "permissions": [],
}
"""The form of a new district: nothing ticked, nothing typed in; in the page's order."""

TOKEN = "districtOauthToken"  # noqa: S105 - the name of a field, not a secret
"""The field that is taken and never given back."""


def refusals(form: Mapping[str, object], options: Options) -> list[FieldRefusal]:
    """Say what the form does not accept; an empty list means that it saves."""
    unknown = [
        FieldRefusal(name, "is no field of the form") for name in form.keys() - BLANK
    ]
    found = [_refusal(name, form.get(name), options) for name in BLANK]
    return sorted(unknown, key=lambda refusal: refusal.field) + [
        refusal for refusal in found if refusal is not None
    ]


def token_refusal(token: object) -> FieldRefusal | None:
    """Say why the form does not take a token, or None."""
    return None if _is_text(token) else FieldRefusal(TOKEN, "must be text")


def in_page_order(form: Mapping[str, object], options: Options) -> dict[str, object]:
    """Give an accepted form with every field, and every label, in the page's order."""
    return {name: _ordered(name, form[name], options) for name in BLANK}


def _ordered(name: str, value: object, options: Options) -> object:
    if name in BOX_GROUPS and isinstance(value, list):
        return [choice.label for choice in options[name] if choice.label in value]
    return int(value) if isinstance(value, float) else value


def _refusal(name: str, value: object, options: Options) -> FieldRefusal | None:
    if name in BOXES:
        why = "" if isinstance(value, bool) else "must be true or false"
    elif name in CHOICES:
        why = _why_not_choice(value, options[name])
    elif name in BOX_GROUPS:
        why = _why_not_group(name, value, options[name])
    elif name == "deletionThreshold":
        why = "" if _is_percent(value) else "must be a whole number 0-100, or empty"
    else:
        why = "" if _is_text(value) else "must be text"
    return FieldRefusal(name, why) if why else None


def _why_not_choice(value: object, offered: Sequence[FieldOption]) -> str:
    labels = [choice.label for choice in offered]
    return "" if value in labels else f"must be one of {_spelled(labels)}"


def _why_not_group(name: str, value: object, offered: Sequence[FieldOption]) -> str:
    labels = [choice.label for choice in offered]
    if not isinstance(value, list) or any(label not in labels for label in value):
        return f"must be a list of labels out of {_spelled(labels)}"
    if len(value) != len(set(value)):
        return "names a label twice"
    if name == "phoneTypes" and len(value) > 1:
        return "takes only one phone type when the roster comes from Clever"
    return ""


def _is_percent(value: object) -> bool:
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # JSON Schema counts 20.0 as a whole number
    return 0 <= value <= 100 and value == int(value)  # noqa: PLR2004 - percent


def _is_text(value: object) -> bool:
    # half of a surrogate pair can be spelled in JSON, but no page could show it
    return isinstance(value, str) and not _HALF_A_PAIR.search(value)


def _spelled(labels: Sequence[str]) -> str:
    return ", ".join(f"'{label}'" for label in labels)


DROP_DOWN = "Drop-down"
DISTRICT_HOME = "District Home Page"
DOTS = "3 black dots"
SETTINGS = "Settings"
SIS_ROSTERING = "SIS Rostering"
DAILY_SYNC = "District-Level Daily Sync"
SAVE = "Save"

CLICKS = (DROP_DOWN, DISTRICT_HOME, DOTS, SETTINGS, SIS_ROSTERING, DAILY_SYNC)
"""The way from the sign-in to the form, in the order of the clicks."""

FIELDS = {
    "districtId": "District ID",
    TOKEN: "District OAuth Token",
    "studentId": "Student ID",
    "archivedStudents": "Archived students",
    "enableDailySync": "Enable Daily sync",
    "manageGuardians": "Allow sync to manage Guardians",
    "unarchiveClassrooms": "Unarchive classrooms that reappear in the roster data",
    "updateActiveUsers": "Allow the sync to update contact details of active users",
    "contactTypes": "Contact Types to sync",
    "contactRelationships": "Contact Relationships to sync",
    "phoneTypes": "Phone Types to sync",
    "deletionThreshold": "Deletion Threshold",
    "permissions": "Permissions",
}
"""The label of every field of the form."""

IDENTITY = "District ID and OAuth Token"
"""The heading above the first two fields."""

GROUPS = {
    "studentId": FIELDS["studentId"],
    **{name: FIELDS[name] for name in BOX_GROUPS},
    **dict.fromkeys(BOXES, SETTINGS),
}
"""The legend of the group in which a field's boxes stand."""


def qualified(label: str, group: str) -> str:
    """Tell a label in a group from the same label in another."""
    return f"{group}: {label}" if group else label


def _known_labels() -> Iterable[str]:
    yield from (*CLICKS, SAVE, IDENTITY, *FIELDS.values())
    yield from (qualified(FIELDS[name], SETTINGS) for name in BOXES)
    for name, offered in OPTIONS.items():
        for option in offered:
            yield option.label
            yield qualified(option.label, FIELDS[name])


KNOWN = frozenset(_known_labels())
"""Every label that a fault can be about."""

PERMISSION_DETAILS = {
    "Permissions Admin": "Can change the custom permissions of other staff.",
    "School-Wide Communications": "Can use everything that writes to a whole school.",
    "Rostering Administrator": (
        "Runs the school directory: enrols students, adds staff, fills classrooms,"
        " looks after guardians and job titles."
    ),
    "Content Moderator": "Sees flagged content and decides on it.",
    "Users Manager": "Can edit active students, staff and guardians.",
    "Family Access": "Sees school directories, and can write to students and families.",
}
"""What each permission gives, in our own words (C5)."""
