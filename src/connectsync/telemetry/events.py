"""Events of a run as they are told: to observers that cannot stop it, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, assert_never

from connectsync.domain.outcome import (
    DistrictBegan,
    DistrictEnded,
    Ending,
    Event,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)
from connectsync.errors import ConnectsyncError, UsageError
from connectsync.values import dataclass, fields

LONGEST = 300
"""Characters of a message that are handed on where a line has to do."""


def decodable(text: str) -> str:
    r"""
    Spell halves of characters, as file names may hold them, as ``\udc80``.

    They cannot be encoded, and a strict reader would refuse all that stands beside.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def first_line(message: str) -> str:
    """Give the first line of a message, cut if it is too long."""
    line = next(iter(message.splitlines()), "")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


Observer = Callable[[Event], None]
"""Told of each event as it happens; must not wait for anyone."""


def _nothing() -> None:
    """Have nothing to close."""


@dataclass(frozen=True, slots=True)
class NamedObserver:
    """
    An observer and its name for people.

    ``close`` is called once when the run is left, whatever happened before.
    """

    name: str
    observe: Observer
    close: Callable[[], None] = _nothing


class Observers:
    """
    Tells every observer of every event, in the order given.

    An observer that fails is switched off with one complaint, and the run continues: a
    full disk below a log is no reason to leave a district half saved. What a strange
    error says is not repeated, since it may quote anything; only its kind is.
    """

    def __init__(
        self, watches: Iterable[NamedObserver], complain: Callable[[str], None]
    ) -> None:
        self._watches = list(watches)
        self._complain = complain

    def __call__(self, event: Event) -> None:
        """Tell every observer that still works."""
        for watch in tuple(self._watches):
            try:
                watch.observe(event)
            except Exception as error:  # noqa: BLE001 - no observer may stop a run
                self._watches.remove(watch)
                with suppress(Exception):
                    watch.close()
                self._tell_of(watch, error)

    def close(self) -> None:
        """Close every observer that is left, once."""
        watches, self._watches = self._watches, []
        for watch in watches:
            try:
                watch.close()
            except Exception as error:  # noqa: BLE001 - no observer may stop a run
                self._tell_of(watch, error)

    def _tell_of(self, watch: NamedObserver, error: Exception) -> None:
        with suppress(Exception):
            self._complain(
                f"{watch.name} failed, and the run continues: {_kind(error)}"
            )


def _kind(error: Exception) -> str:
    if isinstance(error, ConnectsyncError):
        return first_line(error.message)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


SPOKEN = "http/protobuf"
"""The one protocol that the extra ``otel`` brings."""


class Destination(StrEnum):
    """Where spans are exported to."""

    OTLP = "otlp"
    CONSOLE = "console"


def destinations(environment: Mapping[str, str]) -> tuple[Destination, ...]:
    """
    Give where traces are to go, in the order asked; nowhere unless it is asked.

    An exporter without an address goes nowhere: OpenTelemetry would take a port of
    this machine, and who listens there was never named. Raises ``UsageError`` for an
    exporter or a protocol that we do not have.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    asked = environment.get("OTEL_TRACES_EXPORTER", "").strip() or Destination.OTLP
    names = dict.fromkeys(name.strip() for name in asked.split(","))
    if "none" in names:
        return ()
    if not _first(environment, ENDPOINTS):
        names.pop(Destination.OTLP, None)
    known = tuple(map(_known_destination, names))
    if Destination.OTLP in known:
        _insist_spoken(environment)
    return known


def _known_destination(name: str) -> Destination:
    try:
        return Destination(name)
    except ValueError as error:
        raise UsageError(
            f"no traces: OTEL_TRACES_EXPORTER asks for {name!r}",
            remedy="set it to otlp, console or none",
        ) from error


def _insist_spoken(environment: Mapping[str, str]) -> None:
    protocol = _first(environment, PROTOCOLS)
    if protocol not in {"", SPOKEN}:
        raise UsageError(
            f"no traces: OTEL_EXPORTER_OTLP_PROTOCOL asks for {protocol!r}",
            remedy=f"set it to {SPOKEN}; collectors take it on port 4318",
        )


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next(
        (told for name in names if (told := environment.get(name, "").strip())), ""
    )


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
