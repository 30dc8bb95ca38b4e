"""A run that died between the journal and Connect: what the next one finds."""

from __future__ import annotations

import asyncio

import pytest
from apply_world import CELL, NOW, World
from begun_runs import died
from trial import Trial, endings

from connectsync.apply.journal import Claim, Intent, RunOptions
from connectsync.domain.plan import SWITCH
from connectsync.domain.plan_file import plan_digest
from connectsync.providers.clever import Settings, StudentId

KEY = "lakeview"


def settled(world: World) -> list[tuple[int, str]]:
    return [(one.intent.phase, one.settled.value) for one in world.archive.journal(1)]


def resumed(world: World, settings: Settings, *, phases: int = 1, saved: bool) -> Trial:
    async def story() -> Trial:
        plan = await world.plan(settings, keys=(KEY,))
        await died(world, plan, phases=phases, saved=saved)
        trial = Trial(world)
        outcome = await trial.resume()
        assert endings(outcome) == {KEY: "done"}
        return trial

    return asyncio.run(story())


def test_a_save_that_arrived_is_confirmed_by_reading_and_not_made_again(
    world: World,
) -> None:
    trial = resumed(world, CELL, saved=True)
    assert trial.saved == []
    assert settled(world) == [(1, "confirmed")]
    assert world.archive.baselines("embedded")[KEY].form == CELL.managed()


def test_a_save_that_did_not_arrive_is_made_again(world: World) -> None:
    trial = resumed(world, CELL, saved=False)
    assert trial.saved == [KEY]
    assert settled(world) == [(1, "failed"), (1, "confirmed")]


@pytest.mark.parametrize(
    ("phases", "saved", "made"), [(1, True, 1), (2, False, 1), (2, True, 0)]
)
def test_of_two_saves_only_what_is_left_is_made(
    world: World, phases: int, *, saved: bool, made: int
) -> None:
    asyncio.run(world.edit(KEY, {SWITCH: True}))
    settings = Settings(enable_daily_sync=False, student_id=StudentId.STUDENT_NUMBER)
    trial = resumed(world, settings, phases=phases, saved=saved)
    assert len(trial.saved) == made
    live = asyncio.run(world.live(KEY))
    assert (live[SWITCH], live["student_id"]) == (False, "STUDENT NUMBER")


def test_what_somebody_changed_meanwhile_is_left_alone_and_named(world: World) -> None:
    async def story() -> tuple[Trial, str, str]:
        plan = await world.plan(CELL, keys=(KEY,))
        await died(world, plan, saved=False)
        await world.edit(KEY, {"phone_types": frozenset(["Work"])})
        trial = Trial(world)
        (one,) = (await trial.resume()).districts
        return trial, one.ending.value, one.message

    trial, ending, message = asyncio.run(story())
    assert (trial.saved, ending) == ([], "conflict")
    assert (
        message
        == "someone else saved the form meanwhile: phone_types was (none), is now Work"
    )
    assert settled(world) == [(1, "conflict")]
    assert asyncio.run(world.live(KEY))["phone_types"] == frozenset(["Work"])


def test_what_somebody_changed_between_two_saves_is_left_alone(world: World) -> None:
    async def story() -> str:
        await world.edit(KEY, {SWITCH: True})
        wanted = Settings(enable_daily_sync=False, student_id=StudentId.STUDENT_NUMBER)
        plan = await world.plan(wanted, keys=(KEY,))
        await died(world, plan, phases=1, saved=True)
        await world.edit(KEY, {"manage_guardians": True})
        (one,) = (await Trial(world).resume()).districts
        return one.message

    assert asyncio.run(story()) == (
        "someone else saved the form meanwhile: manage_guardians was off, is now on"
    )
    assert settled(world) == [(1, "confirmed")], "the first save was ours"


def test_a_token_alone_is_typed_again_since_no_form_tells(world: World) -> None:
    """Typed twice it is the same token; not typed at all the sync would stay out."""

    async def story() -> Trial:
        plan = await world.plan(Settings(), keys=(KEY,), set_token=True)
        store = world.store
        run, _ = store.begin(
            plan, plan_digest(plan), RunOptions((("rest", (KEY,)),)), at=NOW
        )
        claim = store.claim(run, plan.backend, KEY, at=NOW)
        assert isinstance(claim, Claim)
        (planned,) = plan.districts
        intent = Intent(
            KEY, 1, planned.live, planned.live, planned.live_version, set_token=True
        )
        store.intend(claim, intent, at=NOW)
        store.release(claim)
        trial = Trial(world)
        await trial.resume()
        return trial

    assert asyncio.run(story()).saved == [KEY]
    assert settled(world) == [(1, "failed"), (1, "confirmed")]
