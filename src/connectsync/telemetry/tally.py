"""What a run's events add up to: counts and times, and no district by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from connectsync.domain.event import (
    DistrictBegan,
    DistrictEnded,
    Event,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)
from connectsync.domain.outcome import Ending

UNSETTLED = "unsettled"
SETTLED = ("confirmed", "failed", "conflict", "waiting", UNSETTLED)
"""How a save can end; of one that is unsettled nobody knows."""


@dataclass(slots=True)
class Tally:
    """
    One runner's part in one run.

    ``seconds`` holds how long each save took, from its row in the journal until it was
    settled. ``ended`` is None while the run goes on.
    """

    began: RunBegan | None = None
    ended: RunEnded | None = None
    last: datetime | None = None
    districts: Counter[Ending] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    waves: int = 0
    seconds: list[float] = field(default_factory=list)
    _intended: dict[str, datetime] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Count one more event."""
        self.last = event.at
        match event:
            case RunBegan():
                self.began = event
            case SaveIntended():
                self._intended[event.district] = event.at
            case SaveSettled():
                self._settle(event)
            case DistrictEnded(outcome=outcome):
                self.districts[outcome.ending] += 1
                if self._intended.pop(outcome.district, None):
                    self.settled[UNSETTLED] += 1
                self.changes += outcome.changes
            case WaveBegan():
                self.waves += 1
            case RunEnded():
                self.ended = event
                self.districts = Counter(dict(event.counts))
            case DistrictBegan():
                # a save from before its lease was lost is another runner's now
                self._intended.pop(event.district, None)
            case WaveEnded():
                pass
            case _:
                assert_never(event)

    def _settle(self, event: SaveSettled) -> None:
        self.settled[event.settled] += 1
        intended = self._intended.pop(event.district, None)
        if intended is not None:
            self.seconds.append(max(0.0, (event.at - intended).total_seconds()))
