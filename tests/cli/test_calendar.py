"""Calendars of groups, from the files to what an unattended run makes of them."""

from __future__ import annotations

import json

import pytest
from console import Console
from fitting import insist_fits

from connectsync.cli.terminal import ExitStatus

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"
FROZEN = """\
calendars:
  - name: texas
    paths: [districts/tx]
    timezone: America/Chicago
    freezes:
      - {from: 2027-01-11, to: 2027-01-22, reason: Finals}
guards:"""


@pytest.fixture
def fleet(valley: Console) -> Console:
    """Give a project that was applied once, and wants two safe changes since."""
    sync = "  enable_daily_sync: true\n"
    valley.replace(CREEK, sync, f"{sync}  deletion_threshold: 20\n")
    valley.run("apply", "--yes", "--accept", "too-many-districts=3",
               "--accept", "too-much-of-the-fleet=3")  # fmt: skip
    valley.replace(CREEK, "deletion_threshold: 20", "deletion_threshold: 15")
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    return valley


def test_reconcile_holds_back_the_districts_of_a_closed_calendar_and_no_other(
    fleet: Console,
) -> None:
    fleet.replace("connectsync.yaml", "guards:", FROZEN)
    said = fleet.run("reconcile", "--format", "json")
    fared = {one["district"]: one for one in json.loads(said.out)["districts"]}
    assert fared["lakeview-usd"]["fate"] == "done", said.out
    assert fared["dry-creek-isd"]["fate"] == "held"
    (reason,) = fared["dry-creek-isd"]["reasons"]
    assert reason["message"] == (
        "in-a-freeze: nothing is applied from 2027-01-11 to 2027-01-22 by the calendar"
        " texas: Finals"
    )
    assert fleet.live("dry-creek-isd")["deletion_threshold"] == 20
    assert fleet.live("lakeview-usd")["deletion_threshold"] == 12


def test_a_frozen_district_is_applied_with_a_reason_and_only_then(
    fleet: Console,
) -> None:
    fleet.replace("connectsync.yaml", "guards:", FROZEN)
    assert fleet.run("apply", "--yes", CREEK).status == ExitStatus.REFUSED
    why = "in-a-freeze=The board asked for it today"
    said = fleet.run("apply", "--yes", CREEK, "--override", why)
    assert said.status == ExitStatus.FINE, said.both
    assert fleet.live("dry-creek-isd")["deletion_threshold"] == 15


def test_a_project_without_calendars_is_planned_for_as_it_was(fleet: Console) -> None:
    assert fleet.run("apply", "--yes").status == ExitStatus.FINE


def test_files_with_errors_are_left_out_with_a_word(valley: Console) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: many")
    for how in ((), ("--ics",), ("--format", "json")):
        said = valley.run("calendar", *how)
        assert said.status == ExitStatus.FINE
        assert f"left out, for these have errors: {LAKEVIEW}" in said.err
    assert "left out" not in valley.run("calendar", "dry-creek-isd").err


def test_the_json_has_the_shape_that_its_schema_says(valley: Console) -> None:
    valley.replace("connectsync.yaml", "guards:", FROZEN)
    data = json.loads(valley.run("calendar", "--format", "json").out)
    insist_fits(data, "calendar")
    assert [one["calendar"] for one in data["dates"]] == ["texas"]
