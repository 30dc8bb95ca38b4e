"""Progress: a bar that leaves no trace, few lines in a log, nothing to the quiet."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fleets_of import Fleet, alike
from processes import connectsync, environment
from screen import COLOUR, Seen, on_a_terminal

from connectsync.cli.progress import (
    APPLYING,
    READING,
    ProgressLines,
    ProgressRate,
    ProgressStyle,
    manner,
)
from connectsync.cli.terminal import LogFormat, Terminal

QUIET = Terminal(colour=False, width=80, quiet=True)
PLAIN = Terminal(colour=False, width=80, quiet=False)
JSON = Terminal(colour=False, width=80, quiet=False, log_format=LogFormat.JSON)

MANY = 30
"""Districts: more than few, and done in a few seconds."""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    Fleet(tmp_path, tuple(alike(MANY))).write()
    return tmp_path


@pytest.mark.parametrize(
    ("terminal", "variables", "on_terminal", "told"),
    [
        (PLAIN, {}, True, ProgressStyle.BAR),
        (PLAIN, {"TERM": "xterm"}, True, ProgressStyle.BAR),
        (PLAIN, {"CI": ""}, True, ProgressStyle.BAR),
        (PLAIN, {"CI": "false"}, True, ProgressStyle.BAR),
        (PLAIN, {}, False, ProgressStyle.LINES),
        (PLAIN, {"CI": "true"}, True, ProgressStyle.LINES),
        (PLAIN, {"CI": "1"}, True, ProgressStyle.LINES),
        (PLAIN, {"TERM": "dumb"}, True, ProgressStyle.LINES),
        (PLAIN, {"TERM": "unknown"}, True, ProgressStyle.LINES),
        (QUIET, {}, True, ProgressStyle.NOT),
        (QUIET, {}, False, ProgressStyle.NOT),
        (JSON, {}, True, ProgressStyle.NOT),
        (JSON, {}, False, ProgressStyle.NOT),
    ],
)
def test_a_bar_is_for_people_lines_for_logs_and_nothing_for_the_quiet(
    monkeypatch: pytest.MonkeyPatch,
    terminal: Terminal,
    variables: dict[str, str],
    on_terminal: bool,  # noqa: FBT001 - a column of the table
    told: ProgressStyle,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: on_terminal)
    assert manner(terminal, variables) is told


@pytest.mark.parametrize(
    ("done", "seconds", "said"),
    [
        (0, 5.0, "0/13,318"),
        (1, 1.0, "1/13,318  1.0/s"),
        (1, 5.0, "1/13,318  12/min  18:29:45 left"),
        (500, 13.0, "500/13,318  38/s  5:33 left"),
        (6659, 60.0, "6,659/13,318  111/s  1:00 left"),
        (13318, 120.0, "13,318/13,318  111/s"),
        (13319, 120.0, "13,319/13,319  111/s"),
    ],
)
def test_the_figures_say_how_much_how_fast_and_how_long(
    done: int, seconds: float, said: str
) -> None:
    assert ProgressRate(13_318, 0.0, done).figures(seconds) == said


def test_the_longest_figures_leave_room_for_a_bar() -> None:
    longest = ProgressRate(13_318, 0.0, 13_317, 13_317).figures(4.0)
    assert longest == "13,317/13,318  13,317 failed  3,329/s  0:00 left"
    assert len(longest) <= 50


def lines_of(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *steps: tuple[float, int],
) -> list[str]:
    """Tell of work that has done so many districts after so many seconds."""
    clock = iter([seconds for seconds, _ in steps])
    monkeypatch.setattr("connectsync.cli.progress.monotonic", lambda: next(clock))
    lines = ProgressLines(PLAIN, READING, ProgressRate(1_000, 0.0))
    for _, done in steps:
        lines.advance(done - lines.pace.done)
    return capsys.readouterr().err.splitlines()


def test_a_log_has_a_line_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [(second / 2, second) for second in range(1, 61)]
    assert lines_of(monkeypatch, capsys, *steps) == [
        "read 20 of 1,000 districts (2.0/s), 8:10 left",
        "read 40 of 1,000 districts (2.0/s), 8:00 left",
        "read 60 of 1,000 districts (2.0/s), 7:50 left",
    ]


def test_a_log_has_a_line_for_every_tenth_but_not_in_the_same_breath(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [(tenth, tenth * 100) for tenth in range(1, 11)]
    assert [line[:8] for line in lines_of(monkeypatch, capsys, *steps)] == [
        "read 200",
        "read 400",
        "read 600",
        "read 800",
    ]


def test_what_is_over_at_once_has_no_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines_of(monkeypatch, capsys, (1.9, 999), (60.0, 1_000)) == []


def test_a_line_counts_what_failed() -> None:
    pace = ProgressRate(1_000, 0.0, 500, 7)
    said = "applied 500 of 1,000 districts (50/s), 7 failed, 0:10 left"
    assert pace.sentence(APPLYING, 10.0) == said


def bars(seen: Seen) -> list[str]:
    """Give every bar that was ever drawn, as it was drawn."""
    drawn = re.findall(r"(?:reading|applying)  [^\r\n]*", seen.text)
    return [COLOUR.sub("", one) for one in drawn]


def applied(folder: Path, **how: str) -> Seen:
    return on_a_terminal(connectsync("apply", "--yes"), folder, more=how)


def test_a_bar_runs_below_the_districts_and_leaves_nothing(fleet: Path) -> None:
    seen = applied(fleet)
    assert seen.status == 0
    assert any(f"/{MANY}" in one and "━" in one for one in bars(seen))
    done = [line for line in seen.lines if line.startswith("done  ")]
    assert done == [
        f"done  district-{number:04}  {3 if number % 10 == 3 else 2} changes"
        " confirmed by reading back"
        for number in range(MANY)
    ]
    assert not [line for line in seen.lines if "applying" in line or "━" in line]
    assert seen.lines[-2].startswith(f"Run 1: {MANY} done; ")
    assert (seen.lines[-1], seen.screen.column) == ("", 0)
    # the cursor is never hidden, so that no way to end can lose it
    assert "\x1b[?25" not in seen.text


@pytest.mark.parametrize("columns", [40, 80])
def test_a_bar_fits_into_its_line(fleet: Path, columns: int) -> None:
    seen = on_a_terminal(connectsync("apply", "--yes"), fleet, columns=columns)
    drawn = bars(seen)
    assert drawn
    assert max(map(len, drawn)) < columns
    assert seen.status == 0


def test_without_colour_a_bar_has_none(fleet: Path) -> None:
    for seen in (
        applied(fleet, NO_COLOR="1"),
        on_a_terminal(connectsync("--color", "never", "drift"), fleet),
    ):
        assert COLOUR.findall(seen.text) == []
    assert bars(seen) == []  # one part is read at once: too quick to be told of


@pytest.mark.parametrize(
    "how", [{"TERM": "dumb"}, {"CI": "true"}], ids=["dumb", "in CI"]
)
def test_a_dumb_terminal_and_a_ci_job_get_plain_lines(
    fleet: Path, how: dict[str, str]
) -> None:
    seen = applied(fleet, NO_COLOR="1", **how)
    assert "\x1b" not in seen.text
    assert "\r" not in seen.text.replace("\r\n", "\n")
    assert sum(line.startswith("done  ") for line in seen.lines) == MANY


def test_the_quiet_get_no_bar(fleet: Path) -> None:
    seen = on_a_terminal(connectsync("apply", "--yes", "--quiet"), fleet)
    assert bars(seen) == []
    assert not any(line.startswith("done  ") for line in seen.lines)


def pressed(key: bytes, *, after: str) -> Callable[..., None]:
    """Press a key once, when something was written."""
    waiting = [key]

    def watch(text: str, press: Callable[[bytes], None], pid: int) -> None:
        del pid
        if after in text and waiting:
            press(waiting.pop())

    return watch


def test_an_interrupted_run_leaves_nothing_of_its_bar(fleet: Path) -> None:
    seen = on_a_terminal(
        connectsync("apply", "--yes"),
        fleet,
        watch=pressed(b"\x03", after="district-0003  3 changes"),
    )
    assert seen.status == 130
    assert not [line for line in seen.lines if "applying" in line or "━" in line]
    assert any(line.endswith("again to stop at once") for line in seen.lines)
    assert seen.lines[-2] == "interrupted"
    assert (seen.lines[-1], seen.screen.column) == ("", 0)


BREAKS_OFF = """
import os
from run_events import story
from connectsync.cli.runner import observers
from connectsync.cli.progress import RunProgress
from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, terminal
looks = terminal(color="auto", quiet=False, log_format=LogFormat.TEXT,
                 environment=os.environ)
