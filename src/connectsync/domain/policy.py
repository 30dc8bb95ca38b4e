"""What the project allows a plan to do: how much, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta

from connectsync.domain.district import Days
from connectsync.domain.risk import Risk
from connectsync.domain.rollout import Rollout

END_OF_DAY = time.max
"""How ``closes`` says that a window lasts until the day is over."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """
    Days on which nothing is applied, and why.

    ``timezone`` is an IANA name: where the days begin and end.
    """

    days: Days
    reason: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Window:
    """
    Hours in which plans may be applied.

    ``weekdays`` are 0 (Monday) to 6; ``timezone`` is an IANA name. A window whose
    ``closes`` is before its ``opens`` runs past midnight; one that closes at
    ``END_OF_DAY`` ends with the day.
    """

    weekdays: frozenset[int]
    opens: time
    closes: time
    timezone: str


@dataclass(frozen=True, slots=True)
class Approval:
    """
    Who has to say yes to a plan's digest before it is applied.

    ``names`` is how many different people, 0 for nobody; ``at`` the lowest risk of a
    change from which they are asked.
    """

    names: int = 0
    at: Risk = Risk.SAFE


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The guards' figures.

    ``max_percent`` is the share of the whole fleet, not of the plan's scope; the
    figures of a day count the last 24 hours of the journal as well. No windows means
    any hour; nothing is applied while a nightly sync may run. ``unattended`` is the
    greatest risk of a change that is applied with nobody there.
    """

    max_districts: int = 25
    max_percent: int = 50
    max_live_age: timedelta = timedelta(hours=24)
    max_districts_a_day: int = 25
    max_percent_a_day: int = 50
    freezes: tuple[Freeze, ...] = ()
    windows: tuple[Window, ...] = ()
    nightly_syncs: tuple[Window, ...] = ()
    rollout: Rollout = field(default_factory=Rollout)
    approval: Approval = field(default_factory=Approval)
    unattended: Risk = Risk.SAFE
