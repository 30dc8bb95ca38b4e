"""The plan as a file: same plan, same bytes, with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectsync.domain.district import Untouched, WhyUntouched
from connectsync.domain.drift import DistrictDrift, movement_data, movement_of
from connectsync.domain.finding import GuardFinding, Severity
from connectsync.domain.plan import (
    COUNTED,
    TALLIES,
    DistrictPlan,
    NotCounted,
    NotPlanned,
    PeopleTally,
    Plan,
    PlannedChange,
    RosterImpact,
    Save,
    SettingImpact,
    StillRunning,
)
from connectsync.domain.plan_shape import (
    PLAN,
    BadJson,
    Members,
    Misshapen,
    each,
    moment,
    one_of,
    read_json,
    text,
    whole,
)
from connectsync.domain.policy import limits_data, limits_of
from connectsync.domain.schedule import turn_data, turn_of
from connectsync.domain.settings import (
    Data,
    change_data,
    change_of,
    form_data,
    form_of,
    value_data,
    value_of,
)
from connectsync.errors import DamagedPlan
from connectsync.providers.form import Risk

SCHEMA = 1


def plan_data(plan: Plan) -> dict[str, Any]:
    """Give the plan as JSON data, without its digest."""
    risks, told = plan.risks(), dict[int, Repeated]()
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
        "districts": [_district_data(district, told) for district in plan.districts],
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
    if plan.limits is not None:
        data["limits"] = limits_data(plan.limits)
    told = {one: getattr(plan, one) for one in ("comes_in", "goes_out", "loosened")}
    data |= {name: list(some) for name, some in told.items() if some}
    if plan.later:
        each = plan.later.items()
        data["later"] = [{"district": key, "says": list(said)} for key, said in each]
    if plan.scheduled:
        data["scheduled"] = [
            {"district": key, "turns": list(map(turn_data, turns))}
            for key, turns in plan.scheduled.items()
        ]
    if plan.connection:
        data["connection"] = dict(plan.connection)
    if plan.untouched:
        data["untouched"] = [_untouched_data(one) for one in plan.untouched]
    if plan.still_running:
        data["still_running"] = [
            {"district": one.district, "file": one.file, "error": one.error}
            for one in plan.still_running
        ]
    if plan.token_not_typed:
        data["token_not_typed"] = list(plan.token_not_typed)
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


class Repeated(dict[str, Any]):
    """JSON data of a value that stands in many places: they are spelled once."""


def _district_data(district: DistrictPlan, told: dict[int, Repeated]) -> dict[str, Any]:
    return {
        "district": district.district,
        "name": district.name,
        "file": district.file,
        "live_version": district.live_version,
        "read_at": district.read_at.isoformat(),
        "live": form_data(district.live),
        "desired": form_data(district.desired),
        "saves": [_save_data(save, told) for save in district.saves],
        "drift": [movement_data(movement) for movement in district.drift],
    } | _at_times(district)


def _at_times(district: DistrictPlan) -> dict[str, Any]:
    data: dict[str, Any] = {
        "kept": form_data(district.kept),
        "token": district.token,
        "later_runs": {name: list(runs) for name, runs in district.later.items()},
        "scheduled": [turn_data(turn) for turn in district.turns],
    }
    if district.impact is not None:
        data["impact"] = _impact_data(district.impact)
    return {name: value for name, value in data.items() if value}


def _impact_data(impact: RosterImpact | NotCounted) -> dict[str, Any]:
    if isinstance(impact, NotCounted):
        return {"not_counted": impact.why}
    return {
        "source": impact.source,
        "read_at": impact.read_at.isoformat(),
        "contacts": impact.contacts,
        "before": _tally_data(impact.before),
        "settings": [
            {"setting": one.setting, "after": _tally_data(one.after)}
            for one in impact.settings
        ],
    }


def _tally_data(tally: PeopleTally) -> dict[str, int | None]:
    return {name: getattr(tally, name) for name in TALLIES}


def _save_data(save: Save, told: dict[int, Repeated]) -> dict[str, Any]:
    token = {"set_token": True} if save.set_token else {}
    for one in save.changes:
        if id(one) not in told:
            told[id(one)] = _change_data(one)
    return {"changes": [told[id(one)] for one in save.changes]} | token


def _change_data(planned: PlannedChange) -> Repeated:
    said = {"risk": planned.risk.value, "effect": planned.effect}
    return Repeated(change_data(planned.change) | said)


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


def plan_text(plan: Plan) -> str:
    """Write a plan as indented JSON with its digest first."""
    data = plan_data(plan)
    return spell_indented({"digest": plan_digest(plan, data)} | data) + "\n"


def spell_indented(data: Data) -> str:
    """Spell JSON data as ``json.dumps(data, indent=2)`` does, and in less time."""
    spelled: dict[tuple[int, str], str] = {}

    def spell(value: Any, line: str) -> str:
        if isinstance(value, str):
            return _quoted(value)
        if value is None or value is True:
            return "true" if value else "null"
        inner = f"{line}  "
        if isinstance(value, dict) and value:
            if (known := spelled.get((id(value), line))) is not None:
                return known
            said = [f"{_quoted(key)}: {spell(of, inner)}" for key, of in value.items()]
            text = f"{{{inner}{f',{inner}'.join(said)}{line}}}"
            if isinstance(value, Repeated):
                spelled[id(value), line] = text
            return text
        if isinstance(value, list | tuple) and value:
            rows = [spell(one, inner) for one in value]
            return f"[{inner}{f',{inner}'.join(rows)}{line}]"
        return json.dumps(value)

    return spell(data, "\n")


_quoted = json.encoder.encode_basestring_ascii


def plan_digest(plan: Plan, data: Data | None = None) -> str:
    """Give the digest of a plan and all of it, of its `plan_data` if that is there."""
    if not plan.digests:
        # a plan of many districts takes a while, and each check of it asks
        plan.digests.append(digest_of(plan_data(plan) if data is None else data))
    return plan.digests[0]


def digest_of(data: Data) -> str:
    """Hash plan data without its digest; spelling and key order do not matter."""
    content = {key: value for key, value in data.items() if key != "digest"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def read_plan(text: str) -> Plan:
    """
    Read what `plan_text` wrote.

    Raises ``DamagedPlan`` if anything differs from it, even in one character.
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
        data = read_json(text.removeprefix("\ufeff"))
    except BadJson as error:
        raise DamagedPlan(f"the plan cannot be read: {error}") from error
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
        since=data.get("since"),
        left_alone=tuple(_left(left) for left in data.get("left_alone", ())),
        untouched=tuple(_untouched(one) for one in data.get("untouched", ())),
        still_running=tuple(
            StillRunning(**one) for one in data.get("still_running", ())
        ),
        token_not_typed=tuple(data.get("token_not_typed", ())),
        limits=limits_of(data["limits"]) if "limits" in data else None,
        comes_in=tuple(data.get("comes_in", ())),
        goes_out=tuple(data.get("goes_out", ())),
        later={one["district"]: tuple(one["says"]) for one in data.get("later", ())},
        loosened=tuple(data.get("loosened", ())),
        connection=data.get("connection", {}),
        scheduled={
            one["district"]: tuple(map(turn_of, one["turns"]))
            for one in data.get("scheduled", ())
        },
    )


