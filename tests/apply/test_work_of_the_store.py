"""What a district costs the store is the same in a run of ten and of a thousand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apply_world import CELL, NOW, World
from sqlalchemy import event
from sqlalchemy.pool import Pool

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.state.opening import open_store
from connectsync.backends import embedded
from connectsync.domain.outcome import Ending
from connectsync.domain.plan import Plan
from connectsync.domain.settings import SWITCH
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.providers.clever import Settings

SIZES = (4, 8, 32)
"""Of three sizes, what the first districts cost can be told from what more cost."""

NO_MORE = 1.1
"""How much more a district may cost among many: numbers get longer."""

RUNS = 9

STEP = 10
"""After how many instructions SQLite calls the counter."""


@dataclass
class Counted:
    """The instructions that SQLite carried out: the same on any machine."""

    steps: int = 0

    def add(self) -> None:
        self.steps += STEP


@contextmanager
def counted(pools: type[Pool] | Pool) -> Iterator[Counted]:
    """Count what SQLite does over the connections of a pool, or of all pools."""
    count = Counted()

    def begin(raw: object, *_: object) -> None:
        raw.set_progress_handler(count.add, STEP)  # type: ignore[attr-defined]

    def end(raw: object, *_: object) -> None:
        raw.set_progress_handler(None, STEP)  # type: ignore[attr-defined]

    event.listen(pools, "checkout", begin)
    event.listen(pools, "checkin", end)
    try:
        yield count
    finally:
        event.remove(pools, "checkout", begin)
        event.remove(pools, "checkin", end)


@contextmanager
def fleet(folder: Path, size: int) -> Iterator[tuple[World, Plan]]:
    """Give a Connect with some districts that run, and a plan that changes each."""
    folder.mkdir()
    path = folder / "connect.db"
    keys = tuple(f"district-{number:04}" for number in range(size))
    enrol(path, [(key, key) for key in keys])
    with open_store(folder) as store:
        world = World(create_app(path), store)
        for key in keys:
            asyncio.run(world.edit(key, {SWITCH: True}))
        yield world, asyncio.run(world.plan(CELL, keys))


def run_costs(world: World, plan: Plan) -> int:
    with counted(world.store.database.engine.pool) as count:
        outcome = asyncio.run(world.run(plan))
    assert {one.ending for one in outcome.districts} == {Ending.DONE}
    return count.steps


def check_costs(world: World) -> int:
    """Hold a run against its log, as is done before it is gone on with."""
    with counted(Pool) as count:
        world.archive.plan(1)
        assert world.archive.audited().problems == ()
    return count.steps


def remembering_costs(world: World, plan: Plan) -> int:
    """Remember one district after the other, as `drift --adopt` does."""
    with counted(world.store.database.engine.pool) as count:
        for one in plan.districts:
            kept = BaselineUpdate(one.desired, running=True, merged=True)
            world.store.note(embedded.DESCRIBED, {one.district: kept}, at=NOW)
    return count.steps


def test_a_district_costs_no_more_among_many(tmp_path: Path) -> None:
    costs: dict[str, list[int]] = {"run": [], "check": [], "remember": []}
    for size in SIZES:
        with fleet(tmp_path / str(size), size) as (world, plan):
            costs["run"].append(run_costs(world, plan))
            costs["check"].append(check_costs(world))
            costs["remember"].append(remembering_costs(world, plan))
    few, some, many = SIZES
    for what, (least, more, most) in costs.items():
        each = (more - least) / (some - few)
        each_of_many = (most - more) / (many - some)
        assert 0 < each_of_many <= NO_MORE * each, (what, costs)


def test_a_run_costs_no_more_after_many_others(tmp_path: Path) -> None:
    """What was saved in years is not read again for each save of today."""
    costs = []
    size = SIZES[0]
    with fleet(tmp_path / "one", size) as (world, first):
        keys = tuple(one.district for one in first.districts)
        for number in range(RUNS):
            wanted = Settings(deletion_threshold=5 + number)
            plan = asyncio.run(world.plan(wanted, keys))
            costs.append(run_costs(world, plan))
    # the first one learns what each district holds
    assert costs[-1] <= NO_MORE * costs[1], costs
