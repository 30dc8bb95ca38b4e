"""Plans described in a few lines of YAML, as the pages of the guards show them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import yaml

from connectsync.domain.calendar import Freeze, Window
from connectsync.domain.district import (
    Credentials,
    District,
    Facts,
    GuardiansFrom,
)
from connectsync.domain.drift import Baseline, ChangedSince
from connectsync.domain.finding import GuardFinding
from connectsync.domain.live import Live
from connectsync.domain.plan import (
    DistrictPlan,
    NotCounted,
    PeopleTally,
    Plan,
    RosterImpact,
    SettingImpact,
    StillRunning,
)
from connectsync.domain.policy import Policy, impact_limits_of
from connectsync.domain.run import RecentSaves
from connectsync.domain.schedule import Days
from connectsync.domain.settings import BY_NAME, Form
from connectsync.operations.plan import (
    PlanContext,
    PlannedDistrict,
    add_guards,
    plan_district,
    tokens_not_typed,
    untouched_on,
)
from connectsync.providers.clever import (
    ContactRelationship,
    ContactType,
    Permission,
    PhoneType,
    Settings,
    StudentId,
)
from connectsync.providers.form import Kind, Value

NOW = "2027-01-15T10:00:00"

BLANK: Form = {
    "district_id": "",
    "student_id": "STUDENT ID",
    "archived_students": "",
    "enable_daily_sync": False,
    "manage_guardians": True,
    "unarchive_classrooms": False,
    "update_active_users": False,
    "contact_types": frozenset(),
    "contact_relationships": frozenset(),
    "phone_types": frozenset(),
    "deletion_threshold": None,
    "permissions": frozenset(),
}

_LABELS: dict[str, Any] = {
    "contact_types": ContactType,
    "contact_relationships": ContactRelationship,
    "phone_types": PhoneType,
    "permissions": Permission,
    "student_id": StudentId,
}


def guards_of(text: str) -> tuple[GuardFinding, ...]:
    """Give what all guards say of the plan that a scene describes."""
    scene = yaml.safe_load(text) or {}
    return planned(scene).guards


def planned(scene: dict[str, Any]) -> Plan:
    """Make a plan of one or more alike districts, as a scene describes them."""
    now = _moment(scene.get("now", NOW))
    count = scene.get("districts", 1)
    lives = {f"d{number}": _live(scene, f"d{number}", now) for number in range(count)}
    wanted = [
        PlannedDistrict(_district(scene, key), f"districts/{key}.yaml") for key in lives
    ]
    given = PlanContext(
        now=now,
        tool="test",
        scope=(),
        fleet=scene.get("fleet", 1000),
        policy=_policy(scene.get("policy", {})),
        baselines={key: _baseline(scene) for key in lives},
        recent=_recent(scene.get("recent", 0)),
    )
    outcomes = [
        plan_district(want, lives[want.district.key], given.baselines)
        for want in wanted
    ]
    since = replace(given, since=_since(scene))
    plan = Plan(
        created=now,
        tool="test",
        backend="test",
        scope=(),
        fleet=given.fleet,
        districts=tuple(
            _with_impact(scene, one)
            for one in outcomes
            if isinstance(one, DistrictPlan)
        ),
        in_step=(),
        failed=(),
        untouched=tuple(
            found
            for want in wanted
            for found in untouched_on(
                *(want, lives[want.district.key], since), since.part(want.district)
            )
        ),
        token_not_typed=tokens_not_typed(
            [(want, lives[want.district.key]) for want in wanted], given
        ),
        still_running=tuple(map(StillRunning, scene.get("still_running", ()))),
        comes_in=tuple(scene.get("comes_in", ())),
        loosened=tuple(scene.get("loosened", ())),
        later={key: tuple(said) for key, said in scene.get("later", {}).items()},
    )
    return add_guards(plan, [want.district for want in wanted], given)


def _district(scene: dict[str, Any], key: str) -> District:
    desired = dict(scene.get("desired", {"unarchive_classrooms": True}))
    facts = dict(scene.get("facts", {}))
    if "guardians_from" in facts:
        facts["guardians_from"] = GuardiansFrom(facts["guardians_from"])
    return District(
        key,
        key,
        credentials=Credentials(desired.pop("district_id", None), "env:DISTRICT_TOKEN"),
        facts=Facts(**facts),
        settings=Settings(**{name: _typed(name, desired[name]) for name in desired}),
    )


def _typed(name: str, value: Any) -> Any:
    label = _LABELS.get(name)
    if label is None:
        return value
    if isinstance(value, list):
        return frozenset(label(item) for item in value)
    return label(value)


def _live(scene: dict[str, Any], key: str, now: datetime) -> Live:
    read_at = _moment(scene["read_at"]) if "read_at" in scene else now
    form = {**BLANK, **_form(scene.get("live", {}))}
    shown = {
        name: form[name] for name in form if name not in scene.get("not_shown", ())
    }
    lacks_token = scene.get("no_token", False)
    return Live(key, "1", shown, read_at, lacks_token=lacks_token)


def _since(scene: dict[str, Any]) -> ChangedSince | None:
    """Give a change to the files, where the scene says what they said before."""
    if "before" not in scene:
        return None
    desired = {"d0": _form(scene["desired"])}
    gone = tuple(name for name in scene["before"] if name not in scene["desired"])
    return ChangedSince("0" * 40, desired, {"d0": gone})


def _form(values: dict[str, Any]) -> dict[str, Value]:
    return {
        name: frozenset(value)
        if BY_NAME[name].kind is Kind.BOXES and value is not None
        else value
        for name, value in values.items()
    }


def _baseline(scene: dict[str, Any]) -> Baseline:
    return Baseline(_form(scene.get("baseline", {})), scene.get("was_running", False))


def _policy(given: dict[str, Any]) -> Policy:
    hours = timedelta(hours=given.get("max_live_age_hours", 24))
    return Policy(
        max_districts=given.get("max_districts", 25),
        max_percent=given.get("max_percent", 50),
        max_live_age=hours,
        max_districts_a_day=given.get("max_districts_a_day", 25),
        max_percent_a_day=given.get("max_percent_a_day", 50),
        freezes=_freezes(given),
        windows=_windows(given, "window"),
        nightly_syncs=_windows(given, "nightly_sync"),
        impact=impact_limits_of(given.get("impact", {})),
    )


def _with_impact(scene: dict[str, Any], planned: DistrictPlan) -> DistrictPlan:
    """Give a district with the tallies of the scene; others stay as they are."""
    if "impact" not in scene:
        return planned
    told = scene["impact"]
    if isinstance(told, str):
        return replace(planned, impact=NotCounted(told))
    before, after = (
        replace(NOBODY, **{name: both[side] for name, both in told.items()})
        for side in (0, 1)
    )
    last = planned.counted()[-1]
    steps = [
        SettingImpact(name, before, after if name == last else before)
        for name in planned.counted()
    ]
    impact = RosterImpact("students.csv", planned.read_at, 63, tuple(steps))
    return replace(planned, impact=impact)


NOBODY = PeopleTally(1000, 0, 0, 0, 0, 0, 0)


def _recent(told: int | list[str]) -> RecentSaves:
    """Name the districts saved lately: some, or so many of which none is planned."""
    named = [f"other{n}" for n in range(told)] if isinstance(told, int) else told
    return RecentSaves(frozenset(named))


def _freezes(given: dict[str, Any]) -> tuple[Freeze, ...]:
    if "freeze" not in given:
        return ()
    freeze = given["freeze"]
    days = Days(
        date.fromisoformat(str(freeze["from"])), date.fromisoformat(str(freeze["to"]))
    )
    return (Freeze(days, freeze["reason"], freeze.get("timezone", "UTC")),)


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _windows(given: dict[str, Any], key: str) -> tuple[Window, ...]:
    if key not in given:
        return ()
    window = given[key]
    days = frozenset(DAYS.index(day) for day in window.get("days", DAYS))
    opens, closes = time.fromisoformat(window["from"]), time.fromisoformat(window["to"])
    return (Window(days, opens, closes, window.get("timezone", "UTC")),)


def _moment(text: str | datetime) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
