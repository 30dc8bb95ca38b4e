"""The plan as a file: the same bytes for the same plan, and a digest over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.drift import DistrictDrift, Moved, Movement
from connectsync.domain.finding import Severity
from connectsync.domain.guard import GuardFinding
from connectsync.domain.plan import (
    DistrictPlan,
    NotPlanned,
    Plan,
    PlannedChange,
    Save,
    StillRunning,
)
from connectsync.domain.plan_data import SCHEMA, plan_data
from connectsync.domain.plan_shape import PLAN
from connectsync.domain.risk import Risk
from connectsync.domain.shape import Misshapen, unique_members
from connectsync.domain.untouched import Untouched, WhyUntouched
from connectsync.domain.values import Data, form_of, value_of
from connectsync.errors import DamagedPlan


def plan_text(plan: Plan) -> str:
    """Write a plan as indented JSON with its digest first."""
    data = plan_data(plan)
    return json.dumps({"digest": digest_of(data)} | data, indent=2) + "\n"


def plan_digest(plan: Plan) -> str:
    """Give the digest of a plan: scope, backend, live versions and all."""
    return digest_of(plan_data(plan))


def digest_of(data: Data) -> str:
    """Hash plan data without its digest; spelling and key order do not matter."""
    content = {key: value for key, value in data.items() if key != "digest"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def read_plan(text: str) -> Plan:
    """
    Read what `plan_text` wrote.

    Raises ``DamagedPlan`` if anything differs from it, be it one character.
    """
    data = _json(text)
    if "digest" not in data:
        raise DamagedPlan("the plan has no digest: it is not one that `plan` wrote")
    if data.get("schema") != SCHEMA:
        raise DamagedPlan(f"the plan has schema {data.get('schema')!r}, not {SCHEMA}")
    if data["digest"] != _digest(data):
        raise DamagedPlan("the plan's digest does not match its content: it was edited")
    plan = plan_of_data(data)
    if plan_digest(plan) != data["digest"]:
        raise DamagedPlan("the plan says more or other things than `plan` writes")
    return plan


def _digest(data: Data) -> str:
    try:
        return digest_of(data)
    except RecursionError as error:
        raise DamagedPlan("the plan is nested deeper than any plan is") from error


def plan_of_data(data: Data) -> Plan:
    """Read what `plan_data` gave. Raises ``DamagedPlan`` if it is not that."""
    try:
        PLAN(dict(data), "")
        return _plan(data)
    except Misshapen as error:
        raise DamagedPlan(f"the plan is not one that `plan` wrote: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedPlan(
            f"the plan is not one that `plan` wrote: {error!r}"
        ) from error


def _json(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        raise DamagedPlan(f"the plan is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise DamagedPlan("the plan is not a JSON object")
    return data


def _plan(data: Mapping[str, Any]) -> Plan:
    return Plan(
        created=datetime.fromisoformat(data["created"]),
        tool=data["tool"],
        backend=data["backend"],
        scope=tuple(data["scope"]),
        fleet=data["fleet"],
        districts=tuple(_district(district) for district in data["districts"]),
        in_step=tuple(data["in_step"]),
        failed=tuple(NotPlanned(**failed) for failed in data["failed"]),
        guards=tuple(_guard(guard) for guard in data["guards"]),
        rollback_of=data.get("rollback_of"),
        since=_since(data.get("since")),
        left_alone=tuple(_left(left) for left in data.get("left_alone", ())),
        untouched=tuple(_untouched(one) for one in data.get("untouched", ())),
        still_running=tuple(
            StillRunning(**one) for one in data.get("still_running", ())
        ),
    )


def _since(commit: object) -> str | None:
    if not isinstance(commit, str | None):
        raise TypeError("since is no commit")
    return commit


def _left(data: Mapping[str, Any]) -> DistrictDrift:
    moved = tuple(_movement(movement) for movement in data["movements"])
    return DistrictDrift(**{**data, "movements": moved})


def _district(data: Mapping[str, Any]) -> DistrictPlan:
    return DistrictPlan(
        district=data["district"],
        name=data["name"],
        file=data["file"],
        live_version=data["live_version"],
        read_at=datetime.fromisoformat(data["read_at"]),
        live=form_of(data["live"]),
        desired=form_of(data["desired"]),
        saves=tuple(
            Save(
                tuple(_planned(change) for change in save["changes"]),
                set_token=save.get("set_token", False),
            )
            for save in data["saves"]
        ),
        drift=tuple(_movement(movement) for movement in data["drift"]),
        kept=_kept(data.get("kept", {})),
    )


def _kept(data: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    labels = form_of(data)
    return {name: one for name, one in labels.items() if isinstance(one, frozenset)}


def _untouched(data: Mapping[str, Any]) -> Untouched:
    value = value_of(data["setting"], data["value"])
    return Untouched(**{**data, "why": WhyUntouched(data["why"]), "value": value})


def _planned(data: Mapping[str, Any]) -> PlannedChange:
    return PlannedChange(_change(data), Risk(data["risk"]), data["effect"])


def _change(data: Mapping[str, Any]) -> Change:
    setting = data["setting"]
    match data["op"]:
        case "set":
            before = value_of(setting, data["before"])
            return Set(setting, before, value_of(setting, data["after"]))
        case "add":
            return Add(setting, data["after"])
        case "remove":
            return Remove(setting, data["before"])
        case op:
            raise ValueError(f"unknown change {op!r}")


def _movement(data: Mapping[str, Any]) -> Movement:
    setting = data["setting"]
    return Movement(
        setting=setting,
        who=Moved(data["moved"]),
        baseline=value_of(setting, data["baseline"]),
        desired=value_of(setting, data["desired"]),
        live=value_of(setting, data["live"]),
    )


def _guard(data: Mapping[str, Any]) -> GuardFinding:
    return GuardFinding(**{**data, "severity": Severity(data["severity"])})
