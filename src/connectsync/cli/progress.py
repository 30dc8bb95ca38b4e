"""Progress of long work: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from io import TextIOBase
from time import monotonic
from typing import Any, Protocol, TextIO

from connectsync.cli.session import Session
from connectsync.cli.terminal import WIDEST, LogFormat, Terminal
from connectsync.domain.outcome import DistrictEnded, Ending, Event, RunBegan, RunEnded
from connectsync.values import dataclass, field

FEW = 25
"""Districts that are over before anyone asks how long they take."""

SHORTEST_WAIT, LONGEST_WAIT = 2.0, 10.0
"""Seconds between two lines: the first if a tenth was done, the second anyway."""

DUMB = frozenset(["dumb", "unknown"])


UNCLEAR_SECONDS = 2.0
"""How long a pace is too young to say anything about the time left."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What is done to many districts, in two words: ``reading`` and ``read``."""

    doing: str
    done: str


READING = Activity("reading", "read")
APPLYING = Activity("applying", "applied")


@dataclass(slots=True)
class ProgressRate:
    """How much of how much is done since when. Times are in seconds, of one clock."""

    total: int
    began: float
    done: int = 0
    failed: int = 0

    def share(self) -> float:
        """Give the part that is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 1.0

    def rate(self, now: float) -> str:
        """Give the districts in a second, or in a minute where they are few."""
        each = self.done / max(now - self.began, 0.001)
        if each >= 10:  # noqa: PLR2004 - two digits are enough
            return f"{each:,.0f}/s"
        return f"{each:.1f}/s" if each >= 1 else f"{each * 60:.0f}/min"

    def left(self, now: float) -> str:
        """Say how long the rest takes at this pace; empty while it cannot be told."""
        passed = now - self.began
        if passed < UNCLEAR_SECONDS or not 0 < self.done < self.total:
            return ""
        seconds = round(passed / self.done * (self.total - self.done))
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
        return f"{clock}:{seconds:02} left"

    def figures(self, now: float) -> str:
        """Say it in figures, at most fifty columns of them."""
        failed = f"{self.failed:,} failed" if self.failed else ""
        rate = self.rate(now) if self.done else ""
        total = max(self.total, self.done)
        parts = [f"{self.done:,}/{total:,}", failed, rate, self.left(now)]
        return "  ".join(part for part in parts if part)

    def sentence(self, work: Activity, now: float) -> str:
        """Say it in a line of a log."""
        said = f"{work.done} {self.done:,} of {self.total:,} districts"
        failed = f"{self.failed:,} failed" if self.failed else ""
        rest = ", ".join(part for part in (failed, self.left(now)) if part)
        return f"{said} ({self.rate(now)})" + (f", {rest}" if rest else "")


class ProgressStyle(Enum):
    """How progress is told."""

    NOT = "not"
    LINES = "lines"
    BAR = "bar"


def manner(terminal: Terminal, environment: Mapping[str, str]) -> ProgressStyle:
    """Choose how to tell progress on standard error, as flags and environment ask."""
    if terminal.quiet or terminal.log_format is LogFormat.JSON:
        return ProgressStyle.NOT
    by_machine = environment.get("CI", "").lower() not in {"", "0", "false"}
    if by_machine or environment.get("TERM") in DUMB or not sys.stderr.isatty():
        return ProgressStyle.LINES
    return ProgressStyle.BAR


class Progress(Protocol):
    """Is told how work goes on."""

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Note that so many districts are done, some of which failed."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class NoProgress:
    """Tells no one."""

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Have nothing to clean up."""