session = Session(looks, os.environ, None, None, None)
with observers(session, None, None, RunProgress(session, 1_000)) as observe:
    for event in story()[:-1]:
        observe(event)
    raise RuntimeError("in the middle")
"""


def test_a_run_that_breaks_off_leaves_nothing_of_its_bar_either(tmp_path: Path) -> None:
    support = Path(__file__).parent.parent / "support"
    paths = os.pathsep.join([environment()["PYTHONPATH"], str(support)])
    script = [sys.executable, "-c", BREAKS_OFF]
    seen = on_a_terminal(script, tmp_path, more={"PYTHONPATH": paths})
    assert bars(seen)
    assert seen.lines[0] == "Traceback (most recent call last):"
    assert seen.lines[-2:] == ["RuntimeError: in the middle", ""]


def killed(number: int, *, after: str) -> Callable[..., None]:
    def watch(text: str, press: Callable[[bytes], None], pid: int) -> None:
        del press
        if after in text:
            os.kill(pid, number)

    return watch


def test_a_run_that_is_killed_leaves_the_cursor_too(fleet: Path) -> None:
    watch = killed(signal.SIGKILL, after="district-0003  3 changes")
    seen = on_a_terminal(connectsync("apply", "--yes"), fleet, watch=watch)
    assert seen.status == -signal.SIGKILL
    assert seen.screen.cursor_shown


BREAKS = """
import os, sys
from connectsync.cli.progress import READING
from connectsync.cli.progress import show_progress
from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, terminal
looks = terminal(color="auto", quiet=False, log_format=LogFormat.TEXT,
                 environment=os.environ)
