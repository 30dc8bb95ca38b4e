"""A plan whose digest was made anew must still be the plan its own values call for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from console import Console

from connectsync.backends.contract import ContractReader
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.live import Live
from connectsync.domain.plan_file import digest_of
from connectsync.errors import ConnectError, DistrictNotFound

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


def what_ran_is_left_out(data: dict[str, Any]) -> None:
    # nothing is disruptive where no sync is said to run
    del lakeview(data)["live"]["enable_daily_sync"]


@pytest.mark.parametrize(
    "forge",
    [
        one_more_change,
        another_value,
        no_save_at_all,
        the_same_district_twice,
        what_ran_is_left_out,
    ],
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


def test_a_snapshot_that_was_talked_young_is_as_old_as_it_is(valley: Console) -> None:
    valley.run("snapshot", "--output", "now.json")
    later = {"CONNECTSYNC_NOW": "2027-01-20T10:00:00Z"}
    told = ["--backend", "snapshot:now.json"]
    planned = valley.run(*told, "plan", "--out", "plan.json", environment=later)
    assert planned.status == 0

    def just_read(data: dict[str, Any]) -> None:
        data["guards"] = []
        for one in data["districts"]:
            one["read_at"] = "2027-01-20T09:59:00+00:00"

    forged(valley, just_read)
    said = valley.run(
        *told,
        *("apply", "plan.json", "--confirmed", "lakeview-usd"),
        environment=later,
    )
    assert said.status == ExitStatus.REFUSED
    assert "stale-live" in said.err
    assert valley.state() == ()


def test_a_plan_that_was_read_tomorrow_is_refused(valley: Console) -> None:
    valley.run("plan", "--out", "plan.json")
    forged(
        valley, lambda data: lakeview(data).update(read_at="2199-01-01T00:00:00+00:00")
    )
    said = valley.run("apply", "plan.json")
    assert said.status == ExitStatus.STALE
    assert "lakeview-usd was read at a time which is yet to come" in said.err
    assert valley.state() == ()


def test_a_plan_that_says_it_is_a_way_back_hides_no_change_of_a_person(
    valley: Console,
) -> None:
    path = "districts/ca/lakeview-usd.yaml"
    assert valley.run("apply", "--yes", path).status == 0
    valley.edit("lakeview-usd", {"deletion_threshold": 30})
    valley.run("plan", path, "--out", "plan.json")

    def way_back(data: dict[str, Any]) -> None:
        data |= {"rollback_of": 1, "guards": []}
        one = lakeview(data)
        one |= {"desired": {"deletion_threshold": 45}, "drift": []}
        change = one["saves"][0]["changes"][0]
        risks = data["summary"]["changes"]
        risks[change["risk"]] -= 1
        risks["safe"] += 1
        change |= {"before": 30, "after": 45, "risk": "safe"}

    forged(valley, way_back)
    said = valley.run("apply", "plan.json")
    assert said.status == ExitStatus.STALE
    assert "was changed by hand on Connect since, and does not say so" in " ".join(
        said.err.split()
    )
    # one that was asked for it by name says so, and is applied
    over = ["--over", "lakeview-usd:deletion_threshold"]
    back = valley.run("rollback", "1", *over, "--out", "back.json")
    assert "by hand" in back.out
    assert valley.run("apply", "back.json").status == 0


def test_a_plan_that_says_it_is_a_way_back_hides_no_later_run_of_ours(
    valley: Console,
) -> None:
    path = "districts/ca/lakeview-usd.yaml"
    assert valley.run("apply", "--yes", path).status == 0
    valley.replace(path, "deletion_threshold: 15", "deletion_threshold: 12")
    assert valley.run("apply", "--yes", path).status == 0
    over = ["--over", "lakeview-usd:deletion_threshold"]
    told = valley.run("rollback", "1", *over, "--out", "plan.json")
    assert told.status == 0, told.both
    honest = (valley.folder / "plan.json").read_text("utf-8")
    forged(valley, lambda data: lakeview(data).pop("later_runs"))
    said = valley.run("apply", "plan.json")
    assert said.status == ExitStatus.STALE
    assert "which run 2 saved since, and does not say so" in " ".join(said.err.split())
    assert valley.live("lakeview-usd")["deletion_threshold"] == 12
    (valley.folder / "plan.json").write_text(honest, "utf-8")
    assert valley.run("apply", "plan.json").status == 0


def test_a_plan_reads_no_file_outside_the_project(
    valley: Console, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("profile: canary-of-a-secret\n", "utf-8")
    valley.run("plan", "--out", "plan.json")
    for scope in (str(elsewhere), "../elsewhere.yaml", "/**/*.yaml", "/proc/self/maps"):
        forged(valley, partial(_of, scope))
        said = valley.run("apply", "plan.json")
        assert said.status == ExitStatus.STALE, said.err
        assert "files outside the project" in " ".join(said.err.split())
        assert "canary" not in said.both


def _of(scope: str, data: dict[str, Any]) -> None:
    data["scope"] = [scope]


def test_a_click_list_says_what_files_and_form_say_and_not_what_the_plan_says(
    valley: Console,
) -> None:
    valley.replace(
        "districts/ca/lakeview-usd.yaml",
        "settings:\n",
        "settings:\n  phone_types: [Work]\n",
    )
    told = ["--backend", "snapshot:live.json"]
    valley.run(*told, "plan", "--out", "plan.json")

    def harmless(data: dict[str, Any]) -> None:
        counts = data["summary"]["changes"]
        one = lakeview(data)
        one["name"] = "Other Harmless District"
        one["read_at"] = "2027-01-15T09:59:00+00:00"
        for change in (each for save in one["saves"] for each in save["changes"]):
            counts[change["risk"]] -= 1
            lied = "safe" if change["risk"] == "disruptive" else "disruptive"
            counts[lied] += 1
            change |= {"risk": lied, "effect": "Nothing to see here."}
        data["guards"] = []

    forged(valley, harmless)
    kept = (valley.folder / "plan.json").read_text("utf-8")
    accepted = ["--accept", "disruptive=2", "--click-list", "clicks"]
    said = valley.run(*told, "apply", "plan.json", *accepted)
    assert said.status == 0, said.both
    for name in ("click-list.html", "click-list.md"):
        text = (valley.folder / "clicks" / name).read_text("utf-8")
        assert "Harmless" not in text
        assert "Nothing to see" not in text
        assert "Lakeview" in text
        assert "disruptive" in text
        assert "09:59" not in text
        assert json.loads(kept)["digest"] in text
    assert json.loads((valley.folder / "clicks/plan.json").read_text()) == json.loads(
        kept
    )


def test_what_could_not_be_read_is_held_against_the_plan_before_its_first_save(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an edited plan says of it was compared with Connect by no one yet."""
    valley.run("plan", "--out", "plan.json")
    held = valley.live("lakeview-usd")

    def forge(data: dict[str, Any]) -> None:
        live = lakeview(data)["live"]
        live["unarchive_classrooms"] = not live["unarchive_classrooms"]

    forged(valley, forge)
    read_many = ContractReader.read_many

    async def without(
        reader: ContractReader, keys: Sequence[str]
    ) -> dict[str, Live | ConnectError]:
        found = dict(await read_many(reader, keys))
        return found | {"lakeview-usd": DistrictNotFound("it does not answer")}

    with monkeypatch.context() as silent:
        silent.setattr(ContractReader, "read_many", without)
        assert "failed  lakeview-usd" in valley.run("apply", "plan.json").both
    said = valley.run("resume")
    assert (said.status, "conflict  lakeview-usd" in said.both) == (4, True), said.both
    assert valley.live("lakeview-usd") == held
