"""A value of a setting as JSON, and back, strictly by the setting's kind."""

from __future__ import annotations

import re
from typing import assert_never

from connectsync.domain.settings import Kind, Setting, Value
from connectsync.domain.shape import kind_of
from connectsync.domain.values import is_whole

_HIGHEST_PERCENT = 100
_LONGEST = 1_000
_MOST_LABELS = 1_000
"""No label or id is longer, and no list of a form has more: reports show them."""
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


class Unfit(ValueError):
    """JSON that is not of the kind it should be; the sentence says why."""


def json_of(setting: Setting, value: Value) -> object:
    """Give a value as JSON: sets as lists, in the order of the page's labels."""
    if isinstance(value, frozenset):
        order = {label: place for place, label in enumerate(setting.labels)}
        return sorted(value, key=lambda label: (order.get(label, len(order)), label))
    return value


def value_of(setting: Setting, raw: object) -> Value:
    """
    Read a value from JSON.

    Labels we do not know are values like any other: it is Connect that spells them.
    Raises ``Unfit``, whose sentence goes on from the name of the setting.
    """
    match setting.kind:
        case Kind.TEXT:
            return text_of(raw)
        case Kind.CHOICE:
            return _label(raw)
        case Kind.BOX:
            return _box(raw)
        case Kind.BOXES:
            return labels_of(raw)
        case Kind.PERCENT:
            return _percent(raw)
        case _:
            assert_never(setting.kind)


def text_of(raw: object) -> str:
    """Read text; half of a surrogate pair is none, and no file could hold it."""
    if not isinstance(raw, str):
        raise Unfit(f"is {kind_of(raw)}, not text")
    if len(raw) > _LONGEST:
        raise Unfit(f"is longer than {_LONGEST:,} characters")
    if _HALF_A_PAIR.search(raw):
        raise Unfit("is broken Unicode")
    return raw


def _label(raw: object) -> str:
    label = text_of(raw)
    if not label:
        raise Unfit("is empty, where a label is shown")
    return label


def _box(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise Unfit(f"is {kind_of(raw)}, not true or false")
    return raw


def labels_of(raw: object) -> frozenset[str]:
    """Read a set of labels; an empty one is none, and none stands twice."""
    if not isinstance(raw, list):
        raise Unfit(f"is {kind_of(raw)}, not a list of labels")
    if len(raw) > _MOST_LABELS:
        raise Unfit(f"names more than {_MOST_LABELS:,} labels")
    labels = frozenset(_label(label) for label in raw)
    if len(labels) != len(raw):
        raise Unfit("names a label twice")
    return labels


def _percent(raw: object) -> int | None:
    if raw is None:
        return None
    # JSON Schema counts 20.0 as a whole number, and so do the schemas we publish
    if not isinstance(raw, int | float) or not is_whole(raw):
        raise Unfit(f"is {kind_of(raw)}, not a whole number or null")
    if not 0 <= raw <= _HIGHEST_PERCENT:
        raise Unfit("is not within 0-100")
    return int(raw)
