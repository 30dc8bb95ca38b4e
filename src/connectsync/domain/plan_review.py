"""A plan with what a person wants beside it who has to say yes to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectsync.domain.drift import DistrictDrift, Moved, worst_of
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.validation import ValidationReport


class Standing(StrEnum):
    """How a district stands, the worst first."""

    CONFLICT = "conflict"
    DRIFT = "drift"
    PENDING = "pending"
    NOT_READ = "not read"
    LEFT_ALONE = "left alone"
    IN_STEP = "in step"


@dataclass(frozen=True, slots=True)
class Member:
    """
    A district of the plan's scope, whether it changes or not.

    ``wave`` is the wave it is saved in, empty if it is not.
    """

    key: str
    name: str
    file: str
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

    ``page`` is Connect's form in its order, ``folder`` where the districts' files are.
    ``waves`` are in the order in which they are saved, ``members`` the districts by
    key. ``findings`` are those of the files that the plan was made from. It was kept
    for `apply` as ``plan_file``, if that is not empty.
    """

    plan: Plan
    page: tuple[PageSection, ...]
    folder: str
    members: Mapping[str, Member] = field(default_factory=dict)
    waves: tuple[str, ...] = ()
    findings: ValidationReport = field(default_factory=lambda: ValidationReport(0))
    plan_file: str = ""

    def member(self, key: str, *, name: str = "", file: str = "") -> Member:
        """Give a district, if need be one of which nothing else is known."""
        return self.members.get(key) or Member(key, name or key, file)


def group_of(file: str, folder: str) -> str:
    """Give the folder below that of the districts that a file is in; empty: none."""
    below = file.removeprefix(f"{folder}/").split("/")
    return below[0] if file.startswith(f"{folder}/") and len(below) > 1 else ""


def only_left_alone(plan: Plan) -> tuple[DistrictDrift, ...]:
    """Give the districts that a plan of one change found apart and does not touch."""
    planned = {one.district for one in plan.districts}
    return tuple(one for one in plan.left_alone if one.district not in planned)


def standing_of(planned: DistrictPlan) -> Standing:
    """Say who moved, of a district that would change."""
    moved = {move.who for move in planned.drift}
    drifted = {move.setting for move in planned.drift}
    ours = any(one.change.setting not in drifted for one in planned.changes())
    if ours or planned.set_token:
        moved.add(Moved.US)
    return Standing(worst_of(moved) or Standing.PENDING)
