"""``plan --changed-since``: the plan of what a pull request causes, and its way on."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from console import Console, Said
from fitting import insist_fits
from repositories import commit, git
from screen import Watch, on_a_terminal
from stores import failed

from connectsync.cli.terminal import ExitStatus
from connectsync.config.project import load_project
from connectsync.config.schemas import schema_text
from connectsync.domain.finding import acceptance
from connectsync.domain.plan_file import digest_of, plan_data, plan_of_data
from connectsync.domain.policy import Policy
from connectsync.domain.rule_settings import ALSO_CHANGES, stated_otherwise
from connectsync.errors import DamagedPlan
from connectsync.operations.commit import limits_before
from connectsync.operations.git import Git
from connectsync.providers.form import Value
from connectsync.report.reporter import formats_of

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"


def commit_and_apply(console: Console) -> None:
    (console.folder / ".gitignore").write_text(".connectsync/\n*.json\n", "utf-8")
    git(console, "init", "--quiet", "--initial-branch", "main")
    assert console.run("apply", "--yes").status == ExitStatus.FINE
    commit(console)


@pytest.fixture
def repository(prepared: Callable[..., Console]) -> Console:
    """Give the project in a repository, every district applied once, nothing left."""
    return prepared(commit_and_apply)


def planned(
    console: Console, *arguments: str, since: str = "main", options: Sequence[str] = ()
) -> dict[str, Any]:
    said = console.run(
        *options, "plan", "--changed-since", since, "--format", "json",
        "--out", "plan.json", *arguments,
    )  # fmt: skip
    assert said.status == ExitStatus.FINE, said.err
    data: dict[str, Any] = json.loads(said.out)
    insist_fits(data, "plan")
    return data


def test_git_is_asked_once_for_each_file_of_the_commit_that_is_compared_with(
    repository: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    run = Git.run

    def counted(git: Git, *arguments: str, given: bytes = b"", **how: Any) -> bytes:
        if arguments == ("cat-file", "--batch"):
            asked.append(given)
        return run(git, *arguments, given=given, **how)

    monkeypatch.setattr(Git, "run", counted)
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 16")
    planned(repository)
    assert asked
    assert len(asked) == len(set(asked))


def insist_told_afresh(
    console: Console, data: dict[str, Any], command: str, told: str
) -> None:
    """Edit a plan not to say what its change loosens, sign it, and see it told."""
    del data["loosened"]
    data["digest"] = digest_of(data)
    (console.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    more = ["--as", "Ada", "--yes"] if command == "approve" else []
    said = console.run(command, "plan.json", *more)
    assert f"warning: rules-loosened: {told}" in said.err


def saves(data: dict[str, Any]) -> dict[str, list[str]]:
    return {
        one["district"]: [
            change["setting"] for save in one["saves"] for change in save["changes"]
        ]
        for one in data["districts"]
    }


def left(data: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    return {
        one["district"]: [(move["setting"], move["moved"]) for move in one["movements"]]
        for one in data["left_alone"]
    }


def lower(console: Console, to: int = 12) -> None:
    """Ask for another threshold on Lakeview, as a pull request would."""
    console.replace(LAKEVIEW, "deletion_threshold: 15", f"deletion_threshold: {to}")


def by_hand(console: Console, key: str, **fields: Value) -> None:
    """Let a person save something on Connect."""
    console.edit(key, {**console.live(key), **fields})


def applied(console: Console, *arguments: str) -> Said:
    return console.run("apply", "plan.json", *arguments)


def test_only_what_the_change_causes_is_planned(repository: Console) -> None:
    base = git(repository, "rev-parse", "main")
    # pending from before: it was merged, and never applied
    repository.replace(HARBOR, "enable_daily_sync: false", "unarchive_classrooms: true")
    git(repository, "checkout", "--quiet", "-b", "change")
    earlier = commit(repository)
    lower(repository)
    commit(repository)
    data = planned(repository, since=earlier)
    assert saves(data) == {"lakeview-usd": ["deletion_threshold"]}
    assert data["districts"][0]["desired"] == {"deletion_threshold": 12}
    assert left(data) == {"harbor-point-usd": [("unarchive_classrooms", "pending")]}
    assert data["since"] == earlier
    assert saves(planned(repository, since=base)) == {
        "harbor-point-usd": ["unarchive_classrooms"],
        "lakeview-usd": ["deletion_threshold"],
    }


def test_drift_on_another_setting_is_left_alone_and_reported(
    repository: Console,
) -> None:
    by_hand(repository, "lakeview-usd", phone_types=frozenset(["Work"]))
    lower(repository)
    data = planned(repository)
    assert saves(data) == {"lakeview-usd": ["deletion_threshold"]}
    assert left(data) == {"lakeview-usd": [("phone_types", "drift")]}
    assert data["districts"][0]["drift"] == []
    text = repository.run("plan", "--changed-since", "main").out
    assert "Not caused by this change, so left alone" in text
    assert "applied Cell, file Cell, Connect Work" in text
    said = applied(repository)
    assert said.status == ExitStatus.FINE, said.err
    live = repository.live("lakeview-usd")
    assert live["deletion_threshold"] == 12
    assert live["phone_types"] == frozenset(["Work"])


def test_drift_that_was_left_alone_is_drift_afterwards(repository: Console) -> None:
    by_hand(repository, "lakeview-usd", phone_types=frozenset(["Work"]))
    lower(repository)
    planned(repository)
    assert applied(repository).status == ExitStatus.FINE
    found = json.loads(repository.run("drift", "--format", "json").out)
    moved = {
        one["district"]: [(move["setting"], move["moved"]) for move in one["movements"]]
        for one in found["districts"]
        if one["movements"]
    }
    assert moved == {"lakeview-usd": [("phone_types", "drift")]}


def test_drift_on_the_very_setting_is_said_and_guarded(repository: Console) -> None:
    by_hand(repository, "lakeview-usd", deletion_threshold=30)
    lower(repository)
    data = planned(repository)
    (move,) = data["districts"][0]["drift"]
    assert (move["setting"], move["moved"]) == ("deletion_threshold", "conflict")
    assert [guard["rule"] for guard in data["guards"]] == ["overwrites-drift"]
    assert data["left_alone"] == []


def test_a_folder_called_like_a_profile_is_none(repository: Console) -> None:
    (repository.folder / "districts/_profiles/more.yaml").mkdir()
    (repository.folder / "districts/_profiles/more.yaml/README").write_text("hello")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace(PROFILE, "phone_types: [Cell]", "phone_types: [Home]")
    commit(repository)
    assert repository.run("plan", "--changed-since", "main").status == ExitStatus.FINE


def test_a_profile_causes_what_it_changes_on_every_district(
    repository: Console,
) -> None:
    # two of them live on it, one says otherwise itself
    repository.replace(
        CREEK, "settings:\n", "settings:\n  unarchive_classrooms: false\n"
    )
    commit(repository)
    repository.replace(
        PROFILE, "settings:\n", "settings:\n  unarchive_classrooms: true\n"
    )
    data = planned(repository)
    assert saves(data) == {
        "harbor-point-usd": ["unarchive_classrooms"],
        "lakeview-usd": ["unarchive_classrooms"],
    }


def test_what_moves_from_a_district_to_its_profile_causes_nothing(
    repository: Console,
) -> None:
    repository.replace(LAKEVIEW, "profile: clever-standard\n", "profile: high\n")
    repository.replace(
        LAKEVIEW, "  deletion_threshold: 15  # above our worst night in August\n", ""
    )
    (repository.folder / "districts/_profiles/high.yaml").write_text(
        "schema: 1\nprofile: clever-standard\nsettings:\n  deletion_threshold: 15\n",
        "utf-8",
    )
    assert saves(planned(repository)) == {}


def test_a_file_that_moved_causes_nothing(repository: Console) -> None:
    git(repository, "mv", LAKEVIEW, "districts/lakeview-usd.yaml")
    data = planned(repository)
    assert (saves(data), left(data)) == ({}, {})
    assert len(data["in_step"]) == 3


def test_a_new_file_causes_all_that_it_says(repository: Console) -> None:
    text = (repository.folder / CREEK).read_text("utf-8")
    git(repository, "rm", "--quiet", CREEK)
    commit(repository)
    by_hand(repository, "dry-creek-isd", student_id="STUDENT NUMBER")
    (repository.folder / CREEK).parent.mkdir(exist_ok=True)
    (repository.folder / CREEK).write_text(text, "utf-8")
    assert saves(planned(repository)) == {"dry-creek-isd": ["student_id"]}


def test_a_file_that_could_not_be_read_before_counts_as_new(
    repository: Console,
) -> None:
    by_hand(repository, "lakeview-usd", student_id="STUDENT NUMBER")
    repository.replace(LAKEVIEW, "settings:\n", "settings: [\n")
    commit(repository)
    repository.replace(LAKEVIEW, "settings: [\n", "settings:\n")
    said = repository.run("plan", "--changed-since", "main", "--format", "json")
    assert saves(json.loads(said.out)) == {"lakeview-usd": ["student_id"]}
    assert f"{LAKEVIEW} could not be read as it was at" in said.err


def test_a_setting_that_is_let_go_is_not_written(repository: Console) -> None:
    repository.replace(
        LAKEVIEW, "  deletion_threshold: 15  # above our worst night in August\n", ""
    )
    by_hand(repository, "lakeview-usd", deletion_threshold=30)
    data = planned(repository)
    assert (saves(data), left(data)) == ({}, {})


def test_the_plan_is_stale_if_its_settings_move_in_the_files(
    repository: Console,
) -> None:
    lower(repository)
    planned(repository)
    repository.replace(LAKEVIEW, "deletion_threshold: 12", "deletion_threshold: 11")
    said = applied(repository)
    assert said.status == ExitStatus.STALE
    assert "deletion_threshold was 12, is now 11" in said.err
    assert repository.live("lakeview-usd")["deletion_threshold"] == 15


def test_the_plan_is_stale_if_live_moved(repository: Console) -> None:
    lower(repository)
    planned(repository)
    by_hand(repository, "lakeview-usd", phone_types=frozenset(["Work"]))
    said = applied(repository)
    assert said.status == ExitStatus.STALE
    assert "phone_types was Cell, is now Work" in said.err


def test_what_else_the_files_say_may_move_on(repository: Console) -> None:
    lower(repository)
    planned(repository)
    repository.replace(
        LAKEVIEW, "settings:\n", "settings:\n  unarchive_classrooms: true\n"
    )
    assert applied(repository).status == ExitStatus.FINE
    live = repository.live("lakeview-usd")
    assert (live["deletion_threshold"], live["unarchive_classrooms"]) == (12, False)


def test_a_plan_cannot_pass_itself_off_as_that_of_a_change(
    repository: Console,
) -> None:
    lower(repository)
    planned(repository)
    path = repository.folder / "plan.json"
    data = json.loads(path.read_text("utf-8"))
    data["districts"][0]["desired"]["unarchive_classrooms"] = True
    data["districts"][0]["saves"][0]["changes"].append(
        {
            "op": "set",
            "setting": "unarchive_classrooms",
            "before": False,
            "after": True,
            "risk": "safe",
            "effect": "",
        }
    )
    data["summary"]["changes"]["safe"] += 1
    path.write_text(json.dumps(data | {"digest": digest_of(data)}), "utf-8")
    said = applied(repository)
    assert said.status == ExitStatus.STALE
    assert "unarchive_classrooms was on, is now not managed" in said.err
    assert repository.live("lakeview-usd")["unarchive_classrooms"] is False


def test_the_sync_is_not_switched_on_over_settings_that_were_left_behind(
    repository: Console,
) -> None:
    repository.replace(
        HARBOR,
        "setup_step: 5\n  self_check_done: false",
        "setup_step: 7\n  self_check_done: true",
    )
    repository.replace(PROFILE, "[Cell]", "[Work]")
    merged = commit(repository)
    repository.replace(HARBOR, "enable_daily_sync: false", "enable_daily_sync: true")
    data = planned(repository, since=merged)
    assert saves(data) == {"harbor-point-usd": ["enable_daily_sync"]}
    said = {guard["rule"]: guard["message"] for guard in data["guards"]}
    assert said["enable-with-other-changes"] == (
        "the sync is enabled while phone_types differs from the files"
    )
    assert applied(repository, "--accept", "first-enable=1").status == (
        ExitStatus.REFUSED
    )


def test_a_run_that_stopped_goes_on_with_that_plan(repository: Console) -> None:
    by_hand(repository, "lakeview-usd", phone_types=frozenset(["Work"]))
    lower(repository)
    planned(repository)
    assert applied(repository).status == ExitStatus.FINE
    failed(repository.folder / ".connectsync", 2, "lakeview-usd")
    said = repository.run("resume")
    assert said.status == ExitStatus.FINE, said.err
    assert repository.live("lakeview-usd")["phone_types"] == frozenset(["Work"])


@pytest.mark.parametrize("revision", ["nowhere", "--output=x"])
def test_a_revision_that_is_not_there_is_wrong_usage(
    repository: Console, revision: str
) -> None:
    said = repository.run("plan", f"--changed-since={revision}")
    assert said.status == ExitStatus.USAGE
    assert "git cannot compare with that revision" in said.err


WITHOUT = "running-without-a-file"


def test_a_change_that_takes_a_running_district_away_says_what_stays_live(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    (repository.folder / LAKEVIEW).unlink()
    commit(repository)
    (repository.folder / ".connectsync" / "state.db").unlink()
    data = planned(repository)
    assert data["districts"] == []
    assert data["still_running"] == [
        {"district": "lakeview-usd", "file": LAKEVIEW, "error": ""}
    ]
    (guard,) = data["guards"]
    assert (guard["rule"], guard["district"]) == (WITHOUT, "lakeview-usd")
    text = repository.run("plan", "--changed-since", "main").out
    assert "Nothing to do" not in text
    assert "1 still running without a file" in text


def test_a_change_that_renames_the_file_of_a_running_district_says_so(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    renamed = LAKEVIEW.replace("lakeview-usd", "lakeview-unified")
    git(repository, "mv", LAKEVIEW, renamed)
    path = repository.folder / renamed
    path.write_text(path.read_text().replace(": lakeview-usd", ": lakeview-unified"))
    commit(repository)
    data = planned(repository)
    assert [one["district"] for one in data["still_running"]] == ["lakeview-usd"]


def test_a_change_that_only_moves_the_file_says_nothing(repository: Console) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    git(repository, "mv", LAKEVIEW, LAKEVIEW.replace("/ca/", "/tx/"))
    commit(repository)
    assert "still_running" not in planned(repository)


@pytest.mark.parametrize("format_", formats_of("plan"))
def test_every_format_names_the_district_that_runs_without_a_file(
    repository: Console, format_: str
) -> None:
    (repository.folder / LAKEVIEW).unlink()
    for asked in ((), ("--changed-since", "main")):
        said = repository.run("plan", *asked, "--format", format_)
        assert WITHOUT in said.out, said.both
        assert "lakeview-usd" in said.out


def test_a_district_whose_sync_is_off_may_lose_its_file(repository: Console) -> None:
    (repository.folder / HARBOR).unlink()
    assert WITHOUT not in repository.run("plan").out
    assert WITHOUT not in repository.run("plan", "--changed-since", "main").out


def test_naming_a_part_of_the_files_tells_of_that_part_alone(
    repository: Console,
) -> None:
    (repository.folder / LAKEVIEW).unlink()
    assert WITHOUT not in repository.run("plan", HARBOR).out


OTHER = "fleet-of-other-files"


def staged(console: Console) -> None:
    """Point the project to a folder that was merged before and counted for nothing."""
    shutil.copytree(console.folder / "districts", console.folder / "staged")
    shutil.rmtree(console.folder / "staged/ca")
    (console.folder / CREEK).unlink()
    creek = CREEK.replace("districts", "staged")
    console.replace(creek, "settings:\n", "settings:\n  deletion_threshold: 30\n")
    (console.folder / "staged/ca").mkdir()
    lakeview = LAKEVIEW.replace("districts", "staged")
    shutil.copy(console.folder / LAKEVIEW, console.folder / lakeview)
    console.replace(lakeview, "deletion_threshold: 15", "deletion_threshold: 12")
    commit(console)
    git(console, "checkout", "--quiet", "-b", "change")
    console.replace("connectsync.yaml", "schema: 1\n", "schema: 1\ndistricts: staged\n")
    commit(console)


def test_what_a_change_of_the_folder_takes_in_is_planned_and_told(
    repository: Console,
) -> None:
    staged(repository)
    data = planned(repository)
    assert saves(data) == {
        "dry-creek-isd": ["deletion_threshold"],
        "lakeview-usd": ["deletion_threshold"],
    }
    assert data["comes_in"] == ["dry-creek-isd"]
    assert data["goes_out"] == ["harbor-point-usd"]
    assert plan_data(plan_of_data(data))["comes_in"] == data["comes_in"]
    text = repository.run("plan", "--changed-since", "main").out
    assert "1 new to the fleet, 1 no longer in it" in text
    assert repository.run("apply", "plan.json", *accepting(data)).status == 0


def accepting(data: dict[str, Any]) -> list[str]:
    return acceptance(plan_of_data(data).guards).split()


@pytest.mark.parametrize("format_", formats_of("plan"))
def test_every_format_names_what_a_change_of_the_folder_moves(
    repository: Console, format_: str
) -> None:
    staged(repository)
    for key in ("dry-creek-isd", "lakeview-usd"):
        wanted = 30 if key == "dry-creek-isd" else 12
        by_hand(repository, key, deletion_threshold=wanted)
    said = repository.run("plan", "--changed-since", "main", "--format", format_)
    assert OTHER in said.out, said.both
    assert "dry-creek-isd" in said.out
    assert "harbor-point-usd" in said.out
    assert "Nothing to do" not in said.out


LATER = "changes-on-later-days"
PERIOD = """timezone: America/Chicago
scheduled:
  - from: 2090-06-15
    to: 2090-08-20
    settings:
      deletion_threshold: 60
    reason: rollover
