"""What a change does to people, and how much it can hurt them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from connectsync.domain.change import Add, Change, Remove, values_of, widens
from connectsync.domain.settings import BY_NAME, Form, is_empty, labels_of
from connectsync.providers.form import Effect, Risk, Value, When


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
