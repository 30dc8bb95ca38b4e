"""Three-way comparison of baseline, desired and live: who moved which field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.settings import SETTINGS, Form, Value
from connectsync.domain.values import is_same


class Moved(StrEnum):
    """Who moved a setting away from the baseline."""

    US = "pending"
    THEM = "drift"
    BOTH = "conflict"


@dataclass(frozen=True, slots=True)
class Movement:
    """
    One managed setting that is not the same everywhere.

    ``baseline`` is what we last applied; None where we never did.
    """

    setting: str
    who: Moved
    baseline: Value
    desired: Value
    live: Value


def movements(baseline: Form, desired: Form, live: Form) -> tuple[Movement, ...]:
    """
    Say for each managed setting who moved it, in the form's order.

    A setting we never applied can only be pending: no baseline, no drift. Both sides
    having moved to the same value is in step. What ``live`` does not name is unknown,
    and not compared.
    """
    return tuple(
        Movement(name, who, baseline.get(name), desired[name], live.get(name))
        for name in (setting.name for setting in SETTINGS)
        if name in desired and (who := _who(name, baseline, desired, live)) is not None
    )


def _who(name: str, baseline: Form, desired: Form, live: Form) -> Moved | None:
    if name not in live or is_same(name, desired[name], live[name]):
        return None
    if name not in baseline or is_same(name, live[name], baseline[name]):
        return Moved.US
    ours = is_same(name, desired[name], baseline[name])
    return Moved.THEM if ours else Moved.BOTH


@dataclass(frozen=True, slots=True)
class DistrictDrift:
    """
    What moved on one district; no movements and no error: in step.

    ``applied`` says whether we ever applied it: before that, nothing can have
    drifted.
    """

    district: str
    file: str
    movements: tuple[Movement, ...] = ()
    applied: bool = False
    error: str = ""

    @property
    def standing(self) -> str:
        """Give the worst of its movements: conflict, drift, pending or in step."""
        if self.error:
            return "unread"
        return worst_of({move.who for move in self.movements}) or "in step"


def worst_of(moved: set[Moved]) -> str:
    """Sum up who moved the settings of one district; empty if nobody did."""
    for who in (Moved.BOTH, Moved.THEM, Moved.US):
        if who in moved:
            return "conflict" if moved == {Moved.US, Moved.THEM} else who.value
    return ""