"""


def with_period(console: Console, text: str = PERIOD) -> None:
    """Give a district a period that is ahead, in a commit of the branch."""
    with (console.folder / LAKEVIEW).open("a", encoding="utf-8") as file:
        file.write(text)
    commit(console)


@pytest.mark.parametrize("format_", formats_of("plan"))
def test_every_format_names_what_a_change_makes_of_later_days(
    repository: Console, format_: str
) -> None:
    """Once it is merged, `reconcile` saves it on its day, and no one is asked."""
    git(repository, "checkout", "--quiet", "-b", "change")
    with_period(repository)
    said = repository.run("plan", "--changed-since", "main", "--format", format_)
    assert "Nothing to do" not in said.out
    words = re.sub(r"[\s\\│|]+|&#0?10;", " ", said.out)
    assert LATER in said.out
    assert "60 until 2090-08-20" in words


def test_what_a_change_makes_of_later_days_is_kept_with_the_plan(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    with_period(repository)
    data = planned(repository)
    assert data["later"] == [
        {
            "district": "lakeview-usd",
            "says": [
                (
                    "deletion_threshold: 15 until 2090-06-14, then 60 until"
                    " 2090-08-20, then 15 (before this change: 15)"
                )
            ],
        }
    ]
    assert plan_data(plan_of_data(data))["later"] == data["later"]
    assert accepting(data) == []
    assert LATER in repository.run("show", "plan.json").out
    said = repository.run("approve", "plan.json", "--as", "Ann", "--yes")
    assert "1 to change on later days" in said.out
    assert repository.run("apply", "plan.json").status == ExitStatus.FINE


@pytest.mark.parametrize("change", ["removed", "usual value"])
def test_a_return_that_a_change_takes_away_is_told(
    repository: Console, change: str
) -> None:
    """While a period holds, its usual value is none of today's."""
    holds = PERIOD.replace("2090-06-15", "2020-06-15")
    with_period(repository, holds)
    git(repository, "checkout", "--quiet", "-b", "change")
    if change == "removed":
        repository.replace(LAKEVIEW, holds, "timezone: America/Chicago\n")
    else:
        repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    commit(repository)
    ((_, said),) = [tuple(one.values()) for one in planned(repository)["later"]]
    now = {"removed": "15", "usual value": "60 until 2090-08-20, then 12"}[change]
    before = "60 until 2090-08-20, then 15"
    assert said == [f"deletion_threshold: {now} (before this change: {before})"]


