"""``--shard``: what it takes, what schedulers say, and what it leaves out."""

from __future__ import annotations

import json
import os

import pytest
from console import Console

from connectsync.cli.fleets import load_named_scope, load_planned_scope
from connectsync.cli.options import choose_shard
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus, LogFormat, terminal
from connectsync.domain.plan_file import plan_digest, read_plan
from connectsync.domain.policy import ALL, Shard
from connectsync.errors import UsageError

GITLAB = {"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "8"}
BUILDKITE = {"BUILDKITE_PARALLEL_JOB": "2", "BUILDKITE_PARALLEL_JOB_COUNT": "8"}
CIRCLE = {"CIRCLE_NODE_INDEX": "2", "CIRCLE_NODE_TOTAL": "8"}
KUBERNETES = {"JOB_COMPLETION_INDEX": "2", "CONNECTSYNC_SHARDS": "8"}
DIRECT = {"CONNECTSYNC_SHARD": "3/8"}


def plan(console: Console, *arguments: str) -> dict[str, object]:
    said = console.run("plan", "--format", "json", *arguments)
    assert said.status == 0, said.err
    data: dict[str, object] = json.loads(said.out)
    return data


def planned(console: Console, *arguments: str) -> list[str]:
    data = plan(console, *arguments)
    changed = [one["district"] for one in data["districts"]]  # type: ignore[attr-defined]
    return sorted([*changed, *data["in_step"]])  # type: ignore[misc]


@pytest.mark.parametrize(
    "told",
    [GITLAB, BUILDKITE, CIRCLE, KUBERNETES, DIRECT, GITLAB | DIRECT],
    ids=["GitLab", "Buildkite", "CircleCI", "Kubernetes", "direct", "two that agree"],
)
def test_a_scheduler_says_which_shard_this_is(told: dict[str, str]) -> None:
    assert choose_shard("auto", told) == Shard(3, 8)


@pytest.mark.parametrize(
    "told",
    [
        {"CI_NODE_TOTAL": "1"},
        {"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "1"},
        {"CONNECTSYNC_SHARD": "1/1"},
        {"CI_NODE_TOTAL": "1", "CONNECTSYNC_SHARD": "1/1"},
    ],
)
def test_a_job_that_is_not_divided_takes_everything(told: dict[str, str]) -> None:
    assert choose_shard("auto", told) == ALL


def test_a_job_that_is_not_divided_leaves_it_to_who_divided_it() -> None:
    assert choose_shard("auto", {"CI_NODE_TOTAL": "1", **DIRECT}) == Shard(3, 8)
    assert choose_shard("auto", {"CI_NODE_TOTAL": "1", **KUBERNETES}) == Shard(3, 8)


def test_without_auto_no_variable_changes_anything() -> None:
    told = GITLAB | BUILDKITE | CIRCLE | KUBERNETES | {"CONNECTSYNC_SHARD": "no/shard"}
    assert choose_shard(None, told) == ALL
    assert choose_shard("2/5", told) == Shard(2, 5)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "nothing here says which shard this is"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "nothing here says"),
        ({"CONNECTSYNC_SHARD": ""}, "nothing here says"),
        (
            GITLAB | {"CONNECTSYNC_SHARD": "2/8"},
            "CONNECTSYNC_SHARD says 2/8, GitLab CI says 3/8",
        ),
        (GITLAB | {"CONNECTSYNC_SHARD": "1/1"}, "CONNECTSYNC_SHARD says 1/1"),
        (KUBERNETES | {"CONNECTSYNC_SHARDS": ""}, "CONNECTSYNC_SHARDS is not set"),
        ({"CONNECTSYNC_SHARDS": "8"}, "JOB_COMPLETION_INDEX is not set"),
        (GITLAB | {"CI_NODE_TOTAL": ""}, "CI_NODE_TOTAL is not set"),
        ({"CI_NODE_TOTAL": "8"}, "CI_NODE_INDEX is not set"),
        (CIRCLE | {"CIRCLE_NODE_INDEX": "two"}, "is 'two', which is no number"),
        (CIRCLE | {"CIRCLE_NODE_INDEX": "-1"}, "is '-1', which is no number"),
        (CIRCLE | {"CIRCLE_NODE_INDEX": "²"}, "which is no number"),
        (CIRCLE | {"CIRCLE_NODE_INDEX": "9" * 12}, "which is no number"),
        (GITLAB | {"CI_NODE_INDEX": "0"}, "there is no shard 0 of 8"),
        (KUBERNETES | {"JOB_COMPLETION_INDEX": "8"}, "there is no shard 9 of 8"),
        (CIRCLE | {"CIRCLE_NODE_TOTAL": "0"}, "0 shards cannot be"),
        ({"CONNECTSYNC_SHARD": "9/8"}, "CONNECTSYNC_SHARD: there is no shard 9 of 8"),
        ({"CONNECTSYNC_SHARD": "auto"}, "'auto' is not a shard"),
    ],
)
def test_what_does_not_say_which_shard_is_refused_with_a_sentence(
    told: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as refused:
        choose_shard("auto", told)
    assert sentence in refused.value.message
    assert refused.value.remedy


@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
@pytest.mark.parametrize("shard", ["0/8", "9/8", "3", "k/n", "", "1/99999", "auto"])
def test_a_shard_that_cannot_be_is_wrong_usage(
    valley: Console, command: str, shard: str
) -> None:
    said = valley.run(command, "--shard", shard)
    assert said.status == ExitStatus.USAGE
    assert "shard" in said.err


@pytest.mark.parametrize("count", range(1, 8))
def test_shards_together_plan_what_one_worker_would(
    valley: Console, count: int
) -> None:
    shards = [f"{one}/{count}" for one in range(1, count + 1)]
    shared = [key for shard in shards for key in planned(valley, "--shard", shard)]
    assert sorted(shared) == planned(valley)


def test_a_plan_says_which_shard_it_is_of_and_of_how_large_a_fleet(
    valley: Console,
) -> None:
    data = plan(valley, "--shard", "2/3", "districts")
    assert data["scope"] == ["districts", "shard:2/3"]
    assert data["fleet"] == 3
    assert plan(valley, "--shard", "2/3")["scope"] == ["shard:2/3"]


def test_the_one_shard_of_one_is_the_plan_without_shards(valley: Console) -> None:
    assert plan(valley, "--shard", "1/1") == plan(valley)


def test_two_shards_with_the_same_content_are_two_plans(valley: Console) -> None:
    empty = [f"{one}/16" for one in range(1, 17)]
    plans = [valley.run("plan", "--format", "json", "--shard", one) for one in empty]
    digests = {plan_digest(read_plan(said.out)) for said in plans}
    assert len(digests) == 16


def test_a_plan_of_a_shard_is_applied_to_that_shard_alone(valley: Console) -> None:
    before = valley.run("plan", "--out", "all.json").out
    assert "harbor-point-usd" in before
    valley.run("plan", "--shard", "2/3", "--out", "plan.json")
    said = valley.run("apply", "plan.json")
    assert said.status == 0, said.err
    assert "1 done" in said.out
    assert valley.live("harbor-point-usd")["manage_guardians"] is True
    assert valley.live("lakeview-usd")["deletion_threshold"] == 45


@pytest.mark.parametrize("paths", [[], ["districts/ca"]])
@pytest.mark.parametrize("shard", [ALL, Shard(2, 3), Shard(5, 16)])
def test_what_a_plan_was_made_from_is_found_again_from_its_scope(
    valley: Console, paths: list[str], shard: Shard
) -> None:
    plain = terminal(
        color="never", quiet=True, log_format=LogFormat.TEXT, environment={}
    )
    session = Session(plain, os.environ, valley.folder, None, None)
    scope = load_planned_scope(session, paths, shard)
    assert load_named_scope(session, session.project(), scope.arguments) == scope


def test_an_empty_shard_is_fine_and_says_so(valley: Console) -> None:
    for command in ("validate", "plan", "drift"):
        said = valley.run(command, "--shard", "5/16")
        assert said.status == 0
        assert "shard 5/16 holds none of" in said.err


def test_nothing_to_share_stays_an_error(valley: Console) -> None:
    for command in ("validate", "plan", "drift"):
        said = valley.run(command, "--shard", "1/2", "nowhere")
        assert said.status == ExitStatus.USAGE
        assert "'nowhere' matches no district file" in said.err


def test_a_mistake_in_another_shard_stops_the_plan_of_this_one(
    valley: Console,
) -> None:
    valley.replace("districts/ca/lakeview-usd.yaml", "schema: 1", "schema: 7")
    for shard in ("1/3", "2/3", "3/3"):
        assert valley.run("plan", "--shard", shard).status == ExitStatus.FINDINGS


def test_a_path_cannot_pass_for_a_shard(valley: Console) -> None:
    for path in ("shard:2/3", "./shard:2/3"):
        said = valley.run("plan", path)
        assert said.status == ExitStatus.USAGE
        assert "give --shard 2/3" in said.err


def test_standard_input_is_one_district_and_has_no_shards(valley: Console) -> None:
    said = valley.run("validate", "-", "--shard", "1/2")
    assert said.status == ExitStatus.USAGE
    assert "`-` is one district" in said.err


def test_an_error_fails_the_shard_that_tells_it_and_no_other(valley: Console) -> None:
    valley.replace("districts/ca/lakeview-usd.yaml", "schema: 1", "schema: 7")
    statuses = [
        valley.run("validate", "--shard", f"{one}/3").status for one in (1, 2, 3)
    ]
    assert statuses == [0, 0, ExitStatus.FINDINGS]


def test_drift_is_told_by_the_shard_of_its_district(valley: Console) -> None:
    valley.run("apply", "--yes")
    valley.edit("lakeview-usd", {"deletion_threshold": 60})
    statuses = [valley.run("drift", "--shard", f"{one}/3").status for one in (1, 2, 3)]
    assert statuses == [0, 0, ExitStatus.FINDINGS]
