"""How far long work has come: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, Terminal

FEW = 25
"""Districts that are over before anybody asks how long they take."""

SHORTEST_WAIT, LONGEST_WAIT = 2.0, 10.0
"""Seconds between two lines: the first if a tenth was done, the second anyway."""

UNCLEAR_SECONDS = 2.0
"""How long a pace is too young to say anything about the time left."""

DUMB = frozenset(["dumb", "unknown"])


class Manner(Enum):
    """How progress is told."""

    NOT = "not"
    LINES = "lines"
    BAR = "bar"


def manner(terminal: Terminal, environment: Mapping[str, str]) -> Manner:
    """Choose how to tell progress on standard error, as flags and environment ask."""
    if terminal.quiet or terminal.log_format is LogFormat.JSON:
        return Manner.NOT
    by_machine = environment.get("CI", "").lower() not in {"", "0", "false"}
    if by_machine or environment.get("TERM") in DUMB or not sys.stderr.isatty():
        return Manner.LINES
    return Manner.BAR


@dataclass(frozen=True, slots=True)
class Work:
    """What is done to many districts, in two words: ``reading`` and ``read``."""

    doing: str
    done: str


READING = Work("reading", "read")
APPLYING = Work("applying", "applied")


@dataclass(slots=True)
class Pace:
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
        """Say how long the rest takes at this pace; empty while nobody can tell."""
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

    def sentence(self, work: Work, now: float) -> str:
        """Say it in a line of a log."""
        said = f"{work.done} {self.done:,} of {self.total:,} districts"
        failed = f"{self.failed:,} failed" if self.failed else ""
        rest = ", ".join(part for part in (failed, self.left(now)) if part)
        return f"{said} ({self.rate(now)})" + (f", {rest}" if rest else "")


class Count(Protocol):
    """Is told how work goes on."""

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Note that so many districts are done, some of which failed."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Silence:
    """Tells nobody."""

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Have nothing to clean up."""


@dataclass(slots=True)
class Lines:
    """Tells it in lines, seldom enough for a log."""

    terminal: Terminal
    work: Work
    pace: Pace
    told: float = field(init=False)
    told_share: float = 0.0

    def __post_init__(self) -> None:
        self.told = self.pace.began

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Note what is done, and say so if it is time to."""
        pace, now = self.pace, time.monotonic()
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


def begin(session: Session, work: Work, total: int) -> Count:
    """
    Begin to tell how work goes on; whoever begins it closes it.

    Small work is not told of, and of two works at a time only the first.
    """
    how = manner(session.terminal, session.environment)
    if how is Manner.NOT or total <= FEW or session.shared.get(TOLD):
        return Silence()
    pace = Pace(total, time.monotonic())
    if how is Manner.LINES:
        return Lines(session.terminal, work, pace)
    # imported here: only who looks at a bar waits for what draws it
    from connectsync.cli.progress_bar import Bar

    session.shared[TOLD] = True
    return Bar(session.terminal, work, pace, closed=lambda: session.shared.pop(TOLD))


TOLD = "a bar is shown"


@contextmanager
def counting(session: Session, work: Work, total: int) -> Iterator[Count]:
    """Tell how work goes on for as long as it does, however it ends."""
    count = begin(session, work, total)
    try:
        yield count
    finally:
        count.close()
