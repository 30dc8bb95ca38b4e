"""What guards look at: a plan, the policy, the time, and what was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectsync.domain.baseline import Baseline, Baselines
from connectsync.domain.change import Change, Remove, Set
from connectsync.domain.district import District, Facts
from connectsync.domain.finding import Problem
from connectsync.domain.plan import DistrictPlan, Plan, PlannedChange
from connectsync.domain.policy import Policy
from connectsync.domain.recent import Recent
from connectsync.domain.risk import Risk
from connectsync.domain.values import is_same, spell
from connectsync.rules.engine import Scope


@dataclass(frozen=True, slots=True)
class PlanAtHour:
    """
    A plan as a guard sees it.

    ``now`` has a time zone. ``districts`` are the effective districts of the files;
    one that is missing there has no facts. ``recent`` is what was saved lately.
    """

    plan: Plan
    policy: Policy
    now: datetime
    districts: Mapping[str, District] = field(default_factory=dict)
    baselines: Baselines = field(default_factory=dict)
    recent: Recent = field(default_factory=Recent)

    def facts(self, planned: DistrictPlan) -> Facts:
        """Give what the files say of a district."""
        district = self.districts.get(planned.district)
        return district.facts if district else Facts()

    def baseline(self, planned: DistrictPlan) -> Baseline:
        """Give what was last applied to a district."""
        return self.baselines.get(planned.district, Baseline())

    def left_alone(self, planned: DistrictPlan) -> tuple[str, ...]:
        """
        Name the settings that differ from the files and that the plan does not change.

        Only a plan of one change to the files can have any. They come from the files
        themselves, because a plan may have been made to leave some out.
        """
        district = self.districts.get(planned.district)
        if self.plan.since is None or district is None:
            return ()
        return tuple(
            name
            for name, value in district.desired().items()
            if name not in planned.desired
            and name in planned.live
            and not is_same(name, planned.live[name], value)
        )

    def disruptive(
        self, *settings: str
    ) -> Iterator[tuple[DistrictPlan, PlannedChange]]:
        """Give every disruptive change of these settings."""
        for planned, change in self.changes(*settings):
            if change.risk is Risk.DISRUPTIVE:
                yield planned, change

    def changes(self, *settings: str) -> Iterator[tuple[DistrictPlan, PlannedChange]]:
        """Give every change of these settings."""
        for planned in self.plan.districts:
            for change in planned.changes():
                if change.change.setting in settings:
                    yield planned, change


PLAN: Scope[PlanAtHour] = Scope("plan")


@dataclass(frozen=True, slots=True)
class Objection(Problem):
    """
    What a guard yields: a problem whose path is the district, or empty for the plan.

    ``accept`` is the name to accept it by, if that is not the guard's own; ``count`` is
    the number to accept. An objection that ``needs_reason`` is not counted.
    """

    accept: str = ""
    count: int = 1
    needs_reason: bool = False


def turns_on(change: Change) -> bool:
    """Say whether a box is turned on."""
    return isinstance(change, Set) and change.after is True


def spelled(change: Change) -> str:
    """Spell a change in a few words, for a sentence."""
    match change:
        case Set(setting, before, after):
            return f"{setting} {spell(before)} → {spell(after)}"
        case Remove(setting, label):
            return f"{setting} loses {label!r}"
        case _:
            return f"{change.setting} gains {change.label!r}"
