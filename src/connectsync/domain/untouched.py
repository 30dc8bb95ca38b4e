"""What a plan leaves as it is on Connect though files or Connect speak of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.labels import composed, spelled_as
from connectsync.domain.settings import BY_NAME, Form, Value

NamedLabels = frozenset[tuple[str, str]]
"""Pairs of a box group and a label that is not among the published ones."""

KeptLabels = Mapping[str, frozenset[str]]
"""Ticked labels by box group that files do not know: they stay ticked."""


class WhyUntouched(StrEnum):
    """Why a value stays as it is."""

    KEPT = "kept"
    RELEASED = "released"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Untouched:
    """
    A setting, or labels of it, that a plan does not touch.

    ``kept`` are ticked labels that the files do not know. ``released`` is the live
    value of a setting that files no longer manage. ``not shown`` is what files want of
    a setting that Connect does not show.
    """

    district: str
    setting: str
    why: WhyUntouched
    value: Value


def unpublished(form: Mapping[str, Value | Collection[str]]) -> NamedLabels:
    """Give the labels of box groups that are not among the published ones."""
    return frozenset(
        (name, label)
        for name, labels in form.items()
        if isinstance(labels, Collection) and not isinstance(labels, str)
        for label in set(labels) - set(BY_NAME[name].labels)
    )


def kept_labels(
    live: Form, desired: Form, known: NamedLabels
) -> dict[str, frozenset[str]]:
    """
    Give the ticked labels that a plan must leave ticked.

    A label that is published, that a layer of the district names, or that we applied
    before is ``known``: files that leave it out want it gone. Any other was ticked by
    a person, or belongs to a newer page, and no file could say so.
    """
    kept = {}
    spellings = {(name, composed(label)) for name, label in known}
    for name, wanted in desired.items():
        held = live.get(name)
        if isinstance(held, frozenset) and isinstance(wanted, frozenset):
            strange = held - spelled_as(wanted, held) - set(BY_NAME[name].labels)
            kept[name] = frozenset(
                one for one in strange if (name, composed(one)) not in spellings
            )
    return {name: labels for name, labels in kept.items() if labels}


def without(form: Form, kept: KeptLabels) -> dict[str, Value]:
    """Give a form as far as files know its labels."""
    known = dict(form)
    for name, labels in kept.items():
        value = form.get(name)
        if isinstance(value, frozenset):
            known[name] = value - labels
    return known
