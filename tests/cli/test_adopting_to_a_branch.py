"""``drift --adopt --branch``: a commit for a pull request, and nothing else moves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from console import Console
from repositories import commit, git

from connectsync.cli.terminal import ExitStatus

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
NAMED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Ada", "EMAIL": "ada@example.org"}.items()
}
ADOPT = ("drift", "--adopt", "--branch", "adopt-july")


@pytest.fixture
def drifted(valley: Console) -> Console:
    """Give a project in git, all of it applied, and a person's change on Connect."""
    git(valley, "init", "--quiet", "--initial-branch=main")
    (valley.folder / ".gitignore").write_text(".connectsync/\n")
    commit(valley)
    assert valley.run("apply", "--yes").status == ExitStatus.FINE
    valley.edit(
        "lakeview-usd", {**valley.live("lakeview-usd"), "deletion_threshold": 44}
    )
    return valley


def everything(console: Console) -> dict[str, bytes]:
    """Give every file but git's objects and our state."""
    return {
        str(path.relative_to(console.folder)): path.read_bytes()
        for path in console.folder.rglob("*")
        if path.is_file()
        and not {".connectsync", "objects", "refs", "logs"} & set(path.parts)
    }


def test_the_branch_takes_the_value_and_nothing_else_moves(drifted: Console) -> None:
    before = everything(drifted)
    base = git(drifted, "rev-parse", "HEAD")
    said = drifted.run(*ADOPT, environment=NAMED)
    # what is on Connect is in no file yet
    assert said.status == ExitStatus.FINDINGS, said.both
    assert everything(drifted) == before
    assert git(drifted, "status", "--porcelain") == ""
    assert git(drifted, "rev-parse", "HEAD", "adopt-july^").split() == [base, base]
    assert git(drifted, "diff", "--name-only", "main", "adopt-july") == LAKEVIEW
    changed = git(drifted, "show", f"adopt-july:{LAKEVIEW}")
    assert "  deletion_threshold: 44  # above our worst night in August" in changed
    message = git(drifted, "log", "-1", "--format=%B %an", "adopt-july")
    assert "Adopt what was changed on Connect" in message
    assert "lakeview-usd: deletion_threshold" in message
    assert message.endswith("Ada")
    made = git(drifted, "rev-parse", "adopt-july")
    assert f"Branch adopt-july: commit {made[:12]}, with 1 file" in said.out
    assert "next: `git push origin adopt-july`, and open a pull request" in said.err


def test_once_it_is_merged_all_is_in_step_and_nothing_is_planned(
    drifted: Console,
) -> None:
    assert drifted.run(*ADOPT, environment=NAMED).status == ExitStatus.FINDINGS
    # until then it stays drift: a baseline ahead of the file would undo the person
    assert drifted.run("drift").status == ExitStatus.FINDINGS
    git(drifted, "merge", "--quiet", "--ff-only", "adopt-july")
    assert drifted.run("drift").out == "3 districts: 3 in step\n"
    assert drifted.run("plan", "--detailed-exitcode").status == ExitStatus.FINE


def test_no_hook_no_filter_and_no_signing_of_the_repository_runs(
    drifted: Console, tmp_path: Path
) -> None:
    told = tmp_path / "ran"
    script = f"#!/bin/sh\necho ran >> {told}\ncat\n"
    hooks = drifted.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "pre-commit",
        "post-commit",
        "reference-transaction",
        "prepare-commit-msg",
    ):
        (hooks / name).write_text(script)
        (hooks / name).chmod(0o755)
    spy = tmp_path / "spy.sh"
    spy.write_text(script)
    spy.chmod(0o755)
    for key in (
        "filter.spy.clean",
        "filter.spy.smudge",
        "gpg.program",
        "core.fsmonitor",
    ):
        git(drifted, "config", key, str(spy))
    git(drifted, "config", "commit.gpgSign", "true")
    (drifted.folder / ".git" / "info").mkdir(exist_ok=True)
    (drifted.folder / ".git" / "info" / "attributes").write_text("*.yaml filter=spy\n")
    told.unlink(missing_ok=True)
    said = drifted.run(*ADOPT, environment=NAMED)
    assert "Branch adopt-july: commit" in said.out, said.both
    assert not told.exists()


