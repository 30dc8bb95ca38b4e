"""The emulator's form: fields, options, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

Options = Mapping[str, Sequence["FieldOption"]]

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FieldOption:
    """A label that a field offers; a placeholder stands for one no one publishes."""

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

LATER: frozenset[str] = frozenset()
"""Fields that the page got later: what was kept before does not name them."""

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


def completed(form: Mapping[str, object]) -> dict[str, object]:
    """Give a form that was kept earlier, with what the page got since left blank."""
    return {**form, **{name: BLANK[name] for name in LATER if name not in form}}


def names_all(kept: str) -> bool:
    """Say whether a form that was kept, as JSON, names what the page got later."""
    return all(f'"{name}"' in kept for name in LATER)


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

LAST_SYNC = "(placeholder) Last sync"
SYNC_STATUS = "(placeholder) Status"
SYNC_TIME = "(placeholder) Finished"
TRIED = "Tried to Archive"
SYNC_SCHOOLS = "(placeholder) Schools of the last sync"
SCHOOL = "(placeholder) School"
"""The report of a night on SIS Rostering; only Tried to Archive is published."""

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


# — a filled-in form: what a browser submits as fields, and fields as they are shown —

Submitted = Mapping[str, Sequence[str]]
"""The values of each named control, in the order of the page."""

MASK = "••••••••"
"""What stands in the field of a masked token; sent back, it leaves the token alone."""

_WHOLE_NUMBER = re.compile("[0-9]{1,9}")
_SEVERAL = {*CHOICES[:1], *BOX_GROUPS}


def last(form: Submitted, name: str) -> str:
    """Give what a control says, the last of its name, or nothing."""
    return form[name][-1] if name in form else ""


def fields_of(form: Submitted) -> dict[str, object]:
    """
    Read the fields of a submitted form, in the field names and values of the gateway.

    As in any HTML form a box that is not there is not ticked; a text, drop-down or
    choice that is not there stays as it is saved, and so does a token left empty.
    """
    fields: dict[str, object] = {name: name in form for name in BOXES}
    fields |= {name: list(dict.fromkeys(form.get(name, ()))) for name in BOX_GROUPS}
    fields |= {
        name: last(form, name) for name in ("districtId", *CHOICES) if name in form
    }
    if "deletionThreshold" in form:
        fields["deletionThreshold"] = _percent(last(form, "deletionThreshold").strip())
    if last(form, TOKEN) not in {"", MASK}:
        fields[TOKEN] = last(form, TOKEN)
    return fields


def _percent(typed: str) -> object:
    if not typed:
        return None
    return int(typed) if _WHOLE_NUMBER.fullmatch(typed) else typed


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form on the page: its fields, the version it is from, and what is refused."""

    fields: Mapping[str, object]
    version: str
    refused: Mapping[str, str] = field(default_factory=dict)

    def over(self, saved: Mapping[str, object]) -> FilledForm:
        """Give the form with what is saved wherever nothing was submitted."""
        return replace(self, fields={**saved, **self.fields})

    def with_refusals(self, refusals: Iterable[FieldRefusal]) -> FilledForm:
        """Give the form with a sentence for each field that was refused."""
        sentences = {no.field: f"{FIELDS[no.field]} {no.detail}." for no in refusals}
        return replace(self, refused=sentences)

    def text(self, name: str) -> str:
        """Give what stands in a text field."""
        value = self.fields[name]
        return "" if value is None else str(value)

    def holds(self, name: str, label: str) -> bool:
        """Say whether a label of a drop-down or group is chosen."""
        value = self.fields[name]
        return label in value if isinstance(value, list) else value == label

    @property
    def token_typed(self) -> bool:
        """Say whether a token was typed, which no page shows again."""
        return TOKEN in self.fields

    @staticmethod
    def place(name: str) -> str:
        """Give the id of the first control of a field."""
        return f"{name}-1" if name in _SEVERAL else name
