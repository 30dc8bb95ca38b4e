"""The progress of a run, from what is told of it while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectsync.cli.pace import APPLYING
from connectsync.cli.progress import Count, Silence, begin
from connectsync.cli.session import Session
from connectsync.domain.event import DistrictEnded, Event, RunBegan, RunEnded
from connectsync.domain.outcome import Ending

FAILURES = frozenset([Ending.FAILED, Ending.CONFLICT])


@dataclass(slots=True)
class RunProgress:
    """
    Tells how far a run has come, from its first event to its last.

    ``districts`` are how many this runner may end.
    """

    session: Session
    districts: int
    _count: Count = field(default_factory=Silence)

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
