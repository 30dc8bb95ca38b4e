from __future__ import annotations

from plan_scenes import planned

from connectsync.domain.guard import needed


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
