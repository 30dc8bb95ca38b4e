"""Every guard stops `apply` at the command line, until it is accepted by number."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from console import Console

from connectsync.rules.catalogue import acceptable
from connectsync.rules.guards import DISRUPTIVE_GUARDS

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
PROJECT = "connectsync.yaml"


@dataclass(frozen=True)
class Case:
    """What is changed in the files, and the acceptance that is then needed."""

    edits: tuple[tuple[str, str, str], ...]
    accept: tuple[str, ...]
    paths: tuple[str, ...] = (LAKEVIEW,)


def lakeview(old: str, new: str) -> tuple[str, str, str]:
    return (LAKEVIEW, old, new)


LAUNCHED = (
    (HARBOR, "setup_step: 5", "setup_step: 7"),
    (HARBOR, "self_check_done: false", "self_check_done: true"),
    (HARBOR, "enable_daily_sync: false", "enable_daily_sync: true"),
)
CASES = {
    "too-many-districts": Case(
        ((PROJECT, "max_districts: 2", "max_districts: 1"),),
        ("too-many-districts=2",),
        ("districts",),
    ),
    "too-much-of-the-fleet": Case(
        ((PROJECT, "max_percent: 70", "max_percent: 60"),),
        ("too-much-of-the-fleet=2",),
        ("districts",),
    ),
    "too-many-districts-a-day": Case(
        ((PROJECT, "guards:", "guards:\n  max_districts_a_day: 1"),),
        ("too-many-districts-a-day=2",),
        ("districts",),
    ),
    "too-much-of-the-fleet-a-day": Case(
        ((PROJECT, "guards:", "guards:\n  max_percent_a_day: 60"),),
        ("too-much-of-the-fleet-a-day=2",),
        ("districts",),
    ),
    "enable-with-other-changes": Case(
        LAUNCHED, ("enable-with-other-changes=1", "first-enable=1"), (HARBOR,)
    ),
    "phone-type-changed-on-running-sync": Case(
        (lakeview("  deletion_threshold: 15", "  phone_types: [Work]"),),
        ("disruptive=2",),
    ),
    "guardians-cut-on-running-sync": Case(
        (lakeview("  deletion_threshold: 15", "  contact_relationships: [Parent]"),),
        ("disruptive=2",),
    ),
    "guardians-added-on-running-sync": Case(
        (
            lakeview("  deletion_threshold: 15", "  contact_types: [Emergency]"),
            lakeview(
                "true\nsettings",
                "true\n  clever_shares: {contact_types: [Emergency]}\nsettings",
            ),
        ),
        ("disruptive=2",),
    ),
    "logins-overwritten": Case(
        (
            lakeview("  deletion_threshold: 15", "  update_active_users: true"),
            lakeview(
                "true\nsettings", "true\n  contact_details_kept_in: clever\nsettings"
            ),
        ),
        ("disruptive=1",),
    ),
    "roster-swapped-on-running-sync": Case(
        (lakeview("58da8a43cc70ab00017a1a10", "58da8a43cc70ab00017a1aff"),),
        ("disruptive=1",),
    ),
}


@pytest.mark.parametrize(("guard", "case"), CASES.items(), ids=CASES)
@pytest.mark.sampled(5)
def test_the_guard_refuses_and_steps_aside_for_its_exact_number(
    valley: Console, guard: str, case: Case
) -> None:
    for edit in case.edits:
        valley.replace(*edit)
    planned = valley.run("plan", "--out", "plan.json", *case.paths)
    assert planned.status == 0, planned.err
    assert f"error[{guard}]" in planned.out
    before = valley.live("lakeview-usd"), valley.live("harbor-point-usd")
    accepts = [word for given in case.accept for word in ("--accept", given)]
    another = [*accepts[:-1], "first-enable=9"]
    for given in ([], [*accepts, "--accept", "stale-live=1"], another):
        said = valley.run("apply", "plan.json", *given)
        assert said.status == 3, said.both
        assert said.err.endswith(f"if you mean it, add {' '.join(accepts)}\n")
    assert (valley.live("lakeview-usd"), valley.live("harbor-point-usd")) == before
    assert valley.state() == ()
    assert f"needs {' '.join(accepts)}" in planned.out
    assert valley.run("apply", "plan.json", *accepts).status == 0
    assert valley.run("plan", "--detailed-exitcode", *case.paths).status == 0


IDLE = "schema: 1\ndistrict: zz-{at}\nname: Zz {at}\nprovider: clever\n"
IDLE += "credentials: {{oauth_token: 'env:ZZ_{at}'}}\n"
UNKNOWN = IDLE + "settings: {{manage_guardians: true}}\n"


@pytest.mark.parametrize("day", ["", "-a-day"])
@pytest.mark.parametrize("text", [IDLE, UNKNOWN], ids=["idle", "unknown"])
def test_no_number_of_new_files_makes_a_change_a_smaller_part_of_the_fleet(
    valley: Console, text: str, day: str
) -> None:
    """Their author would choose how much the limit lets through."""
    valley.replace(*CASES[f"too-much-of-the-fleet{day}"].edits[0])
    for at in range(9):
        file = valley.folder / f"districts/zz-{at}.yaml"
        file.write_text(text.format(at=at), "utf-8")
    # to the stand-in every district is known, to a snapshot those in it
    where = ("--backend", "snapshot:live.json") if text is UNKNOWN else ()
    planned = valley.run(*where, "plan", "--out", "plan.json")
    assert f"error[too-much-of-the-fleet{day}]" in planned.out
    told = " ".join(planned.out.split())
    assert ("a fleet of 3;" if day else "2 of 3 districts change") in told
    said = valley.run(*where, "apply", "plan.json", "--click-list", "list")
    said = said if where else valley.run("apply", "plan.json")
    assert said.status == 3, said.both
    assert f"too-much-of-the-fleet{day}: the plan holds 2" in said.err


def test_an_edit_of_a_person_is_not_overwritten_by_yes_alone(valley: Console) -> None:
    assert valley.run("apply", "--yes", LAKEVIEW).status == 0
    valley.edit("lakeview-usd", {"deletion_threshold": 12})
    refused = valley.run("apply", "--yes", LAKEVIEW)
    assert refused.status == 3
    assert "overwrites-drift: the plan holds 1, none was accepted" in refused.err
    assert valley.live("lakeview-usd")["deletion_threshold"] == 12
    told = ("--accept", "overwrites-drift=1")
    assert valley.run("apply", "--yes", LAKEVIEW, *told).status == 0
    assert valley.live("lakeview-usd")["deletion_threshold"] == 15


@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_a_wrong_number_is_not_accepted(valley: Console, count: int) -> None:
    valley.replace(*lakeview("  deletion_threshold: 15", "  phone_types: [Work]"))
    said = valley.run("apply", "--yes", LAKEVIEW, "--accept", f"disruptive={count}")
    assert said.status == 3
    assert f"disruptive: the plan holds 2, {count} w" in said.err
    assert valley.state() == ()


def test_accepting_what_the_plan_does_not_hold_is_refused(valley: Console) -> None:
    said = valley.run("apply", "--yes", LAKEVIEW, "--accept", "disruptive=1")
    assert said.status == 3
    assert "disruptive: the plan holds 0, 1 was accepted" in said.err
    assert "leave out what this plan does not need" in said.err


@pytest.mark.parametrize(
    "given",
    ["disruptive", "disruptive=", "=3", "=", "", "a=b", "a=-1", "a=1.5", "a=²", "a=٣"],
)
def test_a_malformed_acceptance_is_wrong_usage(valley: Console, given: str) -> None:
    said = valley.run("apply", "--yes", LAKEVIEW, "--accept", given)
    assert said.status == 64
    assert "write for example --accept disruptive=3" in said.err


@pytest.mark.parametrize(
    ("given", "help_"),
    [
        ("distruptive=2", "did you mean 'disruptive'? guards: "),
        ("too_many_districts=3", "did you mean 'too-many-districts'? guards: "),
        ("zzz=1", "= help: guards: "),
        ("threshold-raised-without-figure=1", "guards: "),
        ("logins-overwritten=1", "accept it with --accept disruptive=COUNT"),
    ],
)
def test_a_name_that_no_guard_is_accepted_by_is_wrong_usage(
    valley: Console, given: str, help_: str
) -> None:
    said = valley.run("apply", "--yes", LAKEVIEW, "--accept", given)
    assert said.status == 64
    assert repr(given.partition("=")[0]) in said.err
    assert help_ in said.err
    assert not (valley.folder / ".connectsync").exists(), "nothing was begun"


def test_every_name_that_is_needed_anywhere_can_be_given() -> None:
    needed = {
        given.partition("=")[0] for case in CASES.values() for given in case.accept
    }
    assert needed < set(acceptable())
    disruptive = {rule.name for rule in DISRUPTIVE_GUARDS}
    by_number = {name for name, case in CASES.items() if "disr" in case.accept[0]}
    assert disruptive == by_number


def test_a_number_too_long_to_be_one_is_no_bug(valley: Console) -> None:
    said = valley.run(
        "apply", "--yes", LAKEVIEW, "--accept", f"disruptive={'9' * 5000}"
    )
    assert said.status == 64


def test_a_sync_that_ran_before_is_not_a_first_enable(valley: Console) -> None:
    valley.replace(*lakeview("enable_daily_sync: true", "enable_daily_sync: false"))
    assert valley.run("apply", "--yes", LAKEVIEW).status == 0
    valley.replace(*lakeview("enable_daily_sync: false", "enable_daily_sync: true"))
    assert valley.run("apply", "--yes", LAKEVIEW).status == 0
    assert valley.live("lakeview-usd")["enable_daily_sync"] is True


@pytest.mark.parametrize(
    ("name", "before", "low", "high"),
    [
        (
            "too-many-districts",
            "max_districts: 2",
            "max_districts: 1",
            "max_districts: 1000",
        ),
        (
            "too-many-districts-a-day",
            "guards:",
            "guards:\n  max_districts_a_day: 1",
            "guards:\n  max_districts_a_day: 1000",
        ),
    ],
)
def test_a_limit_that_is_raised_after_the_review_accepts_nothing(
    valley: Console, name: str, before: str, low: str, high: str
) -> None:
    """Who writes the districts may write the limits too, in the same change."""
    valley.replace(PROJECT, before, low)
    assert valley.run("plan", "--out", "plan.json").status == 0
    valley.replace(PROJECT, low, high)
    refused = valley.run("apply", "plan.json")
    assert refused.status == 3
    assert f"{name}: the plan holds 2, none was accepted" in refused.err
    accepted = valley.run("apply", "plan.json", "--accept", f"{name}=2")
    assert accepted.status == 0, accepted.err


def test_no_word_of_a_file_takes_the_place_of_a_sync_that_was_seen(
    valley: Console,
) -> None:
    """Facts of one change, the switch of the next: it is enabled for the first time."""
    *facts, switch = LAUNCHED
    assert valley.run("apply", "--yes", HARBOR).status == 0
    for file, old, new in facts:
        valley.replace(file, old, new.replace("7", "9"))
    assert "Nothing to do" in valley.run("apply", "--yes", HARBOR).out
    assert valley.run("drift", HARBOR).status == 0
    valley.replace(*switch)
    said = valley.run("plan", HARBOR)
    assert "--accept first-enable=1" in said.out
