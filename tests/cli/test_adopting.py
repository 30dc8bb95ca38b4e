"""``drift --adopt``: files follow Connect where people changed it, and only there."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from console import Console

from connectsync.apply.journal import RunOptions
from connectsync.apply.state.opening import open_store
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import plan_digest, read_plan

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
HOME = frozenset(["Home"])


@pytest.fixture
def applied(valley: Console) -> Console:
    """Give the project once everything in it is applied."""
    said = valley.run("apply", "--yes")
    assert said.status == 0, said.err
    return valley


def text(console: Console, file: str) -> str:
    return (console.folder / file).read_text("utf-8")


def standings(console: Console, *arguments: str) -> dict[str, str]:
    said = console.run("drift", "--format", "json", *arguments)
    return {
        one["district"]: one["standing"] for one in json.loads(said.out)["districts"]
    }


def test_after_adoption_everything_is_in_step_and_nothing_is_planned(
    applied: Console,
) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12, "phone_types": HOME})
    applied.edit("harbor-point-usd", {"unarchive_classrooms": True})
    assert standings(applied)["lakeview-usd"] == "drift"
    assert applied.run("drift", "--adopt").status == 0
    assert applied.run("drift").out == "3 districts: 3 in step\n"
    assert applied.run("plan", "--detailed-exitcode").status == 0


def test_what_was_adopted_can_drift_again(applied: Console) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12})
    applied.run("drift", "--adopt")
    applied.edit("lakeview-usd", {"deletion_threshold": 11})
    assert standings(applied)["lakeview-usd"] == "drift"


def test_adopting_opens_no_writer(
    applied: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12})

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    for way in ("cli.backends.open_writer", "backends.embedded.open_writer"):
        monkeypatch.setattr(f"connectsync.{way}", refuse)
    writer = "connectsync.backends.contract.ContractWriter.__init__"
    monkeypatch.setattr(writer, refuse)
    assert applied.run("drift", "--adopt").status == 0
    assert "deletion_threshold: 12" in text(applied, LAKEVIEW)


def test_connect_and_other_files_stay_as_they_are(applied: Console) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12})
    live, others = applied.live("lakeview-usd"), text(applied, HARBOR)
    applied.run("drift", "--adopt")
    assert applied.live("lakeview-usd") == live
    assert text(applied, HARBOR) == others


def test_ours_stays_pending_and_is_planned_as_ours(applied: Console) -> None:
    applied.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    applied.edit("lakeview-usd", {"phone_types": HOME})
    assert applied.run("drift", "--adopt").status == 0
    assert standings(applied)["lakeview-usd"] == "pending"
    assert "deletion_threshold: 12" in text(applied, LAKEVIEW)
    said = applied.run("plan", "--format", "json")
    (district,) = json.loads(said.out)["districts"]
    assert district["desired"]["phone_types"] == ["Home"]
    assert district["drift"] == []


def test_a_conflict_is_left_until_it_is_named(applied: Console) -> None:
    applied.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    applied.edit("lakeview-usd", {"deletion_threshold": 20, "phone_types": HOME})
    before = text(applied, LAKEVIEW)
    said = applied.run("drift", "--adopt")
    assert said.status == ExitStatus.FINDINGS
    assert "refused  districts/ca/lakeview-usd.yaml" in said.out
    assert text(applied, LAKEVIEW) == before

    named = "lakeview-usd:deletion_threshold"
    said = applied.run("drift", "--adopt", "--adopt-conflict", named)
    assert said.status == 0
    assert "deletion_threshold: 20" in text(applied, LAKEVIEW)
    assert standings(applied)["lakeview-usd"] == "in_step"


def test_a_plan_that_overwrites_a_conflict_names_the_command_that_adopts_it(
    applied: Console,
) -> None:
    applied.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    applied.edit("lakeview-usd", {"deletion_threshold": 20, "phone_types": HOME})
    command = "drift --adopt --adopt-conflict lakeview-usd:deletion_threshold"
    said = " ".join(applied.run("plan").out.split())
    assert said.count(f"`connectsync {command}`") == 2
    assert applied.run(*command.split()).status == 0


@pytest.mark.parametrize(
    "named",
    [
        "lakeview-usd:phone_types",  # drifted, and no conflict
        "lakeview-usd:deletion_treshold",
        "lakeview-usd",
        "nowhere:deletion_threshold",
        "",
    ],
)
def test_what_is_no_conflict_cannot_be_named_and_nothing_is_written(
    applied: Console, named: str
) -> None:
    applied.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    applied.edit("lakeview-usd", {"deletion_threshold": 20, "phone_types": HOME})
    before = text(applied, LAKEVIEW)
    said = applied.run("drift", "--adopt", "--adopt-conflict", named)
    assert said.status == ExitStatus.USAGE
    assert "lakeview-usd:deletion_threshold" in said.err
    assert text(applied, LAKEVIEW) == before


def test_naming_a_conflict_without_adopting_is_wrong_usage(applied: Console) -> None:
    said = applied.run("drift", "--adopt-conflict", "lakeview-usd:phone_types")
    assert said.status == ExitStatus.USAGE
    assert "--adopt-conflict goes with --adopt" in said.err


def test_before_anything_was_applied_there_is_nothing_to_take_over(
    valley: Console,
) -> None:
    before = text(valley, LAKEVIEW)
    said = valley.run("drift", "--adopt")
    assert said.status == 0
    assert "Nothing to take over" in said.out
    assert text(valley, LAKEVIEW) == before


def test_only_what_is_named_is_adopted(applied: Console) -> None:
    for key in ("lakeview-usd", "harbor-point-usd"):
        applied.edit(key, {"phone_types": HOME})
    assert applied.run("drift", "--adopt", LAKEVIEW).status == 0
    assert standings(applied) == {
        "dry-creek-isd": "in_step",
        "harbor-point-usd": "drift",
        "lakeview-usd": "in_step",
    }


def test_a_rival_outside_of_what_is_named_is_seen(applied: Console) -> None:
    theirs = applied.live("harbor-point-usd")["district_id"]
    applied.edit("lakeview-usd", {"district_id": theirs})
    said = applied.run("drift", "--adopt", LAKEVIEW)
    assert said.status == ExitStatus.FINDINGS
    assert "the same district_id is in" in said.out


def test_a_district_that_is_refused_still_drifts_and_the_status_says_so(
    applied: Console,
) -> None:
    applied.edit("harbor-point-usd", {"enable_daily_sync": True})
    before = text(applied, HARBOR)
    said = applied.run("drift", "--adopt")
    assert said.status == ExitStatus.FINDINGS
    assert "its file would have an error" in said.out
    assert text(applied, HARBOR) == before
    assert standings(applied)["harbor-point-usd"] == "drift"


@pytest.mark.parametrize("format_", ["json", "junit"])
def test_a_report_for_a_program_is_of_what_is_left_and_of_nothing_else(
    applied: Console, format_: str
) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12})
    said = applied.run("drift", "--adopt", "--format", format_)
    assert "changed  districts/ca/lakeview-usd.yaml" in said.err
    if format_ == "json":
        assert json.loads(said.out)["summary"]["in_step"] == 3
    else:
        suite = ET.fromstring(said.out)  # noqa: S314 - our own words
        assert suite.attrib["failures"] == "0"


def test_what_the_rules_say_of_it_is_shown(applied: Console) -> None:
    applied.edit("lakeview-usd", {"phone_types": HOME})
    assert "home-phone-for-texts" in applied.run("drift", "--adopt").out


def test_junit_is_written_to_a_file_for_the_job_to_collect(applied: Console) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12})
    said = applied.run("drift", "--format", "junit", "--output", "reports/drift.xml")
    assert (said.status, said.out) == (ExitStatus.FINDINGS, "")
    root = ET.parse(applied.folder / "reports/drift.xml").getroot()  # noqa: S314 - ours
    failing = [case.get("name") for case in root.iter("testcase") if len(case)]
    assert failing == ["lakeview-usd"]


def test_a_district_that_a_run_has_yet_to_end_is_not_adopted(applied: Console) -> None:
    applied.edit("lakeview-usd", {"deletion_threshold": 12})
    applied.edit("harbor-point-usd", {"phone_types": HOME})
    file = text(applied, LAKEVIEW)
    run = begun_and_left(applied, LAKEVIEW)
    said = applied.run("drift", "--adopt")
    assert f"run {run} is not done with it" in said.out
    assert f"connectsync resume {run}" in said.out
    assert text(applied, LAKEVIEW) == file
    assert "phone_types: [Home]" in text(applied, HARBOR)


def begun_and_left(console: Console, file: str) -> int:
    """Begin a run as a runner does that dies before its first district."""
    assert console.run("plan", file, "--out", "plan.json").status == 0
    plan = read_plan(text(console, "plan.json"))
    keys = tuple(one.district for one in plan.districts)
    with open_store(console.folder / ".connectsync") as store:
        orders = RunOptions((("rest", keys),))
        run, _ = store.begin(plan, plan_digest(plan), orders, at=plan.created)
    return run
