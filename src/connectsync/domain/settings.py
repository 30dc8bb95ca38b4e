"""The form: settings, their values, and changes between two forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from typing import Any, TypeVar, cast

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


V = TypeVar("V", str, frozenset[str], Value)

LABELED = frozenset(
    setting.name
    for setting in BY_NAME.values()
    if setting.kind in {Kind.CHOICE, Kind.BOXES}
)
"""The settings whose values are labels of the page."""


def compose_accents(text: str) -> str:
    """Put letters and their accents together (NFC), as most keyboards do."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def decompose_accents(text: str) -> str:
    """Take letters and their accents apart (NFD), as file names of macOS do."""
    return text if text.isascii() else unicodedata.normalize("NFD", text)


def is_same_label(one: Value, other: Value) -> bool:
    """Say whether two labels, or two sets of them, differ in spelling at most."""
    return one == other or _composed(one) == _composed(other)


def spell_like(value: V, known: Iterable[str]) -> V:
    """Give a label, or a set of them, as those that are known spell it."""
    if isinstance(value, str):
        return _spelled(value, _by_spelling([value], known))
    if isinstance(value, frozenset):
        spellings = _by_spelling(value, known)
        return frozenset(_spelled(label, spellings) for label in value)
    return value


def form_spelled_as(
    form: Mapping[str, Value], known: Mapping[str, Collection[str]]
) -> dict[str, Value]:
    """Give a form whose labels are spelled as the known ones of each setting."""
    return {
        name: spell_like(value, known.get(name, ())) if name in LABELED else value
        for name, value in form.items()
    }


def labels_in(value: Value) -> frozenset[str]:
    """Give the labels that a value of a setting holds."""
    if isinstance(value, str):
        return frozenset([value])
    return value if isinstance(value, frozenset) else frozenset()


def _composed(value: Value) -> Value:
    if isinstance(value, str):
        return compose_accents(value)
    return (
        frozenset(map(compose_accents, value))
        if isinstance(value, frozenset)
        else value
    )


def _by_spelling(labels: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Map known labels from both spellings; an exact one wins over another."""
    if all(map(str.isascii, labels)):
        return {}
    exact = tuple(known)
    return {compose_accents(one): one for one in exact} | {one: one for one in exact}


def _spelled(label: str, spellings: Mapping[str, str]) -> str:
    return spellings.get(label, spellings.get(compose_accents(label), label))


Data = Mapping[str, Any]

_HEX = re.compile("[0-9A-Fa-f]+")


def form_data(form: Form) -> dict[str, Any]:
    """Give a form as JSON data, in the order of the page."""
    return {name: value_data(form[name]) for name in BY_NAME if name in form}


def form_of(data: Data) -> dict[str, Value]:
    """Read a form back. Raises ``KeyError`` or ``TypeError`` if it is not one."""
    return {name: value_of(name, value) for name, value in data.items()}


def value_data(value: Value) -> bool | int | str | list[str] | None:
    """Give one value as JSON data."""
    return sorted(value) if isinstance(value, frozenset) else value


def value_of(name: str, data: Any) -> Value:
    """
    Read one value back by the kind of its setting.

    Raises ``KeyError`` for an unknown setting, ``TypeError`` for a wrong type.
    """
    setting = BY_NAME[name]
    if data is None:
        return None
    if setting.kind is Kind.PERCENT and is_whole(data):
        return int(data)
    if not isinstance(data, _TYPES[setting.kind]) or _bool_for_number(setting, data):
        raise TypeError(f"{name} cannot be {data!r}")
    return _value_labels(name, data) if isinstance(data, list) else cast("Value", data)


def _value_labels(name: str, data: list[Any]) -> frozenset[str]:
    if not all(isinstance(label, str) for label in data):
        raise TypeError(f"{name} cannot be {data!r}")
    return frozenset(data)


def _bool_for_number(setting: Setting, data: Any) -> bool:
    return setting.kind is Kind.PERCENT and isinstance(data, bool)


_TYPES: Mapping[Kind, type] = {
    Kind.TEXT: str,
    Kind.CHOICE: str,
    Kind.BOX: bool,
    Kind.BOXES: list,
    Kind.PERCENT: int,
}


def is_whole(data: Any) -> bool:
    """Say whether JSON data are a whole number: 20, and 20.0 and 2e1 as well."""
    if isinstance(data, bool):
        return False
    return isinstance(data, int) or (isinstance(data, float) and data.is_integer())


def is_same(name: str, one: Value, other: Value) -> bool:
    """
    Say whether two values of one setting mean the same.

    A District ID in hexadecimal digits is the same in capitals and in small letters,
    a label however its accents are spelled.
    """
    if name == "district_id" and isinstance(one, str) and isinstance(other, str):
        both_hex = _HEX.fullmatch(one) and _HEX.fullmatch(other)
        return one == other or (bool(both_hex) and one.lower() == other.lower())
    return is_same_label(one, other) if name in LABELED else one == other


def list_differing(one: Form, other: Form) -> tuple[str, ...]:
    """
    Name the settings that two forms hold differently, in the order of the form.

    Only what both forms name is compared: a form written or read by a version that
    does not know a setting says nothing about it.
    """
    return tuple(
        name
        for name in BY_NAME
        if name in one and name in other and not is_same(name, one[name], other[name])
    )


def spell(value: Value) -> str:
    """Spell a value as a person would say it: on, off, labels, or empty."""
    match value:
        case None | "":
            return "(empty)"
        case bool():
            return "on" if value else "off"
        case frozenset():
            return ", ".join(sorted(value)) or "(none)"
        case _:
            return str(value)
