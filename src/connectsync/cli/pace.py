"""How much of a long piece of work is done, how fast it goes, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

UNCLEAR_SECONDS = 2.0
"""How long a pace is too young to say anything about the time left."""


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
