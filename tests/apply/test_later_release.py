"""What was written before a setting was known says nothing about it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from apply_world import CELL, KEYS, NOW, World, district, reading
from later_release import one_setting_more

from connectsync.apply.journal import Claim, Intent
from connectsync.apply.saving import insist_fresh
from connectsync.backends import embedded, snapshot
from connectsync.backends.seam import Reader
from connectsync.backends.snapshot import parse_snapshot
from connectsync.domain.drift import movements
from connectsync.domain.live import Live
from connectsync.domain.outcome import Ending
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest, plan_text, read_plan
from connectsync.domain.settings import Form
from connectsync.operations.drift import find_drift
from connectsync.operations.import_ import take_snapshot
from connectsync.operations.plan import PlannedDistrict, changes_between

KEY = "lakeview"


class WithNightMode:
    """A reader of a Connect whose form shows the setting of the later release."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.described = reader.described

    async def read(self, key: str) -> Live:
        return _shown(await self._reader.read(key))

    async def read_many(self, keys: list[str]) -> dict[str, Live]:
        return {key: await self.read(key) for key in keys}


def _shown(live: Live) -> Live:
    form: Form = {**live.form, "night_mode": False}
    return replace(live, form=form)


def test_a_plan_of_before_a_setting_was_known_is_applied(world: World) -> None:
    async def story() -> list[Ending]:
        text = plan_text(await world.plan(CELL))
        with one_setting_more():
            plan = read_plan(text)
            async with world.executor() as old:
                executor = reading(old, WithNightMode(old.means.reader))
                outcome = await executor.run(plan, world.orders(plan))
                return [one.ending for one in outcome.districts]

    assert asyncio.run(story()) == [Ending.DONE] * len(KEYS)


def test_a_plan_of_before_a_setting_was_known_is_fresh_where_only_that_is_new(
    world: World,
) -> None:
    async def story() -> None:
        plan = await world.plan(CELL)
        async with embedded.open_reader(world.app) as reader:
            lives = dict(await reader.read_many(KEYS))
        with one_setting_more():
            shown = {
                key: _shown(one) for key, one in lives.items() if isinstance(one, Live)
            }
            insist_fresh(plan, shown)
            assert len(shown) == len(KEYS)

    asyncio.run(story())


def test_a_run_of_before_a_setting_was_known_is_resumed(world: World) -> None:
    async def story() -> Plan:
        plan = await world.plan(CELL, keys=(KEY,))
        await _died_after_saving(world, plan)
        with one_setting_more():
            async with world.executor() as old:
                executor = reading(old, WithNightMode(old.means.reader))
                outcome = await executor.resume(1, plan, world.orders(plan))
            assert [one.ending for one in outcome.districts] == [Ending.DONE]
            assert world.archive.run(1).plan == plan_digest(plan)
        return plan

    asyncio.run(story())
    entries = world.archive.journal(1)
    assert [one.settled.value for one in entries] == ["confirmed"]


async def _died_after_saving(world: World, plan: Plan) -> None:
    (planned,) = plan.districts
    run, _ = world.store.begin(plan, plan_digest(plan), world.orders(plan), at=NOW)
    claim = world.store.claim(run, plan.backend, KEY, at=NOW)
    assert isinstance(claim, Claim)
    (save,) = planned.saves
    after = save.after(planned.live)
    intent = Intent(KEY, 1, planned.live, after, planned.live_version)
    world.store.intend(claim, intent, at=NOW)
    await world.edit(KEY, {name: after[name] for name in planned.desired})
    world.store.release(claim)


def test_a_gateway_of_before_a_setting_was_known_leaves_it_unknown(
    world: World,
) -> None:
    async def story() -> None:
        with one_setting_more():
            async with embedded.open_reader(world.app) as reader:
                live = await reader.read(KEY)
            assert "night_mode" not in live.form
            assert changes_between(live.form, {"night_mode": True}) == ()

    asyncio.run(story())


def test_a_snapshot_of_before_a_setting_was_known_leaves_it_unknown(
    world: World,
) -> None:
    async def story() -> None:
        async with embedded.open_reader(world.app) as reader:
            old = snapshot.render_snapshot(await take_snapshot(reader, ()))
        with one_setting_more():
            read = parse_snapshot(old.encode())
            assert all("night_mode" not in one.live.form for one in read.entries)
            assert snapshot.render_snapshot(read) == old

    asyncio.run(story())


def test_a_baseline_of_before_a_setting_was_known_is_no_drift(world: World) -> None:
    async def story() -> None:
        await world.run(await world.plan(CELL))
        with one_setting_more():
            baselines = world.archive.baselines("embedded Connect")
            async with world.executor() as executor:
                reader = WithNightMode(executor.means.reader)
                (one,) = await find_drift(
                    [PlannedDistrict(district(KEY, CELL), "x.yaml")],
                    reader,  # type: ignore[arg-type]
                    baselines,
                )
            assert one.drift.movements == ()

    asyncio.run(story())


@pytest.mark.parametrize("baseline", [{}, {"manage_guardians": False}])
def test_what_live_does_not_name_has_not_drifted(baseline: Form) -> None:
    assert movements(baseline, {"manage_guardians": True}, {}) == ()