session = Session(looks, os.environ, None, None, None)
print("half a line", end="", file=sys.stderr)
print(file=sys.stderr)
with show_progress(session, READING, 1_000) as outer:
    with show_progress(session, READING, 2_000) as inner:
        inner.advance(7)
    print("long " * 40, file=sys.stderr)
    print("half", end=" ", file=sys.stderr)
    print("a line", file=sys.stderr)
    print("not its end", end="", file=sys.stderr)
    raise {error}
"""


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "OSError('no disk')"])
def test_an_error_leaves_the_terminal_as_it_was(tmp_path: Path, error: str) -> None:
    script = BREAKS.format(error=error)
    seen = on_a_terminal([sys.executable, "-c", script], tmp_path)
    assert bars(seen)
    assert all("0/1,000" in one for one in bars(seen))
    first, long, half, last, *_ = seen.lines
    assert (first, half) == ("half a line", "half a line")
    assert long == " ".join(["long"] * 40)
    assert last.startswith("not its endTraceback")
    assert not [line for line in seen.lines if "━" in line]


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]])
def test_who_watches_no_bar_does_not_wait_for_what_draws_it(
    fleet: Path, command: list[str]
) -> None:
    probe = (
        "import sys; from connectsync.cli.app import main;"
        f"main({command!r}); print('rich' in sys.modules)"
    )
    seen = on_a_terminal([sys.executable, "-c", probe], fleet, more={"CI": "1"})
    assert seen.lines[-2] == "False"
