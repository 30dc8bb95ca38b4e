"""A run as OpenTelemetry spans; needs the extra ``otel``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO, assert_never

import requests
from opentelemetry.context import Context
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
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue
from requests.adapters import HTTPAdapter

from connectsync import __version__
from connectsync.domain.outcome import (
    DistrictBegan,
    DistrictEnded,
    DistrictOutcome,
    Ending,
    Event,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)
from connectsync.telemetry.events import Destination, decodable, first_line

Told = Mapping[str, str | int | Sequence[str]]
"""What a span says of itself, by name without ``connectsync.``."""

_Key = tuple[str, ...]
_RUN: _Key = ("run",)

_UNTOUCHED = frozenset([Ending.WAITING, Ending.SKIPPED, Ending.NOT_REACHED])


class Spans:
    """
    Opens and ends spans as events tell it; districts may be under way together.

    ``ended`` counts the spans that were ended and are to be exported.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._spans: dict[_Key, Span] = {}
        self._last: datetime | None = None
        self.ended = 0

    def __call__(self, event: Event) -> None:
        """Open or end the span that an event is about."""
        self._last = event.at
        match event:
            case RunBegan() | WaveBegan() | DistrictBegan() | SaveIntended():
                self._begin(event)
            case SaveSettled(settled=settled):
                wrong = "" if settled == "confirmed" else settled
                self._end(_save(event), event.at, {"settled": settled}, wrong)
            case DistrictEnded():
                self._district_ended(event)
            case WaveEnded(wave=wave, failures=failures):
                wrong = f"{failures} failed" if failures else ""
                self._end(("wave", wave), event.at, {"failures": failures}, wrong)
            case RunEnded():
                self._run_ended(event)
            case _:
                assert_never(event)

    def close(self) -> None:
        """End what is open still: the runner left before its end."""
        if self._last is not None:
            self._abandon(self._last, list(self._spans))

    def _begin(
        self, event: RunBegan | WaveBegan | DistrictBegan | SaveIntended
    ) -> None:
        run, at = event.run, event.at
        match event:
            case RunBegan():
                self._open(_RUN, (), at, _of_run(event))
            case WaveBegan(wave=wave, districts=districts):
                told: Told = {"run": run, "wave": wave, "districts": districts}
                self._open(("wave", wave), (_RUN,), at, told)
            case DistrictBegan(district=district, wave=wave):
                told = {"run": run, "wave": wave, "district": district}
                self._open(("district", district), (("wave", wave), _RUN), at, told)
            case SaveIntended(district=district):
                above = ("district", district)
                self._open(_save(event), (above, _RUN), at, _of_save(event))
            case _:
                assert_never(event)

    def _abandon(self, at: datetime, keys: Sequence[_Key]) -> None:
        """End spans that are left open, innermost first."""
        for key in reversed(keys):
            self._end(key, at, {}, "it was left before its end")

    def _district_ended(self, event: DistrictEnded) -> None:
        outcome, key = event.outcome, ("district", event.outcome.district)
        saves = ("save", outcome.district)
        self._abandon(event.at, [one for one in self._spans if one[:2] == saves])
        untouched = outcome.ending in _UNTOUCHED
        if key not in self._spans and not untouched:
            # it failed before it began: the trace must not look better than the run
            told: Told = {"run": event.run, "district": outcome.district}
            self._open(key, (_RUN,), event.at, told)
        fine = untouched or outcome.ending is Ending.DONE
        wrong = "" if fine else first_line(outcome.message) or outcome.ending.value
        self._end(key, event.at, _of_outcome(outcome), wrong)

    def _run_ended(self, event: RunEnded) -> None:
        left = [key for key in self._spans if key[0] in {"district", "save"}]
        self._abandon(event.at, left)
        # the last wave ends with the run, and no event says so
        for wave in [key for key in self._spans if key[0] == "wave"]:
            self._end(wave, event.at, {}, "")
        self._end(_RUN, event.at, _counts(event), _wrong(event))

    def _open(
        self, key: _Key, above: tuple[_Key, ...], at: datetime, told: Told
    ) -> None:
        if key in self._spans:
            # its lease was lost, and now this runner holds it again
            self._abandon(at, [key])
        parent = next((self._spans[one] for one in above if one in self._spans), None)
        outside = Context()
        context = set_span_in_context(parent, outside) if parent else outside
        span = self._tracer.start_span(key[0], context, start_time=_nanoseconds(at))
        self._spans[key] = span
        _tell(span, told)

    def _end(self, key: _Key, at: datetime, told: Told, wrong: str) -> None:
        span = self._spans.pop(key, None)
        if span is None:
            return
        _tell(span, told)
        if wrong:
            span.set_status(Status(StatusCode.ERROR, decodable(wrong)))
        self.ended += span.get_span_context().trace_flags.sampled
        span.end(_nanoseconds(at))


