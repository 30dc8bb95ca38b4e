"""What happens during a run, as values for whoever watches: no secret, no person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectsync.domain.outcome import DistrictOutcome, Ending


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
