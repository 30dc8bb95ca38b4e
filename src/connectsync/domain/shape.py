"""What data must look like before anything is made of them: checked, then trusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_UNSTORABLE = re.compile("[\ud800-\udfff]")
"""What no database and no stream takes: half of a surrogate pair."""


class Misshapen(ValueError):
    """Data that are not what they must be; the sentence says where and why."""


Shape = Callable[[Any, str], None]
"""Looks at data and the place where they stand. Raises ``Misshapen``."""


@dataclass(frozen=True, slots=True)
class Members:
    """
    An object with these members; ``optional`` ones may be absent.

    There are no others, unless it is ``open``: then others are not looked at.
    """

    needed: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)
    open: bool = False

    def __call__(self, data: Any, where: str) -> None:
        """Look at an object. Raises ``Misshapen``."""
        if not isinstance(data, dict):
            raise Misshapen(f"{_named(where)} is {kind_of(data)}, not an object")
        for name in self.needed:
            if name not in data:
                raise Misshapen(f"{_named(where)} has no {name!r}")
        known = {**self.needed, **self.optional}
        for name, value in data.items():
            if name not in known and self.open:
                continue
            if name not in known:
                raise Misshapen(f"{_named(where)} has the unknown {name!r}")
            known[name](value, f"{where}.{name}" if where else name)


def each(shape: Shape, *, least: int = 0) -> Shape:
    """Make the shape of a list of at least so many alike."""

    def look(data: Any, where: str) -> None:
        if not isinstance(data, list):
            raise Misshapen(f"{_named(where)} is {kind_of(data)}, not a list")
        if len(data) < least:
            raise Misshapen(f"{_named(where)} is empty")
        for position, item in enumerate(data):
            shape(item, f"{where}[{position}]")

    return look


def text(data: Any, where: str) -> None:
    """Look at a text that can be stored and shown."""
    if not isinstance(data, str):
        raise Misshapen(f"{_named(where)} is {kind_of(data)}, not text")
    if _UNSTORABLE.search(data):
        raise Misshapen(f"{_named(where)} holds a character that no text may hold")


def flag(data: Any, where: str) -> None:
    """Look at true or false."""
    if not isinstance(data, bool):
        raise Misshapen(f"{_named(where)} is {kind_of(data)}, not true or false")


def whole(least: int) -> Shape:
    """Make the shape of a whole number from ``least`` on."""

    def look(data: Any, where: str) -> None:
        if isinstance(data, bool) or not isinstance(data, int):
            raise Misshapen(f"{_named(where)} is {kind_of(data)}, not a whole number")
        if data < least:
            raise Misshapen(f"{_named(where)} is less than {least}")

    return look


def moment(data: Any, where: str) -> None:
    """Look at a time with its zone, on a day that every clock has."""
    text(data, where)
    try:
        found = datetime.fromisoformat(data)
        zoned = found.tzinfo is not None and bool(found.timestamp() or True)
    except (ValueError, OverflowError):
        zoned = False
    if not zoned:
        raise Misshapen(f"{_named(where)} is no time with a time zone")


def one_of(*allowed: object) -> Shape:
    """Make the shape of one of a few values."""

    def look(data: Any, where: str) -> None:
        alike = [one for one in allowed if type(one) is type(data) and one == data]
        if not alike:
            listed = ", ".join(map(repr, allowed))
            raise Misshapen(f"{_named(where)} is none of {listed}")

    return look


def matching(pattern: str) -> Shape:
    """Make the shape of a text that matches a pattern from end to end."""

    def look(data: Any, where: str) -> None:
        text(data, where)
        if not re.fullmatch(pattern, data):
            raise Misshapen(f"{_named(where)} is not spelled as it must be")

    return look


def kind_of(data: Any) -> str:
    """Name the kind of a JSON value, and never the value."""
    match data:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"


def _named(where: str) -> str:
    return where or "it"


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """
    Give the members of a JSON object, as ``object_pairs_hook``.

    Of a name that stands twice readers take either: what one person reviewed is not
    what another program reads. Raises ``ValueError``.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members
