"""Changes on one setting: set it, add a label to it, remove a label from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectsync.domain.settings import (
    BY_NAME,
    LABELED,
    Form,
    is_empty,
    labels_in,
    spell_like,
)
from connectsync.providers.form import Value


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
