from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from apply_world import CELL, KEYS, World, reading
from trial import Trial, endings

from connectsync.apply.journal import RunOptions
from connectsync.apply.rollout import RolloutLimits
from connectsync.domain.outcome import (
    Ending,
    Outcome,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)
from connectsync.errors import CredentialsRefused, FormRefused, StateError, Unreachable
from connectsync.providers.clever import Settings

ELM, HARBOR, LAKE = KEYS
CANARY_FIRST = (("canary", (LAKE,)), ("rest", (ELM, HARBOR)))


async def refuse(key: str) -> None:
    raise FormRefused(f"{key} is refused")


def refusing(*keys: str) -> Callable[[str], Awaitable[None]]:
    async def before(key: str) -> None:
        if key in keys:
            await refuse(key)

    return before


def test_a_wave_is_saved_and_read_once_more_before_the_next_begins(
    world: World,
) -> None:
    trial = Trial(world, orders=RunOptions(CANARY_FIRST))
    outcome = asyncio.run(trial.run())
    assert trial.saved == [LAKE, ELM, HARBOR]
    assert set(endings(outcome).values()) == {"done"}
    waves = [one for one in trial.events if isinstance(one, WaveBegan | WaveEnded)]
    assert [(type(one).__name__, one.wave) for one in waves] == [
        ("WaveBegan", "canary"),
        ("WaveEnded", "canary"),
        ("WaveBegan", "rest"),
    ]


def test_a_wave_that_fails_stops_the_roll_out_and_the_rest_is_not_touched(
    world: World,
) -> None:
    trial = Trial(
        world,
        RolloutLimits(max_failures_percent=0),
        RunOptions(CANARY_FIRST),
        before=refusing(LAKE),
    )
    outcome = asyncio.run(trial.run())
    assert trial.saved == []
    assert endings(outcome) == {
        ELM: "not reached",
        HARBOR: "not reached",
        LAKE: "failed",
    }
    assert (
        outcome.stopped == "1 of 1 districts of the wave 'canary' failed, more than 0 %"
    )
    assert world.archive.run(1).ended is None


def test_as_many_failures_as_are_allowed_stop_nothing(world: World) -> None:
    orders = RunOptions((("first", (ELM, HARBOR)), ("rest", (LAKE,))))
    trial = Trial(
        world, RolloutLimits(max_failures_percent=50), orders, before=refusing(ELM)
    )
    assert endings(asyncio.run(trial.run())) == {
        ELM: "failed",
        HARBOR: "done",
        LAKE: "done",
    }


def test_a_canary_that_a_person_changes_after_its_save_stops_the_roll_out(
    world: World,
) -> None:
    async def story() -> Outcome:
        orders = RunOptions(CANARY_FIRST)
        trial = Trial(world, RolloutLimits(max_failures_percent=0))
        plan = await world.plan(CELL)
        async with trial.executor() as executor:
            reader = executor.means.reader

            class Later:
                described = reader.described
                read = reader.read

                async def read_many(self, keys: Sequence[str]) -> object:
                    if world.store.known().runs and world.store.outcomes(1):
                        await world.edit(LAKE, {"phone_types": frozenset(["Work"])})
                    return await reader.read_many(keys)

            return await reading(executor, Later()).run(plan, orders)

    outcome = asyncio.run(story())
    assert endings(outcome)[LAKE] == "conflict"
    assert endings(outcome)[ELM] == "not reached"
    message = outcome.ended(Ending.CONFLICT)[0].message
    assert message == "phone_types was saved as Cell, and is Work after its wave"


def test_nothing_is_begun_once_there_is_a_reason_to_stop(world: World) -> None:
    def pause() -> str:
        return "the window closed" if world.store.outcomes(1) else ""

    trial = Trial(world, RolloutLimits(pause=pause))
    outcome = asyncio.run(trial.run())
    assert endings(outcome) == {
        ELM: "done",
        HARBOR: "not reached",
        LAKE: "not reached",
    }
    assert outcome.stopped == "the window closed"
    assert world.archive.run(1).stopped == "the window closed"


