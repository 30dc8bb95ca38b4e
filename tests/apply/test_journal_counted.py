"""What a district costs the journal, counted: nothing here looks at a clock."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from apply_world import CELL, NOW, World
from begun_runs import CONFIRMED, DONE, INTENT, begun, claimed
from sqlalchemy import event
from sqlalchemy.engine.default import DefaultDialect
from stores import Place
from trial import Trial, endings

from connectsync.apply import district_run
from connectsync.apply.journal import Claim, SaveStatus
from connectsync.apply.rollout import RolloutLimits
from connectsync.apply.state.database import LEASES
from connectsync.apply.state.ledger import group_commits
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.domain.outcome import DistrictBegan, Sent
from connectsync.domain.plan import DistrictPlan
from connectsync.domain.schedule import Turn
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.errors import FormRefused, LeaseLost, StateError

MANY = tuple(f"district-{number:02}" for number in range(24))
AT_ONCE = 8


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Note what is said to the database."""
    said: list[str] = []

    def note(*told: Any) -> None:
        said.append(told[2])

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)


@pytest.fixture
def many(tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "connect.db"
    enrol(path, [(key, key) for key in MANY])
    with open_store(tmp_path) as store:
        yield World(create_app(path), store)


def test_a_district_is_written_down_in_four_commits_and_few_statements(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path / "state") as store:
        run = begun(store, "lakeview", "maple")
        commits: list[object] = []
        event.listen(store.database.engine, "commit", commits.append)
        with statements(store) as said:
            claim = claimed(store, run)
            row = store.intend(claim, INTENT, at=NOW)
            store.settle(claim, row, CONFIRMED, at=NOW)
            store.finish(claim, DONE, at=NOW)
        assert len(commits) == 4
        assert len(said) == 19


def test_a_district_of_a_run_is_two_changes_four_leases_and_no_look_up(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[int] = []
    together = many.store.together

    def counted(group: Sequence[Callable[[], Any]]) -> list[Any]:
        changes.append(len(group))
        return together(group)

    monkeypatch.setattr(many.store, "together", counted)
    plan = asyncio.run(many.plan(CELL, MANY))
    trial = Trial(many, RolloutLimits(at_once=AT_ONCE))
    with statements(many.store) as said:
        outcome = asyncio.run(trial.run(plan))
    assert set(endings(outcome).values()) == {"done"}
    # it is taken with its first save, and ended with what became of its last one
    assert sum(changes) <= 2 * len(MANY) + 1
    leases = [one for one in said if LEASES.name in one and "INSERT" not in one]
    assert len([one for one in leases if one.startswith("UPDATE")]) == 4 * len(MANY)
    told = Counter(one.split(maxsplit=1)[0] for one in said)
    # what opens, begins, notes and ends a run, and what each group is checked with
    assert told["SELECT"] <= len(MANY) + len(changes) + 12
    assert told["INSERT"] <= len(changes) + 4
    assert [one for one in said if one == "BEGIN"] == ["BEGIN"] * 4


def test_a_run_needs_two_threads_however_many_districts_it_has(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        names.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started)
    plan = asyncio.run(many.plan(CELL, MANY))
    names.clear()
    asyncio.run(Trial(many, RolloutLimits(at_once=AT_ONCE)).run(plan))
    assert sorted(name for name in names if "asyncio" not in name) == [
        "journal_0",
        "leases",
    ]


def test_what_comes_while_a_commit_is_on_its_way_goes_into_one(kept: Place) -> None:
    begun_to_write, go_on = threading.Event(), threading.Event()
    groups: list[int] = []

    async def story(store: Store) -> list[int]:
        together = store.together

        def watched(changes: Sequence[Callable[[], Any]]) -> list[Any]:
            groups.append(len(changes))
            begun_to_write.set()
            assert go_on.wait(60)
            return together(changes)

        store.together = watched  # type: ignore[method-assign]
        async with group_commits(store) as commits:
            first = asyncio.ensure_future(commits.write(partial(_number, 0)))
            assert await asyncio.to_thread(begun_to_write.wait, 60)
            others = [
                asyncio.ensure_future(commits.write(partial(_number, n)))
                for n in range(1, 9)
            ]
            # the loop goes on meanwhile: this is a turn of it
            await asyncio.sleep(0)
            go_on.set()
            return list(await asyncio.gather(first, *others))

    with kept.open() as store:
        assert asyncio.run(story(store)) == list(range(9))
    assert groups == [1, 8]


def test_what_comes_in_one_turn_goes_into_one_commit(kept: Place) -> None:
    """Also what comes of those that are let in then."""
    commits: list[object] = []

    async def story(store: Store) -> list[int]:
        async with group_commits(store) as commits:
            slot = asyncio.Semaphore(0)

            async def let_in() -> int:
                await slot.acquire()
                return await commits.write(partial(_number, 3))

            waiting = asyncio.ensure_future(let_in())
            await asyncio.sleep(0)
            slot.release()
            each = [commits.write(partial(_number, number)) for number in range(3)]
            return list(await asyncio.gather(*each, waiting))

    with kept.open() as store:
        event.listen(store.database.engine, "commit", commits.append)
        assert asyncio.run(story(store)) == list(range(4))
    assert len(commits) == 1


def _number(number: int, _: object) -> int:
    return number


def test_each_save_is_on_disk_before_it_is_made_though_many_are_in_hand(
    many: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[SaveStatus]] = {}
    commit: Any = DefaultDialect.do_commit

    def commit_late(dialect: Any, connection: Any) -> None:
        # long enough for whoever does not wait for it
        time.sleep(0.05)
        commit(dialect, connection)

    monkeypatch.setattr(DefaultDialect, "do_commit", commit_late)

    async def look(key: str) -> None:
        with open_store(tmp_path) as other:
            entries = StateReader(other).journal(1)
        seen[key] = [one.settled for one in entries if one.intent.district == key]

    plan = asyncio.run(many.plan(CELL, MANY))
    trial = Trial(many, RolloutLimits(at_once=AT_ONCE), before=look)
    assert set(endings(asyncio.run(trial.run(plan))).values()) == {"done"}
    assert seen == {key: [SaveStatus.INTENDED] for key in MANY}


def test_a_change_that_fails_takes_no_other_of_its_commit_along(kept: Place) -> None:
    with kept.open() as store:
        run = begun(store, "lakeview", "maple")
        claim, other = claimed(store, run), claimed(store, run, "maple")
        store.release(other)
        claimed(store, run, "maple")

        def lost() -> None:
            store.settle(claim, store.intend(claim, INTENT, at=NOW), CONFIRMED, at=NOW)
            store.finish(other, DONE, at=NOW)

        changes: list[Callable[[], Any]] = [
            lambda: store.intend(claim, INTENT, at=NOW),
            lost,
            lambda: store.entries(run, "lakeview"),
        ]
        given: list[Any] = store.together(changes)
        assert isinstance(given[1], LeaseLost)
        # all of the one that failed is undone, and all of the others is there
        (entry,) = given[2]
        assert (entry.row, entry.settled) == (given[0], SaveStatus.INTENDED)
    with kept.open() as store:
        assert [one.row for one in StateReader(store).journal(run)] == [given[0]]
        problems = StateReader(store).audited().problems
        assert not [one for one in problems if "entry" in one]


def test_a_commit_that_breaks_off_is_not_made_again(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have come through: what it holds would stand there twice."""
    with kept.open() as store:
        run = begun(store, "lakeview")
        claim = claimed(store, run)
        commit, broken = type(store.database.engine.dialect).do_commit, [True]

        def breaks(dialect: Any, connection: Any) -> None:
            commit(dialect, connection)
            if broken.pop():
                raise StateError("the connection broke off")

        with monkeypatch.context() as patched:
            dialect = type(store.database.engine.dialect)
            patched.setattr(dialect, "do_commit", breaks)
            given = store.together(
                [lambda: store.intend(claim, INTENT, at=NOW), lambda: None]
            )
        assert [str(one) for one in given] == ["the connection broke off"] * 2
        assert len(store.entries(run, "lakeview")) == 1


def test_after_a_failure_none_is_begun_before_it_is_written_down(many: World) -> None:
    """Of a wave that no failure is allowed in, one that just ended lets none in."""
    first, second, *_ = MANY
    saved, refusing = asyncio.Event(), asyncio.Event()

    async def before(key: str) -> None:
        if key == first:
            await saved.wait()
            refusing.set()
            raise FormRefused("no")

    async def after(key: str) -> None:
        if key == second:
            saved.set()
            await refusing.wait()
            # the other one is being written down now
            await asyncio.sleep(0)

    plan = asyncio.run(many.plan(CELL, MANY))
    limits = RolloutLimits(at_once=2, max_failures_percent=0)
    trial = Trial(many, limits, before=before, after=after)
    ended = endings(asyncio.run(trial.run(plan)))
    assert ended[first] == "failed"
    assert trial.saved == [second]


AHEAD = AT_ONCE // 2


async def taken(world: World, count: int) -> None:
    """Wait until the first saves of so many districts are on disk."""
    async with asyncio.timeout(120):
        while len(world.archive.journal(1)) < count:  # noqa: ASYNC110 - of a store
            await asyncio.sleep(0.005)


def test_who_comes_next_is_on_disk_before_its_turn_and_no_more_than_half_as_many(
    many: World,
) -> None:
    """A save never waits for the disk, and who is killed leaves few to look at."""
    intended: list[int] = []

    async def before(_: str) -> None:
        await taken(many, AT_ONCE + AHEAD)
        rows = many.archive.journal(1)
        intended.append(sum(one.settled is SaveStatus.INTENDED for one in rows))

    plan = asyncio.run(many.plan(CELL, MANY))
    trial = Trial(many, RolloutLimits(at_once=AT_ONCE), before=before)
    assert set(endings(asyncio.run(trial.run(plan))).values()) == {"done"}
    assert max(intended) == AT_ONCE + AHEAD
    assert trial.writer is not None
    assert trial.writer.busiest == AT_ONCE


def test_who_was_taken_ahead_is_left_with_nothing_sent_where_the_run_stops(
    many: World,
) -> None:
    stopping: list[str] = []
    all_begun = asyncio.Event()

    async def before(_: str) -> None:
        await taken(many, AT_ONCE + AHEAD)
        if trial.writer is not None and trial.writer.busy == AT_ONCE:
            stopping.append("enough")
            all_begun.set()
        await all_begun.wait()

    plan = asyncio.run(many.plan(CELL, MANY))
    limits = RolloutLimits(at_once=AT_ONCE, pause=lambda: "".join(stopping))
    trial = Trial(many, limits, before=before)
    ended = Counter(endings(asyncio.run(trial.run(plan))).values())
    assert ended == {"done": AT_ONCE, "not reached": len(MANY) - AT_ONCE}
    began = [one for one in trial.events if isinstance(one, DistrictBegan)]
    assert len(began) == AT_ONCE
    rows = [one for one in many.archive.journal(1) if one.facts.sent is Sent.NO]
    assert len(rows) == AHEAD
    assert {(one.settled, one.is_open) for one in rows} == {(SaveStatus.FAILED, False)}
    second = Trial(many, RolloutLimits(at_once=AT_ONCE))
    assert set(endings(asyncio.run(second.resume())).values()) == {"done"}
    assert sorted(trial.saved + second.saved) == list(MANY)


def test_who_is_cancelled_while_waiting_for_its_turn_leaves_it_and_sent_nothing(
    many: World,
) -> None:
    first, second, third, *_ = MANY

    async def story() -> None:
        begun, forever = asyncio.Event(), asyncio.Event()

        async def before(key: str) -> None:
            if key == second:
                begun.set()
            await forever.wait()

        plan = await many.plan(CELL, MANY)
        trial = Trial(many, RolloutLimits(at_once=2), before=before)
        run = asyncio.ensure_future(trial.run(plan))
        await begun.wait()
        await taken(many, 3)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(story())
    rows = {one.intent.district: one for one in many.archive.journal(1)}
    assert rows.keys() == {first, second, third}
    # of the others it is not known whether something was sent
    assert [rows[key].settled for key in (first, second)] == [SaveStatus.INTENDED] * 2
    assert (rows[third].settled, rows[third].facts.sent) == (
        SaveStatus.FAILED,
        Sent.NO,
    )
    for key in (first, second, third):
        assert isinstance(many.store.claim(1, "embedded", key, at=NOW), Claim)


def test_who_is_held_back_while_waiting_for_its_turn_is_not_begun(many: World) -> None:
    third, held = MANY[2], dict[str, str]()

    async def before(_: str) -> None:
        await taken(many, 3)
        held[third] = "the calendar texas is frozen"

    plan = asyncio.run(many.plan(CELL, MANY))
    limits = RolloutLimits(at_once=2, hold=lambda key: held.get(key, ""))
    trial = Trial(many, limits, before=before)
    outcome = asyncio.run(trial.run(plan))
    ended = endings(outcome)
    assert ended.pop(third) == "not reached"
    assert set(ended.values()) == {"done"}
    assert outcome.stopped == "the calendar texas is frozen"
    assert third not in trial.saved


@pytest.mark.parametrize("over", ["its lease", "its day"])
def test_what_held_as_a_district_was_taken_is_looked_at_again_at_its_turn(
    many: World, monkeypatch: pytest.MonkeyPatch, over: str
) -> None:
    third, late = MANY[2], list[bool]()

    def clock() -> float:
        return time.monotonic() + many.store.lease_seconds * bool(late)

    async def before(_: str) -> None:
        if not late:
            await taken(many, 3)
            late.append(True)

    def turned(planned: DistrictPlan, _: datetime) -> tuple[Turn, ...]:
        day = date(2027, 1, 14)
        turn = Turn("phone_types", frozenset(), day, frozenset(), "a day", "UTC")
        return (turn,) if late and planned.district == third else ()

    if over == "its day":
        monkeypatch.setattr(DistrictPlan, "turned", turned)
    else:
        monkeypatch.setattr(district_run, "monotonic", clock)
    plan = asyncio.run(many.plan(CELL, MANY))
    trial = Trial(many, RolloutLimits(at_once=2), before=before)
    ended = endings(asyncio.run(trial.run(plan)))
    rows = [one for one in many.archive.journal(1) if one.intent.district == third]
    assert (rows[0].settled, rows[0].facts.sent) == (SaveStatus.FAILED, Sent.NO)
    if over == "its day":
        assert ended.pop(third) == "conflict"
        assert third not in trial.saved
    else:
        assert [one.settled for one in rows[1:]] == [SaveStatus.CONFIRMED]
    assert set(ended.values()) == {"done"}


def test_who_is_cancelled_while_a_district_is_taken_leaves_it_and_sent_nothing(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking, cancelled = threading.Event(), threading.Event()
    together = many.store.together

    def held_up(changes: Sequence[Callable[[], Any]]) -> list[Any]:
        given = together(changes)
        taking.set()
        assert cancelled.wait(60)
        return given

    async def story() -> None:
        plan = await many.plan(CELL, MANY[:1])
        run = asyncio.ensure_future(Trial(many).run(plan))
        assert await asyncio.to_thread(taking.wait, 60)
        run.cancel()
        await asyncio.sleep(0)
        cancelled.set()
        with pytest.raises(asyncio.CancelledError):
            await run

    monkeypatch.setattr(many.store, "together", held_up)
    asyncio.run(story())
    (entry,) = many.archive.journal(1)
    assert (entry.settled, entry.facts.sent) == (SaveStatus.FAILED, Sent.NO)
    assert not entry.is_open
    claim = many.store.claim(1, "embedded", MANY[0], at=NOW)
    assert isinstance(claim, Claim)
    many.store.release(claim)
    second = Trial(many)
    assert set(endings(asyncio.run(second.resume())).values()) == {"done"}
    assert second.saved == [MANY[0]]
