"""Runs that were begun and not ended, and what a runner leaves behind that dies."""

from __future__ import annotations

from datetime import UTC, datetime

from apply_world import CELL, World, district

from connectsync.apply.journal import Claim, Intent, RunOptions, SaveResult, SaveStatus
from connectsync.apply.state.store import Store
from connectsync.backends import embedded
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending, Sent
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import Form
from connectsync.operations.plan import PlannedDistrict, plan_district

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
FORM: Form = {"manage_guardians": False, "phone_types": frozenset[str]()}
INTENT = Intent("lakeview", 1, FORM, {**FORM, "manage_guardians": True}, "v1")
CONFIRMED = SaveResult(SaveStatus.CONFIRMED, Sent.ANSWERED, INTENT.after, "v2")
DONE = DistrictOutcome("lakeview", Ending.DONE, 1, 1)


def planned(*keys: str) -> Plan:
    districts = []
    for key in keys:
        want = PlannedDistrict(district(key, CELL), f"districts/{key}.yaml")
        made = plan_district(want, Live(key, "v1", FORM, NOW), {})
        assert isinstance(made, DistrictPlan)
        districts.append(made)
    return Plan(NOW, "test", "one", (), 2, tuple(districts), (), ())


def begun(store: Store, *keys: str) -> int:
    plan = planned(*keys)
    run, _ = store.begin(plan, "sha256:1", RunOptions((("rest", keys),)), at=NOW)
    return run


def claimed(store: Store, run: int, key: str = "lakeview") -> Claim:
    taken = store.claim(run, "one", key, at=NOW)
    assert isinstance(taken, Claim)
    return taken


async def died(world: World, plan: Plan, *, phases: int = 1, saved: bool) -> None:
    """Leave behind what a run leaves that dies before or after a save arrived."""
    store, digest = world.store, plan_digest(plan)
    (planned,) = plan.districts
    run, _ = store.begin(
        plan, digest, RunOptions((("rest", (planned.district,)),)), at=NOW
    )
    claim = store.claim(run, plan.backend, planned.district, at=NOW)
    assert isinstance(claim, Claim)
    form, version = planned.live, planned.live_version
    live: Live | None = None
    for phase in range(1, phases + 1):
        after = planned.saves[phase - 1].after(form)
        intent = Intent(planned.district, phase, form, after, version)
        row = store.intend(claim, intent, at=NOW)
        if saved or phase < phases:
            live = await saved_by_us(world, intent)
            form, version = live.form, live.version
        if phase < phases:
            assert live is not None
            result = SaveResult(
                SaveStatus.CONFIRMED, Sent.ANSWERED, live.form, live.version
            )
            store.settle(claim, row, result, at=NOW)
    store.release(claim)


async def saved_by_us(world: World, intent: Intent) -> Live:
    changed = {
        name: value
        for name, value in intent.after.items()
        if intent.before.get(name) != value
    }
    async with embedded.open_writer(world.app) as writer:
        return await writer.save(
            intent.district, changed, expected_version=intent.expected_version
        )
