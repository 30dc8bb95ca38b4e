from __future__ import annotations

from datetime import UTC, datetime

from connectsync.domain.plan import Plan
from connectsync.domain.policy import Policy
from connectsync.operations.plan import PlanContext, add_guards

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


def test_a_plan_file_does_not_say_how_large_the_fleet_is() -> None:
    plan = Plan(NOW, "test", "embedded", (), 1000, (), (), ())
    given = PlanContext(NOW, "test", (), 3, Policy(), {})
    assert add_guards(plan, [], given).fleet == 3
