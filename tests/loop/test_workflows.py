"""The files for GitHub are what GitHub takes, and give nobody more than they need."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from step_scripts import WORKFLOW as WORKFLOW_DATA
from step_scripts import desk
from step_scripts import step as step_of

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ACTION = ROOT / "action.yml"
WORKFLOW = ROOT / ".github" / "workflows" / "connectsync.yml"
EXAMPLES = sorted((ROOT / "deploy" / "github").glob("*.yml"))
RECONCILE = ROOT / "deploy" / "github" / "reconcile.yml"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
SYSTEMS = ROOT / ".github" / "workflows" / "systems.yml"
WORKFLOWS = [WORKFLOW, RELEASE, SYSTEMS, *EXAMPLES]
USES = re.compile(r"uses: ([^\s@]+)@(\S+)(?: # (\S+))?")
OURS = "example-org/connectsync"


def said(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / command[0], *command[1:]],
        capture_output=True,
        text=True,
        check=False,
    )


def audited(*files: Path) -> subprocess.CompletedProcess[str]:
    return said("zizmor", "--offline", "--no-progress", "--persona=pedantic", *files)


def fits(kind: str, file: Path) -> bool:
    return not said("check-jsonschema", "--builtin-schema", kind, file).returncode


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_is_one_that_github_takes(file: Path) -> None:
    assert fits("vendor.github-workflows", file)


def test_the_action_is_one_that_github_takes() -> None:
    assert fits("vendor.github-actions", ACTION)


def test_the_auditor_finds_nothing_in_them() -> None:
    done = audited(ACTION, *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def broken(file: Path, folder: Path, old: str, new: str) -> Path:
    """Copy a file to where workflows lie, with something changed in it."""
    text = file.read_text("utf-8")
    assert old in text
    copy = folder / ".github" / "workflows" / "bad.yml"
    copy.parent.mkdir(parents=True)
    copy.write_text(text.replace(old, new), "utf-8")
    return copy


def test_a_workflow_that_github_would_not_take_is_found(tmp_path: Path) -> None:
    bad = broken(EXAMPLES[0], tmp_path, "permissions: {}", "permisions: {}")
    assert not fits("vendor.github-workflows", bad)


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        (
            EXAMPLES[0],
            "  pull_request:",
            "  pull_request_target:",
            "dangerous-triggers",
        ),
        (EXAMPLES[0], "permissions: {}", "permissions: write-all", "excessive-permis"),
        (EXAMPLES[0], f"@{'0' * 40}", "@main", "unpinned-uses"),
        (WORKFLOW, "::error::some", "${{ github.head_ref }}", "template-injection"),
        (WORKFLOW, "persist-credentials: false", "fetch-tags: true", "artipacked"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_bad_workflow_is_found(
    tmp_path: Path, file: Path, old: str, new: str, found: str
) -> None:
    done = audited(broken(file, tmp_path, old, new))
    assert done.returncode != 0
    assert found in done.stdout


def used() -> Iterator[tuple[Path, str, str, str | None]]:
    for file in (ACTION, *WORKFLOWS):
        for name, ref, version in USES.findall(file.read_text("utf-8")):
            yield file, name, ref, version


def test_every_action_of_others_is_pinned_to_one_commit_with_its_version() -> None:
    pins: dict[str, set[tuple[str, str | None]]] = {}
    for file, name, ref, version in used():
        assert re.fullmatch("[0-9a-f]{40}", ref), f"{file.name}: {name}@{ref}"
        if name.startswith(OURS):
            continue
        assert version, f"{file.name}: {name} does not say its version"
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version)
        pins.setdefault(name, set()).add((ref, version))
    assert pins.keys() == {
        "actions/attest",
        "actions/checkout",
        "actions/download-artifact",
        "actions/setup-python",
        "actions/upload-artifact",
        "github/codeql-action/upload-sarif",
    }
    assert all(len(one) == 1 for one in pins.values())


def scripts() -> Iterator[tuple[str, dict[str, Any]]]:
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    for step in action["runs"]["steps"]:
        yield "action", step
    for file in WORKFLOWS:
        for name, job in yaml.safe_load(file.read_text("utf-8"))["jobs"].items():
            for step in job.get("steps", ()):
                yield f"{file.name}:{name}", step


def test_no_expression_stands_in_a_script() -> None:
    for where, step in scripts():
        assert "${{" not in step.get("run", ""), f"{where}: {step['name']}"


def test_every_script_is_sound_bash(tmp_path: Path) -> None:
    for number, (_, step) in enumerate(scripts()):
        if "run" in step:
            (tmp_path / f"{number}.sh").write_text(step["run"], "utf-8")
    done = said("shellcheck", "--shell=bash", *sorted(tmp_path.iterdir()))
    assert done.returncode == 0, done.stdout


def test_each_job_may_do_what_it_does_and_no_more() -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "validate": {
            "contents": "read",
            "actions": "read",
            "security-events": "write",
        },
        "plan": {"contents": "read", "pull-requests": "write"},
        "apply": {"contents": "read", "actions": "read", "pull-requests": "read"},
    }


def test_a_release_holds_no_secret_and_each_job_of_it_may_do_its_own_part() -> None:
    release = yaml.safe_load(RELEASE.read_text("utf-8"))
    assert release["permissions"] == {}
    assert "secrets" not in yaml.safe_dump(release)
    jobs = release["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read", "id-token": "write", "attestations": "write"},
        "publish": {"contents": "read", "id-token": "write"},
    }
    assert jobs["publish"]["environment"] == "release"


TOOLS = ("Make sure which connectsync this is", "Check out connectsync")
HELD = "Make sure that it is that commit"


def test_connectsync_is_checked_out_between_the_two_steps_that_hold_it() -> None:
    for name, job in WORKFLOW_DATA["jobs"].items():
        names = [one["name"] for one in job["steps"]]
        at = names.index(TOOLS[1])
        assert (*names[at - 1 : at + 2],) == (*TOOLS, HELD), name
        before, checkout, after, *rest = job["steps"][at - 1 :]
        assert before.get("if") == checkout.get("if") == after.get("if"), name
        told = before["env"]["TOOL"], before["env"]["COMMIT"]
        given = checkout["with"]["repository"], checkout["with"]["ref"]
        asked = "${{ job.workflow_repository }}", "${{ job.workflow_sha }}"
        assert told == given == asked
        assert after["env"]["COMMIT"] == asked[1]
        assert before["env"]["REPOSITORY"] == "${{ github.repository }}"
        assert any(one.get("uses") == "./tool" for one in rest)
        assert all(one.get("uses") != "./tool" for one in job["steps"][: at + 2])


@pytest.mark.parametrize(
    ("tool", "commit", "runs"),
    [
        (OURS, "0a" * 20, True),
        (OURS, "0a" * 32, True),
        ("", "", False),
        (OURS, "", False),
        (OURS, "0a" * 19, False),
        (OURS, "0a" * 20 + "\nmain", False),
        (OURS, "main", False),
        ("", "0a" * 20, False),
        ("connectsync", "0a" * 20, False),
        (f"{OURS}/deploy", "0a" * 20, False),
        ("example-org/fleet", "0a" * 20, False),
        ("Example-Org/Fleet", "0a" * 20, False),
    ],
)
def test_a_job_that_is_not_told_which_connectsync_to_run_runs_none(
    tmp_path: Path, tool: str, commit: str, *, runs: bool
) -> None:
    made = desk(tmp_path)
    for job in WORKFLOW_DATA["jobs"]:
        done, _ = made.run(step_of(job, TOOLS[0])["run"], TOOL=tool, COMMIT=commit)
        assert (done.returncode == 0) == runs, done.stdout + done.stderr
        assert ("::error::this job is not told" in done.stdout) != runs


def test_another_commit_than_that_of_the_workflow_is_not_run(tmp_path: Path) -> None:
    made = desk(tmp_path)
    git = ("git", "-C", str(made.folder))
    remote = str(made.site / "remote.git")
    subprocess.run([*git, "clone", "--quiet", remote, "tool"], check=True)
    checkout = ("checkout", "--quiet", made.commit)
    subprocess.run(["git", "-C", str(made.folder / "tool"), *checkout], check=True)
    for job in WORKFLOW_DATA["jobs"]:
        script = step_of(job, HELD)["run"]
        assert made.run(script, COMMIT=made.commit)[0].returncode == 0
        for other in ("0a" * 20, ""):
            assert made.run(script, COMMIT=other)[0].returncode == 1
    script = step_of("apply", HELD)["run"]
    shutil.rmtree(made.folder / "tool")
    assert made.run(script, COMMIT="")[0].returncode != 0


def test_secrets_reach_only_the_step_that_needs_them() -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    holding = {
        (name, step["name"])
        for name, job in jobs.items()
        for step in job["steps"]
        if "secrets." in yaml.safe_dump(step)
    }
    assert holding == {
        ("plan", "Plan what this pull request causes"),
        ("apply", "Apply exactly that plan"),
    }
    assert "secrets" not in yaml.safe_dump(yaml.safe_load(ACTION.read_text("utf-8")))


def test_two_that_write_never_overlap_and_none_is_dropped() -> None:
    apply = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]["apply"]
    reconcile = yaml.safe_load(RECONCILE.read_text("utf-8"))
    assert apply["concurrency"] == reconcile["concurrency"]
    assert apply["concurrency"] == {
        "group": "connectsync-apply",
        "cancel-in-progress": False,
        "queue": "max",
    }


def test_a_pass_by_the_clock_is_of_the_default_branch() -> None:
    """Whoever may push a branch may begin a pass on it."""
    (job,) = yaml.safe_load(RECONCILE.read_text("utf-8"))["jobs"].values()
    default = "format('refs/heads/{0}', github.event.repository.default_branch)"
    # what the clock begins is of that branch, and does not tell its name
    assert job["if"] == f"github.event_name == 'schedule' || github.ref == {default}"


def test_a_pass_is_of_what_the_branch_says_when_its_turn_comes() -> None:
    """One that is run again has the commit of its event, which may be of last week."""
    (job,) = yaml.safe_load(RECONCILE.read_text("utf-8"))["jobs"].values()
    checkout = job["steps"][0]
    assert checkout["uses"].startswith("actions/checkout@")
    # begun by hand on a branch MAIN, which the condition takes for main, it is of main
    default = "format('refs/heads/{0}', github.event.repository.default_branch)"
    by_clock = "github.event_name == 'schedule' && github.ref"
    assert checkout["with"]["ref"] == f"${{{{ {by_clock} || {default} }}}}"


def test_another_base_of_a_pull_request_begins_its_jobs_anew() -> None:
    caller = yaml.safe_load((ROOT / "deploy/github/connectsync.yml").read_text("utf-8"))
    assert set(caller[True]["pull_request"]["types"]) == {
        "opened",
        "synchronize",
        "reopened",
        "edited",
    }


def test_the_example_gives_the_workflow_what_it_asks_for() -> None:
    called = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    caller = yaml.safe_load((ROOT / "deploy/github/connectsync.yml").read_text("utf-8"))
    (job,) = caller["jobs"].values()
    wanted = called[True]["workflow_call"]
    assert job["secrets"].keys() == wanted["secrets"].keys()
    levels = ("none", "read", "write")
    for name, one in called["jobs"].items():
        for permission, level in one["permissions"].items():
            given = job["permissions"].get(permission, "none")
            assert levels.index(given) >= levels.index(level), (name, permission)