@dataclass(slots=True)
class ProgressLines:
    """Tells it in lines, seldom enough for a log."""

    terminal: Terminal
    work: Activity
    pace: ProgressRate
    told: float = field(init=False)
    told_share: float = 0.0

    def __post_init__(self) -> None:
        self.told = self.pace.began

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Note what is done, and say so if it is time to."""
        pace, now = self.pace, monotonic()
        pace.done += count
        pace.failed += failed
        if pace.done < pace.total and self._due(now):
            self.told, self.told_share = now, pace.share()
            self.terminal.say(pace.sentence(self.work, now))

    def close(self) -> None:
        """Have nothing to clean up: lines stay."""

    def _due(self, now: float) -> bool:
        waited = now - self.told
        a_tenth = self.pace.share() - self.told_share >= 0.1  # noqa: PLR2004 - a tenth
        return waited >= LONGEST_WAIT or (a_tenth and waited >= SHORTEST_WAIT)


LOOKS_PER_SECOND = 4
"""How often a bar is drawn."""


def _console(stream: TextIO, *, colour: bool) -> Any:
    # Rich is imported where it draws: only who looks at a bar waits for it
    from rich.console import Console

    class Steady(Console):
        """One that never hides the cursor: what was not hidden need not be found."""

        def show_cursor(self, show: bool = True) -> bool:
            del show
            return False

    return Steady(
        file=stream,
        force_terminal=True,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
    )


class TerminalProgress:
    """
    Shows how work goes on, until it is closed; then nothing of it is left.

    What is written to standard error meanwhile scrolls above it.
    """

    def __init__(
        self,
        terminal: Terminal,
        work: Activity,
        pace: ProgressRate,
        *,
        closed: Callable[[], object],
    ) -> None:
        from rich.live import Live

        self._work = work
        self._pace = pace
        self._closed: Callable[[], object] | None = closed
        self._stream = sys.stderr
        self._console = _console(self._stream, colour=terminal.colour_aside)
        self._live = Live(
            console=self._console,
            get_renderable=self._line,
            refresh_per_second=LOOKS_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._above = _AboveBar(self._stream, self._console)
        sys.stderr = self._above
        self._live.start(refresh=True)

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Note what is done; the bar is drawn again a few times a second."""
        self._pace.done += count
        self._pace.failed += failed

    def close(self) -> None:
        """Take the bar away, once."""
        if self._closed is None:
            return
        self._closed()
        self._closed = None
        sys.stderr = self._stream
        self._live.stop()
        self._stream.write(self._above.begun)

    def _line(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Column, Table
        from rich.text import Text

        width = min(self._console.width, WIDEST)
        line = Table.grid(
            Column(no_wrap=True),
            Column(ratio=1),
            Column(no_wrap=True),
            padding=(0, 2, 0, 0),
            expand=True,
        )
        line.width = width - 1
        line.add_row(
            Text(self._work.doing),
            ProgressBar(
                self._pace.total,
                self._pace.done,
                style="bright_black",
                complete_style="cyan",
                finished_style="green",
            ),
            Text(self._pace.figures(monotonic())),
        )
        return line


class _AboveBar(TextIOBase):
    """Standard error while a bar is shown: what is written goes above the bar."""

    def __init__(self, stream: TextIO, console: Any) -> None:
        self.begun = ""
        self._stream = stream
        self._console = console

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Name the letters that the terminal knows."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write whole lines above the bar; what is no line yet waits for its end."""
        from rich.text import Text

        whole, end, self.begun = (self.begun + text).rpartition("\n")
        if end:
            # left as long as it is: half a path can be neither clicked nor copied
            self._console.print(Text.from_ansi(whole), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Let everything be seen that is a line."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Say that it is the terminal still."""
        return True

    def fileno(self) -> int:
        """Give the terminal's own number."""
        return self._stream.fileno()


def begin(session: Session, work: Activity, total: int) -> Progress:
    """
    Begin to tell how work goes on; the caller closes it.

    Small work is not told of, and of two works at a time only the first.
    """
    how = manner(session.terminal, session.environment)
    if how is ProgressStyle.NOT or total <= FEW or session.shared.get(TOLD):
        return NoProgress()
    pace = ProgressRate(total, monotonic())
    if how is ProgressStyle.LINES:
        return ProgressLines(session.terminal, work, pace)
    session.shared[TOLD] = True
    return TerminalProgress(
        session.terminal, work, pace, closed=lambda: session.shared.pop(TOLD)
    )


TOLD = "a bar is shown"


@contextmanager
def show_progress(session: Session, work: Activity, total: int) -> Iterator[Progress]:
    """Tell how work goes on for as long as it does, however it ends."""
    count = begin(session, work, total)
    try:
        yield count
    finally:
        count.close()


FAILURES = frozenset([Ending.FAILED, Ending.CONFLICT])


@dataclass(slots=True)
class RunProgress:
    """
    Tells how far a run has come, from its first event to its last.

    ``districts`` are how many this runner may end.
    """

    session: Session
    districts: int
    _count: Progress = field(default_factory=NoProgress)

    def __call__(self, event: Event) -> None:
        """Note what happened."""
        match event:
            case RunBegan():
                self._count = begin(self.session, APPLYING, self.districts)
            case DistrictEnded(outcome=outcome):
                self._count.advance(failed=outcome.ending in FAILURES)
            case RunEnded():
                self.close()
            case _:
                pass

    def close(self) -> None:
        """Leave the terminal as it was, also where the run broke off."""
        self._count.close()
