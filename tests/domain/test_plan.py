from __future__ import annotations

from datetime import UTC, datetime

from connectsync.domain.plan import NotPlanned, Plan

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


def test_a_plan_with_a_district_that_went_unread_is_not_empty() -> None:
    unread = NotPlanned("elm", "elm.yaml", "no answer", "try again")
    plan = Plan(NOW, "test", "embedded", (), 1, (), (), (unread,))
    assert not plan.empty
