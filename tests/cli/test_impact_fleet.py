"""``impact`` of several districts: each on a line, and in all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from console import Console
from fitting import insist_fits
from rosters_of_fleet import LAKEVIEW, lay_rosters

FORMATS = ("text", "json", "markdown", "html", "csv")


@pytest.fixture
def fleet(valley: Console) -> Console:
    return lay_rosters(valley)


def test_several_districts_are_counted_each_and_in_all(fleet: Console) -> None:
    said = fleet.run("impact", "--format", "json")
    data = json.loads(said.out)
    insist_fits(data, "impact")
    keys = [one["district"] for one in data["districts"]]
    assert keys == ["dry-creek-isd", "lakeview-usd"]
    (left,) = data["not_counted"]
    assert "there is no file or folder rosters/" in left["why"]
    assert said.status == 1
    alone = fleet.run("impact", "lakeview-usd", "--format", "json").out
    single = json.loads(alone)
    lakeview = data["districts"][1]
    assert (lakeview["before"], lakeview["after"]) == (
        single["before"],
        single["after"],
    )
    for side in ("before", "after"):
        each = [one[side] for one in data["districts"]]
        assert data["total"][side] == {
            name: None if None in told else sum(told)
            for name in each[0]
            for told in [[one[name] for one in each]]
        }


def test_formats_say_the_same_of_several_districts(fleet: Console) -> None:
    said = {one: fleet.run("impact", "--format", one).out for one in FORMATS}
    total = json.loads(said["json"])["total"]
    rows = [
        row
        for row in csv.DictReader(io.StringIO(said["csv"]))
        if row["figure"] == "by_text" and not row["district"]
    ]
    before, after = total["before"]["by_text"], total["after"]["by_text"]
    assert [(one["before"], one["after"]) for one in rows] == [
        (str(before), str(after))
    ]
    moved = f"{after} {after - before:+}"
    (line,) = [one for one in said["text"].splitlines() if one.startswith("In all  ")]
    assert moved in line
    assert f"| **In all** | {total['after']['students']} |" in said["markdown"]
    assert moved in said["markdown"]
    for shown in said.values():
        assert "lakeview-usd" in shown
        assert "no file or folder" in shown
    assert all(len(one) <= 80 for one in said["text"].splitlines())


def test_where_chooses_whom_is_counted(fleet: Console) -> None:
    where = 'district == "lakeview-usd"'
    said = fleet.run("impact", "--where", where, "--format", "json")
    assert [one["district"] for one in json.loads(said.out)["districts"]] == [
        "lakeview-usd"
    ]
    assert said.status == 0


def test_a_district_that_is_named_has_all_its_figures(fleet: Console) -> None:
    for named in ("lakeview-usd", LAKEVIEW):
        found = json.loads(fleet.run("impact", named, "--format", "json").out)
        assert found["district"] == "lakeview-usd"
    folder = str(Path(LAKEVIEW).parent)
    found = json.loads(fleet.run("impact", folder, "--format", "json").out)
    assert "lakeview-usd" in [one["district"] for one in found["districts"]]
