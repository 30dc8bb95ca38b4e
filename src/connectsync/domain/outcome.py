"""How a run ended, district by district: counted from what was confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How one district ended; what was skipped or not reached was not touched."""

    DONE = "done"
    FAILED = "failed"
    CONFLICT = "conflict"
    WAITING = "waiting"
    """For a person, who was given the click list and has not said that it is done."""
    SKIPPED = "skipped"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class DistrictOutcome:
    """
    One district's ending.

    ``saves`` and ``changes`` count what was confirmed by reading back; ``message``
    and ``remedy`` say why it is not done. ``unproven`` counts settings that were sent,
    and that Connect does not hold as they were sent, or was not seen to hold.
    """

    district: str
    ending: Ending
    saves: int
    changes: int
    message: str = ""
    remedy: str = ""
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A run's ending.

    ``moved`` are districts that the plan left alone as in step, and that are not any
    more: their files or Connect changed since. ``stopped`` says why the run stopped
    before its end, empty if it did not; ``elsewhere`` counts the districts that other
    runners ended; ``refused`` is how to get in again where Connect refuses us.
    """

    run: int
    districts: tuple[DistrictOutcome, ...]
    moved: tuple[str, ...] = ()
    stopped: str = ""
    elsewhere: int = 0
    refused: str = ""

    def ended(self, ending: Ending) -> tuple[DistrictOutcome, ...]:
        """Give the districts that ended so."""
        return tuple(one for one in self.districts if one.ending is ending)

    @property
    def changes(self) -> int:
        """Count the confirmed changes."""
        return sum(one.changes for one in self.districts)

    @property
    def unproven(self) -> int:
        """Count the settings that were sent, and are not confirmed."""
        return sum(one.unproven for one in self.districts)
