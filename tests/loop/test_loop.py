"""From an edit to Connect and back: the whole way, as the files we ship run it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from loop_world import ROOT, World

from connectsync.domain.plan_file import digest_of

MARKER = "<!-- connectsync:plan -->"


def accepting(comment: str) -> str:
    """Copy from a comment the line that accepts what guards hold against its plan."""
    (line,) = re.findall("^Connectsync-Accept: .*$", comment, re.MULTILINE)
    return str(line)


def test_the_whole_way_of_a_change(world: World) -> None:
    # a bad edit does not even become a commit
    world.branch("lower")
    world.want("lakeview", phone_types=["Cell", "Home"])
    refused = world.commit("two phone types")
    assert refused.returncode != 0
    assert "error[two-phone-types]" in refused.stdout + refused.stderr

    # a good one becomes a pull request, with a plan of what it causes
    world.want("lakeview", phone_types=["Cell"], deletion_threshold=12)
    done = world.commit("a lower threshold")
    assert done.returncode == 0, done.stdout + done.stderr
    world.git("push", "--quiet", "origin", "lower")
    event = world.site.open_pull("lower")
    number, jobs = event["event"]["pull_request"]["number"], world.run(event)
    assert all(job.ok for job in jobs.values()), [job.log for job in jobs.values()]
    assert jobs["validate"].ran
    assert jobs["plan"].ran
    assert not jobs["apply"].ran
    assert json.loads(world.site.sarif.read_text("utf-8"))["runs"]
    said = world.comment(number)
    assert said.startswith(f"{MARKER}\n")
    assert len(said) <= 65_536
    assert "15 → 12" in said
    digest = jobs["plan"].steps["plan"]["outputs"]["digest"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert said.count(digest) >= 2
    assert digest in jobs["plan"].summary
    assert world.live("lakeview", "deletion_threshold") == 15

    # another push takes the place of the comment, and of the plan
    world.pushed("lower", "lakeview", deletion_threshold=11)
    number, job = world.pull("lower")
    again = job.steps["plan"]["outputs"]["digest"]
    assert again != digest
    assert "15 → 11" in world.comment(number)
    assert digest not in world.comment(number)

    # the merge applies exactly that plan
    applied = world.merged(number)
    assert applied.ok, applied.log
    assert "Run 1: 1 done; 1 change confirmed by reading back" in applied.log
    assert "read back" in applied.summary
    assert world.live("lakeview", "deletion_threshold") == 11
    told = json.loads(world.connectsync("runs", "show", "1", "--format", "json").stdout)
    assert told["run"]["origin"]["pull_request"] == f"#{number}"

    # and nothing is left to say
    drift = world.connectsync("drift", "--format", "json")
    summary = json.loads(drift.stdout)["summary"]
    assert summary.pop("in_step") == 6
    assert not any(summary.values())
    left = world.connectsync("plan", "--detailed-exitcode")
    assert left.returncode == 0, left.stdout

    # once more would be once too often
    same = world.run(world.site.push_of(world.site.git("rev-parse", "main")))["apply"]
    assert not same.ok
    assert "nothing of it is left" in same.log


def test_a_plan_is_refused_if_connect_moved(world: World) -> None:
    world.pushed("moved", "elm-grove", deletion_threshold=12)
    number, _ = world.pull("moved")
    world.connect.edit("elm-grove", deletionThreshold=20)
    before = world.connect.saves()
    job = world.merged(number)
    assert not job.ok
    assert "deletion_threshold was 15, is now 20" in job.log
    assert "stale" in job.summary
    assert world.connect.saves() == before


def test_a_pull_request_decides_neither_who_gets_tokens_nor_what_runs(
    world: World,
) -> None:
    world.branch("theirs")
    project = world.clone / "connectsync.yaml"
    told = world.clone.parent / "ran"
    text = project.read_text("utf-8")
    assert "env:CONNECTSYNC_STATE" in text
    text = text.replace("env:CONNECTSYNC_STATE", f"command:touch {told}")
    project.write_text(text, "utf-8")
    world.want("lakeview", deletion_threshold=9)
    assert world.commit("a command of mine").returncode == 0
    world.git("push", "--quiet", "origin", "theirs")
    job = world.run(world.site.open_pull("theirs"))["plan"]
    assert job.ok, job.log
    assert not told.exists()


def test_no_request_is_run_as_connectsync_where_jobs_are_not_told_which_one(
    world: World,
) -> None:
    """GitHub Enterprise Server does not tell: an empty name means the repository."""
    world.branch("tool")
    told = world.clone.parent / "ran as the tool"
    step = {"shell": "bash", "run": f"touch '{told}'"}
    ours = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    action = {**ours, "runs": {"using": "composite", "steps": [step]}}
    (world.clone / "action.yml").write_text(yaml.safe_dump(action), "utf-8")
    assert world.commit("an action of mine", "--no-verify").returncode == 0
    world.git("push", "--quiet", "origin", "tool")
    elsewhere = replace(world, runner=replace(world.runner, names_workflow=False))
    for job in elsewhere.run(world.site.open_pull("tool"), "validate", "plan").values():
        assert not job.ok
        assert "not told which connectsync to run" in job.log
        assert not (job.folder / "workspace" / "tool").exists()
    assert not told.exists()


def test_a_pull_request_into_a_branch_of_its_author_is_not_planned(
    world: World,
) -> None:
    """Its author would write the project file: who gets tokens, and what is allowed."""
    world.branch("stack")
    world.git("push", "--quiet", "origin", "stack")
    world.pushed("stacked", "lakeview", deletion_threshold=9)
    event = world.site.open_pull("stacked", base="stack")
    number = event["event"]["pull_request"]["number"]
    job = world.run(event, "plan")["plan"]
    assert job.ok, job.log
    assert "does not go to main: nothing was planned" in job.summary
    assert world.site.comments(number) == []
    # then it is told to go to main, and is merged
    pull = {"ref": "main", "sha": world.site.git("rev-parse", "main")}
    world.site.change(lambda knows: knows["pulls"][-1].update(base=pull))
    before = world.site.git("rev-parse", "main")
    refused = world.merged(number)
    assert not refused.ok
    assert f"no comment on #{number} shows the plan of" in refused.log
    world.site.git("update-ref", "refs/heads/main", before)


def test_a_plan_is_refused_if_main_moved(world: World) -> None:
    world.pushed("first", "maple-hollow", deletion_threshold=12)
    first, _ = world.pull("first")
    late = world.site.merge(first)
    # before its job gets its turn, somebody merges something else
    world.pushed("second", "maple-hollow", deletion_threshold=10)
    second, _ = world.pull("second")
    world.site.merge(second)
    before = world.connect.saves()
    job = world.run(late)["apply"]
    assert not job.ok
    assert "maple-hollow: deletion_threshold was 12, is now 10" in job.log
    assert world.connect.saves() == before


@pytest.mark.whole_loop
def test_another_change_of_main_is_no_hindrance(world: World) -> None:
    world.pushed("one", "canyon", deletion_threshold=12)
    one, _ = world.pull("one")
    late = world.site.merge(one)
    world.pushed("other", "pine-hill", deletion_threshold=12)
    other, _ = world.pull("other")
    # what was merged and not applied yet is not this one's doing, and is not hidden
    kept = max((world.site.folder / "artifacts").iterdir(), key=_number)
    plan = json.loads(kept.read_text("utf-8"))
    assert [found["district"] for found in plan["districts"]] == ["pine-hill"]
    assert "canyon" in [found["district"] for found in plan["left_alone"]]
    assert "Not caused by this change" in world.comment(other)
    assert world.merged(other).ok
    assert world.run(late)["apply"].ok
    assert world.live("canyon", "deletion_threshold") == 12
    assert world.live("pine-hill", "deletion_threshold") == 12


@pytest.mark.whole_loop
def test_what_a_guard_counts_is_accepted_by_a_reviewer_and_not_by_the_author(
    world: World,
) -> None:
    world.pushed("cut", "canyon", phone_types=["Work"])
    number, planned = world.pull("cut")
    assert planned.ok
    assert "--accept disruptive=2" in world.comment(number)
    event = world.site.merge(number)
    refused = world.run(event)["apply"]
    assert not refused.ok
    assert "guard" in refused.summary
    assert world.live("canyon", "phone_types") == frozenset(["Cell"])
    # the next one says it where everybody sees it
    world.pushed("back", "canyon", phone_types=["Cell"])
    number, _ = world.pull("back")
    world.site.merge(number)
    world.pushed("again", "canyon", phone_types=["Work"])
    number, _ = world.pull("again")
    accepts = f"Texts go to work\n\n{accepting(world.comment(number))}"
    assert not world.merged(number, accepts).ok, "a title ends up in that message"
    world.pushed("back-again", "canyon", phone_types=["Cell"])
    number, _ = world.pull("back-again")
    world.site.merge(number)
    world.pushed("reviewed", "canyon", phone_types=["Work"])
    number, _ = world.pull("reviewed")
    # of an earlier plan with the same count it is not taken
    world.site.review(number, "another", accepts)
    late = f"Yes\n\n{accepting(world.comment(number))}"
    world.site.review(number, "reviewer", late)
    done = world.merged(number)
    assert done.ok, done.log
    assert "accepts disruptive=2 of the plan" in done.log
    assert world.live("canyon", "phone_types") == frozenset(["Work"])


@pytest.mark.whole_loop
def test_what_was_accepted_of_one_plan_is_not_accepted_of_a_later_one(
    world: World,
) -> None:
    """The same commit has another plan once what it is merged into moved."""
    profile = world.clone / "districts/_profiles/calm.yaml"
    settings = "schema: 1\nprovider: clever\nsettings:\n"

    def pushed(branch: str, file: Path, text: str) -> int:
        world.branch(branch)
        file.write_text(text, "utf-8")
        assert world.commit(branch, "--no-verify").returncode == 0
        world.git("push", "--quiet", "origin", branch)
        return world.pull(branch)[0]

    world.merged(pushed("calm", profile, f"{settings}  phone_types: [Work]\n"))
    district = world.clone / "districts/lakeview.yaml"
    data = yaml.safe_load(district.read_text("utf-8"))
    taken = yaml.safe_dump({**data, "profile": ["standard", "calm"]})
    number = pushed("taken", district, taken)
    first = world.comment(number)
    accept = re.search(r"--accept (disruptive=\d+)", first)
    assert accept
    world.site.review(number, "reviewer", accepting(first))
    # the other pull request changes no district of main
    other = f"{settings}  contact_relationships: [Other]\n"
    assert world.merged(pushed("other", profile, other)).ok
    world.pull("taken")
    second = world.comment(number)
    assert second != first
    assert accept[0] in second
    refused = world.merged(number)
    assert not refused.ok
    assert "changed after the last approving review" in refused.log
    assert "Parent" in str(world.live("lakeview", "contact_relationships"))


@pytest.mark.whole_loop
def test_only_the_comment_of_the_bot_counts(world: World) -> None:
    world.pushed("forged", "oak-bend", deletion_threshold=12)
    event = world.site.open_pull("forged")
    number = event["event"]["pull_request"]["number"]
    head = event["event"]["pull_request"]["head"]["sha"]
    other = f"{MARKER}\n<!-- of {head} sha256:{'0' * 64} -->\n"
    # more comments than fit on a page stand before it
    for _ in range(3):
        world.site.comment(number, "somebody", other)
    world.run(event, "plan")
    assert len(world.site.comments(number)) == 4
    done = world.merged(number)
    assert done.ok, done.log
    assert world.live("oak-bend", "deletion_threshold") == 12


@pytest.mark.whole_loop
def test_a_plan_that_was_swapped_is_refused(world: World) -> None:
    world.pushed("swap", "oak-bend", deletion_threshold=11)
    number, _ = world.pull("swap")
    kept = max((world.site.folder / "artifacts").iterdir(), key=_number)
    data = json.loads(kept.read_text("utf-8")) | {"tool": "another"}
    kept.write_text(json.dumps(data | {"digest": digest_of(data)}), "utf-8")
    job = world.merged(number)
    assert not job.ok
    assert "another plan was approved" in job.log
    assert world.live("oak-bend", "deletion_threshold") == 12


def _number(path: object) -> int:
    return int(str(path).rpartition("/")[2].partition("-")[0])


@pytest.mark.whole_loop
def test_a_commit_that_nobody_planned_is_not_applied(world: World) -> None:
    world.pushed("late", "pine-hill", deletion_threshold=11)
    number, _ = world.pull("late")
    # one more commit, merged before its jobs ran
    world.pushed("late", "pine-hill", deletion_threshold=10)
    world.site.change(
        lambda knows: [
            one["head"].update(sha=world.site.git("rev-parse", "late"))
            for one in knows["pulls"]
            if one["number"] == number
        ]
    )
    job = world.merged(number)
    assert not job.ok
    assert f"no comment on #{number} shows the plan of" in job.log
    assert world.live("pine-hill", "deletion_threshold") == 12


@pytest.mark.whole_loop
def test_a_push_without_a_pull_request_applies_nothing(world: World) -> None:
    world.branch("direct")
    world.want("pine-hill", deletion_threshold=9)
    assert world.commit("straight to main").returncode == 0
    world.git("push", "--quiet", "origin", "direct:main")
    event = world.site.push_of(world.site.git("rev-parse", "main"))
    job = world.run(event)["apply"]
    assert job.ok
    assert "merged no pull request" in job.log
    assert world.live("pine-hill", "deletion_threshold") == 12


def test_a_fork_gets_no_secret_and_no_comment(world: World) -> None:
    world.pushed("fork", "elm-grove", unarchive_classrooms=True)
    number, job = world.pull("fork", fork=True)
    assert job.ok
    assert "nothing was planned" in job.summary
    assert world.site.comments(number) == []
    refused = world.merged(number)
    assert not refused.ok
    assert world.live("elm-grove", "unarchive_classrooms") is False


def test_no_secret_is_in_anything_that_is_kept(world: World) -> None:
    secrets = world.runner.secrets.values()
    kept = [path for path in world.site.folder.rglob("*") if path.is_file()]
    for path in [*kept, *world.runner.scratch.rglob("summary")]:
        assert not any(one.encode() in path.read_bytes() for one in secrets), path
