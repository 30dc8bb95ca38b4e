"""
The shape of a plan's data, member by member.

It is that of ``schema/plan.schema.json``, spelled without a library: the state store
reads plans as well, and nothing is made of one before it was looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectsync.domain.district import WhyUntouched
from connectsync.domain.drift import MovedBy
from connectsync.domain.finding import Severity
from connectsync.domain.plan import PEOPLE, REACHED_BY
from connectsync.domain.policy import IMPACT_LIMITS, LIMIT_FIGURES
from connectsync.domain.settings import BY_NAME, value_of
from connectsync.providers.form import Kind, Risk
from connectsync.values import dataclass, field

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


def whole(least: int, most: int | None = None) -> Shape:
    """Make the shape of a whole number from ``least`` on, at most to ``most``."""

    def look(data: Any, where: str) -> None:
        if isinstance(data, bool) or not isinstance(data, int):
            raise Misshapen(f"{_named(where)} is {kind_of(data)}, not a whole number")
        if data < least:
            raise Misshapen(f"{_named(where)} is less than {least}")
        if most is not None and data > most:
            raise Misshapen(f"{_named(where)} is more than {most}")

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


def match_shape(pattern: str) -> Shape:
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


MOST_PARTS = 4_000_000
"""Lists, objects and commas of an answer; the forms of the country have a million."""


class BadJson(ValueError):
    """Text that is not JSON of one meaning; its sentence begins with *it is*."""


def read_json(text: str | bytes) -> Any:
    """
    Read JSON in which each name stands once in its object.

    Of a name that stands twice readers take either: what one person reviewed is not
    what another program reads. Bytes are what others sent, so that of them at most
    ``MOST_PARTS`` are read. Raises ``BadJson``.
    """
    # each takes many times its bytes in memory: counted before they are read
    if isinstance(text, bytes) and _parts_of(text) > MOST_PARTS:
        raise BadJson(f"it is JSON of more than {MOST_PARTS:,} parts")
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        return json.loads(text, object_pairs_hook=_unique_members)
    except json.JSONDecodeError as error:
        raise BadJson(f"it is not valid JSON: {_json_fault(error)}") from error
    except UnicodeDecodeError as error:
        raise BadJson("it is not valid JSON: it is not UTF-8") from error
    except RecursionError as error:
        raise BadJson("it is JSON that is nested too deeply to be read") from error
    except BadJson:
        raise
    except ValueError as error:  # Python reads no number of so many digits
        raise BadJson("it is JSON with a number too long to be read") from error


def _parts_of(raw: bytes) -> int:
    return sum(map(raw.count, (b",", b"[", b"{")))


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadJson("it is not a JSON object in which each name stands once")
    return members


def _json_fault(error: json.JSONDecodeError) -> str:
    """Say where the text stops to be JSON; of one that is cut off, say that."""
    left = error.doc[error.pos :].strip()
    if not error.doc.strip():
        return "it is empty"
    begun = any(word.startswith(left) for word in ("true", "false", "null", "-"))
    if begun or error.msg.startswith("Unterminated string"):
        lines = error.doc.rstrip().count("\n") + 1
        return f"it is cut off at its end, in line {lines}"
    return f"see line {error.lineno}, column {error.colno}"


def _setting(data: Any, where: str) -> None:
    text(data, where)
    if data not in BY_NAME:
        raise Misshapen(f"{where} is no setting of the form")


def _value_of(name: str) -> Shape:
    """Make the shape of a value of one setting."""

    def look(data: Any, where: str) -> None:
        try:
            value_of(name, data)
        except TypeError as error:
            raise Misshapen(
                f"{where} is {kind_of(data)}, which {name} cannot be"
            ) from error
        for label in data if isinstance(data, list) else [data]:
            if isinstance(label, str):
                text(label, where)

    return look


def _form(data: Any, where: str) -> None:
    Members({}, {name: _value_of(name) for name in BY_NAME})(data, where)


def _kept(data: Any, where: str) -> None:
    groups = [one for one in BY_NAME.values() if one.kind is Kind.BOXES]
    Members({}, {one.name: each(text, least=1) for one in groups})(data, where)


def _later(data: Any, where: str) -> None:
    runs = each(whole(1), least=1)
    Members({}, dict.fromkeys(BY_NAME, runs))(data, where)


def _valued(*names: str) -> Shape:
    """Make the shape of an object whose members are values of its ``setting``."""

    def look(data: Any, where: str) -> None:
        _setting(data["setting"], f"{where}.setting")
        for name in names:
            _value_of(data["setting"])(data[name], f"{where}.{name}")

    return look


def _change(data: Any, where: str) -> None:
    _CHANGE(data, where)
    _setting(data["setting"], f"{where}.setting")
    if data["op"] == "set":
        _valued("before", "after")(data, where)
        return
    label, other = ("after", "before") if data["op"] == "add" else ("before", "after")
    if BY_NAME[data["setting"]].kind is not Kind.BOXES:
        raise Misshapen(f"{where} ticks a box of {data['setting']}, which has none")
    text(data[label], f"{where}.{label}")
    if data[other] is not None:
        raise Misshapen(f"{where}.{other} is {kind_of(data[other])}, not null")


def _movement(data: Any, where: str) -> None:
    _MOVEMENT(data, where)
    _valued("baseline", "desired", "live")(data, where)


def _untouched(data: Any, where: str) -> None:
    _UNTOUCHED(data, where)
    _valued("value")(data, where)


def _any(_data: Any, _where: str) -> None:
    """Leave to what comes after what a member may hold."""


def _figure(data: Any, where: str) -> None:
    if type(data) not in {int, float} or not 0 <= data < float("inf"):
        raise Misshapen(f"{where} is no number from 0 on")


def _turn(data: Any, where: str) -> None:
    _TURN(data, where)
    _valued("now", "then")(data, where)


_CHANGE = Members(
    {
        "op": one_of("set", "add", "remove"),
        "setting": text,
        "before": _any,
        "after": _any,
        "risk": one_of(*(risk.value for risk in Risk)),
        "effect": text,
    }
)
_MOVEMENT = Members(
    {
        "setting": text,
        "moved": one_of(*(who.value for who in MovedBy)),
        "baseline": _any,
        "desired": _any,
        "live": _any,
    }
)
_UNTOUCHED = Members(
    {
        "district": text,
        "setting": text,
        "why": one_of(*(why.value for why in WhyUntouched)),
        "value": _any,
    }
)
_HOUR, _DAY = (
    match_shape("[0-2][0-9]:[0-5][0-9]"),
    match_shape("[0-9]{4}(-[0-9]{2}){2}"),
)
_ZONE = match_shape("[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_TURN = Members(
    {
        "setting": text,
        "now": _any,
        "until": _DAY,
        "then": _any,
        "reason": text,
        "timezone": _ZONE,
    }
)
_DISTRICT = Members(
    {
        "district": text,
        "name": text,
        "file": text,
        "live_version": text,
        "read_at": moment,
        "live": _form,
        "desired": _form,
        "saves": each(
            Members({"changes": each(_change)}, {"set_token": one_of(True)}),  # noqa: FBT003 - the value itself
        ),
        "drift": each(_movement),
    },
    {
        "kept": _kept,
        "token": text,
        "later_runs": _later,
        "scheduled": each(_turn, least=1),
        "impact": _any,
    },
)
_FAILED = Members(dict.fromkeys(("district", "file", "message", "remedy"), text))
_GUARD = Members(
    {
        "rule": text,
        "severity": one_of(*(severity.value for severity in Severity)),
        "message": text,
        "hint": text,
        "district": text,
        "accept": text,
        "count": whole(0),
    },
    {"needs_reason": one_of(True)},  # noqa: FBT003 - the value itself
)
_LEFT = Members(
    {
        "district": text,
        "file": text,
        "applied": flag,
        "error": text,
        "movements": each(_movement),
    }
)
_SCHEDULED = Members({"district": text, "turns": each(_turn, least=1)})
_LATER = Members({"district": text, "says": each(text, least=1)})
_RUNNING = Members(dict.fromkeys(("district", "file", "error"), text))
_WINDOW = Members(
    {"days": each(one_of(*range(7))), "from": _HOUR, "to": _HOUR, "timezone": _ZONE}
)
_HEX = match_shape("[0-9a-f]{64}")
_MOST = dict.fromkeys(IMPACT_LIMITS, _figure)
_FREEZE = Members({"from": _DAY, "to": _DAY, "reason": text, "timezone": _ZONE})
_CLOSED = {"freezes": each(_FREEZE), "nightly_sync": each(_WINDOW)}
_WHOSE = {"name": text, "districts": each(text, least=1), "windows": each(_WINDOW)}
_LIMITS = Members(
    {
        **dict.fromkeys(LIMIT_FIGURES, whole(0)),
        "max_live_age_hours": whole(0, 8760),
        "windows": each(each(_WINDOW, least=1)),
        **_CLOSED,
    },
    {
        "impact": Members({}, dict.fromkeys(PEOPLE, Members({}, _MOST))),
        "calendars": each(Members({**_WHOSE, **_CLOSED}), least=1),
    },
)

PLAN = Members(
    {
        "schema": _any,
        "created": moment,
        "tool": text,
        "backend": text,
        "scope": each(text),
        "fleet": whole(0),
        "districts": each(_DISTRICT),
        "in_step": each(text),
        "failed": each(_FAILED),
        "guards": each(_GUARD),
    },
    {
        "digest": _any,
        "summary": _any,
        "rollback_of": whole(1),
        "since": match_shape("[0-9a-f]{40}([0-9a-f]{24})?"),
        "left_alone": each(_LEFT),
        "untouched": each(_untouched, least=1),
        "still_running": each(_RUNNING),
        "token_not_typed": each(text, least=1),
        "limits": _LIMITS,
        "comes_in": each(text, least=1),
        "loosened": each(text, least=1),
        "goes_out": each(text, least=1),
        "later": each(_LATER, least=1),
        "scheduled": each(_SCHEDULED, least=1),
        "connection": Members({}, dict.fromkeys(REACHED_BY, _HEX)),
    },
    # the state store keeps what it knows of a run beside its plan
    open=True,
)
"""Counts of the summary are worked out, not read: a wrong one breaks the digest."""
