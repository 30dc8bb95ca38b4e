"""Every change of a plan is a click, in the plan's order and the page's words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from generated_plans import PLANS
from hypothesis import given

from connectsync.backends.names import (
    PAGE_PATH,
    TOKEN_LABEL,
    click_list,
    setting_named,
    wording,
)
from connectsync.domain.plan import DistrictPlan, Plan, saves_for
from connectsync.domain.settings import BY_NAME, Add, Change, Form, Remove, Set
from connectsync.providers.form import Kind
from connectsync.report.click_list import click_list_html, click_list_markdown

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


@given(plan=PLANS)
def test_a_list_holds_every_change_of_the_plan_in_its_order(plan: Plan) -> None:
    clicks = click_list(plan)
    assert clicks.path == PAGE_PATH
    assert [one.district for one in clicks.districts] == [
        one.district for one in plan.districts
    ]
    for one, planned in zip(clicks.districts, plan.districts, strict=True):
        labels = [[click.control for click in save] for save in one.saves]
        assert labels == [
            [
                *(
                    setting_named(each.change.setting).page_label
                    for each in save.changes
                ),
                *([TOKEN_LABEL] if save.set_token else []),
            ]
            for save in planned.saves
        ]
        for click in (click for save in one.saves for click in save):
            assert click.before != click.after


def test_a_token_that_was_asked_for_is_pasted_by_the_person_who_has_it() -> None:
    live: Form = {"phone_types": frozenset(), "enable_daily_sync": False}
    switch = Set("enable_daily_sync", before=False, after=True)
    changes: list[Change] = [Add("phone_types", "Cell"), switch]
    saves = saves_for(changes, live, set_token=True)
    planned = DistrictPlan(
        "bay", "Bay", "bay.yaml", "1", NOW, live=live, desired=live, saves=saves
    )
    plan = Plan(NOW, "t", "snapshot:live.json", (), 1, (planned,), (), ())
    clicks = click_list(plan)
    (one,) = clicks.districts
    assert [[click.control for click in save] for save in one.saves] == [
        ["Phone Types to sync", "District OAuth Token"],
        [BY_NAME["enable_daily_sync"].page_label],
    ]
    for text in (click_list_html(clicks), click_list_markdown(clicks)):
        assert "paste the token into" in text
        assert "from where you keep it" in text


CHANGES: list[tuple[Change, tuple[str, str, str, str]]] = [
    (Add("phone_types", "Cell"), ("Cell", "tick", "not ticked", "ticked")),
    (Remove("phone_types", "Cell"), ("Cell", "untick", "ticked", "not ticked")),
    (
        Set("enable_daily_sync", before=False, after=True),
        ("", "tick", "not ticked", "ticked"),
    ),
    (
        Set("enable_daily_sync", before=True, after=False),
        ("", "untick", "ticked", "not ticked"),
    ),
    (
        Set("student_id", "STUDENT ID", "STUDENT NUMBER"),
        ("", "choose", "STUDENT ID", "STUDENT NUMBER"),
    ),
    (Set("deletion_threshold", None, 15), ("", "fill in", "(empty)", "15")),
    (Set("district_id", "", "58da"), ("", "fill in", "(empty)", "58da")),
    (
        Set("permissions", None, frozenset({"B", "A"})),
        ("", "tick exactly", "(empty)", "A, B"),
    ),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_a_change_is_said_as_a_person_does_it(
    change: Change, words: tuple[str, str, str, str]
) -> None:
    assert wording(change) == words


def test_every_kind_of_control_has_its_words() -> None:
    worded = {BY_NAME[change.setting].kind for change, _ in CHANGES}
    assert worded == set(Kind)
