"""Who watches a run, as flags and variables ask; and standard error all of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collector import collecting
from console import Console
from run_events import story

from connectsync.cli.runner import observers
from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, Terminal
from connectsync.domain.outcome import Event
from connectsync.errors import Bug, UsageError

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
TOKEN = "tok-2d9c-never-shown"  # noqa: S105 - made up, to look for it
NOBODY = "http://127.0.0.1:9"


def session(
    log_format: LogFormat = LogFormat.TEXT,
    environment: Mapping[str, str] | None = None,
    *,
    quiet: bool = False,
) -> Session:
    terminal = Terminal(
        colour=False, width=80, quiet=quiet, log_format=log_format, clock=lambda: NOW
    )
    return Session(
        terminal=terminal,
        environment=environment or {},
        folder=None,
        state_dir=None,
        backend=None,
    )


def watched(
    session: Session,
    metrics: Path | None = None,
    text: list[Event] | None = None,
) -> None:
    with observers(session, metrics, None if text is None else text.append) as tell:
        for event in story():
            tell(event)


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_people_are_told_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Event] = []
    watched(session(), text=told)
    assert tuple(told) == story()
    assert capsys.readouterr() == ("", "")


def test_a_log_of_json_is_instead_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Event] = []
    watched(session(LogFormat.JSON), text=told)
    out, err = capsys.readouterr()
    assert (told, out) == ([], "")
    assert [line["event"] for line in parsed(err)][:2] == ["run_began", "wave_began"]
    assert len(parsed(err)) == len(story())


def test_a_quiet_log_holds_only_what_went_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quiet = session(LogFormat.JSON, quiet=True)
    watched(quiet)
    quiet.terminal.say("good to know")
    lines = parsed(capsys.readouterr().err)
    assert {line["level"] for line in lines} == {"warning", "error"}
    assert lines[-1]["event"] == "run_ended"


def test_metrics_are_kept_in_the_file_that_was_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "run.prom"
    watched(session(), path)
    assert path.read_text("utf-8").endswith("# EOF\n")
    assert "connectsync_run_ended 1.0\n" in path.read_text("utf-8")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["districts/a.yaml", "connectsync.yml", "-", "."])
def test_no_source_nor_folder_is_written_over_with_metrics(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(UsageError, match=r"written over|--metrics needs"),
        observers(session(), Path(name), None),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_metrics_that_can_have_no_folder_are_refused_before_a_run(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="cannot write"),
        observers(session(), tmp_path / "file" / "run.prom", None),
    ):
        pass


def test_metrics_that_cannot_be_written_any_more_stop_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, told = tmp_path / "run\x1b[31m.prom", list[Event]()
    with observers(session(), path, told.append) as tell:
        path.mkdir()
        for event in story():
            tell(event)
    assert tuple(told) == story()
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("the metrics failed, and the run continues: cannot write")
    assert "\x1b" not in said, "what names a file does not act on a terminal"


def test_traces_go_to_the_collector_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with collecting() as collector:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={TOKEN}",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        watched(session(environment=environment))
    assert len(collector.spans) == 9
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            },
            "OTEL_EXPORTER_OTLP_PROTOCOL asks for 'grpc'",
        ),
        ({"OTEL_TRACES_EXPORTER": "\x1b[31mzipkin"}, r"'\x1b[31mzipkin'"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY,
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "-1",
            },
            "what OTEL_* says cannot be used (ValueError)",
        ),
    ],
    ids=["protocol", "exporter", "limit"],
)
def test_variables_that_cannot_be_followed_are_said_and_stop_no_run(
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    told: list[Event] = []
    watched(session(environment=environment), text=told)
    assert tuple(told) == story()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("no traces: ")
    assert said in line
    assert "\x1b" not in line


def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "connectsync.telemetry.traces", raising=False)
    monkeypatch.delitem(sys.modules, "connectsync.telemetry.traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    watched(session(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY}))
    said = capsys.readouterr().err
    assert " -I -m pip install 'opentelemetry-api>=1.38'" in said


PROGRAM = """
import os, sys
from pathlib import Path
from run_events import story
from connectsync.cli.runner import observers
from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, terminal

spoken = terminal(
    color="always", quiet=False, log_format=LogFormat.JSON, environment=os.environ
)
session = Session(spoken, os.environ, None, None, None)
with observers(session, Path("run.prom"), None) as tell:
    spoken.say("\\x1b[32mdone\\x1b[0m\\n")
    for event in story():
        tell(event)
