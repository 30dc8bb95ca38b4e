"""What a file has to state so that a district is as Connect holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectsync.config.building import settings_of
from connectsync.config.checking import Recorded
from connectsync.config.shelf import Shelf
from connectsync.connect.values import json_of
from connectsync.domain.labels import composed
from connectsync.domain.settings import SETTINGS, Form, Setting, Value
from connectsync.domain.values import is_same

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
    without = Likeness("", stated_over({}, live, shelf.recorded))
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
    shared = settings_of(
        [shelf.documents[layer] for layer in chain], shelf.recorded
    ).managed()
    return Likeness(stem, stated_over(shared, live, shelf.recorded))


def stated_over(shared: Form, live: Form, recorded: Recorded) -> dict[str, Any]:
    """Give the settings a file states over what it shares, as data of a file."""
    found = {}
    for setting in FORM:
        if setting.name in live:
            value = sayable(setting, live[setting.name], recorded)
            if not is_same(setting.name, value, shared.get(setting.name)):
                found[setting.name] = json_of(setting, value)
    return found


def sayable(setting: Setting, value: Value, recorded: Recorded) -> Value:
    """
    Give a value as far as a file can say it.

    Of ticked labels those stay that are published or recorded; the others are kept on
    Connect without a file. What no file can say at all is None: not managed.
    """
    unknown = unknown_labels(setting, value, recorded)
    if isinstance(value, frozenset) and value - set(unknown):
        return value - set(unknown)
    return None if unknown else value


def unknown_labels(
    setting: Setting, value: Value, recorded: Recorded
) -> tuple[str, ...]:
    """Give the labels of a value that files do not know."""
    if not setting.labels or value is None:
        return ()
    labels = value if isinstance(value, frozenset) else {str(value)}
    known = {*setting.labels, *recorded.get(setting.name, ())}
    said = {composed(label) for label in known}
    return tuple(sorted(label for label in labels if composed(label) not in said))


def notes(live: Form, recorded: Recorded) -> tuple[str, ...]:
    """Say which live values no file can say, and what comes of them."""
    return tuple(
        note_on(setting, live[setting.name], unknown, "left unmanaged")
        for setting in FORM
        if (unknown := unknown_labels(setting, live.get(setting.name), recorded))
    )


def note_on(
    setting: Setting, value: Value, unknown: tuple[str, ...], unmanaged: str
) -> str:
    """Say that labels on Connect are unknown to files, and what comes of them."""
    said = f"{setting.name} holds {', '.join(map(repr, unknown))} on Connect, which"
    if isinstance(value, frozenset) and value - set(unknown):
        return f"{said} files do not know; kept there, the rest is managed"
    return f"{said} files do not know; {unmanaged}"
