"""How a run or an unattended run ended, district by district."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectsync.providers.form import Risk


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


class Result(StrEnum):
    """
    What became of a district in one pass.

    One that is ready would be applied, and was not because of the hour, or because
    nothing was to be written. One that is left was not reached.
    """

    IN_STEP = "in step"
    DONE = "done"
    READY = "ready"
    HELD = "held"
    UNREAD = "unread"
    LEFT = "left"
    FAILED = "failed"
    CONFLICT = "conflict"


class ReasonKind(StrEnum):
    """Why something was not applied unattended."""

    DRIFT = "drift"
    CONFLICT = "conflict"
    RISK = "risk"
    GUARD = "guard"
    FILE = "file"
    APPROVAL = "approval"
    ROLLOUT = "rollout"
    ROLLBACK = "rollback"
    UNKNOWN = "unknown"
    HOUR = "hour"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was not applied, in a sentence."""

    why: ReasonKind
    message: str


@dataclass(frozen=True, slots=True)
class DistrictResult:
    """
    What became of one district; ``changes`` counts what was confirmed.

    ``remedy`` is what to do next where its save failed; empty if there is nothing.
    """

    district: str
    file: str
    fate: Result
    reasons: tuple[Reason, ...] = ()
    changes: int = 0
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """
    One pass.

    ``reasons`` are about everything that could have been applied. ``run`` is the
    number of the run that was made, None if there was none.
    """

    at: datetime
    backend: str
    at_most: Risk
    dry_run: bool
    districts: tuple[DistrictResult, ...]
    reasons: tuple[Reason, ...] = ()
    run: int | None = None

    @property
    def counts(self) -> Counter[Result]:
        """Count the districts by what became of them."""
        return Counter(one.fate for one in self.districts)

    @property
    def changes(self) -> int:
        """Count the changes that were confirmed."""
        return sum(one.changes for one in self.districts)

    @property
    def needs_a_person(self) -> bool:
        """Say whether it does not help to wait for the next pass."""
        waits = {Result.HELD, Result.UNREAD, Result.FAILED}
        return bool(waits & self.counts.keys()) or any(
            one.why is not ReasonKind.HOUR for one in self.reasons
        )
