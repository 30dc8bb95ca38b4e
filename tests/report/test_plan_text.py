from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from generated_plans import PLANS
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.drift import MovedBy, Movement
from connectsync.domain.finding import GuardFinding, Severity
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, saves_for
from connectsync.domain.settings import Add, Change, Form, Remove, Set
from connectsync.report.plan_text import render_plan
from connectsync.report.terminal import columns

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
ESCAPE = re.compile("\x1b\\[[0-9;]*m")
LIVE: Form = {"enable_daily_sync": True, "phone_types": frozenset(["Home"])}
CHANGES = (
    Remove("phone_types", "Home"),
    Add("phone_types", "Cell"),
    Set("deletion_threshold", None, 15),
)
EMPTY = Plan(NOW, "connectsync 1", "embedded", (), 9, (), (), ())


def district(*changes: Change, key: str = "lakeview", name: str = "Lakeview") -> Plan:
    planned = DistrictPlan(
        district=key,
        name=name,
        file=f"districts/{key}.yaml",
        live_version="1",
        read_at=NOW,
        live=LIVE,
        desired={},
        saves=saves_for(changes, LIVE),
    )
    return replace(EMPTY, districts=(planned,))


def text(plan: Plan, *, width: int = 80) -> str:
    return render_plan(plan, colour=False, width=width)


def test_a_plan_that_holds_nothing_says_so() -> None:
    said = text(replace(EMPTY, in_step=("a", "b")))
    assert said.startswith("Nothing to do: 2 districts in step with Connect\n")


def test_each_kind_of_change_has_its_own_sign() -> None:
    lines = text(district(*CHANGES)).split("\n")
    signs = [line[2] for line in lines if line.startswith("  ") and line[2] != " "]
    assert signs == ["-", "+", "~"]


def test_the_risk_stands_at_the_right_edge() -> None:
    lines = text(district(*CHANGES)).split("\n")
    risky = [line for line in lines if line.endswith(("safe", "caution", "disruptive"))]
    assert [columns(line) for line in risky if line.startswith("  ")] == [80, 80, 80]


def test_what_it_does_to_people_stands_under_every_change() -> None:
    plan = district(CHANGES[0])
    (change,) = plan.districts[0].changes()
    _, _, *effect = text(plan).partition("\n\n")[0].split("\n")
    assert " ".join(line.removeprefix("    ") for line in effect) == change.effect


def test_saves_are_numbered_where_there_are_several() -> None:
    on = Set("enable_daily_sync", before=False, after=True)
    assert "save 1 of" not in text(district(on))
    said = text(district(*CHANGES, on))
    assert said.index("save 1 of 2") < said.index("save 2 of 2")
    assert said.index("save 2 of 2") < said.index("~ enable_daily_sync")


def test_a_district_that_was_not_read_is_never_told_as_empty() -> None:
    failed = NotPlanned("elm", "districts/elm.yaml", "no answer", "try again")
    said = text(replace(EMPTY, failed=(failed,)))
    assert said.startswith(
        "Not read, so not planned\n  elm (districts/elm.yaml): no answer\n"
        "    = help: try again\n\n1 district: 0 to change, 0 in step, 1 not read\n"
    )


def test_what_a_person_changed_is_told_with_the_change_that_overwrites_it() -> None:
    plan = district(*CHANGES)
    home, cell = frozenset(["Home"]), frozenset(["Cell"])
    move = Movement("phone_types", MovedBy.THEM, cell, cell, home)
    drifted = replace(plan, districts=(replace(plan.districts[0], drift=(move,)),))
    expected = (
        "  ! changed by hand since we last applied: phone_types was Cell, is now Home"
    )
    assert expected in text(drifted)


def test_what_must_be_accepted_is_spelled_as_it_must_be_given() -> None:
    guards = (
        GuardFinding("phone", Severity.ERROR, "it hurts", accept="disruptive"),
        GuardFinding("many", Severity.ERROR, "too many", accept="many", count=7),
        GuardFinding("drift", Severity.WARNING, "by hand", accept="drift"),
        GuardFinding("night", Severity.ERROR, "now", accept="night", needs_reason=True),
    )
    said = text(replace(district(*CHANGES), guards=guards))
    assert said.endswith(
        "needs --accept disruptive=1 --accept many=7 --override night=REASON\n"
    )
    assert "  warning[drift] by hand\n" in said


@pytest.mark.parametrize("nasty", ["\x1b[2J", "a\nb", "\u202eevil", "\x07"])
def test_what_connect_or_a_file_says_cannot_steer_the_terminal(nasty: str) -> None:
    change = Set("archived_students", nasty, f"{nasty}!")
    plan = replace(district(change, name=nasty), backend=nasty)
    failed = NotPlanned("elm", nasty, nasty, nasty)
    assert nasty not in text(replace(plan, failed=(failed,)))


@given(PLANS, st.sampled_from([40, 80, 110]))
def test_no_line_is_wider_than_the_terminal_where_words_allow(
    plan: Plan, width: int
) -> None:
    told = text(replace(plan, districts=plan.districts), width=width)
    prose = [
        line
        for line in told.split("\n")
        if line.startswith("    ") and columns(line) > width
    ]
    assert all(len(line.split()) <= 3 for line in prose)


@given(PLANS)
def test_colour_changes_nothing_but_colour(plan: Plan) -> None:
    coloured = render_plan(plan, colour=True, width=80)
    assert ESCAPE.sub("", coloured) == text(plan)


@given(PLANS)
def test_every_line_can_only_be_shown(plan: Plan) -> None:
    assert all(line.isprintable() for line in text(plan).split("\n"))


@given(PLANS)
def test_every_change_is_told(plan: Plan) -> None:
    changes, _, _ = text(plan).partition("\nGuards\n")
    said = Counter[str]()
    for block in re.split(r"^(?=  [-+~] )", changes, flags=re.MULTILINE)[1:]:
        # what several districts have alike stands once, with how many they are
        shared = re.search(r"^    (\d+) districts?: ", block, re.MULTILINE)
        said[block.split()[1]] += int(shared[1]) if shared else 1
    planned = [one.change.setting for each in plan.districts for one in each.changes()]
    assert said == Counter(planned)