"""


@pytest.mark.parametrize("exporter", ["otlp", "console,otlp"])
def test_every_line_of_standard_error_is_json_even_where_libraries_speak(
    tmp_path: Path, exporter: str
) -> None:
    support = Path(__file__).resolve().parents[1] / "support"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(support),
            "CONNECTSYNC_NOW": "2027-01-15T10:00:00Z",
            "OTEL_TRACES_EXPORTER": exporter,
            "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={TOKEN},,",
            "LAKEVIEW_TOKEN": TOKEN,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    lines = parsed(done.stderr)
    assert lines[0]["message"] == "done", "no colours where nobody looks"
    messages = [line["message"] for line in lines if line.get("event") == "message"]
    assert messages[-1] == "the traces: 9 of 9 spans were lost"
    written = done.stderr + (tmp_path / "run.prom").read_text("utf-8")
    assert TOKEN not in written


JSON_SPELLED = (["--log-format", "json"], ["--log-format=json"])


@pytest.mark.parametrize("spelled", JSON_SPELLED)
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["validate", "nowhere"], 64, "nowhere"),
        (["validate", "--no-such-option"], 64, "--no-such-option"),
        (["no-such-command"], 64, "no-such-command"),
        (["explain", "no-such-rule"], 64, "no-such-rule"),
    ],
)
def test_whatever_goes_wrong_is_one_line_of_json(
    valley: Console,
    spelled: list[str],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    said = valley.run("--color", "always", *spelled, *arguments)
    (line,) = parsed(said.err)
    assert list(line) == ["time", "level", "event", "message", "remedy"]
    assert line["time"] == "2027-01-15T10:00:00.000+00:00"
    assert (line["level"], line["event"]) == ("error", "message")
    assert message in line["message"]
    assert (said.status, said.out) == (status, "")


@pytest.mark.parametrize(
    ("error", "status", "level"),
    [
        (Bug("a\nb"), 70, "error"),
        (RuntimeError(TOKEN), 70, "error"),
        (UsageError("first\nsecond \x1b[31m"), 64, "error"),
        (KeyboardInterrupt(), 130, "warning"),
    ],
)
def test_failures_are_lines_of_json_without_a_secret(
    valley: Console,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    level: str,
) -> None:
    def fail(_: Session) -> None:
        raise error

    monkeypatch.setattr(Session, "project", fail)
    said = valley.run("--log-format", "json", "validate")
    (line,) = parsed(said.err)
    assert (said.status, line["level"]) == (status, level)
    assert TOKEN not in said.both


def test_a_time_that_is_none_is_told_at_the_time_of_the_machine(
    valley: Console,
) -> None:
    said = valley.run(
        "--log-format", "json", "validate", environment={"CONNECTSYNC_NOW": "noon"}
    )
    (line,) = parsed(said.err)
    assert said.status == 64
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert "noon" in line["message"]


def test_results_are_the_same_whatever_the_log(valley: Console) -> None:
    plain = valley.run("validate", "--format", "json")
    logged = valley.run("--log-format", "json", "validate", "--format", "json")
    assert (plain.status, plain.out) == (logged.status, logged.out)


def test_a_run_on_connect_is_traced_from_end_to_end(valley: Console) -> None:
    with collecting() as collector:
        said = valley.run(
            "--log-format",
            "json",
            "apply",
            "districts",
            "--yes",
            environment={
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
                "LAKEVIEW_USD_TOKEN": TOKEN,
            },
        )
    assert said.status == 0, said.err
    ended = [line for line in parsed(said.err) if line["event"] == "district_ended"]
    assert [line["ending"] for line in ended] == ["done", "done"]
    names = sorted(span.name for span in collector.spans)
    assert names == ["district", "district", "run", "save", "save", "wave"]
    assert all(span.status.code == 0 for span in collector.spans)
    sent = b"".join(body for _, _, body in collector.requests)
    assert TOKEN not in said.err
    assert TOKEN.encode() not in sent
    values = ("Grandparent", "Parent/Guardian", "58da8a43cc70ab00017a1a11")
    for value in values:
        assert value in said.out, "the plan shows it to who asked"
        assert value not in said.err
        assert value.encode() not in sent


LOADED = """
import sys
from connectsync.cli.app import main
status = main(["apply", "districts", "--yes"])
print(status, *{name.partition(".")[0] for name in sys.modules}, sep="\\n")
"""


def test_a_run_that_nobody_measures_loads_nothing_for_it(valley: Console) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=valley.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    _, _, after = done.stdout.rpartition("\n0\n")
    assert after
    assert not {"opentelemetry", "prometheus_client"} & set(after.split())
