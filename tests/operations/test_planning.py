from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_scenes import BLANK, planned

from connectsync.domain.district import District
from connectsync.domain.drift import Baseline, Baselines, MovedBy
from connectsync.domain.finding import needed
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.plan import (
    DistrictPlan,
    NotPlanned,
    Plan,
    PlannedChange,
    StillRunning,
)
from connectsync.domain.policy import Policy
from connectsync.errors import Bug, ConnectError, DistrictNotFound
from connectsync.operations.plan import (
    PlanContext,
    PlannedDistrict,
    add_guards,
    make_plan,
    plan_district,
)
from connectsync.providers.clever import PhoneType, Settings
from connectsync.providers.form import Risk

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
CELL = Settings(phone_types=frozenset([PhoneType.CELL]))


class Table:
    """A reader over a table of answers."""

    described = "table"

    def __init__(self, answers: Mapping[str, Live | ConnectError]) -> None:
        self.answers = answers

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        return tuple(ListedDistrict(key, key) for key in self.answers)

    async def read(self, key: str) -> Live:
        answer = self.answers[key]
        if isinstance(answer, ConnectError):
            raise answer
        return answer

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        return {key: self.answers[key] for key in keys if key in self.answers}

    async def options(self, setting: str) -> tuple[str, ...]:
        return (setting,)


def wanted(key: str, settings: Settings = CELL) -> PlannedDistrict:
    return PlannedDistrict(
        District(key, key, settings=settings), f"districts/{key}.yaml"
    )


def live(key: str) -> Live:
    return Live(key, "1", BLANK, NOW)


def plan(keys: Sequence[str], answers: Mapping[str, Live | ConnectError]) -> Plan:
    given = PlanContext(NOW, "test", (), len(keys), Policy(), {})
    return asyncio.run(make_plan([wanted(key) for key in keys], Table(answers), given))


def test_a_failed_read_is_listed_and_never_taken_for_empty() -> None:
    made = plan(["a", "b"], {"a": live("a"), "b": DistrictNotFound("no district 'b'")})
    assert [one.district for one in made.districts] == ["a"]
    assert made.failed[0].message == "no district 'b'"
    assert not made.empty


def test_a_district_that_was_not_answered_is_a_bug_not_an_empty_form() -> None:
    with pytest.raises(Bug, match="did not answer"):
        plan(["a"], {})


def test_a_plan_is_in_the_order_of_keys_whatever_the_files_order() -> None:
    answers = {key: live(key) for key in "cab"}
    assert plan("cab", answers) == plan("abc", answers)


@given(st.sets(st.sampled_from("bcdefgh")))
def test_a_districts_plan_does_not_depend_on_its_neighbours(others: set[str]) -> None:
    keys = ["a", *others]
    alone = plan_district(wanted("a"), live("a"), {})
    among = plan(keys, {key: live(key) for key in keys}).districts
    assert [one for one in among if one.district == "a"] == [alone]


def test_what_people_changed_is_told_apart_from_what_the_file_changed() -> None:
    made = planned(
        {
            "baseline": {"phone_types": ["Cell"], "student_id": "STUDENT ID"},
            "live": {"phone_types": ["Home"], "student_id": "STUDENT ID"},
            "desired": {"phone_types": ["Cell"], "student_id": "STUDENT NUMBER"},
        }
    )
    (district,) = made.districts
    assert [(one.setting, one.who) for one in district.drift] == [
        ("phone_types", MovedBy.THEM)
    ]


def test_a_district_in_step_is_named_and_not_planned() -> None:
    outcome = plan_district(wanted("a", Settings()), live("a"), {})
    assert outcome == "a"


def test_an_unread_district_keeps_its_remedy() -> None:
    outcome = plan_district(wanted("a"), DistrictNotFound("no"), {})
    assert isinstance(outcome, NotPlanned)
    assert outcome.remedy


def test_a_plan_holds_the_whole_form_as_it_was_read() -> None:
    outcome = plan_district(wanted("a"), live("a"), {})
    assert isinstance(outcome, DistrictPlan)
    assert outcome.live == BLANK
    assert outcome.desired == {"phone_types": frozenset(["Cell"])}


def test_a_paused_sync_that_ran_is_no_new_one() -> None:
    form = {**BLANK, "phone_types": frozenset(["Home"])}
    paused = Live("a", "1", form, NOW)
    risks = {
        was_running: planned_alone(paused, {"a": Baseline({}, was_running)}).risk
        for was_running in (True, False)
    }
    assert risks == {True: Risk.DISRUPTIVE, False: Risk.CAUTION}


def planned_alone(live: Live, baselines: Baselines) -> PlannedChange:
    outcome = plan_district(wanted("a"), live, baselines)
    assert isinstance(outcome, DistrictPlan)
    return next(outcome.changes())


def test_a_plan_of_which_something_went_unread_is_not_empty() -> None:
    made = plan(["a"], {"a": DistrictNotFound("no")})
    assert made.districts == ()
    assert not made.empty


def test_a_plan_of_one_change_speaks_of_a_part_alone() -> None:
    made = plan(["a"], {"a": live("a")})
    assert not made.partial
    assert replace(made, since="1" * 40).partial
    assert replace(made, rollback_of=1).partial


def test_what_both_sides_changed_is_told_and_asked_about() -> None:
    made = planned(
        {
            "baseline": {"phone_types": ["Cell"]},
            "live": {"phone_types": ["Home"]},
            "desired": {"phone_types": ["Work"]},
        }
    )
    (district,) = made.districts
    assert [one.who for one in district.drift] == [MovedBy.BOTH]
    assert needed(made.guards) == {"overwrites-drift": 1}


def test_the_size_of_the_fleet_is_counted_and_not_taken_from_the_plan() -> None:
    made = planned({"districts": 3, "fleet": 1000})
    given = PlanContext(NOW, "test", (), 4, Policy(), {})
    assert needed(add_guards(made, [], given).guards) == {"too-much-of-the-fleet": 3}


def test_what_lost_its_file_and_does_not_run_is_not_named() -> None:
    on = Live("on", "1", {**BLANK, "enable_daily_sync": True}, NOW)
    answers: dict[str, Live | ConnectError] = {
        "on": on,
        "off": live("off"),
        "gone": DistrictNotFound("no"),
        "silent": ConnectError("no answer"),
    }
    gone = {key: f"districts/{key}.yaml" for key in answers}
    given = PlanContext(NOW, "test", (), 1, Policy(), {}, gone=gone)
    made = asyncio.run(make_plan([], Table(answers), given))
    assert made.still_running == (
        StillRunning("on", "districts/on.yaml"),
        StillRunning("silent", "districts/silent.yaml", "no answer"),
    )
