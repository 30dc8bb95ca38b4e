"""
What stands on the pages, spelled as the help article does (C5).

A label is what a person, or a browser at their service, finds a control by. Within a
group of boxes it is told apart from the same label elsewhere as ``group: label``.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectsync.emulator.form import BOX_GROUPS, BOXES, OPTIONS, TOKEN

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


def _known() -> Iterable[str]:
    yield from (*CLICKS, SAVE, IDENTITY, *FIELDS.values())
    yield from (qualified(FIELDS[name], SETTINGS) for name in BOXES)
    for name, offered in OPTIONS.items():
        for option in offered:
            yield option.label
            yield qualified(option.label, FIELDS[name])


KNOWN = frozenset(_known())
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