def test_a_district_whose_calendar_closed_waits_and_the_others_of_its_wave_go_on(
    world: World,
) -> None:
    def hold(key: str) -> str:
        return "the calendar texas is frozen" if key == ELM else ""

    orders = RunOptions((("canary", (ELM, LAKE)), ("rest", (HARBOR,))))
    trial = Trial(world, RolloutLimits(hold=hold), orders=orders)
    outcome = asyncio.run(trial.run())
    assert endings(outcome) == {ELM: "not reached", LAKE: "done", HARBOR: "not reached"}
    assert outcome.stopped == "the calendar texas is frozen"
    messages = {one.district: one.message for one in outcome.districts}
    assert messages[ELM] == "the calendar texas is frozen"
    assert messages[HARBOR] == "the run stopped before it"
    second = Trial(world)
    assert set(endings(asyncio.run(second.resume())).values()) == {"done"}
    assert second.saved == [ELM, HARBOR]


def test_a_run_that_was_stopped_is_gone_on_with_where_it_stopped(world: World) -> None:
    def pause() -> str:
        return "enough" if world.store.outcomes(1) else ""

    asyncio.run(Trial(world, RolloutLimits(pause=pause)).run())
    second = Trial(world)
    outcome = asyncio.run(second.resume())
    assert second.saved == [HARBOR, LAKE]
    assert set(endings(outcome).values()) == {"done"}
    assert outcome.elsewhere == 1
    run = world.archive.run(1)
    assert (run.left, run.stopped) == ((), "")
    assert run.ended is not None


def test_resume_tries_again_what_failed_and_nothing_else(world: World) -> None:
    first = Trial(world, before=refusing(HARBOR))
    assert endings(asyncio.run(first.run()))[HARBOR] == "failed"
    second = Trial(world)
    outcome = asyncio.run(second.resume())
    assert second.saved == [HARBOR]
    assert set(endings(outcome).values()) == {"done"}


def test_apply_again_joins_the_run_that_is_open(world: World) -> None:
    async def story() -> tuple[Outcome, Trial]:
        plan = await world.plan(CELL)

        def pause() -> str:
            return "enough" if world.store.outcomes(1) else ""

        await Trial(world, RolloutLimits(pause=pause)).run(plan)
        second = Trial(world)
        return await second.run(plan), second

    outcome, second = asyncio.run(story())
    assert outcome.run == 1
    assert second.saved == [HARBOR, LAKE]
    began = second.events[0]
    assert isinstance(began, RunBegan)
    assert began.joined


def test_several_districts_are_in_hand_at_once_as_far_as_is_allowed(
    world: World,
) -> None:
    async def slow(_: str) -> None:
        await asyncio.sleep(0.05)

    trial = Trial(world, RolloutLimits(at_once=2), before=slow)
    outcome = asyncio.run(trial.run())
    assert set(endings(outcome).values()) == {"done"}
    assert trial.writer is not None
    assert trial.writer.busiest == 2


def test_districts_of_others_are_left_to_them(world: World) -> None:
    trial = Trial(world, RolloutLimits(only=frozenset([ELM])))
    outcome = asyncio.run(trial.run())
    assert endings(outcome) == {ELM: "done", HARBOR: "skipped", LAKE: "skipped"}
    # the run is open for them
    assert world.archive.run(1).ended is None


def test_a_wave_before_the_last_is_everybodys(world: World) -> None:
    trial = Trial(world, RolloutLimits(only=frozenset([ELM])), RunOptions(CANARY_FIRST))
    assert endings(asyncio.run(trial.run())) == {
        ELM: "done",
        HARBOR: "skipped",
        LAKE: "done",
    }


def test_a_save_that_is_seen_not_to_be_made_is_made_again_as_long_as_allowed(
    world: World,
) -> None:
    rested: list[int] = []
    lost = {ELM: 2, HARBOR: 9}

    async def lose(key: str) -> None:
        if lost.get(key, 0):
            lost[key] -= 1
            raise Unreachable("no answer")

    async def rest(tried: int) -> bool:
        rested.append(tried)
        return True

    trial = Trial(world, before=lose, rest=rest)
    outcome = asyncio.run(trial.run())
    assert endings(outcome) == {ELM: "done", HARBOR: "failed", LAKE: "done"}
    assert trial.saved == [ELM, LAKE]
    assert rested == [1, 2, 1, 2, 3, 4]


