"""The ready-made jobs tell people where that was set up, and no one elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from github_site import git
from kustomize import Manifest, containers, rendered
from processes import environment
from told_people import HOSTS, Hook, listening

ROOT = Path(__file__).resolve().parents[2]
VALLEY = ROOT / "tests" / "cli" / "projects" / "valley"
NOTIFY = "notify: {webhooks: [{name: a, url: 'env:CONNECTSYNC_NOTIFY_URL'}]}\n"
HANDED_ON = {"CONNECTSYNC_NOTIFY_HOSTS", "CONNECTSYNC_NOTIFY_URL"}


@dataclass(frozen=True)
class Job:
    """A project that was never applied, so that every district waits for a person."""

    folder: Path
    hook: Hook

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script with connectsync on its path."""
        path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=environment(**self.hook.environment) | {"PATH": path} | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def heard(self) -> set[str]:
        """Give the kinds of matters that the hook was told of."""
        return {one["kind"] for body in self.hook.bodies for one in body["new"]}


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    folder = tmp_path / "project"
    shutil.copytree(VALLEY, folder)
    with (folder / "connectsync.yaml").open("a", encoding="utf-8") as project:
        project.write(NOTIFY)
    with listening() as hook:
        yield Job(folder, hook)


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def test_the_job_of_gitlab_tells_where_the_hosts_are_named(job: Job) -> None:
    # the clone of a job, which fetches what the branch says by then
    for words in (
        "init --quiet -b main",
        "add .",
        "commit -qm all",
        "remote add origin .",
    ):
        git(job.folder, *words.split(), path=environment()["PATH"])
    jobs = read("deploy/gitlab/connectsync.gitlab-ci.yml")
    script = "\n".join(jobs["connectsync-reconcile"]["script"])
    quiet = job.run(script, **{HOSTS: "", "CI_DEFAULT_BRANCH": "main"})
    assert quiet.returncode == 1
    # nothing was so much as tried
    assert HOSTS not in quiet.stderr
    assert job.heard() == set()
    done = job.run(script, CI_DEFAULT_BRANCH="main")
    assert done.returncode == 1, done.stderr
    assert "waiting-run" in job.heard()


def test_the_action_tells_where_it_is_asked_to(job: Job) -> None:
    action = read("action.yml")
    assert action["inputs"]["notify"]["default"] == "false"
    (step,) = (one for one in action["runs"]["steps"] if one["name"] == "Reconcile")
    assert step["env"]["NOTIFY"] == "${{ inputs.notify }}"
    given = {
        "CONNECTSYNC": "connectsync",
        "PROJECT": ".",
        "REPORT": "report",
        "BACKEND": "",
        "GITHUB_STEP_SUMMARY": str(job.folder / "summary.md"),
    }
    assert job.run(step["run"], NOTIFY="false", **given).returncode == 1
    assert job.heard() == set()
    done = job.run(step["run"], NOTIFY="true", **given)
    assert done.returncode == 1, done.stderr
    assert "waiting-run" in job.heard()


def test_the_workflow_tells_once_its_environment_names_the_hosts() -> None:
    (job,) = read("deploy/github/reconcile.yml")["jobs"].values()
    step = job["steps"][-1]
    assert step["with"]["notify"] == "${{ vars.CONNECTSYNC_NOTIFY_HOSTS != '' }}"
    assert step["env"].keys() >= HANDED_ON


@pytest.mark.parametrize("overlay", ["drift", "reconcile"])
def test_an_overlay_tells_once_the_marks_are_taken_off(
    job: Job, overlays: Path, overlay: str
) -> None:
    path = overlays / overlay / "kustomization.yaml"
    assert "--notify" not in containers(cron_job(path.parent))[0]["args"]
    head, mark, tail = path.read_text("utf-8").partition("      # tell people")
    assert mark, head
    opened = re.sub(r"(?m)^      # (?=- op|  )", "      ", tail)
    path.write_text(head + mark + opened, "utf-8")
    manifest = cron_job(path.parent)
    kubernetes_validate.validate(manifest, "1.33", strict=True)
    (container,) = containers(manifest)
    named = {
        one["name"]: one["valueFrom"]["secretKeyRef"]["name"]
        for one in container["env"]
    }
    assert named.keys() >= HANDED_ON
    assert set(named.values()) == {"connectsync"}
    words = [
        {"/project": ".", "/state": ".connectsync"}.get(one, one)
        for one in container["args"]
    ]
    # someone changes what was applied
    assert job.run("connectsync apply --yes").returncode == 0
    change = {"deletionThreshold": 58}
    edited = job.run(f"{sys.executable} - <<'END'\n{EDIT.format(change=change)}\nEND")
    assert edited.returncode == 0, edited.stderr
    done = job.run(" ".join(["connectsync", *words]))
    assert json.loads(done.stdout), done.stderr
    assert "drift" in job.heard()


EDIT = """
from connectsync.emulator.store import SaveRequest, open_store, save_form
with open_store(".connectsync/connect.db").writing() as connection:
    save_form(connection, SaveRequest("lakeview-usd", {change}, None), now=0.0)
"""


def cron_job(folder: Path) -> Manifest:
    (found,) = (one for one in rendered(folder) if one["kind"] == "CronJob")
    return found
