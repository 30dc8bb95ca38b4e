"""Runners that meet, wait, lose what they have, and leave: one line of code each."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from apply_world import CELL, KEYS, NOW, World, reading
from begun_runs import INTENT, begun, claimed, died
from forging import Entry, forge
from sqlalchemy import event, update
from stores import Place
from trial import Trial, endings

from connectsync.apply.journal import Claim, LeasedElsewhere, RunOptions
from connectsync.apply.rollout import RolloutLimits
from connectsync.apply.state import audit
from connectsync.apply.state.database import LEASES
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import BEATS, Heartbeat
from connectsync.backends import embedded
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome, WaveBegan
from connectsync.domain.plan_file import plan_digest
from connectsync.errors import ConnectError, FormRefused, LeaseLost, Unreachable

ELM, HARBOR, LAKE = KEYS
BACKEND = embedded.DESCRIBED


def test_a_first_try_of_a_dead_runner_that_arrives_while_we_resume_is_ours(
    world: World,
) -> None:
    async def arrive(key: str) -> None:
        await world.edit(key, dict(CELL.managed()))

    async def story() -> Outcome:
        plan = await world.plan(CELL, keys=(LAKE,))
        await died(world, plan, saved=False)
        return await Trial(world, before=arrive).resume()

    assert endings(asyncio.run(story())) == {LAKE: "done"}


def test_a_save_that_was_given_up_and_arrives_while_we_resume_is_ours(
    world: World,
) -> None:
    async def lose(_: str) -> None:
        raise Unreachable("no answer")

    async def arrive(key: str) -> None:
        await world.edit(key, dict(CELL.managed()))

    async def story() -> Outcome:
        plan = await world.plan(CELL, keys=(LAKE,))
        await Trial(world, before=lose).run(plan)
        return await Trial(world, before=arrive).resume()

    assert endings(asyncio.run(story())) == {LAKE: "done"}


def test_who_is_cancelled_lets_go_of_what_it_has_in_hand(world: World) -> None:
    async def story() -> None:
        saving = asyncio.Event()

        async def wait(_: str) -> None:
            saving.set()
            await asyncio.Event().wait()

        run = asyncio.ensure_future(Trial(world, before=wait).run())
        await saving.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(story())
    assert isinstance(world.store.claim(1, BACKEND, ELM, at=NOW), Claim)


def test_signs_of_life_come_often_enough_to_lose_one(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BEATS >= 3
    waits: list[float] = []
    begun_to_wait, wait = threading.Event(), threading.Event.wait

    def waited(event: threading.Event, timeout: float | None = None) -> bool:
        if threading.current_thread().name == "leases" and timeout is not None:
            waits.append(timeout)
            begun_to_wait.set()
        return wait(event, timeout)

    async def story(store: Any, claim: Claim) -> None:
        heartbeat = Heartbeat(store)
        async with heartbeat.watching(), heartbeat.keep(claim):
            assert await asyncio.to_thread(begun_to_wait.wait, 60)

    monkeypatch.setattr(threading.Event, "wait", waited)
    with kept.open() as store:
        asyncio.run(story(store, claimed(store, begun(store, "lakeview"))))
        assert waits == [store.lease_seconds / BEATS]


def test_signs_of_life_come_while_the_event_loop_stands_still(kept: Place) -> None:
    """A lock of the store, or a page, may keep it for long."""
    alive = threading.Semaphore(0)

    async def story(store: Any, claim: Claim) -> None:
        renew = store.renew

        def renewed(claim: Claim) -> None:
            renew(claim)
            alive.release()

        store.renew = renewed
        heartbeat = Heartbeat(store)
        async with heartbeat.watching(), heartbeat.keep(claim):
            for sign in ("first", "second", "third"):
                assert alive.acquire(timeout=60), f"no {sign} sign of life"

    with kept.open(lease_seconds=0.3) as store:
        claim = claimed(store, begun(store, "lakeview"))
        asyncio.run(story(store, claim))
        store.release(claim)


def test_what_was_let_go_of_is_not_held_on_to(kept: Place) -> None:
    with kept.open() as store:
        claim = claimed(store, begun(store, "lakeview"))
        store.release(claim)
        with pytest.raises(LeaseLost):
            store.renew(claim)


class Once:
    """A reader whose first reading of many happens to be ``seen``."""

    described = BACKEND

    def __init__(self, reader: Any, happen: Any) -> None:
        self.reader = reader
        self.read = reader.read
        self.happen = happen

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        lives = dict(await self.reader.read_many(keys))
        happen, self.happen = self.happen, None
        return lives if happen is None else await happen(lives)


def joining(world: World, happen: Any) -> Outcome:
    async def story() -> Outcome:
        plan = await world.plan(CELL)

        async def meanwhile(lives: dict[str, Any]) -> Mapping[str, Any]:
            orders = RunOptions((("rest", KEYS),))
            world.store.begin(plan, plan_digest(plan), orders, at=NOW)
            return await happen(lives)  # type: ignore[no-any-return]

        async with world.executor() as executor:
            reader = Once(executor.means.reader, meanwhile)
            return await reading(executor, reader).run(plan, world.orders(plan))

    return asyncio.run(story())


def test_who_joins_a_run_is_not_kept_from_what_it_could_not_read_before(
    world: World,
) -> None:
    async def unread(lives: dict[str, Any]) -> Mapping[str, Any]:
        return {**lives, ELM: Unreachable("no answer")}

    assert set(endings(joining(world, unread)).values()) == {"done"}


def test_a_second_runner_joins_though_the_first_one_moved_the_form(
    world: World,
) -> None:
    async def moved(lives: dict[str, Any]) -> Mapping[str, Any]:
        return {**lives, ELM: replace(lives[ELM], version="saved by the first one")}

    outcome = joining(world, moved)
    assert (outcome.run, set(endings(outcome).values())) == (1, {"done"})


def test_only_what_differs_is_sent(world: World) -> None:
    sent: list[object] = []

    async def story() -> None:
        plan = await world.plan(CELL, keys=(LAKE,))
        async with world.executor() as executor:
            save = executor.means.writer.save

            class Watching:
                async def save(self, key: str, desired: object, **given: Any) -> Live:
                    sent.append(desired)
                    return await save(key, desired, **given)  # type: ignore[arg-type]

            means = replace(executor.means, writer=Watching())
            await replace(executor, means=means).run(plan, world.orders(plan))

    asyncio.run(story())
    assert sent == [CELL.managed()]


def test_no_wave_begins_once_there_is_a_reason_to_stop(world: World) -> None:
    trial = Trial(world, RolloutLimits(pause=lambda: "the window closed"))
    asyncio.run(trial.run())
    assert not [one for one in trial.events if isinstance(one, WaveBegan)]


@pytest.mark.parametrize(("most", "last"), [(49, "not reached"), (50, "done")])
def test_failures_are_held_against_a_share_of_the_wave(
    world: World, most: int, last: str
) -> None:
    async def refuse(key: str) -> None:
        if key == ELM:
            raise FormRefused("no")

    orders = RunOptions((("first", (ELM, HARBOR)), ("rest", (LAKE,))))
    trial = Trial(
        world, RolloutLimits(max_failures_percent=most), orders, before=refuse
    )
    assert endings(asyncio.run(trial.run()))[LAKE] == last


def test_failures_stop_the_very_wave_they_are_in(world: World) -> None:
    async def refuse(_: str) -> None:
        raise FormRefused("no")

    trial = Trial(world, RolloutLimits(max_failures_percent=0), before=refuse)
    assert endings(asyncio.run(trial.run())) == {
        ELM: "failed",
        HARBOR: "not reached",
        LAKE: "not reached",
    }


def test_a_district_that_was_lost_to_another_runner_is_asked_for_again(
    world: World,
) -> None:
    lost: list[str] = []

    async def lose(key: str) -> None:
        if not lost:
            lost.append(key)
            taken = {"token": LEASES.c.token + 1, "runner": "another", "expires": 0}
            with world.store.database.writing() as connection:
                connection.execute(
                    update(LEASES).where(LEASES.c.district == key).values(taken)
                )

    trial = Trial(world, after=lose)
    outcome = asyncio.run(trial.run())
    assert lost == [ELM]
    assert set(endings(outcome).values()) == {"done"}
    assert trial.saved == list(KEYS), "what was saved is found by reading"


def test_what_is_open_on_another_backend_is_none_of_ours(kept: Place) -> None:
    with kept.open() as store:
        claim = claimed(store, begun(store, "lakeview"))
        store.intend(claim, INTENT, at=NOW)
        assert store.open_saves("one").keys() == {"lakeview"}
        assert store.open_saves("other") == {}


def test_of_two_that_take_a_lease_at_once_only_one_has_it(kept: Place) -> None:
    with kept.open() as store:
        run = begun(store, "lakeview")
        taken = iter([None])

        def take_first(connection: Any, _: Any, statement: str, *__: Any) -> None:
            read = statement.startswith("SELECT") and LEASES.name in statement
            if read and next(taken, 0) is None:
                connection.execute(update(LEASES).values(token=LEASES.c.token + 1))

        event.listen(store.database.engine, "after_cursor_execute", take_first)
        held = store.claim(run, "one", "lakeview", at=NOW)
        assert isinstance(held, LeasedElsewhere)


def test_a_save_of_which_nothing_is_known_counts_for_the_day(kept: Place) -> None:
    with kept.open() as store:
        run = begun(store, "lakeview")
        claim = claimed(store, run)
        store.intend(claim, INTENT, at=NOW)
        failed = DistrictOutcome("lakeview", Ending.FAILED, 0, 0, "no answer")
        store.finish(claim, failed, at=NOW)
        store.end(run, at=NOW)
        assert StateReader(store).recent("one", NOW).districts == {"lakeview"}


def test_what_an_ended_run_never_came_to_does_not_count_for_the_day(
    kept: Place,
) -> None:
    with kept.open() as store:
        begun(store, "lakeview")
        assert StateReader(store).recent("one", NOW).districts == {"lakeview"}

    def ended(entry: Entry) -> None:
        if entry["action"] == audit.RUN_STOPPED:
            entry.update(action=audit.RUN_ENDED, detail={})

    with kept.open() as store:
        store.stop(1, "to be forged", at=NOW)
    forge(kept.address.url, ended)
    with kept.open() as store:
        assert StateReader(store).run(1).ended is not None
        assert StateReader(store).recent("one", NOW).districts == frozenset()


def test_what_is_committed_to_a_file_is_on_disk(tmp_path: Any) -> None:
    with Place(tmp_path, _file(tmp_path)).open() as store:
        with store.database.reading() as connection:
            (synchronous,) = connection.exec_driver_sql("PRAGMA synchronous").one()
        assert synchronous == 2, "FULL"


def test_who_is_going_to_write_takes_the_file_at_once(tmp_path: Any) -> None:
    place = Place(tmp_path, _file(tmp_path))
    with place.open() as store, store.database.writing():
        other = sqlite3.connect(tmp_path / "state.db", timeout=0, isolation_level=None)
        with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def _file(folder: Any) -> Any:
    from connectsync.config.state_address import in_file

    return in_file(folder / "state.db")


def test_what_was_said_of_a_failure_is_gone_once_it_is_tried_again(kept: Place) -> None:
    with kept.open() as store:
        run = begun(store, "lakeview")
        failed = DistrictOutcome("lakeview", Ending.FAILED, 0, 0, "no answer", "wait")
        store.finish(claimed(store, run), failed, at=NOW)
        store.reopen(run, at=NOW)
        (part,) = StateReader(store).run(run).parts
        assert (part.outcome, part.ended) == (None, None)


def test_who_asks_for_a_district_that_has_ended_does_not_keep_its_lease(
    kept: Place,
) -> None:
    with kept.open() as one, kept.open() as other:
        run = begun(one, "lakeview")
        failed = DistrictOutcome("lakeview", Ending.FAILED, 0, 0, "no answer")
        one.finish(claimed(one, run), failed, at=NOW)
        assert other.claim(run, "one", "lakeview", at=NOW) == failed
        one.reopen(run, at=NOW)
        assert isinstance(one.claim(run, "one", "lakeview", at=NOW), Claim)
