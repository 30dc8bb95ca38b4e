"""Ways in which guards elsewhere were got round, each of them closed here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from plan_scenes import NOW, guards_of, planned

from connectsync.domain.finding import needed
from connectsync.domain.plan import PlannedChange, Save
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import Approval, Policy
from connectsync.domain.run import RecentSaves
from connectsync.errors import GuardRefused, NotApproved
from connectsync.operations.approve import insist_accepted, insist_approved
from connectsync.operations.plan import PlanContext, add_guards
from connectsync.providers.form import Risk

DAY = "too-many-districts-a-day"
SHARE = "too-much-of-the-fleet-a-day"


def scene(**stated: Any) -> dict[str, int]:
    return needed(planned(stated).guards)


def test_a_fleet_of_three_of_which_all_three_change_is_refused() -> None:
    plan = planned({"districts": 3, "fleet": 3})
    assert needed(plan.guards) == {"too-much-of-the-fleet": 3}
    with pytest.raises(GuardRefused):
        insist_accepted(plan, {}, {})


def test_a_third_of_the_fleet_is_refused_however_little_changes_in_each() -> None:
    policy = {"max_percent": 30}
    one_box_each = {"districts": 4, "fleet": 12, "policy": policy}
    assert scene(**one_box_each) == {"too-much-of-the-fleet": 4}
    assert scene(**{**one_box_each, "fleet": 14}) == {}


def test_a_fleet_of_thousands_has_a_cap_that_does_not_grow_with_it() -> None:
    assert scene(districts=26, fleet=13_318) == {"too-many-districts": 26}


def test_plans_that_differ_in_nothing_but_their_scope_have_other_digests() -> None:
    plan = planned({})
    scopes = [(), ("districts/ca",), ("districts/ny",), ("districts/ca", "shard:1/2")]
    digests = {plan_digest(replace(plan, scope=scope)) for scope in scopes}
    assert len(digests) == len(scopes)


def test_plans_that_differ_in_nothing_but_their_backend_have_other_digests() -> None:
    plan = planned({})
    backends = ["embedded", "gateway https://a", "gateway https://b"]
    digests = {plan_digest(replace(plan, backend=backend)) for backend in backends}
    assert len(digests) == len(backends)


def test_an_approval_is_of_one_scope_and_one_backend() -> None:
    plan = planned({})
    elsewhere = replace(plan, backend="gateway https://other")
    with pytest.raises(NotApproved):
        insist_approved(
            elsewhere, plan_digest(elsewhere), Policy(), [], plan_digest(plan)
        )


def test_one_big_change_in_ten_small_ones_is_still_one_big_change() -> None:
    saved: list[str] = []
    refused = []
    for part in range(10):
        keys = [f"part{part}-{n}" for n in range(3)]
        given = needed(_part(keys, saved, Policy()).guards)
        if given:
            refused.append((part, given))
        else:
            saved += keys
    assert len(saved) == 24
    assert refused == [(8, {DAY: 27}), (9, {DAY: 27})]


def test_ten_small_parts_of_a_small_fleet_are_too_much_of_it() -> None:
    policy = Policy(max_percent=20, max_percent_a_day=50)
    saved: list[str] = []
    for part in range(5):
        assert needed(_part([f"d{part}"], saved, policy, fleet=10).guards) == {}
        saved.append(f"d{part}")
    assert needed(_part(["d5"], saved, policy, fleet=10).guards) == {SHARE: 6}


def _part(keys: list[str], saved: list[str], policy: Policy, fleet: int = 1000) -> Any:
    plan = planned({"districts": len(keys), "fleet": fleet})
    named = tuple(
        replace(one, district=key)
        for one, key in zip(plan.districts, keys, strict=True)
    )
    given = PlanContext(
        now=datetime.fromisoformat(NOW).replace(tzinfo=UTC),
        tool="test",
        scope=(),
        fleet=fleet,
        policy=policy,
        baselines={},
        recent=RecentSaves(frozenset(saved)),
    )
    return add_guards(replace(plan, districts=named), [], given)


def test_a_district_that_is_saved_twice_a_day_counts_once() -> None:
    figures = {"policy": {"max_districts_a_day": 3}, "districts": 2}
    assert scene(**figures, recent=["d0", "x"]) == {}
    assert scene(**figures, recent=["d0", "x", "y"]) == {DAY: 4}


def test_a_plan_that_mends_what_was_saved_today_is_never_held_back() -> None:
    figures = {"policy": {"max_districts_a_day": 1, "max_percent_a_day": 1}}
    again = scene(**figures, districts=2, fleet=100, recent=["d0", "d1", "x", "y"])
    assert again == {}


def test_a_district_alone_is_never_too_much_of_the_fleet_on_a_day() -> None:
    figures = {"policy": {"max_percent_a_day": 1}, "fleet": 1}
    assert scene(**figures) == {}
    assert scene(**figures, recent=["d0"]) == {}
    assert scene(**figures, recent=["x"]) == {SHARE: 2}


def test_one_big_plan_is_accepted_once_and_not_as_a_day_as_well() -> None:
    assert scene(districts=30, fleet=40) == {
        "too-many-districts": 30,
        "too-much-of-the-fleet": 30,
    }
    assert scene(districts=30, fleet=1000, recent=["d1", "d2"]) == {
        "too-many-districts": 30
    }


def test_a_big_plan_says_of_the_day_what_its_own_number_does_not() -> None:
    assert scene(districts=30, fleet=1000, recent=10) == {
        "too-many-districts": 30,
        DAY: 40,
    }


def test_a_day_may_be_held_shorter_than_a_plan() -> None:
    policy = {"max_districts_a_day": 2, "max_percent_a_day": 1}
    assert scene(policy=policy, districts=3, fleet=100) == {DAY: 3, SHARE: 3}


def test_districts_that_left_the_fleet_since_still_count() -> None:
    (guard,) = guards_of("{policy: {max_percent_a_day: 50}, fleet: 2, recent: 4}")
    assert guard.message == (
        "5 districts change within 24 hours, in a fleet of 2; the project allows 50 %"
    )


def test_a_plan_that_calls_its_risks_safe_is_asked_about_all_the_same() -> None:
    stated = {
        "live": {"enable_daily_sync": True},
        "desired": {"manage_guardians": False},
    }
    plan = planned(stated)
    (one,) = plan.districts
    forged = replace(plan, districts=(replace(one, saves=_harmless(one.saves)),))
    assert list(+forged.risks()) == [Risk.SAFE]
    policy = Policy(approval=Approval(1, Risk.DISRUPTIVE))
    given = PlanContext(
        now=plan.created,
        tool="test",
        scope=(),
        fleet=plan.fleet,
        policy=policy,
        baselines={},
    )
    afresh = add_guards(forged, [], given)
    assert needed(afresh.guards) == {"disruptive": 1}
    with pytest.raises(NotApproved):
        insist_approved(afresh, plan_digest(forged), policy, [], None)


def _harmless(saves: tuple[Save, ...]) -> tuple[Save, ...]:
    return tuple(
        Save(
            tuple(
                PlannedChange(planned.change, Risk.SAFE, "nothing")
                for planned in save.changes
            )
        )
        for save in saves
    )
