"""The form: settings, their values, and changes between two forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast

from connectsync.domain.foreign_text import no_command
from connectsync.providers.clever import CLEVER
from connectsync.providers.form import Effect, Kind, Risk, Setting, Value, When
from connectsync.values import dataclass, replace

SETTINGS = CLEVER.settings
"""In the order of the form; every ordered output follows it."""

FIRST_FORM = frozenset(setting.name for setting in SETTINGS if setting.first)
"""
What schema 1 began with: every gateway, snapshot and plan names these.

What was written or answered before a later setting was known does not name it, and so
says nothing about it.
"""

BY_NAME: Mapping[str, Setting] = CLEVER.by_name

SWITCH = "enable_daily_sync"
"""The setting that goes off first and on last, in a save of its own."""

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
    if other.items() <= one.items():
        # as most districts are
        return ()
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


@dataclass(frozen=True, slots=True)
class Set:
    """Give a setting another value."""

    setting: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Add:
    """Tick one more label of a setting."""

    setting: str
    label: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Untick one label of a setting."""

    setting: str
    label: str


Change = Set | Add | Remove


@lru_cache(maxsize=1 << 14, typed=True)
def changes_of(setting: str, before: Value, after: Value) -> tuple[Change, ...]:
    """
    Say how one setting gets from one value to another; nothing if it is there.

    A label that is there already is meant as it is spelled there.
    """
    if setting in LABELED:
        after = spell_like(after, labels_in(before))
    if before == after:
        return ()
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        removed = tuple(Remove(setting, label) for label in sorted(before - after))
        return removed + tuple(Add(setting, label) for label in sorted(after - before))
    return (Set(setting, before, after),)


def values_of(change: Change) -> tuple[Value, Value]:
    """Give the value before and after; None for a label that is not there."""
    match change:
        case Set(before=before, after=after):
            return before, after
        case Add(label=label):
            return None, label
        case Remove(label=label):
            return label, None


def widens(change: Change) -> bool:
    """
    Say whether a change makes people guardians who were not reached before.

    That holds for every kind of contact: a parent who was not synced yesterday can be
    messaged today, without an invitation (C5). No later change can undo a message.
    """
    if not BY_NAME[change.setting].reaches_people:
        return False
    match change:
        case Set(after=bool()):
            return change.after is True
        case Set():
            return is_empty(change.before) and not is_empty(change.after)
        case Add():
            return True
        case Remove():
            return False


def change_data(change: Change) -> dict[str, Any]:
    """Give a change as JSON data."""
    match change:
        case Set(setting, before, after):
            return _op("set", setting, value_data(before), value_data(after))
        case Add(setting, label):
            return _op("add", setting, None, label)
        case Remove(setting, label):
            return _op("remove", setting, label, None)


def _op(op: str, setting: str, before: Any, after: Any) -> dict[str, Any]:
    return {"op": op, "setting": setting, "before": before, "after": after}


def change_of(data: Mapping[str, Any]) -> Change:
    """Read what `change_data` gave. Raises ``ValueError`` if it is not that."""
    setting = data["setting"]
    match data["op"]:
        case "set":
            before = value_of(setting, data["before"])
            return Set(setting, before, value_of(setting, data["after"]))
        case "add":
            return Add(setting, data["after"])
        case "remove":
            return Remove(setting, data["before"])
        case op:
            raise ValueError(f"unknown change {op!r}")


def apply_changes(form: Form, changes: Iterable[Change]) -> dict[str, Value]:
    """Give the form as it is after the changes."""
    result = dict(form)
    for change in changes:
        match change:
            case Set():
                result[change.setting] = change.after
            case Add():
                result[change.setting] = _labels(result, change) | {change.label}
            case Remove():
                result[change.setting] = _labels(result, change) - {change.label}
    return result


def _labels(form: Form, change: Add | Remove) -> frozenset[str]:
    labels = form.get(change.setting)
    return labels if isinstance(labels, frozenset) else frozenset()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A risk and the sentence that says why, about people."""

    risk: Risk
    effect: str


def running(form: Form) -> bool:
    """Say whether the nightly sync is on."""
    return form.get(SWITCH) is True


def assess(change: Change, live: Form, *, launched: bool = False) -> Assessment:
    """
    Say what a change does to people, given the form it is made on.

    On a district whose sync never ran, no one is reached yet, so nothing there is
    disruptive. A paused district was ``launched``: families meet what is changed now
    when the sync runs again.

    A sentence that says more than the published pages do ends with ``(inferred)``.
    """
    assessment = _told(change)
    if widens(change) and not _reaches(change, live):
        assessment = replace(assessment, risk=Risk.CAUTION)
    if running(live) or not BY_NAME[change.setting].waits_for_sync:
        return assessment
    disruptive = assessment.risk is Risk.DISRUPTIVE
    risk = Risk.CAUTION if disruptive and not launched else assessment.risk
    effect = assessment.effect[0].lower() + assessment.effect[1:]
    return Assessment(risk, f"Once the sync runs, {effect}")


def _reaches(change: Change, live: Form) -> bool:
    """Say whether added contacts take effect: not while guardians are not synced."""
    managed = live.get("manage_guardians") is not False
    return managed or change.setting == "manage_guardians"


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


_CONDITIONS: Mapping[When, Callable[[Change, Value, Value, Effect], bool]] = {
    When.TURNED_ON: lambda _, __, after, ___: after is True,
    When.EMPTIED: lambda _, __, after, ___: is_empty(after),
    When.FILLED: lambda _, before, __, ___: is_empty(before),
    When.ADDED: lambda change, *_: isinstance(change, Add),
    When.REMOVED: lambda change, *_: isinstance(change, Remove),
    When.GRANTED: lambda _, before, after, effect: (
        effect.value in labels_of(after) - labels_of(before)
    ),
    When.BECOMES: lambda _, __, after, effect: labels_of(after) == {effect.value},
    When.RAISED: lambda _, before, after, __: _number(after) > _number(before),
    When.BELOW: lambda _, __, after, effect: _number(after) < _number(effect.value),
    When.CHANGED: lambda *_: True,
}
"""Whether a change, from one value to another, is one that an effect is about."""


def _told(change: Change) -> Assessment:
    """Give the first effect that a change has."""
    setting = BY_NAME[change.setting]
    before, after = values_of(change)
    for when, effect in setting.effects.items():
        if _CONDITIONS[when](change, before, after, effect):
            text = effect.text.format(before=before, after=after)
            return Assessment(effect.risk, text)
    return Assessment(Risk.CAUTION, f"What '{setting.page_label}' does is not known.")


def crowded_out(
    kept: Mapping[str, frozenset[str]], desired: Form, changes: Iterable[Change]
) -> tuple[str, str] | None:
    """Say why a type is not ticked beside one that stays, where one is the most."""
    name = "phone_types"
    if name not in kept or not any(
        isinstance(one, Add) and one.setting == name for one in changes
    ):
        return None
    message = (
        f"{name} holds {spell(kept[name])} on Connect, which the files do not know and"
        f" which is kept, so {spell(desired[name])} cannot be ticked beside it: with"
        " Clever the form takes one phone type"
    )
    remedy = (
        "record the labels with `connectsync doctor --record`, then name the one that"
        " is meant in the file; or untick it on Connect"
    )
    return message, remedy
