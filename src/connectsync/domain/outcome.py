"""How a run ended, district by district: counted from what was confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How one district ended."""

    DONE = "done"
    FAILED = "failed"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class DistrictOutcome:
    """
    One district's ending.

    ``saves`` and ``changes`` count what was confirmed by reading back; ``message``
    and ``remedy`` say why it is not done.
    """

    district: str
    ending: Ending
    saves: int
    changes: int
    message: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A run's ending.

    ``moved`` are districts that the plan left alone as in step, and that are not any
    more: their files or Connect changed since.
    """

    run: int
    districts: tuple[DistrictOutcome, ...]
    moved: tuple[str, ...] = ()

    def ended(self, ending: Ending) -> tuple[DistrictOutcome, ...]:
        """Give the districts that ended so."""
        return tuple(one for one in self.districts if one.ending is ending)

    @property
    def changes(self) -> int:
        """Count the confirmed changes."""
        return sum(one.changes for one in self.districts)
