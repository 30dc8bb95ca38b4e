from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from plan_scenes import guards_of, planned

from connectsync.domain.drift import Baseline
from connectsync.domain.finding import (
    RulePage,
    Severity,
    Unaccepted,
    needed,
    unaccepted,
)
from connectsync.domain.policy import Policy
from connectsync.operations.plan import PlanContext, add_guards
from connectsync.providers.form import Risk
from connectsync.rules.catalogue import PLAN_RULES
from connectsync.rules.engine import page_of
from connectsync.rules.guards import DISRUPTIVE

PAGES = [page_of(rule) for rule in PLAN_RULES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_guard_finds_its_bad_example(page: RulePage) -> None:
    assert page.name in {guard.rule for guard in guards_of(page.bad)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_guard_is_silent_about_its_good_example(page: RulePage) -> None:
    assert page.name not in {guard.rule for guard in guards_of(page.good)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_guards_say_nothing_of_a_plan_without_changes(page: RulePage) -> None:
    scene = "{live: {unarchive_classrooms: true}, districts: 100, fleet: 100}"
    assert guards_of(scene) == ()
    assert page.name


def test_every_disruptive_change_is_counted_once_under_one_name() -> None:
    scene = {
        "live": {
            "enable_daily_sync": True,
            "district_id": "a",
            "contact_types": ["Primary"],
            "contact_relationships": ["Self", "Parent"],
            "phone_types": ["Home"],
        },
        "desired": {
            "district_id": "b",
            "manage_guardians": False,
            "contact_types": [],
            "contact_relationships": ["Parent"],
            "phone_types": ["Cell"],
            "update_active_users": True,
        },
    }
    plan = planned(scene)
    assert plan.risks()[Risk.DISRUPTIVE] == 7
    assert needed(plan.guards)[DISRUPTIVE] == 7


def test_the_fleet_guards_count_districts() -> None:
    guards = guards_of("{districts: 30, fleet: 40}")
    assert needed(guards) == {"too-many-districts": 30, "too-much-of-the-fleet": 30}


def test_no_fleet_is_too_small_for_the_fleet_guard() -> None:
    guards = guards_of("{districts: 2, fleet: 2}")
    assert needed(guards) == {"too-much-of-the-fleet": 2}


def test_one_district_alone_is_never_too_much_of_the_fleet() -> None:
    assert needed(guards_of("{districts: 1, fleet: 1}")) == {}


def test_a_percentage_is_of_the_fleet_not_of_the_scope() -> None:
    assert needed(guards_of("{districts: 2, fleet: 4}")) == {}


def test_only_errors_have_to_be_accepted() -> None:
    guards = guards_of(
        "{live: {deletion_threshold: 10}, desired: {deletion_threshold: 20}}"
    )
    assert [guard.severity for guard in guards] == [Severity.WARNING]
    assert needed(guards) == {}


def test_what_is_accepted_must_be_the_exact_number() -> None:
    guards = guards_of("{districts: 30}")
    name = "too-many-districts"
    assert unaccepted(guards, {name: 30}) == ()
    assert unaccepted(guards, {name: 31}) == (Unaccepted(name, 30, 31),)
    assert unaccepted(guards, {}) == (Unaccepted(name, 30, None),)


def test_accepting_what_the_plan_does_not_hold_is_refused() -> None:
    assert unaccepted((), {"disruptive": 3}) == (Unaccepted("disruptive", 0, 3),)


@pytest.mark.parametrize(
    ("now", "opened"),
    [
        ("2027-01-15T21:59:00", False),
        ("2027-01-15T22:00:00", True),
        ("2027-01-16T01:59:00", True),
        ("2027-01-16T02:00:00", False),
        ("2027-01-15T01:00:00", False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_opens(
    *, now: str, opened: bool
) -> None:
    window = "{days: [friday], from: '22:00', to: '02:00'}"
    guards = guards_of(f"{{now: '{now}', policy: {{window: {window}}}}}")
    assert (guards == ()) is opened


def test_a_window_is_in_its_own_time_zone() -> None:
    window = "{days: [friday], from: '08:00', to: '16:00', timezone: America/Chicago}"
    assert (
        guards_of(f"{{now: '2027-01-15T15:00:00', policy: {{window: {window}}}}}") == ()
    )
    (guard,) = guards_of(
        f"{{now: '2027-01-15T10:00:00', policy: {{window: {window}}}}}"
    )
    assert guard.hint == "wait for one of: Friday 08:00 to 16:00 America/Chicago"


RUNNING = {"enable_daily_sync": True}


def asked(live: Mapping[str, object], desired: Mapping[str, object]) -> dict[str, int]:
    return needed(planned({"live": {**RUNNING, **live}, "desired": desired}).guards)


@pytest.mark.parametrize(
    ("setting", "label"),
    [
        ("contact_types", "Emergency"),
        ("contact_types", "Secondary"),
        ("contact_types", "Other"),
        ("contact_types", "Primary"),
        ("contact_types", "Family"),
        ("contact_types", "Parent/Guardian"),
        ("contact_relationships", "Parent"),
        ("contact_relationships", "Grandparent"),
        ("contact_relationships", "Self"),
        ("contact_relationships", "Other"),
    ],
)
def test_widening_who_is_messaged_on_a_running_sync_is_asked_about(
    setting: str, label: str
) -> None:
    assert asked({setting: []}, {setting: [label]}) == {DISRUPTIVE: 1}


@pytest.mark.parametrize("before", [None, [], ["Emergency"]])
@pytest.mark.parametrize("label", ["Parent/Guardian", "Primary", "Family"])
def test_a_contact_kind_that_is_added_is_widening_whatever_was_there_before(
    before: list[str] | None, label: str
) -> None:
    live = {**RUNNING, "contact_types": before}
    desired = {"contact_types": [*(before or []), label]}
    guards = planned({"live": live, "desired": desired}).guards
    assert {guard.rule for guard in guards} == {"guardians-added-on-running-sync"}
    assert needed(guards) == {DISRUPTIVE: 1}


@pytest.mark.parametrize("label", ["Parent/Guardian", "Primary", "Emergency"])
def test_a_first_launch_is_not_asked_about_its_contacts(label: str) -> None:
    never_ran = {"enable_daily_sync": False, "contact_types": []}
    scene = {"live": never_ran, "desired": {"contact_types": [label]}}
    assert planned(scene).guards == ()
    assert planned(scene).risks()[Risk.DISRUPTIVE] == 0


def test_taking_guardians_from_the_sync_is_asked_about() -> None:
    live, desired = {"manage_guardians": False}, {"manage_guardians": True}
    assert asked(live, desired) == {DISRUPTIVE: 1}
    (guard,) = planned({"live": {**RUNNING, **live}, "desired": desired}).guards
    assert guard.rule == "guardians-added-on-running-sync"


def test_an_edit_of_a_person_is_overwritten_only_by_number() -> None:
    scene = {
        "baseline": {"unarchive_classrooms": True},
        "live": {"unarchive_classrooms": False},
        "desired": {"unarchive_classrooms": True},
    }
    assert needed(planned(scene).guards) == {"overwrites-drift": 1}


def test_a_plan_file_that_hides_an_edit_of_a_person_is_asked_about_it() -> None:
    scene = {
        "baseline": {"unarchive_classrooms": True},
        "live": {"unarchive_classrooms": False},
        "desired": {"unarchive_classrooms": True},
    }
    plan = planned(scene)
    (one,) = plan.districts
    hidden = replace(plan, districts=(replace(one, drift=()),), guards=())
    baselines = {"d0": Baseline({"unarchive_classrooms": True})}
    given = PlanContext(plan.created, "test", (), 1000, Policy(), baselines)
    assert needed(add_guards(hidden, [], given).guards) == {"overwrites-drift": 1}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [(None, 60, True), (None, 21, True), (None, 20, False), (15, 16, True)],
)
def test_a_threshold_that_goes_from_empty_to_a_high_one_is_raised(
    *, before: int | None, after: int, found: bool
) -> None:
    guards = planned(
        {
            "live": {"deletion_threshold": before},
            "desired": {"deletion_threshold": after},
        }
    ).guards
    names = [guard.rule for guard in guards]
    assert ("threshold-raised-without-figure" in names) is found


def rules_of(scene: str) -> set[str]:
    return {guard.rule for guard in guards_of(scene)}


def test_turning_the_sync_off_together_with_other_changes_is_no_objection() -> None:
    scene = """
    was_running: true
    live: {enable_daily_sync: true, unarchive_classrooms: true}
    desired: {enable_daily_sync: false, unarchive_classrooms: false}
    """
    assert "enable-with-other-changes" not in rules_of(scene)
    turned_on = scene.replace("true", "TRUE").replace("false", "true")
    assert "enable-with-other-changes" in rules_of(turned_on.replace("TRUE", "false"))


def test_a_threshold_from_empty_with_its_figure_is_no_objection() -> None:
    live, desired = "{deletion_threshold: null}", "{deletion_threshold: 40}"
    scene = f"{{facts: {{tried_to_archive: 38}}, live: {live}, desired: {desired}}}"
    assert rules_of(scene) == set()


@pytest.mark.parametrize(
    ("districts", "rule"),
    [(40, None), (50, None), (51, "too-much-of-the-fleet")],
)
def test_a_percentage_of_the_fleet_is_not_read_as_a_count(
    districts: int, rule: str | None
) -> None:
    policy = "{max_percent: 5, max_districts: 1000, max_percent_a_day: 100}"
    found = rules_of(f"{{policy: {policy}, districts: {districts}, fleet: 1000}}")
    assert found - {"too-many-districts-a-day"} == ({rule} if rule else set())


def test_a_percentage_of_a_day_is_not_read_as_a_count() -> None:
    policy = "{max_percent_a_day: 5, max_districts: 1000, max_districts_a_day: 1000}"
    figures = "districts: 20, fleet: 1000"
    assert rules_of(f"{{policy: {policy}, {figures}, recent: 30}}") == set()
    found = rules_of(f"{{policy: {policy}, {figures}, recent: 31}}")
    assert found == {"too-much-of-the-fleet-a-day"}


@pytest.mark.parametrize(
    ("read_at", "stale"),
    [("2027-01-14T10:00:00", False), ("2027-01-14T09:59:59", True)],
)
def test_a_reading_of_exactly_24_hours_ago_is_still_good(
    read_at: str, *, stale: bool
) -> None:
    hours = "policy: {max_live_age_hours: 24}"
    found = rules_of(f"{{now: 2027-01-15T10:00:00, read_at: {read_at}, {hours}}}")
    assert ("stale-live" in found) is stale
