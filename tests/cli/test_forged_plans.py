"""A plan whose digest was made anew must still be the plan its own values call for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import digest_of

Forge = Callable[[dict[str, Any]], None]


def forged(console: Console, forge: Forge) -> None:
    """Edit the plan file and sign it again."""
    path = console.folder / "plan.json"
    data = json.loads(path.read_text("utf-8"))
    forge(data)
    path.write_text(json.dumps(data | {"digest": digest_of(data)}), "utf-8")


def lakeview(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in data["districts"] if one["district"] == "lakeview-usd"
    )
    return found


def one_more_change(data: dict[str, Any]) -> None:
    lakeview(data)["saves"][0]["changes"].append(
        {
            "op": "set",
            "setting": "update_active_users",
            "before": False,
            "after": True,
            "risk": "safe",
            "effect": "Nothing to see.",
        }
    )
    data["summary"]["changes"]["safe"] += 1


def another_value(data: dict[str, Any]) -> None:
    lakeview(data)["saves"][0]["changes"][0]["after"] = 90


def no_save_at_all(data: dict[str, Any]) -> None:
    (change,) = lakeview(data)["saves"].pop()["changes"]
    data["summary"]["changes"][change["risk"]] -= 1


def the_same_district_twice(data: dict[str, Any]) -> None:
    data["districts"].append(lakeview(data))
    data["summary"]["changed"] += 1
    data["summary"]["districts"] += 1
    data["summary"]["changes"]["safe"] += 1


@pytest.mark.parametrize(
    "forge", [one_more_change, another_value, no_save_at_all, the_same_district_twice]
)
def test_saves_that_no_file_wants_are_refused_whoever_signed_them(
    valley: Console, forge: Forge
) -> None:
    valley.run("plan", "--out", "plan.json")
    forged(valley, forge)
    before = valley.live("lakeview-usd")
    said = valley.run("apply", "plan.json")
    assert said.status == ExitStatus.STALE
    assert "lakeview-usd" in said.err
    assert valley.live("lakeview-usd") == before
    assert valley.state() == ()


def test_a_risk_that_was_talked_down_is_taken_afresh(valley: Console) -> None:
    valley.replace(
        "districts/ca/lakeview-usd.yaml",
        "settings:\n",
        "settings:\n  phone_types: [Work]\n",
    )
    valley.run("plan", "--out", "plan.json")

    def all_safe(data: dict[str, Any]) -> None:
        counts = data["summary"]["changes"]
        for change in lakeview(data)["saves"][0]["changes"]:
            counts[change["risk"]] -= 1
            counts["safe"] += 1
            change["risk"] = "safe"
        data["guards"] = []

    forged(valley, all_safe)
    said = valley.run("apply", "plan.json")
    assert said.status == ExitStatus.REFUSED
    assert "disruptive" in said.err
    assert valley.state() == ()


def test_a_fleet_that_was_talked_up_is_counted_afresh(valley: Console) -> None:
    valley.replace("connectsync.yaml", "max_percent: 70", "max_percent: 50")
    valley.run("plan", "--out", "plan.json")
    forged(valley, lambda data: data.update(fleet=1000, guards=[]))
    said = valley.run("apply", "plan.json")
    assert said.status == ExitStatus.REFUSED
    assert "too-much-of-the-fleet" in said.err
