"""Changes on one setting, what they do to people, and how much they can hurt them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from connectsync.domain.settings import (
    BY_NAME,
    LABELED,
    Form,
    is_empty,
    labels_in,
    labels_of,
    spell,
    spell_like,
)
from connectsync.providers.form import Effect, Risk, Value, When
from connectsync.values import dataclass, replace


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
    return form.get("enable_daily_sync") is True


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
