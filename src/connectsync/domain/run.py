"""A run as it stands in the store: its districts, its saves, how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectsync.domain.change import Set
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.save import Made
from connectsync.domain.settings import Value

OPEN_SAVE = "intended"
"""The journal's word for a save of which nobody knows yet whether it happened."""


_OVER = frozenset([Ending.DONE, Ending.SKIPPED])


class RunState(StrEnum):
    """How far a run is. One that is open is on its way, or its runner died."""

    OPEN = "open"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Part:
    """A district of a run: its wave, who ended it and how; None while it has not."""

    district: str
    wave: str
    runner: str
    outcome: DistrictOutcome | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Districts of a run by how they ended; ``left`` have not.

    ``skipped`` were left as they are when the run was closed; ``waiting`` wait for a
    person who saves by hand.
    """

    done: int
    failed: int
    conflict: int
    skipped: int
    left: int
    waiting: int = 0


def tally_of(endings: Iterable[Ending | None]) -> Tally:
    """Count districts by how they ended; None: not yet."""
    return tally(Counter(endings))


def tally(counts: Mapping[Ending | None, int]) -> Tally:
    """Put counts by ending into a tally."""
    return Tally(
        done=counts.get(Ending.DONE, 0),
        failed=counts.get(Ending.FAILED, 0),
        conflict=counts.get(Ending.CONFLICT, 0),
        skipped=counts.get(Ending.SKIPPED, 0),
        left=counts.get(None, 0),
        waiting=counts.get(Ending.WAITING, 0),
    )


@dataclass(frozen=True, slots=True)
class RunHead:
    """
    What is known of a run as a whole.

    ``plan`` is the digest of its plan, ``runner`` who began it; ``stopped`` says why
    a runner left it before its end, empty if none did. ``approved_elsewhere`` says
    that whoever began it gave the plan's digest, as approved by others; ``told_time``
    that some of its times are not the machine's, but those of CONNECTSYNC_NOW.
    """

    number: int
    plan: str
    backend: str
    runner: str
    began: datetime
    ended: datetime | None
    stopped: str
    accepted: Mapping[str, int]
    reasons: Mapping[str, str]
    rollback_of: int | None
    approved_elsewhere: bool
    told_time: bool

    @property
    def state(self) -> RunState:
        """Say how far it is."""
        if self.ended is not None:
            return RunState.ENDED
        return RunState.STOPPED if self.stopped else RunState.OPEN

    @property
    def seconds(self) -> float | None:
        """Give the time from its begin to its end; None while it has not ended."""
        return None if self.ended is None else (self.ended - self.began).total_seconds()


@dataclass(frozen=True, slots=True)
class Run(RunHead):
    """A run with all its districts; ``parts`` are in the order of their waves."""

    parts: tuple[Part, ...]

    @property
    def left(self) -> tuple[str, ...]:
        """Give the districts that somebody could go on with."""
        return tuple(
            part.district
            for part in self.parts
            if part.outcome is None or part.outcome.ending not in _OVER
        )

    @property
    def tally(self) -> Tally:
        """Count its districts by how they ended."""
        return tally_of(
            part.outcome.ending if part.outcome else None for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list of runs."""

    head: RunHead
    tally: Tally


@dataclass(frozen=True, slots=True)
class RunList:
    """The newest runs, newest first, and how many there are in all."""

    lines: tuple[RunLine, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SettingOutcome:
    """What became of one setting of a save, and what Connect held afterward."""

    setting: str
    made: Made
    observed: Value


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """
    One save as the journal tells it.

    ``settled`` is the journal's word: intended, confirmed, failed or conflict.
    ``changes`` are the settings that the save was to change, in the order of the form;
    ``note`` is what was said as it was settled. ``sent`` says what became of it on its
    way, None while nothing is known; ``outcomes`` what was seen of each setting.
    """

    district: str
    phase: int
    settled: str
    changes: tuple[Set, ...]
    set_token: bool
    runner: str
    intended_at: datetime
    settled_at: datetime | None
    note: str
    sent: str | None = None
    outcomes: tuple[SettingOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody said yes to a plan."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RunHistory:
    """
    All that is written down of a run.

    ``parts`` are the districts that were asked for; ``entries`` are their saves, by
    district, in the order they were intended. ``head`` is the hash at which the audit
    log ends now.
    """

    run: Run
    parts: tuple[Part, ...]
    entries: Mapping[str, tuple[JournalEntry, ...]]
    approved: tuple[Approved, ...]
    head: str
