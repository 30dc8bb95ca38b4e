"""A run that died between the journal and Connect: what the next one finds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from apply_world import CELL, NOW, World
from begun_runs import died
from fate import Killed
from sqlalchemy import update
from trial import Trial, endings

from connectsync.apply.journal import Claim, Intent, RunOptions
from connectsync.apply.state.database import LEASES
from connectsync.backends.seam import Writer
from connectsync.domain.live import Live
from connectsync.domain.outcome import Event, SaveSettled
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import SWITCH, Form
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
        "beside what was asked for, the form changed, by our save or by someone else:"
        " manage_guardians was off, is now on"
    )
    assert settled(world) == [(1, "confirmed")], "the first save was ours"


MOVED = "unarchive_classrooms was off, is now on"


def test_a_run_that_died_tells_what_its_last_save_changed_beside(world: World) -> None:
    async def story() -> list[str]:
        plan = await world.plan(CELL, keys=(KEY,))
        await died(world, plan, saved=True)
        await world.edit(KEY, {"unarchive_classrooms": True})
        told = [(await Trial(world).resume()).districts[0].message for _ in range(2)]
        await world.edit(KEY, {"unarchive_classrooms": False})
        (one,) = (await Trial(world).resume()).districts
        return [*told, one.ending.value]

    first, second, last = asyncio.run(story())
    assert first.endswith(f"by our save or by someone else: {MOVED}")
    assert second == first, "it is told as long as it is so"
    assert last == "done", "and no longer"
    assert settled(world) == [(1, "confirmed")]


def test_what_moves_after_the_last_save_was_read_back_is_no_concern_of_it(
    world: World,
) -> None:
    async def story() -> str:
        plan = await world.plan(CELL, keys=(KEY,))
        with pytest.raises(Killed):
            await replace(world, observe=dies_once_it_is_read_back).run(plan)
        with world.store.database.writing() as connection:
            connection.execute(update(LEASES).values(expires=0))
        await world.edit(KEY, {"unarchive_classrooms": True})
        (one,) = (await Trial(world).resume()).districts
        return one.ending.value

    assert asyncio.run(story()) == "done"


def dies_once_it_is_read_back(event: Event) -> None:
    if isinstance(event, SaveSettled):
        raise Killed


@pytest.mark.parametrize("settings", [CELL, Settings(enable_daily_sync=True)])
def test_a_setting_that_is_not_read_back_is_not_known_to_have_moved(
    world: World, settings: Settings
) -> None:
    async def story() -> str:
        plan = await world.plan(settings, keys=(KEY,))
        async with Trial(world).executor() as executor:
            short = replace(executor.means, writer=Short(executor.means.writer))
            going = replace(executor, means=short)
            (one,) = (await going.run(plan, world.orders(plan))).districts
        return one.ending.value

    assert asyncio.run(story()) == "done"


@dataclass
class Short:
    """A real writer whose answer does not name a setting."""

    writer: Writer

    async def save(self, key: str, desired: Form, **given: Any) -> Live:
        live = await self.writer.save(key, desired, **given)
        form = dict(live.form)
        del form["unarchive_classrooms"]
        return replace(live, form=form)


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
