"""What follows from a plan's own values: its saves, their risks, its drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectsync.domain.baseline import Baseline, Baselines, is_launched
from connectsync.domain.district import District, Facts
from connectsync.domain.drift import Moved, Movement, movements
from connectsync.domain.plan import (
    DistrictPlan,
    Plan,
    PlannedChange,
    Save,
    saves_for,
)
from connectsync.domain.risk import Risk
from connectsync.domain.settings import Form
from connectsync.domain.untouched import without
from connectsync.operations.compare import changes_between


def drift_of(known: Baseline, desired: Form, live: Form) -> tuple[Movement, ...]:
    """Give what people changed of the settings that would be set."""
    moved = movements(known.form, desired, live)
    return tuple(move for move in moved if move.who is not Moved.US)


def afresh(
    plan: Plan,
    districts: Sequence[District],
    baselines: Baselines,
    *,
    begun: bool = False,
) -> Plan:
    """
    Give a plan with risks and drift worked out again from its own values.

    A risk that the plan states is never lowered: files or state may have known more
    when it was made.
    """
    # what a way back overwrites was asked about when it was planned
    stated = begun or plan.rollback_of is not None
    facts = {district.key: district.facts for district in districts}
    return replace(
        plan,
        districts=tuple(
            replace(
                one,
                saves=_as_risky(
                    saves_of(one, baselines, facts.get(one.district, Facts())), one
                ),
                drift=one.drift
                if stated
                else drift_of(
                    baselines.get(one.district, Baseline()),
                    one.desired,
                    without(one.live, one.kept),
                ),
            )
            for one in plan.districts
        ),
    )


def _as_risky(saves: tuple[Save, ...], stated: DistrictPlan) -> tuple[Save, ...]:
    """Give saves with the risk that a plan states of a change where it is higher."""
    order = list(Risk)
    known = {one.change: one for one in stated.changes()}

    def riskier(one: PlannedChange) -> PlannedChange:
        other = known.get(one.change, one)
        return max(one, other, key=lambda each: order.index(each.risk))

    return tuple(
        replace(save, changes=tuple(map(riskier, save.changes))) for save in saves
    )


def saves_of(
    planned: DistrictPlan, baselines: Baselines, facts: Facts | None = None
) -> tuple[Save, ...]:
    """Work out from a plan's live form and desired values what must be saved."""
    known = without(planned.live, planned.kept)
    changes = changes_between(known, planned.desired)
    launched = is_launched(facts or Facts(), baselines.get(planned.district))
    return saves_for(
        changes, planned.live, launched=launched, set_token=planned.set_token
    )
