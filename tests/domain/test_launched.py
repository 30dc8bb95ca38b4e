from __future__ import annotations

import pytest
from plan_scenes import planned

from connectsync.domain.finding import needed


def scene(*, launched: bool, running: bool) -> dict[str, object]:
    return {
        "was_running": launched,
        "live": {"enable_daily_sync": running, "contact_types": ["Primary", "Family"]},
        "desired": {"contact_types": ["Primary"]},
    }


def test_cutting_contacts_is_disruptive_while_the_sync_runs() -> None:
    guards = planned(scene(launched=False, running=True)).guards
    assert needed(guards) == {"disruptive": 1}


def test_it_is_so_too_while_a_sync_that_ran_before_is_paused() -> None:
    (guard,) = planned(scene(launched=True, running=False)).guards
    assert needed([guard]) == {"disruptive": 1}
    assert guard.message.endswith("while the sync is paused")


def test_it_is_not_where_the_sync_never_ran() -> None:
    assert planned(scene(launched=False, running=False)).guards == ()


def with_facts(step: int) -> dict[str, object]:
    return {**scene(launched=False, running=False), "facts": {"setup_step": step}}


@pytest.mark.parametrize("step", [8, 9])
def test_a_paused_district_past_its_launch_counts_as_launched(step: int) -> None:
    (guard,) = planned(with_facts(step)).guards
    assert needed([guard]) == {"disruptive": 1}


@pytest.mark.parametrize("step", [5, 7])
def test_a_district_before_its_launch_does_not(step: int) -> None:
    assert planned(with_facts(step)).guards == ()


@pytest.mark.parametrize(
    "desired",
    [
        {"phone_types": ["Home"]},
        {"district_id": "b"},
        {"contact_types": ["Primary", "Family", "Emergency"]},
        {"update_active_users": True},
    ],
    ids="".join,
)
def test_what_hurts_families_of_a_paused_district_is_asked_about(
    desired: dict[str, object],
) -> None:
    stated = {**with_facts(9), "desired": desired}
    live = {**stated["live"], "district_id": "a"}  # type: ignore[dict-item]
    assert needed(planned({**stated, "live": live}).guards) == {"disruptive": 1}


def test_that_a_file_calls_it_launched_does_not_pass_for_a_first_launch() -> None:
    enabling = {"facts": {"setup_step": 9}, "desired": {"enable_daily_sync": True}}
    assert needed(planned(enabling).guards) == {"first-enable": 1}
