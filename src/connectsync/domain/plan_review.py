"""A plan with what a person wants beside it who has to say yes to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectsync.domain.drift import Moved, worst_of
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.validation import ValidationReport


class Standing(StrEnum):
    """How a district stands, the worst first."""

    CONFLICT = "conflict"
    DRIFT = "drift"
    PENDING = "pending"
    NOT_READ = "not read"
    IN_STEP = "in step"


@dataclass(frozen=True, slots=True)
class Member:
    """
    A district of the plan's scope, whether it changes or not.

    ``group`` is the folder below the districts' own that its file lies in, ``wave``
    the wave it is saved in; both are empty where there is none.
    """

    key: str
    name: str
    file: str
    group: str = ""
    wave: str = ""
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageField:
    """A control of Connect's form by its label; ``setting`` is empty for the token."""

    setting: str
    label: str


@dataclass(frozen=True, slots=True)
class PageSection:
    """Controls that stand together on Connect's form; ``title`` may be empty."""

    title: str
    fields: tuple[PageField, ...]


@dataclass(frozen=True, slots=True)
class PlanReview:
    """
    All that a report of a plan shows.

    ``page`` is Connect's form in its order. ``waves`` are in the order in which they
    are saved, ``members`` the districts by key. ``plan_file`` is the name under which
    the plan was kept for `apply`, empty if it was not. ``findings`` are those of the
    files that it was made from.
    """

    plan: Plan
    page: tuple[PageSection, ...]
    members: Mapping[str, Member] = field(default_factory=dict)
    waves: tuple[str, ...] = ()
    findings: ValidationReport = field(default_factory=lambda: ValidationReport(0))
    plan_file: str = ""

    def member(self, key: str, *, name: str = "", file: str = "") -> Member:
        """Give a district, if need be one of which nothing else is known."""
        return self.members.get(key) or Member(key, name or key, file)


def standing_of(planned: DistrictPlan) -> Standing:
    """Say who moved, of a district that would change."""
    moved = {move.who for move in planned.drift}
    drifted = {move.setting for move in planned.drift}
    ours = any(one.change.setting not in drifted for one in planned.changes())
    if ours or planned.set_token:
        moved.add(Moved.US)
    return Standing(worst_of(moved) or Standing.PENDING)
