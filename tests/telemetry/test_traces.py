"""Traces over a real socket: to whom the environment says, and at no cost to a run."""

from __future__ import annotations

import io
import json
import socket
import time
from pathlib import Path

import pytest
from collector import collecting
from run_events import MESSAGE, story

from connectsync import __version__
from connectsync.telemetry.events import Destination
from connectsync.telemetry.traces import Traces

TOKEN = "tok-2d9c-never-shown"  # noqa: S105 - made up, to look for it


def traced(*destinations: Destination) -> tuple[list[str], str]:
    """Tell the story; give what was complained of and what the stream took."""
    complaints: list[str] = []
    stream = io.StringIO()
    traces = Traces(destinations, stream, complaints.append)
    for event in story():
        traces(event)
    traces.close()
    return complaints, stream.getvalue()


def test_a_collector_gets_the_whole_run_over_http(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={TOKEN}")
        complaints, _ = traced(Destination.OTLP)
        assert complaints == []
    assert {path for path, _, _ in collector.requests} == {"/v1/traces"}
    assert sorted(span.name for span in collector.spans) == (
        ["district"] * 4 + ["run"] + ["save"] * 3 + ["wave"]
    )
    for _, headers, body in collector.requests:
        assert headers["authorization"] == TOKEN
        assert headers["content-type"] == "application/x-protobuf"
        assert TOKEN.encode() not in body
        assert MESSAGE.splitlines()[1].encode() not in body
    resource = collector.resources[0]
    assert resource["service.name"] == "connectsync"
    assert resource["service.version"] == __version__
    assert not {name for name in resource if name.startswith(("process", "host"))}


def test_a_service_is_called_what_the_environment_calls_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "rosters")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=prod")
        traced(Destination.OTLP)
    resource = collector.resources[0]
    assert resource["service.name"] == "rosters"
    assert resource["deployment.environment"] == "prod"


def test_a_collector_that_sends_elsewhere_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with collecting() as elsewhere, collecting() as collector:
        collector.answer = 307
        collector.headers = {"location": f"{elsewhere.address}/v1/traces"}
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        traced(Destination.OTLP)
    assert collector.requests
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [200, 307, 401])
def test_of_an_answer_without_end_next_to_nothing_is_read(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with collecting() as collector:
        collector.answer, collector.endless = status, True
        collector.headers = {"location": "/v1/elsewhere"}
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        complaints, _ = traced(Destination.OTLP)
    assert collector.sent < 32 << 20, "more than what sockets hold by themselves"
    assert complaints == (
        [] if status == 200 else ["the traces: 9 of 9 spans were lost"]
    )


@pytest.mark.parametrize("name", [".netrc", "other"])
def test_a_collector_gets_no_password_of_other_services(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    netrc = tmp_path / name
    netrc.write_text("default login ada password s3cret-of-another\n", "utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    if name != ".netrc":
        monkeypatch.setenv("NETRC", str(netrc))
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        traced(Destination.OTLP)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={TOKEN}")
        traced(Destination.OTLP)
    sent = [headers.get("authorization") for _, headers, _ in collector.requests]
    assert set(sent) == {None, TOKEN}


def test_a_collector_that_refuses_costs_spans_and_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with collecting() as collector:
        collector.answer = 401
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={TOKEN}")
        complaints, _ = traced(Destination.OTLP)
    assert complaints == [
        "the traces: 9 of 9 spans were lost",
    ]
    assert capfd.readouterr() == ("", ""), "the library says nothing of its own"


@pytest.mark.parametrize("batch", ["1", "512"])
def test_a_collector_that_is_away_does_not_keep_a_run_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], batch: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    # long enough for a second try of a batch, and nine batches of one would be too long
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", batch)
    began = time.monotonic()
    complaints, _ = traced(Destination.OTLP)
    assert time.monotonic() - began < 5
    assert len(complaints) == 1
    assert capfd.readouterr() == ("", "")


def test_a_run_that_is_left_is_sent_as_far_as_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[str] = []
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        traces = Traces([Destination.OTLP], io.StringIO(), complaints.append)
        for event in story()[:5]:
            traces(event)
        traces.close()
    assert {span.name for span in collector.spans} == {
        "run",
        "wave",
        "district",
        "save",
    }
    assert complaints == []


def test_what_is_not_sampled_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
        complaints, _ = traced(Destination.OTLP)
    assert (collector.requests, complaints) == ([], [])


def test_a_console_shows_each_span_in_a_line() -> None:
    complaints, shown = traced(Destination.CONSOLE)
    spans = [json.loads(line) for line in shown.splitlines()]
    assert [span["name"] for span in spans][-1] == "run"
    assert len(spans) == 9
    assert complaints == []


def test_both_get_the_same_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        _, shown = traced(Destination.OTLP, Destination.CONSOLE)
    assert len(shown.splitlines()) == len(collector.spans) == 9
