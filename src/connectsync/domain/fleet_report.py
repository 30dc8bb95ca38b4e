"""The fleet on one day, as values: what is set, what is due, what was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from connectsync.domain.drift import Movement
from connectsync.domain.finding import Severity
from connectsync.domain.live import SOON, ExceptionStanding
from connectsync.domain.run import ApprovalRecord, LastRun, RunLine
from connectsync.values import dataclass, field

NOT_READ = "not read"
"""How a district stands to Connect where Connect was not read."""


class DueKind(StrEnum):
    """What happens on a day."""

    THRESHOLD = "threshold to put back"
    RETURN = "value changes"
    ALLOWANCE = "exception ends"
    ROLLOVER = "rollover"
    PAUSE = "Clever pause"
    FREEZE = "freeze"


class DueWhen(StrEnum):
    """How a day stands to today."""

    LATE = "late"
    NOW = "now"
    SOON = "soon"
    LATER = "later"


def when_due(day: date, today: date) -> DueWhen:
    """Say how a day to come stands to today; one that is over is late."""
    if day < today:
        return DueWhen.LATE
    return DueWhen.SOON if day <= today + SOON else DueWhen.LATER


@dataclass(frozen=True, slots=True)
class DueDate:
    """
    A day on which something ends, returns or begins, in ``districts`` that are alike.

    There are none for what the project sets for all.
    """

    day: date
    kind: DueKind
    when: DueWhen
    message: str
    districts: tuple[str, ...] = ()


class AcceptedKind(StrEnum):
    """What a person can accept, and where that is written down."""

    ALLOWED = "allowed in a file"
    RULE = "rule of the project"
    KNOWN = "baseline of findings"
    GUARD = "accepted for a run"


@dataclass(frozen=True, slots=True)
class AcceptedBy:
    """
    Who accepted something, and when: unchecked.

    ``name`` is as git or a run says it, ``how`` in which way that is known. Both are
    empty where nothing says it.
    """

    name: str = ""
    on: date | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class AcceptedException:
    """
    Something that rules or guards object to, and that people accepted.

    ``about`` is the rule or the guard and ``meaning`` what it objects to. ``what`` says
    what becomes of it and ``where`` whom it is for, where that is not a list of
    ``districts``. ``until`` is its last day, None where it has none; what was
    accepted once, for a run, has no ``standing``.
    """

    kind: AcceptedKind
    about: str
    meaning: str
    what: str
    districts: tuple[str, ...]
    where: str
    reason: str
    until: date | None
    standing: ExceptionStanding | None
    by: AcceptedBy


@dataclass(frozen=True, slots=True)
class ReportedDistrict:
    """
    A district: its effective values by name, and how it stands.

    ``standing`` is how it stands to Connect, ``applied`` to what was last applied.
    ``live`` are the values on Connect by setting, None where it was not read, with
    ``error`` for why. ``findings`` counts what stands, by severity, and ``rules`` names
    it.
    """

    key: str
    name: str
    file: str
    values: Mapping[str, Any]
    applied: str
    standing: str = NOT_READ
    live: Mapping[str, Any] | None = None
    moved: tuple[Movement, ...] = ()
    error: str = ""
    last: LastRun | None = None
    findings: Mapping[Severity, int] = field(default_factory=dict)
    rules: tuple[str, ...] = ()

    @property
    def worst(self) -> str:
        """Give the gravest of its findings."""
        found = (one.value for one in Severity if self.findings.get(one))
        return next(found, "none")


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """A run, and who approved its plan."""

    line: RunLine
    approved: tuple[ApprovalRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetReport:
    """
    The whole fleet, or what was chosen of it, sorted by key.

    ``backend`` names the Connect that was read, and is empty where none was. ``commit``
    is what is checked out, and ``clean`` whether the files are as it has them.
    ``broken`` are files with errors, which are left out. ``runs`` are the newest,
    ``total_runs`` counts all. ``scope`` says in words which districts were asked for.
    """

    at: datetime
    today: date
    tool: str
    scope: str = ""
    districts: tuple[ReportedDistrict, ...] = ()
    due: tuple[DueDate, ...] = ()
    accepted: tuple[AcceptedException, ...] = ()
    runs: tuple[ReportedRun, ...] = ()
    total_runs: int = 0
    backend: str = ""
    commit: str = ""
    clean: bool | None = None
    broken: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        """Say whether Connect was asked."""
        return bool(self.backend)

    @property
    def unread(self) -> tuple[ReportedDistrict, ...]:
        """Give the districts that Connect was asked for in vain."""
        return tuple(one for one in self.districts if one.error)
