"""Districts that are in step get a baseline, and only those."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from apply_world import CELL, KEYS, World, district

from connectsync.apply.state.opening import open_store
from connectsync.backends.embedded import DESCRIBED
from connectsync.domain.drift import Baseline
from connectsync.domain.outcome import Outcome
from connectsync.domain.plan import Plan
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.operations.apply import in_step_of
from connectsync.operations.plan import PlannedDistrict
from connectsync.providers.clever import PhoneType, Settings

KEY = "lakeview"
BY_HAND = {"phone_types": frozenset([PhoneType.HOME.value])}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a real embedded Connect on which one district is as its file says."""
    path = tmp_path / "connect.db"
    enrol(path, [(key, key) for key in KEYS])
    with open_store(tmp_path) as store:
        made = World(create_app(path), store)
        asyncio.run(made.edit(KEY, dict(CELL.managed())))
        yield made


def applied(world: World, plan: Plan, settings: Settings = CELL) -> Outcome:
    """Apply a plan, and what comes after it."""

    async def apply() -> Outcome:
        wanted = [PlannedDistrict(district(KEY, settings), f"districts/{KEY}.yaml")]
        known = world.archive.baselines(DESCRIBED)
        async with world.executor() as executor:
            in_step = in_step_of(plan, wanted, known)
            return await executor.run(plan, world.orders(plan), in_step)

    return asyncio.run(apply())


def baseline(world: World) -> Baseline | None:
    return world.archive.baselines(DESCRIBED).get(KEY)


def test_a_district_in_step_gets_a_baseline(world: World) -> None:
    plan = asyncio.run(world.plan(CELL, keys=(KEY,)))
    assert plan.in_step == (KEY,)
    assert applied(world, plan).moved == ()
    kept = baseline(world)
    assert kept is not None
    assert kept.form == CELL.managed()
    assert not kept.was_running


def test_one_that_moved_since_it_was_planned_gets_none(world: World) -> None:
    plan = asyncio.run(world.plan(CELL, keys=(KEY,)))
    asyncio.run(world.edit(KEY, BY_HAND))
    assert applied(world, plan).moved == (KEY,)
    assert baseline(world) is None


def test_one_that_is_in_step_with_a_way_back_gets_none(world: World) -> None:
    plan = asyncio.run(world.plan(CELL, keys=(KEY,)))
    applied(world, replace(plan, rollback_of=1))
    assert baseline(world) is None


def test_that_the_sync_runs_now_is_kept_though_the_values_are_the_same(
    world: World,
) -> None:
    plan = asyncio.run(world.plan(CELL, keys=(KEY,)))
    applied(world, plan)
    asyncio.run(world.edit(KEY, {"enable_daily_sync": True}))
    applied(world, plan)
    kept = baseline(world)
    assert kept is not None
    assert kept.was_running


def test_a_setting_that_is_managed_now_is_kept(world: World) -> None:
    less = replace(CELL, phone_types=None)
    plan = asyncio.run(world.plan(less, keys=(KEY,)))
    applied(world, plan, less)
    applied(world, asyncio.run(world.plan(CELL, keys=(KEY,))))
    kept = baseline(world)
    assert kept is not None
    assert kept.form == CELL.managed()
