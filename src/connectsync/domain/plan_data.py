"""The plan as JSON data, in the shape that `schema/plan.schema.json` describes."""

from __future__ import annotations

from typing import Any

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.drift import DistrictDrift, Movement
from connectsync.domain.guard import GuardFinding
from connectsync.domain.plan import (
    DistrictPlan,
    NotPlanned,
    Plan,
    PlannedChange,
    Save,
)
from connectsync.domain.risk import Risk
from connectsync.domain.untouched import Untouched
from connectsync.domain.values import form_data, value_data

SCHEMA = 1


def plan_data(plan: Plan) -> dict[str, Any]:
    """Give the plan as JSON data, without its digest."""
    risks = plan.risks()
    return {
        "schema": SCHEMA,
        "created": plan.created.isoformat(),
        "tool": plan.tool,
        "backend": plan.backend,
        "scope": list(plan.scope),
        "fleet": plan.fleet,
        "summary": {
            "districts": plan.size,
            "changed": len(plan.districts),
            "in_step": len(plan.in_step),
            "failed": len(plan.failed),
            "changes": {risk.value: risks[risk] for risk in Risk},
        },
        "districts": [_district_data(district) for district in plan.districts],
        "in_step": list(plan.in_step),
        "failed": [_failed_data(failed) for failed in plan.failed],
        "guards": [_guard_data(guard) for guard in plan.guards],
    } | _origin_data(plan)


def _origin_data(plan: Plan) -> dict[str, Any]:
    """Say where a plan comes from, if not from everything that the files say."""
    data: dict[str, Any] = {}
    if plan.rollback_of is not None:
        data["rollback_of"] = plan.rollback_of
    if plan.since is not None:
        data["since"] = plan.since
        data["left_alone"] = [_left_data(one) for one in plan.left_alone]
    if plan.untouched:
        data["untouched"] = [_untouched_data(one) for one in plan.untouched]
    if plan.still_running:
        data["still_running"] = [
            {"district": one.district, "file": one.file, "error": one.error}
            for one in plan.still_running
        ]
    return data


def _untouched_data(one: Untouched) -> dict[str, Any]:
    return {
        "district": one.district,
        "setting": one.setting,
        "why": one.why.value,
        "value": value_data(one.value),
    }


def _left_data(left: DistrictDrift) -> dict[str, Any]:
    return {
        "district": left.district,
        "file": left.file,
        "applied": left.applied,
        "error": left.error,
        "movements": [movement_data(movement) for movement in left.movements],
    }


def _district_data(district: DistrictPlan) -> dict[str, Any]:
    return {
        "district": district.district,
        "name": district.name,
        "file": district.file,
        "live_version": district.live_version,
        "read_at": district.read_at.isoformat(),
        "live": form_data(district.live),
        "desired": form_data(district.desired),
        "saves": [_save_data(save) for save in district.saves],
        "drift": [movement_data(movement) for movement in district.drift],
    } | ({"kept": form_data(district.kept)} if district.kept else {})


def _save_data(save: Save) -> dict[str, Any]:
    changes = [_change_data(planned) for planned in save.changes]
    return {"changes": changes} | ({"set_token": True} if save.set_token else {})


def _change_data(planned: PlannedChange) -> dict[str, Any]:
    change = _op_data(planned.change)
    return change | {"risk": planned.risk.value, "effect": planned.effect}


def _op_data(change: Change) -> dict[str, Any]:
    match change:
        case Set(setting, before, after):
            return _op("set", setting, value_data(before), value_data(after))
        case Add(setting, label):
            return _op("add", setting, None, label)
        case Remove(setting, label):
            return _op("remove", setting, label, None)


def _op(op: str, setting: str, before: Any, after: Any) -> dict[str, Any]:
    return {"op": op, "setting": setting, "before": before, "after": after}


def movement_data(movement: Movement) -> dict[str, Any]:
    """Give a movement as JSON data."""
    return {
        "setting": movement.setting,
        "moved": movement.who.value,
        "baseline": value_data(movement.baseline),
        "desired": value_data(movement.desired),
        "live": value_data(movement.live),
    }


def _failed_data(failed: NotPlanned) -> dict[str, Any]:
    return {
        "district": failed.district,
        "file": failed.file,
        "message": failed.message,
        "remedy": failed.remedy,
    }


def _guard_data(guard: GuardFinding) -> dict[str, Any]:
    return {
        "rule": guard.rule,
        "severity": guard.severity.value,
        "message": guard.message,
        "hint": guard.hint,
        "district": guard.district,
        "accept": guard.accept,
        "count": guard.count,
    } | ({"needs_reason": True} if guard.needs_reason else {})