def _save(event: SaveIntended | SaveSettled) -> _Key:
    return ("save", event.district, str(event.phase))


def _of_run(event: RunBegan) -> Told:
    return {
        "run": event.run,
        "plan": event.plan,
        "backend": event.backend,
        "districts": event.districts,
        "joined": event.joined,
    }


def _of_save(event: SaveIntended) -> Told:
    return {
        "run": event.run,
        "district": event.district,
        "phase": event.phase,
        "settings": event.settings,
    }


def _of_outcome(outcome: DistrictOutcome) -> Told:
    return {
        "ending": outcome.ending.value,
        "saves": outcome.saves,
        "changes": outcome.changes,
    }


def _counts(event: RunEnded) -> Told:
    counts = {
        f"districts.{ending.value.replace(' ', '_')}": count
        for ending, count in event.counts
    }
    return {**counts, "stopped": bool(event.stopped)}


def _wrong(event: RunEnded) -> str:
    if event.stopped:
        return first_line(event.stopped)
    counts = dict(event.counts)
    undone = counts.get(Ending.FAILED, 0) + counts.get(Ending.CONFLICT, 0)
    return f"{undone} of its districts failed" if undone else ""


def _tell(span: Span, told: Told) -> None:
    for name, value in told.items():
        span.set_attribute(f"connectsync.{name}", _attribute(value))


def _attribute(value: str | int | Sequence[str]) -> AttributeValue:
    match value:
        case str():
            return decodable(value)
        case int():
            return value
        case _:
            return [decodable(one) for one in value]


def _nanoseconds(at: datetime) -> int:
    """Give a time as spans count it, exact to the microsecond."""
    return round(at.timestamp() * 1_000_000) * 1000


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
        self._deliveries: list[SpanDelivery] = []
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
                delivery = SpanDelivery(OTLPSpanExporter(session=_session()))
                self._deliveries.append(delivery)
                return BatchSpanProcessor(delivery)
            case _:
                assert_never(destination)


class SpanDelivery(SpanExporter):
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


_ANSWER_BYTES = 1 << 16
"""Bytes that a collector may answer; nothing of it is needed."""


class _ShortAnswers(HTTPAdapter):
    """Reads no answer that is long, or says not how long it is."""

    def send(
        self, request: requests.PreparedRequest, *others: Any, **options: Any
    ) -> requests.Response:
        """Send as requests does. Raises ``requests.TooManyRedirects`` at the first."""
        answer = super().send(request, *others, **{**options, "stream": True})
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) <= _ANSWER_BYTES:
            # the next batch goes over the same connection
            answer.raw.read(decode_content=False)
        answer.close()
        answer.raw = None
        if answer.is_redirect:
            # the library would count these spans as taken
            raise requests.TooManyRedirects("a redirect, which is not followed")
        return answer


def _session() -> requests.Session:
    """Give a session that looks for no password: netrc holds those of others."""
    session = requests.Session()
    # what asks for no password itself is looked up there
    session.auth = lambda request: request
    for scheme in ("http://", "https://"):
        session.mount(scheme, _ShortAnswers())
    return session


def _resource() -> Resource:
    """Say who we are, unless the environment says so already."""
    said = Resource.create()
    name = said.attributes.get(SERVICE_NAME)
    if isinstance(name, str) and not name.startswith("unknown_service"):
        return said
    return said.merge(Resource({SERVICE_NAME: SERVICE, SERVICE_VERSION: __version__}))


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"
