"""What the project allows a plan to do: how much, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from connectsync.domain.district import Days


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days on which nothing is applied, and why."""

    days: Days
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """
    Hours in which plans may be applied.

    ``weekdays`` are 0 (Monday) to 6; ``timezone`` is an IANA name. A window whose
    ``closes`` is before its ``opens`` runs past midnight.
    """

    weekdays: frozenset[int]
    opens: time
    closes: time
    timezone: str


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The guards' figures.

    ``max_percent`` is the share of the whole fleet, not of the plan's scope; no
    windows means any hour.
    """

    max_districts: int = 25
    max_percent: int = 50
    max_live_age: timedelta = timedelta(hours=24)
    freezes: tuple[Freeze, ...] = ()
    windows: tuple[Window, ...] = ()
