"""Values of the form as JSON data: sets become sorted lists, and come back as sets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from connectsync.domain.labels import LABELED, is_same_label
from connectsync.domain.settings import BY_NAME, Form, Kind, Setting, Value

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
    return _labels(name, data) if isinstance(data, list) else cast("Value", data)


def _labels(name: str, data: list[Any]) -> frozenset[str]:
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


def differing(one: Form, other: Form) -> tuple[str, ...]:
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
