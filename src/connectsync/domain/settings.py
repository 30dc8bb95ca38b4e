"""The form: settings, their values, and changes between two forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar, cast

from connectsync.domain.foreign_text import no_command
from connectsync.providers.clever import CLEVER
from connectsync.providers.form import Kind, Setting, Value

SETTINGS = CLEVER.settings
"""In the order of the form; every ordered output follows it."""

FIRST_FORM = frozenset(setting.name for setting in SETTINGS if setting.first)
"""
What schema 1 began with: every gateway, snapshot and plan names these.

What was written or answered before a later setting was known does not name it, and so
says nothing about it.
"""

BY_NAME: Mapping[str, Setting] = CLEVER.by_name

Form = Mapping[str, Value]
"""Values by setting name. A name that is missing is not managed, or not known."""


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
        # most labels have no accents, and a fleet asks very often
        return _all_spelled(value, spellings) if spellings else value
    return value


def _all_spelled(labels: Iterable[str], spellings: Mapping[str, str]) -> Any:
    return frozenset(_spelled(label, spellings) for label in labels)


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
    if one == other:
        return True
    id_of_hex = BY_NAME[name].hexadecimal if name in BY_NAME else False
    if id_of_hex and isinstance(one, str) and isinstance(other, str):
        both_hex = _HEX.fullmatch(one) and _HEX.fullmatch(other)
        return bool(both_hex) and one.lower() == other.lower()
    return name in LABELED and is_same_label(one, other)


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
            return no_command(", ".join(sorted(value))) or "(none)"
        case _:
            return no_command(str(value))