def test_a_save_of_ours_that_arrives_late_is_no_conflict(world: World) -> None:
    """The first try arrives after we looked: the second meets it as a moved version."""
    late: list[str] = []

    async def story() -> Outcome:
        trial = Trial(world)

        async def lose(key: str) -> None:
            if key == ELM and not late:
                late.append(key)
                raise Unreachable("no answer")

        async def rest(_: int) -> bool:
            await world.edit(ELM, dict(CELL.managed()))
            return True

        trial.before, trial.rest = lose, rest
        return await trial.run()

    assert endings(asyncio.run(story()))[ELM] == "done"


def test_a_person_who_saves_the_very_same_before_us_is_not_taken_for_us(
    world: World,
) -> None:
    async def they_do(key: str) -> None:
        if key == ELM:
            await world.edit(ELM, dict(CELL.managed()))

    trial = Trial(world, before=they_do)
    assert endings(asyncio.run(trial.run()))[ELM] == "conflict"
    assert ELM not in trial.saved


def test_a_token_that_was_lost_on_its_way_is_typed_again(world: World) -> None:
    """Its form is as wanted all along: that does not say that it was typed."""
    lost: list[str] = []

    async def lose(key: str) -> None:
        if not lost:
            lost.append(key)
            raise Unreachable("no answer")

    async def rest(_: int) -> bool:
        return True

    trial = Trial(world, before=lose, rest=rest)
    plan = asyncio.run(world.plan(Settings(), keys=(LAKE,), set_token=True))
    assert endings(asyncio.run(trial.run(plan))) == {LAKE: "done"}
    assert trial.saved == [LAKE]


def test_a_session_that_ends_stops_the_run_and_the_rest_is_not_reached(
    world: World,
) -> None:
    async def signed_out(key: str) -> None:
        if key == HARBOR:
            raise CredentialsRefused("Connect asks to sign in", remedy="sign in")

    outcome = asyncio.run(Trial(world, before=signed_out).run())
    assert endings(outcome) == {
        ELM: "done",
        HARBOR: "not reached",
        LAKE: "not reached",
    }
    assert (outcome.stopped, outcome.refused) == ("Connect asks to sign in", "sign in")
    second = Trial(world)
    assert set(endings(asyncio.run(second.resume())).values()) == {"done"}
    assert second.saved == [HARBOR, LAKE]


def test_a_store_that_fails_stops_the_run_after_what_is_in_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = world.store.finish

    def broken(*args: object, **kwargs: object) -> None:
        if world.store.outcomes(1):
            raise StateError("the disk is full")
        finish(*args, **kwargs)  # type: ignore[arg-type]

    # nobody can let go of what it has in hand on a full disk: that takes a lease
    table = replace(world.store.lease_table, seconds=1)
    monkeypatch.setattr(world.store, "lease_table", table)
    monkeypatch.setattr(world.store, "finish", broken)
    trial = Trial(world)
    with pytest.raises(StateError, match="the disk is full"):
        asyncio.run(trial.run())
    assert trial.saved == [ELM, HARBOR]
    monkeypatch.setattr(world.store, "finish", finish)
    second = Trial(world)
    # what was saved and not written down is found by reading, and not saved twice
    assert set(endings(asyncio.run(second.resume())).values()) == {"done"}
    assert second.saved == [LAKE]


def test_everything_that_happens_is_told_in_order(world: World) -> None:
    trial = Trial(world)
    asyncio.run(trial.run())
    names = [type(one).__name__ for one in trial.events]
    a_district = ["DistrictBegan", "SaveIntended", "SaveSettled", "DistrictEnded"]
    assert names == ["RunBegan", "WaveBegan", *a_district * 3, "RunEnded"]
    intended = [one for one in trial.events if isinstance(one, SaveIntended)]
    assert intended[0].settings == ("manage_guardians", "phone_types")
    settled = {one.settled for one in trial.events if isinstance(one, SaveSettled)}
    assert settled == {"confirmed"}
    ended = trial.events[-1]
    assert isinstance(ended, RunEnded)
    assert dict(ended.counts)[Ending.DONE] == 3
