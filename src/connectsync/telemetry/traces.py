"""Spans on their way: to a collector over HTTP, or to a stream. Needs ``otel``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO, assert_never

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from connectsync import __version__
from connectsync.domain.event import Event
from connectsync.telemetry.destinations import Destination
from connectsync.telemetry.spans import Spans

SERVICE = "connectsync"


class Traces:
    """
    Exports a run as spans, from a thread of its own, so that no save waits for it.

    Addresses, headers, certificates, limits and sampling are what the standard
    ``OTEL_*`` variables say. ``complain`` is told once, at the end, if spans were lost:
    a collector that is away costs spans, and never the run.
    """

    def __init__(
        self,
        destinations: Iterable[Destination],
        stream: TextIO,
        complain: Callable[[str], None],
    ) -> None:
        # what the library logs would reach standard error in its own form
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        self._complain = complain
        self._deliveries: list[Delivery] = []
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        for destination in destinations:
            self._provider.add_span_processor(self._processor(destination, stream))
        self._spans = Spans(self._provider.get_tracer(SERVICE, __version__))

    def __call__(self, event: Event) -> None:
        """Open or end the span that an event is about."""
        self._spans(event)

    def close(self) -> None:
        """Deliver what is left, or give up after some seconds."""
        self._spans.close()
        for delivery in self._deliveries:
            delivery.last_call = True
        self._provider.shutdown()
        for delivery in self._deliveries:
            lost = self._spans.ended - delivery.delivered
            if lost:
                ended = self._spans.ended
                self._complain(f"the traces: {lost} of {ended} spans were lost")

    def _processor(self, destination: Destination, stream: TextIO) -> SpanProcessor:
        match destination:
            case Destination.CONSOLE:
                console = ConsoleSpanExporter(out=stream, formatter=_line)
                return SimpleSpanProcessor(console)
            case Destination.OTLP:
                delivery = Delivery(OTLPSpanExporter())
                self._deliveries.append(delivery)
                return BatchSpanProcessor(delivery)
            case _:
                assert_never(destination)


class Delivery(SpanExporter):
    """
    Hands spans on, and counts what was taken.

    On ``last_call`` the first refusal is the last: one batch after another, each with
    its time to wait, would keep a run that has ended.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.delivered = 0
        self.last_call = False
        self._gone = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand a batch on."""
        if self._gone:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.delivered += len(spans)
        else:
            self._gone = self.last_call
        return result

    def shutdown(self) -> None:
        """Close the connection."""
        self._exporter.shutdown()


def _resource() -> Resource:
    """Say who we are, unless the environment says so already."""
    said = Resource.create()
    name = said.attributes.get(SERVICE_NAME)
    if isinstance(name, str) and not name.startswith("unknown_service"):
        return said
    return said.merge(Resource({SERVICE_NAME: SERVICE, SERVICE_VERSION: __version__}))


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"
