"""What happens during a run, as values for those who watch: no secret, no person."""

from __future__ import annotations

from datetime import datetime

from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run was begun, or joined by another runner."""

    run: int
    plan: str
    backend: str
    districts: int
    at: datetime
    joined: bool = False


@dataclass(frozen=True, slots=True)
class WaveBegan:
    """The first district of a wave is about to be claimed."""

    run: int
    wave: str
    districts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DistrictBegan:
    """A runner holds the lease of a district."""

    run: int
    district: str
    wave: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SaveIntended:
    """A save is in the journal, and about to be made."""

    run: int
    district: str
    phase: int
    settings: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SaveSettled:
    """How a save ended: ``confirmed``, ``failed`` or ``conflict``."""

    run: int
    district: str
    phase: int
    settled: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DistrictEnded:
    """How a district ended on this runner."""

    run: int
    outcome: DistrictOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class WaveEnded:
    """Every district of a wave has ended, and was read once more."""

    run: int
    wave: str
    failures: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A runner leaves the run; ``stopped`` says why before its end, if so."""

    run: int
    counts: tuple[tuple[Ending, int], ...]
    at: datetime
    stopped: str = ""


Event = (
    RunBegan
    | WaveBegan
    | DistrictBegan
    | SaveIntended
    | SaveSettled
    | DistrictEnded
    | WaveEnded
    | RunEnded
)


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
