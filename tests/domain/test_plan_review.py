from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement, worst_of
from connectsync.domain.plan import (
    DistrictPlan,
    DistrictStanding,
    Member,
    Plan,
    PlannedChange,
    PlanReview,
    Save,
    group_of,
    only_left_alone,
    standing_of,
)
from connectsync.domain.settings import Set
from connectsync.providers.form import Risk

NOW = datetime(2027, 1, 15, tzinfo=UTC)
TYPED = Save((), set_token=True)


def planned(settings: str, *, drift: str = "", conflict: str = "") -> DistrictPlan:
    changes = tuple(
        PlannedChange(Set(name, 1, 2), Risk.SAFE, "") for name in settings.split()
    )
    moved = [(name, MovedBy.THEM) for name in drift.split()]
    moved += [(name, MovedBy.BOTH) for name in conflict.split()]
    movements = tuple(Movement(name, who, 1, 2, 3) for name, who in moved)
    saves = (Save(changes),)
    return DistrictPlan("a", "A", "a.yaml", "1", NOW, {}, {}, saves, movements)


@pytest.mark.parametrize(
    ("district", "standing"),
    [
        (planned("x"), DistrictStanding.PENDING),
        (planned("x", drift="x"), DistrictStanding.DRIFT),
        (planned("x y", drift="x"), DistrictStanding.CONFLICT),
        (planned("x", conflict="x"), DistrictStanding.CONFLICT),
        (replace(planned(""), saves=(TYPED,)), DistrictStanding.PENDING),
        (replace(planned("x", drift="x"), saves=(TYPED,)), DistrictStanding.CONFLICT),
    ],
)
def test_a_district_stands_as_drift_would_call_it(
    district: DistrictPlan, standing: DistrictStanding
) -> None:
    assert standing_of(district) is standing


def test_nobody_moved_nothing() -> None:
    assert worst_of(set()) == ""


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("districts/ny/upstate/a.yaml", "ny"),
        ("districts/ny/a.yaml", "ny"),
        ("districts/a.yaml", ""),
        ("districts/_profiles/a.yaml", "_profiles"),
        ("elsewhere/ny/a.yaml", ""),
        ("connectsync.yaml", ""),
        ("", ""),
    ],
)
def test_a_group_is_the_folder_below_that_of_the_districts(
    file: str, group: str
) -> None:
    assert group_of(file, "districts") == group


def test_what_is_left_alone_may_be_of_a_district_that_changes() -> None:
    left = (DistrictDrift("a", "a.yaml"), DistrictDrift("b", "b.yaml"))
    plan = Plan(NOW, "", "", (), 2, (planned("x"),), (), (), left_alone=left)
    assert only_left_alone(plan) == left[1:]


def test_a_district_of_which_nothing_is_known_has_its_key() -> None:
    plan = Plan(NOW, "", "", (), 2, (), (), ())
    review = PlanReview(plan, (), "districts", {"a": Member("a", "A", "a.yaml")})
    assert review.member("a", name="other") == Member("a", "A", "a.yaml")
    assert review.member("b") == Member("b", "b", "")
    assert review.member("b", name="B", file="b.yaml") == Member("b", "B", "b.yaml")
