from __future__ import annotations

import json

from console import Console
from fitting import insist_fits

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


def standing(console: Console) -> tuple[int, dict[str, str]]:
    said = console.run("drift", "--format", "json")
    data = json.loads(said.out)
    insist_fits(data, "drift")
    return said.status, {one["district"]: one["standing"] for one in data["districts"]}


def moved(console: Console) -> dict[str, str]:
    data = json.loads(console.run("drift", "--format", "json", LAKEVIEW).out)
    return {one["setting"]: one["moved"] for one in data["districts"][0]["movements"]}


def test_before_anything_was_applied_all_is_pending_and_nobody_drifted(
    valley: Console,
) -> None:
    status, districts = standing(valley)
    assert status == 0
    assert districts == {
        "dry-creek-isd": "in_step",
        "harbor-point-usd": "pending",
        "lakeview-usd": "pending",
    }


def test_who_moved_is_told_apart(valley: Console) -> None:
    valley.run("apply", "--yes")
    assert standing(valley) == (0, dict.fromkeys(standing(valley)[1], "in_step"))

    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert moved(valley) == {"deletion_threshold": "pending"}
    assert standing(valley)[0] == 0

    valley.edit("lakeview-usd", {"phone_types": frozenset(["Home"])})
    assert moved(valley) == {"phone_types": "drift", "deletion_threshold": "pending"}
    assert standing(valley)[0] == 1

    valley.edit("lakeview-usd", {"deletion_threshold": 60})
    assert moved(valley) == {"phone_types": "drift", "deletion_threshold": "conflict"}
    assert standing(valley)[1]["lakeview-usd"] == "conflict"


def test_a_district_that_was_in_step_all_along_can_drift_after_a_run(
    valley: Console,
) -> None:
    valley.run("apply", "--yes")
    valley.edit("dry-creek-isd", {"phone_types": frozenset(["Home"])})
    assert standing(valley)[1]["dry-creek-isd"] == "drift"


def test_both_sides_moving_to_the_same_value_is_in_step(valley: Console) -> None:
    valley.run("apply", "--yes")
    valley.edit("lakeview-usd", {"deletion_threshold": 12})
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert moved(valley) == {}


def test_a_field_that_nobody_manages_cannot_drift(valley: Console) -> None:
    valley.run("apply", "--yes")
    valley.edit("lakeview-usd", {"unarchive_classrooms": True})
    assert standing(valley)[0] == 0


def test_drift_is_written_to_a_file_where_one_is_named(valley: Console) -> None:
    shown = valley.run("drift").out
    assert valley.run("drift", "--output", "out/drift.txt").out == ""
    assert (valley.folder / "out" / "drift.txt").read_text("utf-8") == shown
