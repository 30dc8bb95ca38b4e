"""Traces leave this machine only for where somebody said, in the standard words."""

from __future__ import annotations

import pytest

from connectsync.errors import UsageError
from connectsync.telemetry.events import Destination, destinations

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
OTLP, CONSOLE = Destination.OTLP, Destination.CONSOLE


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "  "},
        {"OTEL_TRACES_EXPORTER": "otlp"},
        {"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_HEADERS": "a=b"},
        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318"},
        ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"},
        ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"},
    ],
    ids=str,
)
def test_nothing_is_sent_unless_an_address_is_named(
    environment: dict[str, str],
) -> None:
    assert destinations(environment) == ()


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        (ENDPOINT, (OTLP,)),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "otlp"}, (OTLP,)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, (OTLP,)),
        ({"OTEL_TRACES_EXPORTER": "console"}, (CONSOLE,)),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "console"}, (CONSOLE,)),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "otlp, console"}, (OTLP, CONSOLE)),
        ({"OTEL_TRACES_EXPORTER": "otlp,console"}, (CONSOLE,)),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, (OTLP,)),
        (
            ENDPOINT
            | {
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            (OTLP,),
        ),
    ],
    ids=str,
)
def test_they_go_where_the_environment_says(
    environment: dict[str, str], asked: tuple[Destination, ...]
) -> None:
    assert destinations(environment) == asked


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/json"),
    ],
    ids=str,
)
def test_what_we_do_not_speak_is_said_and_not_guessed(
    environment: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        destinations(environment)
