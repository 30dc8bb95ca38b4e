"""Limits on whom a plan reaches: what they allow, and which of two is stricter."""

from __future__ import annotations

import json

import pytest
from generated_plans import PLANS
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_data, plan_text, read_plan
from connectsync.domain.policy import (
    ImpactLimit,
    Policy,
    impact_limits_of,
    limits_data,
    limits_of,
)
from connectsync.values import replace

FIGURES = st.none() | st.integers(0, 200) | st.decimals(0, 200, places=1).map(float)
LIMITS = st.builds(
    ImpactLimit,
    max_increase=st.none() | st.integers(0, 200),
    max_increase_percent=FIGURES,
    max_decrease=st.none() | st.integers(0, 200),
    max_decrease_percent=FIGURES,
)
COUNTS = st.integers(0, 500)


@given(LIMITS, LIMITS, COUNTS, COUNTS)
def test_the_stricter_of_two_limits_allows_what_both_allow(
    one: ImpactLimit, other: ImpactLimit, before: int, after: int
) -> None:
    both = one.broken(before, after) or other.broken(before, after)
    assert bool(one.stricter(other).broken(before, after)) is bool(both)


@pytest.mark.parametrize(
    ("limit", "before", "after", "said"),
    [
        (ImpactLimit(max_increase=7), 3, 10, ""),
        (ImpactLimit(max_increase=6), 3, 10, "+6"),
        (ImpactLimit(max_increase_percent=0.7), 3000, 3021, ""),
        (ImpactLimit(max_increase_percent=0.7), 3000, 3022, "+0.7 %"),
        (ImpactLimit(max_increase_percent=1000.0), 0, 1, "+1000 %"),
        (ImpactLimit(max_increase_percent=0), 5, 5, ""),
        (ImpactLimit(max_decrease_percent=100), 5, 0, ""),
        (ImpactLimit(max_decrease=4), 5, 0, "-4"),
        (ImpactLimit(max_decrease=0), 5, 9, ""),
        (ImpactLimit(), 0, 9, ""),
    ],
)
def test_a_limit_is_of_its_own_direction_and_exact(
    limit: ImpactLimit, before: int, after: int, said: str
) -> None:
    assert limit.broken(before, after) == said


@given(st.dictionaries(st.sampled_from(["dropped", "created"]), LIMITS))
def test_limits_are_read_as_they_were_written(limits: dict[str, ImpactLimit]) -> None:
    stated = impact_limits_of({name: one.data() for name, one in limits.items()})
    policy = Policy(impact=stated)
    written = json.loads(json.dumps(limits_data(policy)))
    assert limits_of(written).impact == stated
    assert ("impact" in written) is bool(stated)


@given(PLANS)
def test_a_plan_without_numbers_is_written_as_before_there_were_any(plan: Plan) -> None:
    bare = replace(
        plan, districts=tuple(replace(one, impact=None) for one in plan.districts)
    )
    assert all("impact" not in one for one in plan_data(bare)["districts"])
    assert read_plan(plan_text(bare)) == bare
