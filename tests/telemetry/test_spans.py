"""Spans: the run holds its waves, they their districts, those their saves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from run_events import FIRST_LINE, PLAN, at, ended, story

from connectsync.domain.outcome import DistrictBegan, Ending, Event, RunEnded, WaveBegan
from connectsync.telemetry.events import LONGEST
from connectsync.telemetry.traces import Spans

ANY = st.text(st.characters())
"""Any text, halves of characters among it."""

Named = tuple[str, str]


def spanned(events: tuple[Event, ...]) -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans = Spans(provider.get_tracer("test"))
    for event in events:
        spans(event)
    spans.close()
    assert spans.ended == len(exporter.get_finished_spans())
    return exporter.get_finished_spans()


def said(span: ReadableSpan) -> Mapping[str, Any]:
    told = dict(span.attributes or {})
    return {name.removeprefix("connectsync."): value for name, value in told.items()}


def named(span: ReadableSpan) -> Named:
    told = said(span)
    match span.name:
        case "run":
            return "run", ""
        case "wave":
            return "wave", told["wave"]
        case kind:
            return kind, told["district"]


def by_name(spans: tuple[ReadableSpan, ...]) -> dict[Named, ReadableSpan]:
    return {named(span): span for span in spans}


def parents(spans: tuple[ReadableSpan, ...]) -> dict[Named, Named | None]:
    known = {span.context.span_id: named(span) for span in spans if span.context}
    return {
        named(span): known[span.parent.span_id] if span.parent else None
        for span in spans
    }


def test_spans_hang_together_as_the_run_did() -> None:
    spans = spanned(story())
    canary, run = ("wave", "canary"), ("run", "")
    assert parents(spans) == {
        run: None,
        canary: run,
        ("district", "lakeview-usd"): canary,
        ("district", "riverside-isd"): canary,
        ("district", "hill-valley"): canary,
        ("district", "elm-park"): run,
        ("save", "lakeview-usd"): ("district", "lakeview-usd"),
        ("save", "riverside-isd"): ("district", "riverside-isd"),
        ("save", "hill-valley"): ("district", "hill-valley"),
    }
    assert len({span.context.trace_id for span in spans if span.context}) == 1


def test_spans_last_as_long_as_what_they_are_about() -> None:
    spans = by_name(spanned(story()))
    assert _seconds(spans["run", ""]) == (0, 13)
    assert _seconds(spans["wave", "canary"]) == (0.5, 10)
    assert _seconds(spans["district", "riverside-isd"]) == (1.5, 7)
    assert _seconds(spans["save", "lakeview-usd"]) == (2, 4)
    assert _seconds(spans["save", "hill-valley"]) == (8.25, 9)
    assert _seconds(spans["district", "elm-park"]) == (12, 12)


def _seconds(span: ReadableSpan) -> tuple[float, float]:
    began = int(at(0).timestamp()) * 10**9
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.start_time - began) / 1e9, (span.end_time - began) / 1e9


def test_spans_say_what_is_known_of_them() -> None:
    spans = by_name(spanned(story()))
    assert said(spans["run", ""]) == {
        "run": 7,
        "plan": PLAN,
        "backend": "embedded",
        "districts": 6,
        "joined": False,
        "districts.done": 1,
        "districts.failed": 2,
        "districts.conflict": 1,
        "districts.skipped": 1,
        "districts.not_reached": 1,
        "stopped": True,
    }
    assert said(spans["wave", "canary"]) == {
        "run": 7,
        "wave": "canary",
        "districts": 3,
        "failures": 2,
    }
    assert said(spans["district", "lakeview-usd"]) == {
        "run": 7,
        "wave": "canary",
        "district": "lakeview-usd",
        "ending": "done",
        "saves": 1,
        "changes": 2,
    }
    assert said(spans["save", "lakeview-usd"]) == {
        "run": 7,
        "district": "lakeview-usd",
        "phase": 1,
        "settings": ("contact_types", "phone_types"),
        "settled": "confirmed",
    }


def test_what_went_wrong_is_a_status_with_one_line() -> None:
    spans = by_name(spanned(story()))
    wrong = {
        name: span.status.description
        for name, span in spans.items()
        if span.status.status_code is StatusCode.ERROR
    }
    assert wrong == {
        ("run", ""): "1 of 2 districts of the wave canary failed",
        ("wave", "canary"): "2 failed",
        ("district", "riverside-isd"): FIRST_LINE,
        ("district", "hill-valley"): "someone else saved the form meanwhile",
        ("district", "elm-park"): "Connect gave no answer",
        ("save", "riverside-isd"): "failed",
        ("save", "hill-valley"): "it was left before its end",
    }


def test_a_message_is_cut_where_nobody_reads_on() -> None:
    spans = by_name(spanned(story(message="x" * 10_000)))
    description = spans["district", "riverside-isd"].status.description
    assert description is not None
    assert len(description) == LONGEST


def test_the_last_wave_ends_with_the_run_and_is_no_failure() -> None:
    last = WaveBegan(7, "rest", 1, at(20))
    run = RunEnded(7, ((Ending.DONE, 1),), at(21))
    spans = by_name(spanned((*story()[:1], last, run)))
    assert _seconds(spans["wave", "rest"]) == (20, 21)
    assert spans["wave", "rest"].status.status_code is StatusCode.UNSET
    assert spans["run", ""].status.status_code is StatusCode.UNSET


def test_a_district_that_is_held_twice_has_two_spans_and_both_end() -> None:
    begun = DistrictBegan(7, "a", "canary", at(1))
    again = DistrictBegan(7, "a", "canary", at(3))
    ended_at_last = ended("a", Ending.DONE, 4)
    spans = spanned((*story()[:2], begun, again, ended_at_last))
    held = [span for span in spans if named(span) == ("district", "a")]
    assert [_seconds(span) for span in held] == [(1, 3), (3, 4)]
    assert held[0].status.status_code is StatusCode.ERROR
    assert held[1].status.status_code is StatusCode.UNSET


def test_a_district_that_is_left_for_refused_credentials_is_no_success() -> None:
    begun = DistrictBegan(7, "a", "canary", at(1))
    stopped = RunEnded(7, (), at(2), "Connect refused the credentials")
    spans = by_name(spanned((*story()[:2], begun, stopped)))
    assert spans["district", "a"].status.status_code is StatusCode.ERROR


def test_a_run_that_is_left_leaves_no_span_open() -> None:
    for count in range(1, len(story())):
        spans = spanned(story()[:count])
        assert ("run", "") in by_name(spans)
        assert all(span.end_time is not None for span in spans)


@given(ANY, ANY)
@example("a\udc80", "b\udc80")
def test_any_text_can_be_sent(message: str, backend: str) -> None:
    spans = spanned(story(message, backend))
    sent = encode_spans(spans)
    assert sent.SerializeToString()
    told = {
        attribute.key: attribute.value.string_value
        for span in sent.resource_spans[0].scope_spans[0].spans
        for attribute in span.attributes
    }
    readable = backend.encode("utf-8", "backslashreplace").decode()
    assert told["connectsync.backend"] == readable
