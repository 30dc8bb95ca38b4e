"""
One label, however its accents are spelled: `é` is one sign, or an `e` and an accent.

Editors, macOS and pages differ in that, and no one can see it. Labels that differ in
nothing else are the same; what is kept and sent is as Connect spells it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from connectsync.domain.settings import BY_NAME, Kind, Value

V = TypeVar("V", str, frozenset[str], Value)

LABELED = frozenset(
    setting.name
    for setting in BY_NAME.values()
    if setting.kind in {Kind.CHOICE, Kind.BOXES}
)
"""The settings whose values are labels of the page."""


def composed(text: str) -> str:
    """Put letters and their accents together (NFC), as most keyboards do."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    """Take letters and their accents apart (NFD), as file names of macOS do."""
    return text if text.isascii() else unicodedata.normalize("NFD", text)


def is_same_label(one: Value, other: Value) -> bool:
    """Say whether two labels, or two sets of them, differ in spelling at most."""
    return one == other or _composed(one) == _composed(other)


def spelled_as(value: V, known: Iterable[str]) -> V:
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
        name: spelled_as(value, known.get(name, ())) if name in LABELED else value
        for name, value in form.items()
    }


def labels_in(value: Value) -> frozenset[str]:
    """Give the labels that a value of a setting holds."""
    if isinstance(value, str):
        return frozenset([value])
    return value if isinstance(value, frozenset) else frozenset()


def _composed(value: Value) -> Value:
    if isinstance(value, str):
        return composed(value)
    return frozenset(map(composed, value)) if isinstance(value, frozenset) else value


def _by_spelling(labels: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Map known labels from both spellings; an exact one wins over another."""
    if all(map(str.isascii, labels)):
        return {}
    exact = tuple(known)
    return {composed(one): one for one in exact} | {one: one for one in exact}


def _spelled(label: str, spellings: Mapping[str, str]) -> str:
    return spellings.get(label, spellings.get(composed(label), label))
