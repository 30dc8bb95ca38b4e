"""What a district accepts is never silent, and never more than it says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectsync.domain.district import Allow, District
from connectsync.domain.finding import Problem
from connectsync.errors import Bug
from connectsync.operations.checking import examine_district, names_that_run, settle
from connectsync.operations.validate import examine_fleet
from connectsync.rules.catalogue import by_name
from connectsync.rules.engine import (
    FleetOnDay,
    Found,
    in_district,
    in_profile,
    join_words,
    place_problem,
    quote_labels,
)

TODAY = date(2027, 1, 15)
RAN = names_that_run(with_fleet=True)
LANDLINES = Allow("home-phone-for-texts", "Landlines only", date(2027, 6, 30))


def found(name: str, *path: str | int) -> Found:
    return by_name(name), Problem(path, "something is wrong")


HOME = found("home-phone-for-texts", "settings", "phone_types")
WORK = found("work-phone-for-login", "settings", "phone_types")


def test_a_district_that_accepts_nothing_keeps_everything() -> None:
    settled = settle([HOME, WORK], (), TODAY, RAN)
    assert settled.kept == (HOME, WORK)
    assert settled.accepted == ()
    assert settled.problems == ()


def test_an_accepted_finding_is_counted_with_the_entry_that_accepts_it() -> None:
    settled = settle([HOME, WORK, HOME], (LANDLINES,), TODAY, RAN)
    assert settled.kept == (WORK,)
    assert [one.found for one in settled.accepted] == [HOME, HOME]
    assert {one.by for one in settled.accepted} == {LANDLINES}
    assert settled.problems == ()


def test_of_two_entries_for_a_rule_the_first_one_in_force_accepts() -> None:
    over = Allow("home-phone-for-texts", "Long ago", date(2026, 1, 1))
    later = Allow("home-phone-for-texts", "Again", date(2027, 3, 1))
    settled = settle([HOME], (over, LANDLINES, later), TODAY, RAN)
    assert [one.by for one in settled.accepted] == [LANDLINES]


def test_an_entry_is_in_force_on_its_last_day() -> None:
    settled = settle([HOME], (LANDLINES,), LANDLINES.until, RAN)
    assert [one.found for one in settled.accepted] == [HOME]
    assert settled.problems == ()


def test_an_expired_entry_accepts_nothing() -> None:
    settled = settle([HOME], (LANDLINES,), date(2027, 7, 1), RAN)
    assert settled.kept == (HOME,)
    assert [rule.name for rule, _ in settled.problems] == ["allow-expired"]


def test_what_cannot_be_allowed_is_kept() -> None:
    two = found("two-phone-types", "settings", "phone_types")
    entry = Allow("two-phone-types", "Both", date(2027, 6, 30))
    settled = settle([two], (entry,), TODAY, RAN)
    assert settled.kept == (two,)
    assert [rule.name for rule, _ in settled.problems] == ["allow-not-allowable"]


def test_a_finding_of_the_fleet_is_accepted_in_the_district_it_points_at() -> None:
    token = found("token-in-two-files", "credentials", "oauth_token")
    entry = Allow("token-in-two-files", "One token by contract", date(2027, 6, 30))
    settled = settle([token], (entry,), TODAY, RAN)
    assert [one.found for one in settled.accepted] == [token]


def test_an_entry_for_a_rule_of_the_fleet_is_unused_only_where_the_fleet_was_seen() -> (
    None
):
    entry = Allow("token-in-two-files", "One token by contract", date(2027, 6, 30))
    without = names_that_run(with_fleet=False)
    assert settle([], (entry,), TODAY, without).problems == ()
    unused = settle([], (entry,), TODAY, RAN).problems
    assert [rule.name for rule, _ in unused] == ["allow-unused"]


def test_a_rule_that_was_not_selected_is_not_missed() -> None:
    only = names_that_run(
        select=frozenset({"allow-unused", "work-phone-for-login"}), with_fleet=True
    )
    assert settle([], (LANDLINES,), TODAY, only).problems == ()


def test_an_allow_rule_that_was_not_selected_says_nothing() -> None:
    entry = Allow("no-such-rule", "A slip", date(2027, 6, 30))
    ignoring = names_that_run(
        ignore=frozenset({"allow-unknown-rule"}), with_fleet=False
    )
    assert settle([], (entry,), TODAY, ignoring).problems == ()
    assert len(settle([], (entry,), TODAY, RAN).problems) == 1


def test_rules_are_selected_and_ignored_by_name(read: Any) -> None:
    home = read("settings: {manage_guardians: true, phone_types: [Home]}")
    district = home.subject()

    def names(**how: frozenset[str]) -> list[str]:
        return [rule.name for rule, _ in examine_district(district, **how)]

    both = ["sharing-not-stated", "home-phone-for-texts", "home-phone-drops-guardians"]
    assert names() == both
    assert names(select=frozenset(both[1:2])) == both[1:2]
    assert names(ignore=frozenset(both[:1])) == both[1:]
    assert names(select=frozenset(both[:2]), ignore=frozenset(both[:1])) == both[1:2]


def test_fleet_rules_are_selected_by_name_too(read: Any) -> None:
    twice = read(
        "# districts/a.yaml\ndistrict: a\n# districts/b.yaml\ndistrict: b\n"
    ).fleet()
    names = {rule.name for rule, _ in examine_fleet(twice)}
    assert names == {"district-id-in-two-files", "token-in-two-files"}
    only = examine_fleet(twice, select=frozenset({"token-in-two-files"}))
    assert {rule.name for rule, _ in only} == {"token-in-two-files"}


def test_a_fleet_without_files_names_districts_by_their_keys(read: Any) -> None:
    fleet = read("# districts/a.yaml\ndistrict: a\n# districts/b.yaml\ndistrict: b\n")
    nameless = FleetOnDay(fleet.fleet().districts, {}, TODAY)
    message = examine_fleet(nameless)[0][1].message
    assert message == "the same district_id is in 'b'"


def test_every_district_of_a_large_fleet_is_found_in_little_time(read: Any) -> None:
    one = read("# districts/a.yaml\ndistrict: a\n").fleet().districts[0]
    found_all = examine_fleet(FleetOnDay((one,) * 13_318, {}, TODAY))
    assert len(found_all) == 3 * 13_318
    assert found_all[0][1].message.endswith("and 13314 more")


def test_a_problem_of_a_fleet_is_placed_in_one_file() -> None:
    inside = Problem(("settings", "phone_types"), "wrong", "mend it", on_key=True)
    path = in_district(7, "settings", "phone_types")
    in_a_district = place_problem(Problem(path, "wrong", "mend it", on_key=True))
    assert in_a_district.problem == inside
    assert (in_a_district.district, in_a_district.profile) == (7, None)
    in_a_profile = place_problem(Problem(in_profile("rural"), "unused"))
    assert in_a_profile.problem == Problem((), "unused")
    assert (in_a_profile.district, in_a_profile.profile) == (None, "rural")


@pytest.mark.parametrize(
    "path",
    [(), ("settings",), ("districts", "a"), ("profiles", 1)],
)
def test_a_problem_of_a_fleet_that_names_no_file_is_a_bug(
    path: tuple[str | int, ...],
) -> None:
    with pytest.raises(Bug, match="which is no file"):
        place_problem(Problem(path, "wrong"))


def test_profiles_that_are_missing_or_build_on_each_other_do_no_harm() -> None:
    district = District("a", "A", profiles=("rural", "gone"))
    profiles = {"rural": ("small",), "small": ("rural",), "left": ("left",)}
    found_here = examine_fleet(
        FleetOnDay((district.member,), profiles, TODAY),
        select=frozenset({"unused-profile"}),
    )
    assert [problem.path for _, problem in found_here] == [("profiles", "left")]


def test_labels_are_joined_as_in_speech() -> None:
    assert quote_labels(["b"]) == "'b'"
    assert quote_labels({"b", "a"}) == "'a' and 'b'"
    assert join_words(["a", "b", "c"]) == "a, b and c"
    assert join_words([]) == ""


def test_a_district_on_a_day_passes_its_parts_on(read: Any) -> None:
    subject = read("facts: {setup_step: 5}").subject()
    assert subject.facts.setup_step == 5
    assert subject.allow == ()
