"""The commands of the manifests are run as the pods run them, worker by worker."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from console import Console, Said
from kustomize import Manifest, containers, rendered

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
VALLEY = Path(__file__).resolve().parents[1] / "cli" / "projects" / "valley"


@pytest.fixture
def valley(tmp_path: Path) -> Console:
    """Give a project with a reviewed plan, mounted where the pods have theirs."""
    shutil.copytree(VALLEY, tmp_path / "project")
    console = Console(tmp_path / "project")
    state = ("--state-dir", str(tmp_path / "state"))
    said = console.run(*state, "plan", "--out", str(tmp_path / "plan" / "plan.json"))
    assert said.status == 0, said.err
    return console


def worked(console: Console, manifest: Manifest, index: int | None = None) -> Said:
    """Run a pod's command, with the folders of this test for those of the pod."""
    (container,) = containers(manifest)
    mounted = {"/project", *(one["mountPath"] for one in container["volumeMounts"])}
    here = console.folder.parent
    arguments = [
        f"{here}{one}" if f"/{one.strip('/').split('/')[0]}" in mounted else one
        for one in container["args"]
    ]
    environment = {
        one["name"]: one["value"] for one in container["env"] if "value" in one
    }
    if index is not None:
        environment["JOB_COMPLETION_INDEX"] = str(index)
    return console.run(*arguments, environment=environment)


def only(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = (one for one in manifests if one["kind"] == kind)
    return found


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
def test_the_workers_of_the_job_make_the_plan_true_together(
    valley: Console, overlays: Path, order: int
) -> None:
    job = only(rendered(overlays / "apply"), "Job")
    indexes = list(range(job["spec"]["completions"]))[::order]
    said = [worked(valley, job, index) for index in indexes]
    assert [one.status for one in said] == [0] * len(indexes), said
    state = ("--state-dir", str(valley.folder.parent / "state"))
    assert valley.run(*state, "plan", "--detailed-exitcode").status == 0


def test_a_worker_that_is_not_told_its_index_does_nothing(
    valley: Console, overlays: Path
) -> None:
    job = only(rendered(overlays / "apply"), "Job")
    said = worked(valley, job)
    assert said.status == 64
    assert "JOB_COMPLETION_INDEX is not set" in said.err


def test_the_nightly_look_tells_drift_as_json(valley: Console, overlays: Path) -> None:
    said = worked(valley, only(rendered(overlays / "drift"), "CronJob"))
    assert said.status == 0
    assert json.loads(said.out)["summary"]["pending"] == 2


def test_a_pass_by_the_clock_does_what_hurts_nobody_and_fails_for_the_rest(
    valley: Console, overlays: Path
) -> None:
    cron_job = only(rendered(overlays / "reconcile"), "CronJob")
    state = ("--state-dir", str(valley.folder.parent / "state"))
    assert valley.run(*state, "apply", "--yes").status == 0
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    valley.replace(HARBOR, "settings:", "settings:\n  phone_types: [Work]")
    said = worked(valley, cron_job)
    assert said.status == 1
    assert {
        one["district"]: one["fate"] for one in json.loads(said.out)["districts"]
    } == {
        "dry-creek-isd": "in_step",
        "harbor-point-usd": "held",
        "lakeview-usd": "done",
    }
    again = worked(valley, cron_job)
    assert json.loads(again.out)["run"] is None
