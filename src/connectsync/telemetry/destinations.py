"""Where traces go: to whom the standard variables say, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from connectsync.errors import UsageError

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
