"""What a file has to state so that a district is as Connect holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectsync.config.building import settings_of
from connectsync.config.shelf import Shelf
from connectsync.connect.values import json_of
from connectsync.domain.settings import SETTINGS, Form, Setting, Value

FORM = tuple(setting for setting in SETTINGS if setting.section == "settings")
"""The settings that layers share; the district's id is its own."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A profile, empty for none, and what a file that builds on it has to state."""

    profile: str
    stated: Mapping[str, Any]


def closest(shelf: Shelf, live: Form) -> Likeness:
    """
    Choose the profile that leaves the least to state; of equals the first by name.

    A profile that shares no setting with the form is none.
    """
    without = Likeness("", stated_over({}, live))
    likenesses = [likeness(shelf, stem, live) for stem in usable_profiles(shelf)]
    best = min(likenesses, key=lambda one: len(one.stated), default=without)
    return best if len(best.stated) < len(without.stated) else without


def usable_profiles(shelf: Shelf) -> Iterator[str]:
    """Give the profiles on which a district can be built, by name."""
    for stem in sorted(shelf.names):
        chain = shelf.chains.under((stem,))
        if chain is not None and shelf.broken.isdisjoint(chain):
            yield stem


def likeness(shelf: Shelf, stem: str, live: Form) -> Likeness:
    """Say what a file that builds on this profile has to state."""
    chain = shelf.chains.under((stem,)) or ()
    shared = settings_of([shelf.documents[layer] for layer in chain]).managed()
    return Likeness(stem, stated_over(shared, live))


def stated_over(shared: Form, live: Form) -> dict[str, Any]:
    """Give the settings a file states over what it shares, as data of a file."""
    return {
        setting.name: spelled(setting, live[setting.name])
        for setting in FORM
        if setting.name in live
        and sayable(setting, live[setting.name]) != shared.get(setting.name)
    }


def spelled(setting: Setting, value: Value) -> Any:
    """Give a value as data of a file; null where a file cannot say it."""
    return json_of(setting, sayable(setting, value))


def sayable(setting: Setting, value: Value) -> Value:
    """Give a value if a file can say it, and None (not managed) if it cannot."""
    return None if unknown_labels(setting, value) else value


def unknown_labels(setting: Setting, value: Value) -> tuple[str, ...]:
    """Give the labels of a value that files do not know."""
    if not setting.labels or value is None:
        return ()
    labels = value if isinstance(value, frozenset) else {str(value)}
    return tuple(sorted(labels - set(setting.labels)))


def notes(live: Form) -> tuple[str, ...]:
    """Say which live values no file can say, so that they are left unmanaged."""
    return tuple(
        f"{setting.name} holds {unknown[0]!r} on Connect, which files do not know;"
        " left unmanaged"
        for setting in FORM
        if (unknown := unknown_labels(setting, live.get(setting.name)))
    )
