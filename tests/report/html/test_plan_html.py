"""The page of a plan says what the plan says, of a small fleet and of any."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generated_plans import PLANS
from hypothesis import assume, given, settings
from review_scenes import EVERYTHING, WAVES, everything, one_change, reviewed
from web_page import WebPage

from connectsync.domain.finding import GuardFinding, Severity, ValidationReport
from connectsync.domain.plan import Plan, PlanReview
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import BY_NAME, SETTINGS, Form, apply_changes, spell
from connectsync.operations.approve import connect_page
from connectsync.report import plan_html as plan_html_plain
from connectsync.report.plan_html import plan_html
from connectsync.report.terminal import inert

GOLDEN = Path(__file__).parent / "plan.html"
NOTHING = ValidationReport(0)


def bare(plan: Plan) -> PlanReview:
    return PlanReview(plan, connect_page(), "districts")


def shown(review: PlanReview) -> WebPage:
    return WebPage(plan_html(review))


def district(page: WebPage, key: str) -> dict[str, Any]:
    (row,) = (row for row in page.data["districts"] if row["key"] == key)
    return dict(row)


def test_the_page_is_the_golden_one() -> None:
    text = shown(everything()).without_assets
    if os.environ.get("CONNECTSYNC_GOLDEN") == "write":
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_the_same_plan_is_the_same_page_in_every_process() -> None:
    program = (
        "from review_scenes import everything, country;"
        "from connectsync.report.plan_html import plan_html;"
        "import hashlib;"
        "text = plan_html(everything()) + plan_html(country(60));"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    support = str(Path(__file__).parents[2] / "support")
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": support, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_what_needs_a_look_comes_first() -> None:
    rows = shown(everything()).data["districts"]
    assert [row["key"] for row in rows] == [
        "elm-grove-local",  # conflict
        "dry-creek-isd",  # drift
        "bay-usd",  # disruptive
        "lakeview-usd",
        "far-away",  # not read
        "oak-usd",
        "pine-isd",
    ]


def test_districts_are_counted_by_folder_wave_and_profile() -> None:
    said = " ".join(shown(everything()).shown.split())
    assert "By folder of the file (4)" in said
    assert "By wave, in the order in which they are saved (2)" in said
    assert "By profile; a district with several counts for each (3)" in said
    assert "7 districts: 4 to change, 2 in step, 1 not read." in said


def test_without_waves_and_folders_none_are_counted() -> None:
    page = shown(bare(everything().plan))
    captions = [tag for tag, _ in page.elements].count("caption")
    assert captions == 1  # only by the folder of the planned files
    assert "By wave" not in page.shown


def test_the_form_is_in_the_order_of_the_page_with_its_labels() -> None:
    data = shown(everything()).data
    texts = data["texts"]
    labels = [
        texts[field[1]] for section in data["page"] for field in section["fields"]
    ]
    assert labels[:4] == [
        "District ID",
        "District OAuth Token",
        "Student ID",
        "Archived students",
    ]
    assert len(labels) == len(SETTINGS) + 1
    titles = [texts[section["title"]] for section in data["page"]]
    assert titles == ["", "Settings", ""]
    boxes = [texts[field[1]] for field in data["page"][1]["fields"]]
    assert boxes[0] == BY_NAME["enable_daily_sync"].page_label
    assert len(boxes) == 4


@settings(max_examples=60)
@given(PLANS)
def test_any_plan_is_shown_whole(plan: Plan) -> None:
    keys = [one.district for one in plan.districts]
    assume(len(set(keys)) == len(keys))  # as in any plan that was made
    page = shown(bare(plan))
    data = page.data
    assert len(data["districts"]) == plan.size
    rows = {row["key"]: row for row in data["districts"] if "saves" in row}
    for planned in plan.districts:
        row = rows[planned.district]
        assert after(data, row) == told(
            apply_changes(planned.live, (one.change for one in planned.changes()))
        )
        effects = [
            data["texts"][change[2]]
            for save in row["saves"]
            for change in save["changes"]
        ]
        assert effects == [inert(one.effect) for one in planned.changes()]
        risks = [
            data["risks"][change[1]]
            for save in row["saves"]
            for change in save["changes"]
        ]
        assert risks == [one.risk for one in planned.changes()]
        assert len(row["drift"]) == len(planned.drift)
        assert {SETTINGS[number].name for number in row["managed"]} == set(
            planned.desired
        )
    assert plan_digest(plan) in page.shown


def after(data: dict[str, Any], row: dict[str, Any]) -> list[object]:
    """Make a row's changes on its live form, as the page's script does."""
    form = list(row["live"])
    for save in row["saves"]:
        for setting, _, _, op, *values in save["changes"]:
            if op == "set":
                form[setting] = values[1]
            elif op == "add":
                form[setting] = [*form[setting], values[0]]
            else:
                form[setting] = [one for one in form[setting] if one != values[0]]
    return [_spoken(data, value) for value in form]


def _spoken(data: dict[str, Any], value: Any) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return {data["texts"][number] for number in value}
    return data["texts"][value]


def told(form: Form) -> list[object]:
    def one(name: str) -> object:
        value = form[name]
        match value:
            case bool():
                return value
            case frozenset():
                return {inert(label) for label in value}
            case _:
                return inert(spell(value))

    return [one(setting.name) for setting in SETTINGS]


def test_the_command_accepts_what_the_guards_count() -> None:
    said = shown(everything()).shown
    assert (
        "connectsync apply plan.json --accept disruptive=1"
        " --accept enable-with-other-changes=1 --accept overwrites-drift=2"
        " --accept too-much-of-the-fleet=4"
    ) in said


def test_a_plan_that_was_not_kept_is_made_again_first() -> None:
    review = everything()
    scope = ("districts/a b", "shard:2/8")
    plan = replace(review.plan, scope=scope, since="c0ffee")
    said = shown(replace(review, plan=plan, plan_file="")).shown
    assert (
        "connectsync plan 'districts/a b' --shard 2/8 --changed-since c0ffee"
        " --set-token lakeview-usd --out plan.json"
    ) in said
    assert "connectsync apply plan.json" in said


def test_the_name_of_the_plan_is_quoted_for_a_shell() -> None:
    said = shown(replace(everything(), plan_file="my plan;.json")).shown
    assert "connectsync apply 'my plan;.json' --accept" in said


def test_an_hour_is_overridden_with_a_reason() -> None:
    guard = GuardFinding(
        "in-a-freeze", Severity.ERROR, "closed", accept="in-a-freeze", needs_reason=True
    )
    plan = replace(everything().plan, guards=(guard,))
    said = shown(bare(plan)).shown
    assert "--override in-a-freeze=REASON" in said
    assert "the reason is kept" in said


def test_of_many_alike_objections_some_are_named_and_all_counted() -> None:
    guards = tuple(
        GuardFinding("cut", Severity.ERROR, "cuts", "ask", f"d{number}", "disruptive")
        for number in range(1_200)
    )
    plan = replace(everything().plan, guards=guards)
    said = shown(bare(plan)).shown
    assert "1,200 objections block this plan" in said
    assert "d3, d4 and 1,195 more: cuts (counts as disruptive)" in " ".join(
        said.split()
    )
    assert "--accept disruptive=1200" in said


def test_an_objection_that_is_of_no_district_is_told_however_many_there_are() -> None:
    texts = [f"objection {number:03}" for number in range(150)]
    guards = [GuardFinding("loose", Severity.WARNING, one, "look") for one in texts]
    whose = [replace(one, district=f"d{one.message}") for one in guards]
    plan = replace(everything().plan, guards=(*guards, *whose))
    said = shown(bare(plan)).shown
    assert all(one in said for one in texts)
    plan = replace(plan, guards=tuple(whose))
    assert "and 50 more, each with its district" in shown(bare(plan)).shown


def test_a_district_in_step_shows_its_objections() -> None:
    plan = everything().plan
    later = GuardFinding("later", Severity.WARNING, "then 60", "look", plan.in_step[0])
    review = replace(everything(), plan=replace(plan, guards=(later,)))
    (row,) = [
        one for one in shown(review).data["districts"] if one["key"] == later.district
    ]
    assert row["guards"] == [0]


def test_where_no_guard_objects_it_says_so() -> None:
    plan = replace(everything().plan, guards=())
    said = " ".join(shown(replace(everything(), plan=plan)).shown.split())
    assert "No guard objects." in said
    assert "connectsync apply plan.json This applies" in said


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (
            [False],
            "1 objection blocks this plan. To apply it anyway, accept it by name",
        ),
        ([True], "accept it with a reason, as in the command below."),
        ([False, True], "accept them by name and count or with a reason, as in"),
    ],
)
def test_what_blocks_a_plan_is_said_with_the_way_to_accept_it(
    reasons: list[bool], said: str
) -> None:
    guards = tuple(
        GuardFinding("drifted", Severity.ERROR, "moved", accept="a", needs_reason=one)
        for one in reasons
    )
    assert said in shown(bare(replace(everything().plan, guards=guards))).shown


def test_warnings_of_guards_stop_nothing() -> None:
    guard = GuardFinding("drifted", Severity.WARNING, "moved", accept="drifted")
    said = shown(bare(replace(everything().plan, guards=(guard,)))).shown
    assert "none of them blocks this plan" in said


def test_a_plan_of_nothing_is_a_page_too() -> None:
    plan = replace(everything().plan, districts=(), failed=(), guards=())
    said = shown(bare(plan)).shown
    assert "Nothing to do: 2 districts in step with Connect." in said
    assert "There is nothing to apply." in said


def test_findings_have_sections_only_where_there_are_any() -> None:
    page = shown(everything(NOTHING))
    sections = [section["id"] for section in page.all("section")]
    assert sections == ["glance", "apply", "districts", "about"]


def test_what_a_change_does_not_cause_is_shown_apart() -> None:
    page = shown(one_change())
    assert (
        "8 districts: 4 to change, 1 in step, 2 left alone, 1 not read." in page.shown
    )
    assert "Only what the files changed since c0ffeec0ffee." in page.shown
    assert page.data["partial"] is True
    standings = page.data["standings"]
    for key, standing in (("oak-usd", "left alone"), ("bay-usd", "pending")):
        row = district(page, key)
        assert standings[row["standing"]] == standing
        assert len(row["left"]) == 1
    assert page.data["texts"][district(page, "dim")["message"]] == "no answer"


def test_without_a_script_every_change_stands_in_a_table() -> None:
    said = " ".join(shown(everything()).shown.split())
    assert "- contact_types Emergency (disruptive)" in said
    assert "the OAuth token is typed" in said
    assert "Connect did not answer for far-away" in said


def test_the_plain_table_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_html_plain, "MOST", 2)
    page = shown(reviewed(EVERYTHING, WAVES, findings=NOTHING))
    assert "and 3 more districts" in page.shown


def test_no_secret_has_a_place_on_the_page() -> None:
    data = shown(everything()).data
    tokens = [field for section in data["page"] for field in section["fields"]]
    (token,) = (field for field in tokens if field[0] < 0)
    assert data["texts"][token[1]] == "District OAuth Token"
    assert len(token) == 2
