"""The form: every setting, its kind, and the labels as the page spells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum, StrEnum

Value = bool | int | str | frozenset[str] | None


class StudentId(StrEnum):
    """Which of Clever's ids a student carries on Connect (C5)."""

    STUDENT_ID = "STUDENT ID"
    STUDENT_NUMBER = "STUDENT NUMBER"


class ContactType(StrEnum):
    """Clever's contact types (CV-contacts)."""

    PARENT_GUARDIAN = "Parent/Guardian"
    EMERGENCY = "Emergency"
    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    FAMILY = "Family"
    OTHER = "Other"


class ContactRelationship(StrEnum):
    """Clever's contact relationships (CV-contacts)."""

    PARENT = "Parent"
    GRANDPARENT = "Grandparent"
    SELF = "Self"
    AUNT_UNCLE = "Aunt/Uncle"
    SIBLING = "Sibling"
    OTHER = "Other"


class PhoneType(StrEnum):
    """Clever's phone types (CV-contacts)."""

    CELL = "Cell"
    HOME = "Home"
    WORK = "Work"
    OTHER = "Other"


class Permission(StrEnum):
    """The permission titles of the form (C5)."""

    PERMISSIONS_ADMIN = "Permissions Admin"
    SCHOOL_WIDE_COMMUNICATIONS = "School-Wide Communications"
    ROSTERING_ADMINISTRATOR = "Rostering Administrator"
    CONTENT_MODERATOR = "Content Moderator"
    USERS_MANAGER = "Users Manager"
    FAMILY_ACCESS = "Family Access"


class Kind(Enum):
    """What sort of control a setting is."""

    TEXT = "text"
    CHOICE = "choice"
    BOX = "box"
    BOXES = "boxes"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One field of the form.

    ``labels`` are the values it may take where those are published; empty where
    they are not, or where the setting has none.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...] = ()
    section: str = "settings"

    @property
    def path(self) -> tuple[str, str]:
        """Where a district file states it."""
        return (self.section, self.name)


def _labels(labels: type[StrEnum]) -> tuple[str, ...]:
    return tuple(label.value for label in labels)


SETTINGS: tuple[Setting, ...] = (
    Setting("district_id", Kind.TEXT, section="credentials"),
    Setting("student_id", Kind.CHOICE, _labels(StudentId)),
    Setting("archived_students", Kind.CHOICE),
    Setting("enable_daily_sync", Kind.BOX),
    Setting("manage_guardians", Kind.BOX),
    Setting("unarchive_classrooms", Kind.BOX),
    Setting("update_active_users", Kind.BOX),
    Setting("contact_types", Kind.BOXES, _labels(ContactType)),
    Setting("contact_relationships", Kind.BOXES, _labels(ContactRelationship)),
    Setting("phone_types", Kind.BOXES, _labels(PhoneType)),
    Setting("deletion_threshold", Kind.PERCENT),
    Setting("permissions", Kind.BOXES, _labels(Permission)),
)
"""In the order of the form; every ordered output follows it."""

FIRST_FORM = frozenset(
    [
        "district_id",
        "student_id",
        "archived_students",
        "enable_daily_sync",
        "manage_guardians",
        "unarchive_classrooms",
        "update_active_users",
        "contact_types",
        "contact_relationships",
        "phone_types",
        "deletion_threshold",
        "permissions",
    ]
)
"""
What schema 1 began with: every gateway, snapshot and plan names these.

A setting that is added later stays out of this list. What was written or answered
before it was known does not name it, and so says nothing about it.
"""

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}

Form = Mapping[str, Value]
"""Values by setting name. A name that is missing is not managed, or not known."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What the layers say about the form; ``None`` means not managed.

    Sets are frozen: the order in a file never makes a change. Labels are those of the
    classes above, or others that were recorded from the live page.
    """

    enable_daily_sync: bool | None = None
    student_id: str | None = None
    archived_students: str | None = None
    manage_guardians: bool | None = None
    unarchive_classrooms: bool | None = None
    update_active_users: bool | None = None
    contact_types: frozenset[str] | None = None
    contact_relationships: frozenset[str] | None = None
    phone_types: frozenset[str] | None = None
    deletion_threshold: int | None = None
    permissions: frozenset[str] | None = None

    def managed(self) -> dict[str, Value]:
        """Give the settings that a layer names, by name, in the form's order."""
        stated = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            setting.name: _plain(stated[setting.name])
            for setting in SETTINGS
            if stated.get(setting.name) is not None
        }


def _plain(value: Value) -> Value:
    """Give labels as text: what files say and what Connect says must be alike."""
    match value:
        case frozenset():
            return frozenset(str(label) for label in value)
        case str():
            return str(value)
        case _:
            return value


def labels_of(value: Value) -> frozenset[str]:
    """Give the labels of a field: none, one, or all that are ticked."""
    if isinstance(value, frozenset):
        return value
    return frozenset() if value is None else frozenset({str(value)})


def is_empty(value: Value) -> bool:
    """Say whether a field holds nothing: no value, no text, no label."""
    return value is None or value in ("", frozenset())
