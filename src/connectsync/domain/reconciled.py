"""One pass over a fleet with nobody there: what became of each district, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectsync.domain.risk import Risk


class Fate(StrEnum):
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


class Why(StrEnum):
    """Why something was not applied with nobody there."""

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

    why: Why
    message: str


@dataclass(frozen=True, slots=True)
class Fared:
    """What became of one district; ``changes`` counts what was confirmed."""

    district: str
    file: str
    fate: Fate
    reasons: tuple[Reason, ...] = ()
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Reconciled:
    """
    One pass.

    ``reasons`` are about everything that could have been applied. ``run`` is the
    number of the run that was made, None if there was none.
    """

    at: datetime
    backend: str
    at_most: Risk
    dry_run: bool
    districts: tuple[Fared, ...]
    reasons: tuple[Reason, ...] = ()
    run: int | None = None

    @property
    def counts(self) -> Counter[Fate]:
        """Count the districts by what became of them."""
        return Counter(one.fate for one in self.districts)

    @property
    def changes(self) -> int:
        """Count the changes that were confirmed."""
        return sum(one.changes for one in self.districts)

    @property
    def needs_a_person(self) -> bool:
        """Say whether it does not help to wait for the next pass."""
        waits = {Fate.HELD, Fate.UNREAD, Fate.FAILED}
        return bool(waits & self.counts.keys()) or any(
            one.why is not Why.HOUR for one in self.reasons
        )
