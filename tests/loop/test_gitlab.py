"""The template for GitLab: what GitLab takes, and what its jobs do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from github_site import git
from gitlab_site import BOT, TOKEN, GitLab, gitlab
from loop_world import World

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TEMPLATE = ROOT / "deploy" / "gitlab" / "connectsync.gitlab-ci.yml"
JOBS = yaml.safe_load(TEMPLATE.read_text("utf-8"))
DIGEST = re.compile(
    "<!-- of ([0-9a-f]{40}) (sha256:[0-9a-f]{64}) ([0-9]+) into main -->"
)


def taken(file: Path) -> bool:
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    done = subprocess.run(
        [BIN / "check-jsonschema", *schema, file], capture_output=True, check=False
    )
    return not done.returncode


def test_the_template_is_one_that_gitlab_takes(tmp_path: Path) -> None:
    assert taken(TEMPLATE)
    bad = tmp_path / "bad.gitlab-ci.yml"
    text = TEMPLATE.read_text("utf-8")
    bad.write_text(text.replace("resource_group: connectsync", "resource_group: []"))
    assert not taken(bad)


def test_two_that_write_never_overlap() -> None:
    groups = {name: JOBS[name].get("resource_group") for name in JOBS if "-" in name}
    assert {name for name in groups if groups[name] == "connectsync"} == {
        "connectsync-apply",
        "connectsync-reconcile",
    }


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("connectsync-plan", "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        ("connectsync-apply", "$CI_COMMIT_BRANCH"),
        ("connectsync-reconcile", "$CI_COMMIT_BRANCH"),
    ],
)
def test_a_job_that_holds_a_token_runs_for_the_default_branch_alone(
    name: str, branch: str
) -> None:
    """The project file of another branch says where tokens go: it is its author's."""
    (rule,) = JOBS[name]["rules"]
    assert f"{branch} == $CI_DEFAULT_BRANCH" in rule["if"].split(" && ")
    assert "||" not in rule["if"]


@pytest.mark.parametrize("name", [name for name in JOBS if "script" in JOBS[name]])
def test_every_script_is_sound_in_any_shell(name: str, tmp_path: Path) -> None:
    path = tmp_path / "script.sh"
    path.write_text("\n".join(JOBS[name]["script"]), "utf-8")
    done = subprocess.run(
        [BIN / "shellcheck", "--shell=sh", path], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("connectsync-plan", ("plan.json", "note.md")),
        ("connectsync-validate", ("code-quality.json", "junit.xml")),
    ],
)
def test_what_a_commit_brings_along_is_not_kept_as_what_a_job_made(
    name: str, kept: tuple[str, ...], tmp_path: Path
) -> None:
    """A job that makes nothing keeps what lies there: a plan of its author's."""
    for one in kept:
        (tmp_path / one).write_text("of the author", "utf-8")
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(JOBS[name]["script"])],
        cwd=tmp_path,
        # there is no token, and no connectsync
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert not any((tmp_path / one).exists() for one in kept)


def test_a_pass_is_of_what_the_branch_says_when_its_turn_comes(tmp_path: Path) -> None:
    """One that waited, or is run again, stands on a commit that main left behind."""
    path, site, job = os.environ["PATH"], tmp_path / "site", tmp_path / "job"
    site.mkdir()
    git(site, "init", "--quiet", "--initial-branch", "main", path=path)
    for said in ("old", "new"):
        (site / "said").write_text(said, "utf-8")
        git(site, "add", "said", path=path)
        git(site, "commit", "--quiet", "--message", said, path=path)
    git(tmp_path, "clone", "--quiet", str(site), str(job), path=path)
    git(job, "checkout", "--quiet", "--detach", "HEAD^", path=path)
    stand_in = tmp_path / "bin" / "connectsync"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho $1 of $(cat said)\n", "utf-8")
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(JOBS["connectsync-reconcile"]["script"])],
        cwd=job,
        env={"PATH": f"{stand_in.parent}:{path}", "CI_DEFAULT_BRANCH": "main"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "reconcile of new\n"), done.stderr


@pytest.mark.parametrize("name", [name for name in JOBS if "script" in JOBS[name]])
def test_no_job_begins_in_a_clone_that_another_branch_was_checked_out_in(
    name: str,
) -> None:
    """What attributes of that branch made of a file may still lie there."""
    strategy, at = "", name
    while at and not strategy:
        strategy = JOBS[at].get("variables", {}).get("GIT_STRATEGY", "")
        at = JOBS[at].get("extends", "")
    assert strategy == "clone"


@pytest.fixture
def site() -> Iterator[GitLab]:
    with gitlab() as served:
        yield served