def test_a_return_that_another_zone_takes_away_on_its_last_day_is_told(
    repository: Console,
) -> None:
    """Where it is tomorrow there already, the period is over by the new zone."""
    period = PERIOD.replace("2090-06-15", "2020-06-15")
    with_period(repository, period.replace("2090-08-20", "2027-01-20"))
    git(repository, "checkout", "--quiet", "-b", "change")
    text = (repository.folder / LAKEVIEW).read_text("utf-8")
    zoned = text.partition("timezone:")[0] + "timezone: Pacific/Kiritimati\n"
    usual = zoned.replace("deletion_threshold: 15", "deletion_threshold: 60")
    (repository.folder / LAKEVIEW).write_text(usual, "utf-8")
    commit(repository)
    now = {"CONNECTSYNC_NOW": "2027-01-20T18:00:00Z"}
    said = repository.run("plan", "--changed-since", "main", environment=now)
    told = " ".join(said.out.split())
    assert LATER in told
    assert "60 (before this change: 60 until 2027-01-20, then 15)" in told


def test_a_change_that_moves_no_later_day_says_nothing_of_them(
    repository: Console,
) -> None:
    with_period(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace(LAKEVIEW, "reason: rollover", "reason: the rollover")
    commit(repository)
    assert "later" not in planned(repository)
    assert "Nothing to do" in repository.run("plan", "--changed-since", "main").out


@pytest.mark.parametrize("merged", ["before", "along"])
def test_a_job_with_the_project_file_of_the_target_plans_the_folder_to_come(
    repository: Console, merged: str
) -> None:
    """What is saved later is what the merged file reads, so that is what is shown."""
    if merged == "before":
        staged(repository)
    else:
        git(repository, "checkout", "--quiet", "-b", "change")
        folder = repository.folder
        shutil.copytree(folder / "districts", folder / "staged")
        lakeview = LAKEVIEW.replace("districts", "staged")
        repository.replace(lakeview, "deletion_threshold: 15", "deletion_threshold: 12")
        file = "connectsync.yaml"
        repository.replace(file, "schema: 1\n", "schema: 1\ndistricts: staged\n")
        commit(repository)
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    said = repository.run("plan", "--changed-since", "main", "--format", "markdown")
    assert "Nothing to do" not in said.out
    assert "of this commit reads districts in staged" in " ".join(said.err.split())
    data = planned(repository)
    assert saves(data)["lakeview-usd"] == ["deletion_threshold"]
    comes_in = ["dry-creek-isd"] if merged == "before" else []
    assert data.get("comes_in", []) == comes_in
    # the job that applies has the merged file
    git(repository, "checkout", "--quiet", "change", "--", "connectsync.yaml")
    assert repository.run("apply", "plan.json", *accepting(data)).status == 0
    assert repository.live("lakeview-usd")["deletion_threshold"] == 12


def test_a_folder_that_only_the_target_moved_is_followed_as_it_lies_there(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    lower(repository)
    commit(repository)
    repository.replace(
        "connectsync.yaml", "schema: 1\n", "schema: 1\ndistricts: ./districts/tx\n"
    )
    said = repository.run("plan", "--changed-since", "main")
    assert "reads districts" not in said.err


@pytest.mark.parametrize("stated", ["../..", ".git"])
def test_the_folder_to_come_is_one_of_the_repository(
    repository: Console, stated: str
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace(
        "connectsync.yaml", "schema: 1\n", f"schema: 1\ndistricts: {stated}\n"
    )
    commit(repository)
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    said = repository.run("plan", "--changed-since", "main")
    assert said.status == ExitStatus.FINDINGS
    assert f"the folder '{stated}' lies outside" in " ".join(said.err.split())


def test_the_time_zone_to_come_is_the_one_that_is_planned_in(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    zone = "schema: 1\ntimezone: America/Chicago\n"
    repository.replace("connectsync.yaml", "schema: 1\n", zone)
    commit(repository)
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    said = repository.run("plan", "--changed-since", "main")
    assert "in the time zone America/Chicago" in " ".join(said.err.split())


ISLES = """calendars:
  - {name: isles, label: isle, timezone: Pacific/Kiritimati}
"""
TESTS = """labels: [isle]
scheduled:
  - from: 2027-01-16
    to: 2027-01-20
    settings: {deletion_threshold: 12}
    reason: a week of tests
"""


@pytest.mark.parametrize("lies_here", ["main", "change"])
def test_the_zone_that_a_change_gives_a_calendar_is_the_one_that_is_planned_in(
    repository: Console, lies_here: str
) -> None:
    """It is the 16th there already; what is saved later is of that day."""
    with (repository.folder / LAKEVIEW).open("a", encoding="utf-8") as file:
        file.write(TESTS)
    commit(repository)
    assert "deletion_threshold" not in saves(planned(repository)).get(
        "lakeview-usd", []
    )
    git(repository, "checkout", "--quiet", "-b", "change")
    with (repository.folder / "connectsync.yaml").open("a", encoding="utf-8") as file:
        file.write(ISLES)
    commit(repository)
    git(repository, "checkout", "--quiet", lies_here, "--", "connectsync.yaml")
    said = repository.run("plan", "--changed-since", "main")
    told = "by the zones and rollovers of its calendars" in " ".join(said.err.split())
    assert told is (lies_here == "main")
    data = planned(repository)
    assert saves(data)["lakeview-usd"] == ["deletion_threshold"]
    assert data["districts"][0]["scheduled"][0]["timezone"] == "Pacific/Kiritimati"
    # the job that applies has the merged file
    git(repository, "checkout", "--quiet", "change", "--", "connectsync.yaml")
    assert repository.run("apply", "plan.json", *accepting(data)).status == 0
    assert repository.live("lakeview-usd")["deletion_threshold"] == 12


def test_what_a_calendar_closes_holds_though_the_change_takes_it_out(
    repository: Console,
) -> None:
    freeze = "freezes: [{from: 2027-01-01, to: 2027-01-31, reason: tests}]"
    closed = ISLES.replace("timezone: Pacific/Kiritimati", freeze)
    with (repository.folder / LAKEVIEW).open("a", encoding="utf-8") as file:
        file.write("labels: [isle]\n")
    repository.replace("connectsync.yaml", "schema: 1\n", f"schema: 1\n{closed}")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace("connectsync.yaml", closed, ISLES)
    lower(repository)
    commit(repository)
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    rules = {one["rule"] for one in planned(repository)["guards"]}
    assert "in-a-freeze" in rules


def test_a_folder_that_moves_along_with_its_name_is_the_same_fleet(
    repository: Console,
) -> None:
    git(repository, "mv", "districts", "staged")
    repository.replace(
        "connectsync.yaml", "schema: 1\n", "schema: 1\ndistricts: staged\n"
    )
    data = planned(repository)
    assert saves(data) == {}
    assert data["loosened"] == [f"{ALSO_CHANGES}districts"]
    assert [one["rule"] for one in data["guards"]] == ["rules-loosened"]


def test_a_plan_with_a_district_without_a_file_can_be_applied(
    repository: Console,
) -> None:
    (repository.folder / LAKEVIEW).unlink()
    repository.replace(HARBOR, "settings:\n", "settings:\n  deletion_threshold: 15\n")
    assert repository.run("plan", "--out", "plan.json").status == ExitStatus.FINE
    assert repository.run("apply", "plan.json").status == ExitStatus.FINE


def test_a_change_that_calls_a_launched_district_new_is_asked_about_all_the_same(
    repository: Console,
) -> None:
    """Its sync is paused, and nothing but its file said that it was launched."""
    facts = ("setup_step: 5", "setup_step: 9")
    repository.replace(HARBOR, *facts)
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace(HARBOR, *reversed(facts))
    cut = "settings:\n  contact_relationships: [Parent]\n"
    repository.replace(HARBOR, "settings:\n", cut)
    commit(repository)
    data = planned(repository)
    assert data["summary"]["changes"]["disruptive"] == 2
    refused = repository.run("apply", "plan.json")
    assert refused.status == ExitStatus.REFUSED
    assert "disruptive: the plan holds 2" in refused.err


@pytest.mark.parametrize("how", ["taken out", "null"])
def test_a_setting_that_the_change_no_longer_manages_is_said_with_what_stays(
    repository: Console, how: str
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    without = "" if how == "taken out" else "  deletion_threshold: null\n"
    stated = "  deletion_threshold: 15  # above our worst night in August\n"
    repository.replace(LAKEVIEW, stated, without)
    commit(repository)
    before = repository.live("lakeview-usd")
    said = repository.run("plan", "--changed-since", "main")
    assert said.status == ExitStatus.FINE, said.both
    text = " ".join(said.out.split())
    assert "info[setting-no-longer-managed] lakeview-usd: deletion_threshold is" in text
    assert "it stays 15 on Connect" in text
    data = planned(repository)
    assert {
        "district": "lakeview-usd",
        "setting": "deletion_threshold",
        "why": "released",
        "value": 15,
    } in data["untouched"]
    assert saves(data) == {}
    assert applied(repository).status == ExitStatus.FINE
    assert repository.live("lakeview-usd") == before


def test_a_profile_that_lets_go_of_a_setting_is_said_for_each_of_its_districts(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace(PROFILE, "  student_id: STUDENT ID\n", "")
    commit(repository)
    untouched = planned(repository)["untouched"]
    released = [one for one in untouched if one["why"] == "released"]
    assert {one["setting"] for one in released} == {"student_id"}
    assert len(released) > 1


def hours(text: str) -> str:
    """Spell what a project file may state of hours, or of how old a plan may be."""
    return f"guards:\n  max_districts: 2\n  max_percent: 70\n{text}"


LOOSENED = {
    "in-a-freeze": (
        "freezes:\n  - {from: 2027-01-10, to: 2027-01-20, reason: Finals}\n",
        "",
    ),
    "outside-the-window": (
        "windows:\n  - {days: [sunday], from: '08:00', to: '24:00', timezone: UTC}\n",
        "windows:\n  - {days: [friday], from: '08:00', to: '24:00', timezone: UTC}\n",
    ),
    "during-the-nightly-sync": (
        "nightly_sync:\n  - {from: '09:00', to: '14:00', timezone: UTC}\n",
        "nightly_sync:\n  - {from: '01:00', to: '02:00', timezone: UTC}\n",
    ),
    "stale-live": ("  max_live_age_hours: 2\n", "  max_live_age_hours: 8760\n"),
}

CALENDAR = """\
calendars:
  - name: west
    {takes}
    timezone: UTC
    freezes:
      - {{from: 2027-01-10, to: 2027-01-20, reason: Finals}}
"""
OF_CALENDARS = {
    "its freeze": (
        CALENDAR.format(takes="paths: [districts/ca]"),
        CALENDAR.format(takes="paths: [districts/ca]").replace("01-10", "01-18"),
        "the freeze of the calendar west from 2027-01-10 to 2027-01-20 is gone: Finals",
    ),
    "whom it takes": (
        CALENDAR.format(takes="paths: [districts/ca]"),
        CALENDAR.format(takes="paths: [districts/tx]"),
        "the calendar west took files districts/ca, and takes files districts/tx",
    ),
    "the whole of it": (
        CALENDAR.format(takes="profile: clever-standard"),
        "",
        "the calendar west is gone",
    ),
}


def change_that_loosens(repository: Console, texts: tuple[str, str]) -> None:
    """Commit what is strict on main, and a change on its branch that loosens it."""
    strict, loose = map(hours, texts)
    repository.replace("connectsync.yaml", hours(""), strict)
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace("connectsync.yaml", strict, loose)
    lower(repository)
    commit(repository)


NAMED = "what was applied is known by that name"


@pytest.mark.parametrize("seen", [True, False], ids=["its own file", "main's file"])
@pytest.mark.parametrize(("name", "texts"), LOOSENED.items(), ids=LOOSENED)
@pytest.mark.sampled(4)
def test_what_a_change_takes_out_of_the_project_file_holds_for_its_own_plan(
    repository: Console, name: str, texts: tuple[str, str], *, seen: bool
) -> None:
    """A plan is made with main's project file, or with that of the change itself."""
    change_that_loosens(repository, texts)
    if not seen:
        git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    data = planned(repository)
    assert data["limits"]["max_districts"] == 2
    git(repository, "checkout", "--quiet", "change", "--", "connectsync.yaml")
    later = {"CONNECTSYNC_NOW": "2027-01-15T13:30:00Z"}
    refused = repository.run("apply", "plan.json", environment=later)
    assert refused.status == ExitStatus.REFUSED, refused.both
    assert f"  {name}: " in refused.err
    assert "connectsync.yaml allows more now than before the change" in refused.err
    assert repository.live("lakeview-usd")["deletion_threshold"] == 15
    # a plan of a later change is held to what the file says by then
    git(repository, "branch", "--quiet", "--force", "main", "change")
    lower_again = ("deletion_threshold: 12", "deletion_threshold: 11")
    repository.replace(LAKEVIEW, *lower_again)
    planned(repository)
    assert applied(repository).status == ExitStatus.FINE


@pytest.mark.parametrize("seen", [True, False], ids=["its own file", "main's file"])
@pytest.mark.parametrize("texts", OF_CALENDARS.values(), ids=OF_CALENDARS)
@pytest.mark.sampled(2)
def test_what_a_change_takes_out_of_a_calendar_holds_for_its_own_plan_and_is_told(
    repository: Console, texts: tuple[str, str, str], *, seen: bool
) -> None:
    strict, loose, told = texts
    change_that_loosens(repository, (strict, loose))
    if not seen:
        git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    data = planned(repository)
    assert data["loosened"] == [told, f"{ALSO_CHANGES}calendars"]
    kept = data["limits"]["calendars"]
    assert {tuple(one["districts"]) for one in kept} == {("lakeview-usd",)}
    assert "2027-01-10" in {one["freezes"][0]["from"] for one in kept}
    (frozen,) = (one for one in data["guards"] if one["rule"] == "in-a-freeze")
    assert frozen["district"] == "lakeview-usd"
    assert "by the calendar west: Finals" in frozen["message"]
    git(repository, "checkout", "--quiet", "change", "--", "connectsync.yaml")
    refused = repository.run("apply", "plan.json")
    assert refused.status == ExitStatus.REFUSED, refused.both
    assert repository.live("lakeview-usd")["deletion_threshold"] == 15


def test_a_change_that_takes_its_label_off_stays_in_the_calendar_of_the_label(
    repository: Console,
) -> None:
    repository.replace(LAKEVIEW, "schema: 1\n", "schema: 1\nlabels: [west]\n")
    repository.replace(
        "connectsync.yaml", hours(""), hours(CALENDAR.format(takes="label: west"))
    )
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    repository.replace(LAKEVIEW, "labels: [west]\n", "")
    lower(repository)
    commit(repository)
    data = planned(repository)
    assert data["loosened"] == ["lakeview-usd left the calendar west"]
    assert "in-a-freeze" in {one["rule"] for one in data["guards"]}
    assert applied(repository).status == ExitStatus.REFUSED


HOLIDAYS = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//district//EN
BEGIN:VEVENT
UID:finals
DTSTART;VALUE=DATE:20270110
DTEND;VALUE=DATE:20270121
SUMMARY:Finals
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize("more", [0, 7])
def test_a_district_that_names_another_token_is_told(
    repository: Console, more: int
) -> None:
    """What types it next would type that of another district."""
    text = (repository.folder / LAKEVIEW).read_text("utf-8")
    for number in range(more):
        other = text.replace("lakeview-usd", f"other-usd-{number}")
        other = other.replace("LAKEVIEW_USD", f"OTHER_{number}")
        other = re.sub(
            "district_id: .*", f"district_id: 58da8a43cc70ab0001{number:06}", other
        )
        other = re.sub("(?m)^name: .*", f"name: Other {number}", other)
        (repository.folder / f"districts/ca/other-usd-{number}.yaml").write_text(
            other, "utf-8"
        )
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "others")
    git(repository, "checkout", "--quiet", "-b", "change")
    for path in sorted((repository.folder / "districts/ca").glob("*.yaml")):
        there = path.read_text("utf-8")
        if "token: " in there and path.stem != "harbor-point-usd":
            path.write_text(re.sub("env:([A-Z_0-9]+)", r"env:NEW_\1", there), "utf-8")
    commit(repository)
    told = planned(repository)["loosened"]
    assert told[0] == (
        "the token of lakeview-usd was env:LAKEVIEW_USD_TOKEN, and is"
        " env:NEW_LAKEVIEW_USD_TOKEN"
    )
    assert (
        told[1:] == []
        if not more
        else told[-1] == "the tokens of 3 more districts are others"
    )
    for command in ("approve", "apply"):
        insist_told_afresh(repository, planned(repository), command, told[0])


def test_a_link_to_a_folder_of_districts_takes_none_out_of_its_calendar(
    repository: Console,
) -> None:
    """Before the change they go by the names that they have on the disk."""
    repository.replace(
        "connectsync.yaml",
        hours(""),
        hours(CALENDAR.format(takes="paths: [districts/ca]")),
    )
    (repository.folder / "districts/zz").symlink_to("ca")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    (repository.folder / "districts/oh").mkdir()
    git(repository, "mv", LAKEVIEW, "districts/oh/lakeview-usd.yaml")
    commit(repository)
    (told,) = planned(repository)["loosened"]
    assert told.startswith("lakeview-usd left the calendar")


def test_days_of_later_years_that_a_change_takes_out_of_a_calendar_file_are_told(
    repository: Console,
) -> None:
    """They close nothing yet, and no one looks at that change once they would."""
    file = repository.folder / "school.ics"
    yearly = HOLIDAYS.replace("SUMMARY", "RRULE:FREQ=YEARLY\nSUMMARY")
    file.write_text(yearly, "utf-8")
    repository.replace(
        "connectsync.yaml", hours(""), hours("holidays: [school.ics]\ntimezone: UTC\n")
    )
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    assert "loosened" not in planned(repository)
    file.write_text(yearly.replace("YEARLY", "YEARLY;COUNT=3"), "utf-8")
    commit(repository)
    (told,) = planned(repository)["loosened"]
    assert told.startswith("the freeze from 2030-01-10 to 2030-01-20, 2031-01-10 to")
    assert told.endswith("is gone: Finals")
    insist_told_afresh(repository, planned(repository), "approve", told)
    # too many to be looked at so far ahead: those of the next year are
    git(repository, "checkout", "--quiet", "-B", "daily", "main")
    daily = yearly.replace("YEARLY", "DAILY").replace("0121", "0111")
    event = daily[daily.index("BEGIN:VEVENT") : daily.index("END:VCALENDAR")]
    titles = [f"Finals {number}" for number in range(3)]
    events = "".join(event.replace("Finals", one) for one in titles)
    file.write_text(daily.replace(event, events), "utf-8")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "without")
    file.write_text(HOLIDAYS.replace("2027", "2026"), "utf-8")
    commit(repository)
    told = planned(repository, since="daily")["loosened"]
    assert [one.rpartition(": ")[2] for one in told] == titles


@pytest.mark.parametrize("edit", ["edited", "gone"])
def test_days_that_a_change_takes_out_of_a_calendar_file_hold_for_its_own_plan(
    repository: Console, edit: str
) -> None:
    file = repository.folder / "school.ics"
    file.write_text(HOLIDAYS, "utf-8")
    repository.replace(
        "connectsync.yaml", hours(""), hours("holidays: [school.ics]\ntimezone: UTC\n")
    )
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    if edit == "gone":
        repository.replace("connectsync.yaml", "holidays: [school.ics]\n", "")
        file.unlink()
    else:
        file.write_text(HOLIDAYS.replace("0121", "0112"), "utf-8")
    lower(repository)
    commit(repository)
    data = planned(repository)
    told = ["the freeze from 2027-01-10 to 2027-01-20 is gone: Finals"]
    also = [f"{ALSO_CHANGES}holidays"] if edit == "gone" else []
    assert data["loosened"] == told + also
    assert data["limits"]["freezes"][0]["reason"] == "Finals"
    for made in (data["created"], data["created"].replace("2027", "2020")):
        edited = {**planned(repository), "created": made}
        insist_told_afresh(repository, edited, "approve", told[0])
    planned(repository)
    assert applied(repository).status == ExitStatus.REFUSED
    # an edited plan does not say less: git knows what was before
    without_limits(repository)
    assert applied(repository).status == ExitStatus.REFUSED


@pytest.mark.parametrize("link", ["cal", "school.ics"])
def test_hours_that_a_change_takes_out_are_told_whatever_its_calendars_are(
    repository: Console, link: str
) -> None:
    """Git does not follow a link that is spelled from the top of the disk."""
    frozen = "freezes: [{from: 2027-08-16, to: 2027-08-27, reason: Start}]\n"
    repository.replace("connectsync.yaml", hours(""), hours(frozen))
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    (repository.folder / "real").mkdir()
    (repository.folder / "real/school.ics").write_text(HOLIDAYS, "utf-8")
    named = "cal/school.ics" if link == "cal" else link
    end = "real" if link == "cal" else "real/school.ics"
    (repository.folder / link).symlink_to(repository.folder / end)
    repository.replace("connectsync.yaml", frozen, f"holidays: [{named}]\n")
    repository.replace("connectsync.yaml", "schema: 1\n", "schema: 1\ntimezone: UTC\n")
    lower(repository)
    commit(repository)
    # in no job, and by no person, is such a calendar read
    refused = repository.run("plan")
    assert refused.status == ExitStatus.FINDINGS
    assert "lies outside of the project, or behind a link" in refused.err
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    told = "the freeze from 2027-08-16 to 2027-08-27 is gone: Start"
    assert told in planned(repository)["loosened"]


def made(console: Console, entries: str) -> str:
    """Make a tree of entries, as `git ls-tree` lists them."""
    done = subprocess.run(
        ["git", "mktree"],
        cwd=console.folder,
        input=entries,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_a_commit_of_any_number_of_files_is_asked_for_one_of_them(
    repository: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan names the commit before it, and whoever hands it over chooses which."""
    repository.replace("connectsync.yaml", "max_districts: 2", "max_districts: 7")
    file = git(repository, "hash-object", "-w", "connectsync.yaml")
    many = made(repository, f"100644 blob {file}\ta\n")
    for _ in range(4):
        many = made(
            repository, "".join(f"040000 tree {many}\t{one}\n" for one in range(10))
        )
    top = f"040000 tree {many}\tmany\n100644 blob {file}\tconnectsync.yaml\n"
    since = git(
        repository, "commit-tree", "-m", "many", "-p", "main", made(repository, top)
    )
    git(repository, "checkout", "--quiet", "-b", "change")
    git(repository, "merge", "--quiet", "-s", "ours", "-m", "it", since)
    monkeypatch.setattr("connectsync.operations.commit.MOST_LISTED", 100_000)
    project = load_project(repository.folder)
    found = limits_before(project, since, os.environ, datetime.now(UTC))
    assert found is not None
    assert found.max_districts == 7
    said = repository.run("plan", "--changed-since", since)
    assert said.status == ExitStatus.USAGE
    assert "git says more than 100,000 bytes about it" in " ".join(said.err.split())


def test_limits_before_are_those_that_a_link_of_the_commit_leads_to(
    repository: Console,
) -> None:
    shared = repository.folder / "shared"
    shared.mkdir()
    shutil.move(repository.folder / "connectsync.yaml", shared / "project.yaml")
    (repository.folder / "connectsync.yaml").symlink_to("shared/project.yaml")
    since = commit(repository)
    project = load_project(repository.folder)
    repository.replace("shared/project.yaml", "max_districts: 2", "max_districts: 9")
    found = limits_before(project, since, os.environ, datetime.now(UTC))
    assert found is not None
    assert found.max_districts == 2
    assert limits_before(project, "0" * 40, os.environ, datetime.now(UTC)) is None
    git(repository, "rm", "--quiet", "--cached", "connectsync.yaml")
    git(repository, "commit", "--quiet", "--message", "without a project file")
    found = limits_before(
        project, git(repository, "rev-parse", "HEAD"), os.environ, datetime.now(UTC)
    )
    assert found == Policy().limits()


def test_limits_of_a_plan_are_read_as_they_were_written(repository: Console) -> None:
    stated = "".join(strict for strict, _ in reversed(LOOSENED.values()))
    repository.replace("connectsync.yaml", hours(""), hours(stated))
    commit(repository)
    lower(repository)
    data = planned(repository)
    assert data["limits"] == {
        "max_districts": 2,
        "max_percent": 70,
        "max_districts_a_day": 2,
        "max_percent_a_day": 70,
        "max_live_age_hours": 2,
        "freezes": [
            {
                "from": "2027-01-10",
                "to": "2027-01-20",
                "reason": "Finals",
                "timezone": "UTC",
            }
        ],
        "windows": [[{"days": [6], "from": "08:00", "to": "24:00", "timezone": "UTC"}]],
        "nightly_sync": [
            {
                "days": [0, 1, 2, 3, 4, 5, 6],
                "from": "09:00",
                "to": "14:00",
                "timezone": "UTC",
            }
        ],
    }
    # what is not as `plan` writes it is no plan
    assert plan_data(plan_of_data(data))["limits"] == data["limits"]
    for hurt in ({"from": "25:00"}, {"days": [7]}, {"timezone": "../../etc/passwd"}):
        limits = json.loads(json.dumps(data["limits"]))
        limits["windows"][0][0] |= hurt
        with pytest.raises(DamagedPlan):
            plan_of_data({**data, "limits": limits})


def without_limits(console: Console, **more: Any) -> None:
    """Sign a plan again that says no limits, as the version before did."""
    path = console.folder / "plan.json"
    data = {**json.loads(path.read_text("utf-8")), **more}
    del data["limits"]
    path.write_text(json.dumps({**data, "digest": digest_of(data)}), "utf-8")


def test_a_plan_of_a_change_without_limits_is_read_as_before(
    repository: Console,
) -> None:
    """The version before wrote none; git knows them."""
    lower(repository)
    planned(repository)
    without_limits(repository)
    assert applied(repository).status == ExitStatus.FINE


@pytest.mark.parametrize(("name", "texts"), LOOSENED.items(), ids=LOOSENED)
def test_limits_that_a_plan_leaves_out_hold_as_they_were_committed(
    repository: Console, name: str, texts: tuple[str, str]
) -> None:
    change_that_loosens(repository, texts)
    planned(repository)
    without_limits(repository, guards=[])
    later = {"CONNECTSYNC_NOW": "2027-01-15T13:30:00Z"}
    refused = repository.run("apply", "plan.json", environment=later)
    assert refused.status == ExitStatus.REFUSED, refused.both
    assert f"  {name}: " in refused.err
    assert repository.live("lakeview-usd")["deletion_threshold"] == 15


def test_a_plan_of_a_change_without_limits_is_refused_where_git_does_not_know_them(
    repository: Console,
) -> None:
    lower(repository)
    planned(repository)
    without_limits(repository, since="0" * 40)
    refused = applied(repository)
    assert refused.status == ExitStatus.STALE
    assert "does not say what connectsync.yaml allowed before it" in refused.err
    assert repository.live("lakeview-usd")["deletion_threshold"] == 15


@pytest.mark.parametrize("edited", ["left out", "another value", "and another day"])
@pytest.mark.parametrize("command", ["approve", "apply"])
def test_what_a_plan_was_edited_not_to_say_of_later_days_is_told_afresh(
    repository: Console, command: str, edited: str
) -> None:
    """Whoever edits a plan can sign it again: what git knows is looked up afresh."""
    git(repository, "checkout", "--quiet", "-b", "change")
    with_period(repository)
    lower(repository)
    commit(repository)
    data = planned(repository)
    (told,) = data["later"]
    if edited == "left out":
        del data["later"]
    else:
        told["says"] = [one.replace("60", "16") for one in told["says"]]
    if edited == "and another day":
        made = datetime.fromisoformat(data["created"])
        data["created"] = (made - timedelta(days=2)).isoformat()
    data["guards"] = [one for one in data["guards"] if one["rule"] != LATER]
    data["digest"] = digest_of(data)
    (repository.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    more = ["--as", "Ada", "--yes"] if command == "approve" else []
    said = repository.run(command, "plan.json", *more)
    assert said.status == ExitStatus.FINE, said.err
    assert f"warning: {LATER}: lakeview-usd: deletion_threshold: 12 until" in said.err
    assert "then 60 until 2090-08-20" in said.err


def test_of_a_plan_from_an_earlier_day_nothing_is_told_that_it_says(
    repository: Console,
) -> None:
    """A period that was ahead when it was made holds by now, and is spelled no more."""
    git(repository, "checkout", "--quiet", "-b", "change")
    with_period(repository, PERIOD.replace("2090-06-15", "2027-01-17"))
    lower(repository)
    commit(repository)
    planned(repository)
    now = {"CONNECTSYNC_NOW": "2027-01-16T10:00:00Z"}
    said = repository.run("approve", "plan.json", "--as", "Ada", environment=now)
    assert LATER not in said.err
    planned(repository)
    said = repository.run("approve", "plan.json", "--as", "Bo", environment=now)
    assert LATER not in said.err


def test_what_changes_by_itself_is_shown_as_the_files_say_it_not_as_the_plan_does(
    repository: Console,
) -> None:
    with_period(repository, PERIOD.replace("2090-06-15", "2020-06-15"))
    assert repository.run("plan", "--out", "plan.json").status == ExitStatus.FINE
    data = json.loads((repository.folder / "plan.json").read_text("utf-8"))
    for one in data["districts"]:
        for turn in one.get("scheduled", ()):
            turn["then"] = 16
    data["digest"] = digest_of(data)
    (repository.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    seen = on_a_terminal(
        [sys.executable, "-m", "connectsync", "approve", "plan.json", "--as", "Ada"],
        repository.folder,
        more={"NO_COLOR": "1", "PAGER": ""},
        watch=refusing(),
    )
    assert "deletion_threshold 60 until 2090-08-20, then 15 (rollover)" in seen.text
    assert "then 16" not in seen.text


def refusing() -> Watch:
    """Answer no to the first question."""
    typed = list[bytes]()

    def watch(text: str, type_: Callable[[bytes], None], process: int) -> None:
        del process
        if "Type `yes`" in text and not typed:
            typed.append(b"no\n")
            type_(b"no\n")

    return watch


WAVES = "rollout: {waves: [{name: canary, label: pilot}, {name: then, label: big}]}\n"
BY_LABEL = {
    "into": ("labels: [big]\n", "labels: [big, pilot]\n", "then", "canary"),
    "off": ("labels: [pilot]\n", "", "canary", "none"),
    "on": ("", "labels: [pilot]\n", "none", "canary"),
}


@pytest.mark.parametrize("command", ["plan", "approve", "apply"])
@pytest.mark.parametrize("way", BY_LABEL)
@pytest.mark.sampled(4)
def test_a_district_that_other_labels_take_into_another_wave_is_told(
    repository: Console, way: str, command: str
) -> None:
    """Without a district of its own the first wave is no trial of the rest."""
    was, now, then, there = BY_LABEL[way]
    with (repository.folder / "connectsync.yaml").open("a") as file:
        file.write(WAVES)
    repository.replace(HARBOR, "schema: 1\n", "schema: 1\nlabels: [pilot, big]\n")
    repository.replace(CREEK, "schema: 1\n", f"schema: 1\n{was}")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    lower(repository)
    commit(repository)
    assert "loosened" not in planned(repository)
    repository.replace(CREEK, f"schema: 1\n{was}", f"schema: 1\n{now}")
    commit(repository)
    told = f"the wave by label was {then}, and is {there}: dry-creek-isd"
    data = planned(repository)
    assert data["loosened"] == [told]
    shown = repository.run("plan", "--changed-since", "main", "--format", "markdown")
    assert f"this change also means: {told}" in shown.out
    if command == "plan":
        return
    insist_told_afresh(repository, data, command, told)


FIGURES = """\
guards: {max_districts: %s, max_live_age_hours: %s}
reconcile: {at_most: %s}
approval: {names: %s}
impact: {dropped: {max_increase: %s}}
rollout: {waves: [{name: %s, percent: 5}], max_failures_percent: %s}
"""


@pytest.mark.parametrize("seen", [True, False], ids=["its own file", "main's file"])
def test_what_a_change_lets_more_of_through_is_told_with_its_plan(
    repository: Console, *, seen: bool
) -> None:
    """No later plan is held to it: after the merge it holds for everything."""
    project = "schema: 1\n"
    strict = FIGURES % (2, 8, "safe", 2, 5, "first", 1)
    (repository.folder / "connectsync.yaml").write_text(project + strict, "utf-8")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    loose = FIGURES % (9, 9, "caution", 1, 50, "other", 20)
    loose += "backends: {gateway: {url: 'https://other.example.org'}}\n"
    loose += "connect: theirs\n"
    loose += "state: {dir: elsewhere}\nroster: {source: 'fixtures/{district}.csv'}\n"
    (repository.folder / "connectsync.yaml").write_text(project + loose, "utf-8")
    commit(repository)
    if not seen:
        git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    told = planned(repository)["loosened"]
    assert told == [
        "guards.max_districts was 2, and is 9",
        "guards.max_districts_a_day was 2, and is 9",
        "guards.max_live_age_hours was 8, and is 9",
        "impact.dropped.max_increase was 5, and is 50",
        "reconcile.at_most was safe, and is caution",
        "approval.names was 2, and is 1",
        "the waves under `rollout` are others",
        "rollout.max_failures_percent was 1, and is 20",
        "backend is another, and saves and tokens go by it",
        "backends.gateway.url is another, and saves and tokens go by it",
        f"connect was none, and is theirs: {NAMED}",
        "the state is another: what was applied and approved is not known there",
        "`roster` is another: whom later changes reach is counted on that",
        f"{ALSO_CHANGES}rollout.waves, roster.source, state.dir",
    ]
    shown = repository.run("plan", "--changed-since", "main", "--format", "markdown")
    assert shown.out.count("this change also means") == len(told) - 1


UNTOLD_ELSEWHERE = """\
notify: {webhooks: [{name: chat, url: 'env:CHAT_URL'}]}
status: {stale_after_hours: 400}
state: {lease_seconds: 99}
guards: {max_districts: 1}
backends: {browser: {url: 'https://page.example.org', slow_ms: 9}}
"""


@pytest.mark.parametrize("seen", [True, False], ids=["its own file", "main's file"])
@pytest.mark.parametrize("command", ["plan", "approve", "apply"])
@pytest.mark.sampled(3)
def test_no_key_of_the_project_file_changes_untold(
    repository: Console, command: str, *, seen: bool
) -> None:
    """Be it stricter, or of no consequence that we know of: reviewers see that too."""
    with (repository.folder / "connectsync.yaml").open("w") as file:
        file.write("schema: 1\napproval: {at: caution}\n")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    with (repository.folder / "connectsync.yaml").open("w") as file:
        file.write(f"schema: 1\n{UNTOLD_ELSEWHERE}")
    commit(repository)
    if not seen:
        git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    data = planned(repository)
    told = data["loosened"][-1]
    assert told == (
        f"{ALSO_CHANGES}approval.at, backends.browser.slow_ms, guards.max_districts,"
        " notify.webhooks, state.lease_seconds, status.stale_after_hours"
    )
    for format_ in formats_of("plan"):
        options = ("--changed-since", "main", "--format", format_)
        shown = repository.run("plan", *options).out
        # lines of a terminal and of an annotation end where they end
        assert "stale_after_hours" in shown.replace("\n", "").replace("\\", ""), shown
    if command == "plan" or not seen:
        return
    insist_told_afresh(repository, data, command, told)


def test_whatever_a_project_file_may_say_is_told_where_it_differs() -> None:
    schema = json.loads(schema_text("project"))["properties"]
    paths = {
        f"{name}.{inner}" if inner else name
        for name, key in {**schema, "to_come": {}}.items()
        for inner in key.get("properties", [""])
    }
    assert len(paths) > len(schema)
    for path in paths:
        name, _, inner = path.partition(".")
        for was, now in ([1, 2], [1, True], [[], [{}]], [{"a": 1}, [1]]):
            one, other = ({name: {inner: x} if inner else x} for x in (was, now))
            assert [*stated_otherwise(one, other)] == [path]
            assert [*stated_otherwise(one, {})] == [*stated_otherwise({}, one)]
            assert all(told.startswith(path) for told in stated_otherwise(one, {}))
    many = {str(number): 1 for number in range(99)}
    assert [*stated_otherwise({"roster": {"words": many}}, {})] == [
        "roster.words (99 keys)"
    ]
    assert len([*stated_otherwise(many, {})]) == len(many)
    assert [*stated_otherwise({"roster": {}}, {})] == ["roster"]


def test_a_plan_says_above_all_that_rules_change_though_nothing_is_to_do(
    repository: Console,
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    with (repository.folder / "connectsync.yaml").open("a") as file:
        file.write("approval: {names: 0}\n")
    commit(repository)
    shown = repository.run("plan", "--changed-since", "main", "--format", "markdown")
    assert "Nothing to do" not in shown.out
    assert "and rules of the project change**" in shown.out


def test_the_comment_of_one_district_says_which(repository: Console) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    lower(repository)
    commit(repository)
    shown = repository.run("plan", "--changed-since", "main", "--format", "markdown")
    assert "`lakeview-usd` Lakeview Unified School District" in shown.out


REFUSED_LATER = {
    "a step up": ("holidays: [cal/../school.ics]\n", "behind a link"),
    "no file": ("holidays: [school.ics]\n", "school.ics"),
}


@pytest.mark.parametrize("way", REFUSED_LATER)
def test_a_calendar_that_no_command_would_read_is_told_with_its_change(
    repository: Console, way: str
) -> None:
    """A job plans with the file of main; once merged, each command would end."""
    text, word = REFUSED_LATER[way]
    git(repository, "checkout", "--quiet", "-b", "change")
    (repository.folder / "deep/inner").mkdir(parents=True)
    (repository.folder / "deep/inner/file").touch()
    (repository.folder / "cal").symlink_to("deep/inner")
    with (repository.folder / "connectsync.yaml").open("a") as file:
        file.write(text)
    commit(repository)
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    told = planned(repository)["loosened"]
    said = "nothing can be planned or applied by its calendars: "
    assert [one.startswith(said) and word in one for one in told] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "districts: a/../districts\n",
        "baseline: a/../known.json\n",
        "backend: snapshot:a/../live.json\n",
        "rollout: {waves: [{name: a, percent: 5}, {name: a, percent: 9}]}\n",
    ],
)
def test_a_project_file_that_later_commands_refuse_has_no_plan(
    repository: Console, text: str
) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    with (repository.folder / "connectsync.yaml").open("a") as file:
        file.write(text)
    commit(repository)
    git(repository, "checkout", "--quiet", "main", "--", "connectsync.yaml")
    said = repository.run("plan", "--changed-since", "main")
    assert said.status != ExitStatus.FINE
    assert "the connectsync.yaml of this commit: connectsync.yaml:" in said.err


def test_that_the_project_file_of_before_cannot_be_read_is_told(
    repository: Console,
) -> None:
    """Whatever a change then makes of it, there is nothing to compare it with."""
    path = repository.folder / "connectsync.yaml"
    text = path.read_text("utf-8")
    path.write_text(f"{text}nonsense: 1\n", "utf-8")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    path.write_text(text, "utf-8")
    commit(repository)
    assert planned(repository)["loosened"] == [
        "connectsync.yaml cannot be read as it was: all of it may have changed"
    ]


def test_a_project_file_elsewhere_that_a_change_brings_is_told(
    repository: Console,
) -> None:
    """It would be used by who stands in its folder."""
    git(repository, "checkout", "--quiet", "-b", "change")
    (repository.folder / "docs").mkdir()
    (repository.folder / "docs/connectsync.yaml").write_text("schema: 1\n", "utf-8")
    commit(repository)
    told = "docs/connectsync.yaml is a project file of its own, for all who stand in"
    data = planned(repository)
    assert [one.startswith(told) for one in data["loosened"]] == [True]
    del data["loosened"]
    data["digest"] = digest_of(data)
    (repository.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    said = repository.run("approve", "plan.json", "--as", "Ada", "--yes")
    assert f"warning: rules-loosened: {told}" in said.err
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "change")
    git(repository, "rm", "--quiet", "docs/connectsync.yaml")
    commit(repository)
    assert "loosened" not in planned(repository, since="HEAD^")


@pytest.mark.parametrize("way", ["straight", "over another link"])
def test_a_link_that_a_change_puts_on_the_way_to_the_snapshot_is_told(
    repository: Console, way: str
) -> None:
    """It leads to another snapshot, which no one looked at as one."""
    git(repository, "checkout", "--quiet", "main")
    folder = repository.folder
    for name in ("live", "old/live"):
        (folder / name).mkdir(parents=True)
        assert repository.run("snapshot", "--output", f"{name}/now.json").status == 0
    if way == "over another link":
        (folder / "live").rename(folder / "held")
        (folder / "live").symlink_to("held")
    put = "live" if way == "straight" else "held"
    git(repository, "add", "--force", "live", "old", put)
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    shutil.rmtree(folder / put)
    (folder / put).symlink_to("old/live")
    # git is not asked of what is called like a commit
    (folder / "HEAD").write_text("who leads this team\n", "utf-8")
    git(repository, "add", "--force", put, "HEAD")
    commit(repository)
    options = ["--backend", "snapshot:live/now.json"]
    told = f"{put} is of this change: what Connect has is as its author says"
    assert planned(repository, options=options)["loosened"] == [told]


@pytest.mark.parametrize("named", ["project", "option", "link"])
def test_a_snapshot_that_a_change_brings_is_told(
    repository: Console, named: str
) -> None:
    """Guards look at what Connect has: there it has what the author says."""
    git(repository, "checkout", "--quiet", "main")
    assert repository.run("snapshot", "--output", "live/now.json").status == 0
    ends = "live/end.json" if named == "link" else "live/now.json"
    if named == "link":
        (repository.folder / "live/now.json").rename(repository.folder / ends)
        (repository.folder / "live/now.json").symlink_to("end.json")
    options = ["--backend", "snapshot:live/now.json"] if named == "option" else []
    if not options:
        text = (repository.folder / "connectsync.yaml").read_text("utf-8")
        text = text.replace(
            "schema: 1\n", "schema: 1\nbackend: snapshot:live/now.json\n"
        )
        (repository.folder / "connectsync.yaml").write_text(text, "utf-8")
    git(repository, "add", "--force", "live")
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    lower(repository)
    commit(repository)
    assert "loosened" not in planned(repository, options=options)
    text = (repository.folder / ends).read_text("utf-8")
    text = text.replace('"manage_guardians": true', '"manage_guardians": false', 1)
    (repository.folder / ends).write_text(text, "utf-8")
    commit(repository)
    told = f"{ends} is of this change: what Connect has is as its author says"
    data = planned(repository, options=options)
    assert data["loosened"] == [told]
    if options:
        return
    del data["loosened"]
    data["digest"] = digest_of(data)
    (repository.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    for command in (("approve", "--as", "Ada", "--yes"), ("apply",)):
        said = repository.run(command[0], "plan.json", *command[1:])
        assert f"warning: rules-loosened: {told}" in said.err


@pytest.mark.parametrize("command", ["approve", "apply"])
def test_districts_that_a_plan_was_edited_not_to_name_are_told_afresh(
    repository: Console, command: str
) -> None:
    staged(repository)
    data = planned(repository)
    for name in ("comes_in", "goes_out"):
        del data[name]
    data["guards"] = [one for one in data["guards"] if one["rule"] != OTHER]
    data["digest"] = digest_of(data)
    (repository.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    more = ["--as", "Ada", "--yes"] if command == "approve" else []
    said = repository.run(command, "plan.json", *more)
    assert f"warning: {OTHER}: read only now: dry-creek-isd" in said.err
    assert f"warning: {OTHER}: read no longer: harbor-point-usd" in said.err


@pytest.mark.parametrize("place", ["district", "project"])
def test_another_zone_for_the_days_of_periods_is_told(
    repository: Console, place: str
) -> None:
    """The days stay as they are written, and begin and end at another hour."""
    zone = "timezone: America/Chicago\n"
    with_period(repository, PERIOD.replace(zone, "") if place == "project" else PERIOD)
    if place == "project":
        with (repository.folder / "connectsync.yaml").open("a") as file:
            file.write(zone)
        commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    file_of = LAKEVIEW if place == "district" else "connectsync.yaml"
    repository.replace(file_of, "America/Chicago", "Pacific/Kiritimati")
    commit(repository)
    (told,) = planned(repository)["later"]
    assert told == {
        "district": "lakeview-usd",
        "says": [
            "days of its periods: by Pacific/Kiritimati (before: America/Chicago)"
        ],
    }
