"""Progress of long work: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from time import monotonic
from typing import Protocol

from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, Terminal
from connectsync.domain.event import (
    APPLYING,
    Activity,
    DistrictEnded,
    Event,
    ProgressRate,
    RunBegan,
    RunEnded,
)
from connectsync.domain.outcome import Ending
from connectsync.values import dataclass, field

FEW = 25
"""Districts that are over before anyone asks how long they take."""

SHORTEST_WAIT, LONGEST_WAIT = 2.0, 10.0
"""Seconds between two lines: the first if a tenth was done, the second anyway."""

DUMB = frozenset(["dumb", "unknown"])


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
    # imported here: only who looks at a bar waits for what draws it
    from connectsync.cli.progress_bar import TerminalProgress

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