def ran(
    world: World, name: str, ref: str, folder: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a job's script in a clone at a ref, as its runner does."""
    path = world.runner.environment["PATH"]
    run = {"path": path}
    folder.mkdir()
    git(folder, "clone", "--quiet", str(world.site.remote), ".", **run)
    git(folder, "checkout", "--quiet", "--detach", ref, **run)
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(JOBS[name]["script"])],
        cwd=folder,
        env={
            **world.runner.environment,
            **world.runner.secrets,
            "CI_PROJECT_ID": "1",
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_SHA": git(folder, "rev-parse", "HEAD", **run),
            "CONNECTSYNC_NOTE_TOKEN": TOKEN,
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def planned(world: World, site: GitLab, branch: str, folder: Path, job: str) -> str:
    """Let the plan job run for a branch; give the digest that its note shows."""
    done = ran(
        world,
        "connectsync-plan",
        f"origin/{branch}",
        folder,
        CI_API_V4_URL=site.url,
        CI_MERGE_REQUEST_IID="5",
        CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
        CI_JOB_ID=job,
        CI_JOB_URL=f"https://example.org/jobs/{job}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    site.artifacts[job] = (folder / "plan.json").read_bytes()
    site.kept_notes[job] = (folder / "note.md").read_text("utf-8")
    note = next(one for one in site.notes if one["author"]["id"] == BOT)
    said = DIGEST.search(note["body"])
    assert said, note["body"]
    assert said[1] == world.site.git("rev-parse", branch)
    assert note["body"].startswith("<!-- connectsync:plan -->\n")
    assert len(note["body"]) < 65_536
    return said[2]


def merged(world: World, site: GitLab, branch: str) -> str:
    """Merge a branch, as GitLab's button does."""
    world.site.open_pull(branch)
    number = world.site.knows["pulls"][-1]["number"]
    commit = str(world.site.merge(number)["sha"])
    site.requests[:] = [
        {
            "iid": 5,
            "state": "merged",
            "target_branch": "main",
            "sha": world.site.git("rev-parse", branch),
            "merge_commit_sha": commit,
            "squash_commit_sha": None,
        }
    ]
    return commit


@pytest.mark.whole_loop
def test_the_whole_way_of_a_merge_request(
    world: World, site: GitLab, tmp_path: Path
) -> None:
    for _ in range(3):
        site.note(5, 99, "<!-- connectsync:plan -->\n<!-- of nothing -->\nHello")
    world.pushed("lower", "lakeview", deletion_threshold=12)
    first = planned(world, site, "lower", tmp_path / "one", "100")
    world.pushed("lower", "lakeview", deletion_threshold=11)
    second = planned(world, site, "lower", tmp_path / "two", "101")
    assert first != second
    assert len([one for one in site.notes if one["author"]["id"] == BOT]) == 1
    commit = merged(world, site, "lower")
    done = ran(
        world, "connectsync-apply", commit, tmp_path / "three", CI_API_V4_URL=site.url
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.live("lakeview", "deletion_threshold") == 11
    assert world.connectsync("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.whole_loop
def test_a_merge_whose_plan_nobody_saw_applies_nothing(
    world: World, site: GitLab, tmp_path: Path
) -> None:
    world.pushed("unseen", "canyon", deletion_threshold=12)
    site.note(5, 99, f"<!-- connectsync:plan -->\n<!-- of {'0' * 40} -->")
    commit = merged(world, site, "unseen")
    done = ran(
        world, "connectsync-apply", commit, tmp_path / "one", CI_API_V4_URL=site.url
    )
    assert done.returncode == 1
    assert "no note on !5 shows the plan of" in done.stderr
    site.requests.clear()
    done = ran(
        world, "connectsync-apply", commit, tmp_path / "two", CI_API_V4_URL=site.url
    )
    assert done.returncode == 0
    assert "merged no merge request" in done.stdout
    assert world.live("canyon", "deletion_threshold") == 15


@pytest.mark.whole_loop
def test_a_pass_by_the_clock_and_findings_of_a_merge_request(
    world: World, tmp_path: Path
) -> None:
    done = ran(world, "connectsync-reconcile", "origin/main", tmp_path / "one")
    # what the test before merged, and nobody applied, is safe
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.live("canyon", "deletion_threshold") == 12
    # one that waited, or is run again, saves nothing that main says no more
    before = world.site.git("rev-list", "--max-parents=0", "main")
    done = ran(world, "connectsync-reconcile", before, tmp_path / "again")
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.live("canyon", "deletion_threshold") == 12
    done = ran(world, "connectsync-validate", "origin/main", tmp_path / "two")
    assert done.returncode == 0
    assert (tmp_path / "two" / "junit.xml").exists()
    assert (tmp_path / "two" / "code-quality.json").exists()


@pytest.mark.whole_loop
def test_a_pipeline_of_a_fork_plans_nothing(world: World, tmp_path: Path) -> None:
    done = ran(
        world,
        "connectsync-plan",
        "origin/main",
        tmp_path / "one",
        CONNECT_GATEWAY_TOKEN="",
    )
    assert done.returncode == 0
    assert "nothing is planned" in done.stdout
