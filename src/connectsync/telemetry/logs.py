"""A run as lines of JSON: one object for each event, for machines that keep logs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, assert_never

from connectsync.domain.event import (
    DistrictBegan,
    DistrictEnded,
    Event,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)
from connectsync.domain.outcome import Ending
from connectsync.telemetry.events import decodable


class Level(StrEnum):
    """How much a line matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def event_line(event: Event) -> str:
    """
    Give an event as a line of JSON without its line end.

    The keys are ``time``, ``level``, ``event``, then the event's own in their order.
    """
    return _line(event.at, level_of(event), _name(event), dict(_event_fields(event)))


def message_line(level: Level, message: str, at: datetime, remedy: str = "") -> str:
    """Give what is said in words as a line of JSON, beside those of events."""
    more = {"remedy": remedy} if remedy else {}
    return _line(at, level, "message", {"message": message, **more})


def level_of(event: Event) -> Level:
    """Say how much an event matters."""
    match event:
        case DistrictEnded(outcome=outcome):
            return _LEVELS[outcome.ending]
        case SaveSettled(settled=settled):
            return Level.INFO if settled == "confirmed" else Level.WARNING
        case WaveEnded(failures=failures):
            return Level.WARNING if failures else Level.INFO
        case RunEnded(stopped=stopped):
            return Level.ERROR if stopped else Level.INFO
        case RunBegan() | WaveBegan() | DistrictBegan() | SaveIntended():
            return Level.INFO
        case _:
            assert_never(event)


_LEVELS: Mapping[Ending, Level] = {
    Ending.DONE: Level.INFO,
    Ending.FAILED: Level.ERROR,
    Ending.CONFLICT: Level.ERROR,
    Ending.WAITING: Level.WARNING,
    Ending.SKIPPED: Level.WARNING,
    Ending.NOT_REACHED: Level.WARNING,
}


def _name(event: Event) -> str:
    """Spell ``SaveIntended`` as ``save_intended``."""
    spelled = "".join(
        f"_{c.lower()}" if c.isupper() else c for c in type(event).__name__
    )
    return spelled.removeprefix("_")


def _event_fields(event: Event) -> Iterator[tuple[str, Any]]:
    for field in fields(event):
        match field.name:
            case "at":
                continue
            case "outcome" if isinstance(event, DistrictEnded):
                outcome = event.outcome
                yield from (
                    (one.name, getattr(outcome, one.name)) for one in fields(outcome)
                )
            case "counts" if isinstance(event, RunEnded):
                yield "counts", dict(event.counts)
            case name:
                yield name, getattr(event, name)


def _line(at: datetime, level: Level, event: str, said: Mapping[str, Any]) -> str:
    time = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return json.dumps(
        {"time": time, "level": level, "event": event, **_readable(said)},
        ensure_ascii=True,
        allow_nan=False,
    )


def _readable(said: Any) -> Any:
    match said:
        case str():
            return decodable(said)
        case tuple() | list():
            return [_readable(one) for one in said]
        case Mapping():
            return {_readable(key): _readable(one) for key, one in said.items()}
        case _:
            return said
