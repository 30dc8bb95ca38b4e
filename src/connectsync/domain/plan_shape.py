"""
The shape of a plan's data, member by member.

It is that of ``schema/plan.schema.json``, spelled without a library: the state store
reads plans as well, and nothing is made of one before it was looked at.
"""

from __future__ import annotations

from typing import Any

from connectsync.domain.drift import Moved
from connectsync.domain.finding import Severity
from connectsync.domain.risk import Risk
from connectsync.domain.settings import BY_NAME, Kind
from connectsync.domain.shape import (
    Members,
    Misshapen,
    Shape,
    each,
    flag,
    kind_of,
    matching,
    moment,
    one_of,
    text,
    whole,
)
from connectsync.domain.untouched import WhyUntouched
from connectsync.domain.values import value_of


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
        "moved": one_of(*(who.value for who in Moved)),
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
    {"kept": _kept},
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
        "count": whole(1),
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
        "since": matching("[0-9a-f]{40}([0-9a-f]{24})?"),
        "left_alone": each(_LEFT),
        "untouched": each(_untouched, least=1),
    },
    # the state store keeps what it knows of a run beside its plan
    open=True,
)
"""Counts of the summary are worked out, not read: a wrong one breaks the digest."""