def test_no_hook_that_settings_name_runs(drifted: Console, tmp_path: Path) -> None:
    # git runs these from 2.54 on: what an older one is told is looked at as well
    told, asked = tmp_path / "ran", tmp_path / "asked"
    for name in ("spy", "a=b", "a.b c"):
        git(drifted, "config", f"hook.{name}.command", f"echo ran >> {told}")
        git(drifted, "config", f"hook.{name}.event", "reference-transaction")
    real, folder = shutil.which("git"), tmp_path / "bin"
    folder.mkdir()
    keys = "hook.spy.enabled", "hook.a=b.enabled", "hook.a.b c.enabled"
    asking = "; ".join(f"{real} config --get '{one}' >> {asked}" for one in keys)
    program = folder / "git"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *update-ref*) {asking};; esac\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    said = drifted.run(*ADOPT, environment=NAMED | {"PATH": path})
    assert "Branch adopt-july: commit" in said.out, said.both
    assert asked.read_text().split() == ["false"] * 3
    assert not told.exists()


def test_a_branch_that_is_there_stays_as_it_is_and_nothing_is_read(
    drifted: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(drifted, "branch", "adopt-july")
    monkeypatch.setattr("connectsync.cli.drift.look", None)
    said = drifted.run(*ADOPT, environment=NAMED)
    assert said.status == ExitStatus.USAGE
    assert "there is a branch 'adopt-july' already" in said.err
    assert git(drifted, "rev-parse", "adopt-july") == git(drifted, "rev-parse", "main")


@pytest.mark.parametrize(
    "name",
    [
        *("-f", "a..b", "a b", "@{-1}", "x.lock", "", "\x1b[0m", "\u202eniam"),
        # what is told to be pushed next would be another branch, or go by force
        *(
            "+main",
            "@",
            "HEAD",
            "FETCH_HEAD",
            "refs/heads/main",
            "heads/main",
            "tags/a",
        ),
    ],
)
@pytest.mark.sampled(5)
def test_a_name_that_is_none_of_a_branch_is_refused(
    name: str, drifted: Console
) -> None:
    said = drifted.run("drift", "--adopt", f"--branch={name}", environment=NAMED)
    assert said.status == ExitStatus.USAGE
    assert "git takes no such name of a branch" in said.err
    assert not {"\x1b", "\u202e"}.intersection(said.both)
    assert git(drifted, "branch", "--list") == "* main"


def test_a_file_that_someone_works_on_is_left_out(drifted: Console) -> None:
    path = drifted.folder / LAKEVIEW
    path.write_text(f"{path.read_text()}# not for a pull request yet\n")
    said = drifted.run(*ADOPT, environment=NAMED)
    assert said.status == ExitStatus.FINDINGS
    assert "its file is not as it was committed last" in said.out
    assert "No branch adopt-july was made" in said.out
    assert git(drifted, "branch", "--list") == "* main"


def test_where_no_one_drifted_no_branch_is_made(drifted: Console) -> None:
    drifted.edit(
        "lakeview-usd", {**drifted.live("lakeview-usd"), "deletion_threshold": 15}
    )
    said = drifted.run(*ADOPT, environment=NAMED)
    assert said.status == ExitStatus.FINE
    assert "Nothing to take over" in said.out
    assert git(drifted, "branch", "--list") == "* main"


@pytest.mark.parametrize("way", ["no identity", "no commit", "no repository"])
def test_what_git_needs_is_said_in_a_sentence(
    way: str, valley: Console, drifted: Console
) -> None:
    console, said = drifted, "git does not know who makes the commit"
    if way == "no commit":
        git(console, "update-ref", "-d", "HEAD")
        said = "there is no commit yet that a branch could begin at"
    if way == "no repository":
        (valley.folder / ".git").rename(valley.folder / "git-of-before")
        said = "--branch needs a git repository, and there is none here"
    ended = console.run(*ADOPT, environment=NAMED if way == "no commit" else {})
    assert ended.status == ExitStatus.USAGE, ended.both
    assert said in ended.err
    if way == "no identity":
        assert git(console, "branch", "--list") == "* main"


def test_a_project_below_the_top_of_its_repository_is_found_there(
    drifted: Console,
) -> None:
    above = drifted.folder.parent
    (drifted.folder / ".git").rename(above / ".git")
    commit(drifted)
    said = drifted.run(*ADOPT, environment=NAMED)
    assert "Branch adopt-july: commit" in said.out, said.both
    changed = git(drifted, "diff", "--name-only", "HEAD", "adopt-july")
    assert changed == f"valley/{LAKEVIEW}"


def test_line_ends_of_the_commit_stay(drifted: Console) -> None:
    path = drifted.folder / LAKEVIEW
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    said = drifted.run(*ADOPT, environment=NAMED)
    assert "Branch adopt-july: commit" in said.out, said.both
    stat = git(drifted, "diff", "--shortstat", "main", "adopt-july")
    assert stat == "1 file changed, 1 insertion(+), 1 deletion(-)"


def test_a_branch_goes_with_adoption(valley: Console) -> None:
    said = valley.run("drift", "--branch", "x")
    assert said.status == ExitStatus.USAGE
    assert "--branch goes with --adopt" in said.err