def _left(data: Mapping[str, Any]) -> DistrictDrift:
    moved = tuple(movement_of(movement) for movement in data["movements"])
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
        drift=tuple(movement_of(movement) for movement in data["drift"]),
        kept=_kept(data.get("kept", {})),
        token=data.get("token", ""),
        later={name: tuple(runs) for name, runs in data.get("later_runs", {}).items()},
        turns=tuple(turn_of(turn) for turn in data.get("scheduled", ())),
        impact=_impact(data["impact"]) if "impact" in data else None,
    )


def _count(data: Any, where: str) -> None:
    if data is not None:
        whole(0)(data, where)


_TALLY = Members({**dict.fromkeys(TALLIES, _count), "students": whole(0)})
_SETTING = Members({"setting": one_of(*COUNTED), "after": _TALLY})
_COUNTED = Members(
    {"source": text, "read_at": moment, "contacts": whole(0)}
    | {"before": _TALLY, "settings": each(_SETTING, least=1)}
)
_NOT_COUNTED = Members({"not_counted": text})


def _impact(data: Any) -> RosterImpact | NotCounted:
    if isinstance(data, dict) and "not_counted" in data:
        _NOT_COUNTED(data, "impact")
        return NotCounted(data["not_counted"])
    _COUNTED(data, "impact")
    told = [(one["setting"], PeopleTally(**one["after"])) for one in data["settings"]]
    # where one setting ends, the next begins
    before = [PeopleTally(**data["before"]), *(after for _, after in told)]
    return RosterImpact(
        data["source"],
        datetime.fromisoformat(data["read_at"]),
        data["contacts"],
        tuple(
            SettingImpact(setting, start, after)
            for start, (setting, after) in zip(before, told, strict=False)
        ),
    )


def _kept(data: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    labels = form_of(data)
    return {name: one for name, one in labels.items() if isinstance(one, frozenset)}


def _untouched(data: Mapping[str, Any]) -> Untouched:
    value = value_of(data["setting"], data["value"])
    return Untouched(**{**data, "why": WhyUntouched(data["why"]), "value": value})


def _planned(data: Mapping[str, Any]) -> PlannedChange:
    return PlannedChange(change_of(data), Risk(data["risk"]), data["effect"])


def _guard(data: Mapping[str, Any]) -> GuardFinding:
    return GuardFinding(**{**data, "severity": Severity(data["severity"])})
