"""State that comes with a commit is not used: its author could approve plans in it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus
from connectsync.config.project import load_project
from connectsync.operations.changes import checked_out
from connectsync.operations.commit import limits_before
from connectsync.operations.git import tracked_in

AUTHOR = {
    f"GIT_{who}_{what}": f"{who}@example.org"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **AUTHOR},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture
def ours(valley: Console) -> Console:
    """Give a repository in which state is ignored, as `init` makes one."""
    (valley.folder / ".gitignore").write_text(".connectsync/\n")
    git(valley.folder, "init", "-q", "-b", "main")
    git(valley.folder, "add", "-A")
    git(valley.folder, "commit", "-qm", "districts")
    assert valley.run("plan", "--out", "plan.json").status == ExitStatus.FINE
    return valley


COMMANDS = (
    "plan",
    "apply plan.json --yes",
    "apply --yes lakeview-usd",
    "approve plan.json --as Ada",
    "resume",
    "runs",
    "runs show 1",
    "runs verify",
    "rollback 1",
    "drift",
    "reconcile",
    "snapshot",
    "import",
    "doctor",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.sampled(5)
def test_state_that_came_with_a_commit_is_refused(
    ours: Console, tmp_path: Path, command: str
) -> None:
    shutil.copy(ours.folder / "plan.json", tmp_path / "plan.json")
    ours.run("approve", "plan.json", "--as", "Mallory")
    git(ours.folder, "checkout", "-q", "-b", "theirs")
    git(ours.folder, "add", "-f", ".connectsync")
    git(ours.folder, "commit", "-qm", "a harmless change")
    before = (ours.folder / ".connectsync" / "state.db").read_bytes()
    said = ours.run(*command.split())
    assert said.status == ExitStatus.FINDINGS, said.both
    told = " ".join(said.both.split())
    assert "state that comes with a commit is not used" in told
    assert "remove the rest with `git rm -r .connectsync`" in told
    assert (ours.folder / ".connectsync" / "state.db").read_bytes() == before


def done(folder: Path, told: str) -> None:
    """Do what help says, as a person would."""
    (words,) = re.findall("`(git rm [^`]+)`", " ".join(told.split()))
    git(folder, *shlex.split(words)[1:])
    git(folder, "commit", "-qm", "as the help says")


def test_who_does_what_the_help_says_has_nothing_of_the_commit_used(
    ours: Console,
) -> None:
    """What is only out of git's list is not known any more as the commit's."""
    state = ours.folder / ".connectsync" / "state.db"
    assert ours.run("apply", "--yes").status == ExitStatus.FINE
    (ours.folder / "session.json").write_text('{"cookies": [], "origins": []}')
    git(ours.folder, "add", "-f", ".connectsync/state.db", "session.json")
    git(ours.folder, "commit", "-qm", "a harmless change")
    done(ours.folder, ours.run("runs").err)
    assert not state.exists()
    said = ours.run("runs")
    assert (said.status, " apply " in said.out) == (ExitStatus.FINE, False)
    (ours.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends: {browser: {url: 'http://127.0.0.1:1',"
        " session: session.json}}\n"
    )
    done(ours.folder, ours.run("plan", "--backend", "browser").err)
    assert not (ours.folder / "session.json").exists()


def _no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def _git_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    # as if another user owned the repository, as in many containers
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    kept = "connectsync.operations.git._KEPT"
    monkeypatch.setattr(kept, ("GIT_TEST_ASSUME_DIFFERENT_OWNER",))


@pytest.mark.parametrize("hinder", [_no_git, _git_that_refuses])
def test_state_of_a_commit_is_refused_where_git_says_nothing(
    ours: Console,
    monkeypatch: pytest.MonkeyPatch,
    hinder: Callable[[pytest.MonkeyPatch], None],
) -> None:
    hinder(monkeypatch)
    # what no commit holds is used as ever
    assert "kept in git" not in ours.run("runs").both
    monkeypatch.undo()
    git(ours.folder, "add", "-f", ".connectsync")
    git(ours.folder, "commit", "-qm", "a harmless change")
    hinder(monkeypatch)
    for command in ("runs", "plan", "drift"):
        said = ours.run(command)
        assert said.status == ExitStatus.FINDINGS, said.both
        assert "state that comes with a commit is not used" in " ".join(
            said.both.split()
        )


WRITTEN: dict[str, list[tuple[str, ...]]] = {
    # names without what they share with the one before, and no folder told whole
    "short": [("config", "feature.manyFiles", "true"), ("update-index",
              "--index-version", "4")],
    "split": [("update-index", "--split-index")],
    "plain": [],
}  # fmt: skip


@pytest.mark.parametrize("content", ["sha1", "sha256"])
@pytest.mark.parametrize("written", WRITTEN)
def test_state_of_a_commit_is_refused_however_git_writes_its_list(
    valley: Console, monkeypatch: pytest.MonkeyPatch, written: str, content: str
) -> None:
    git(valley.folder, "init", "-q", f"--object-format={content}")
    valley.run("--state-dir", "var/state", "plan")
    # it lies before the state in the list, and shares its beginning
    (valley.folder / "var/state-notes").write_text("")
    git(valley.folder, "add", "districts", "var/state-notes")
    for words in WRITTEN[written]:
        git(valley.folder, *words)
    git(valley.folder, "add", "-N", "connectsync.yaml")
    with monkeypatch.context() as hidden:
        _no_git(hidden)
        said = valley.run("--state-dir", "var/state", "runs")
        assert "kept in git" not in said.both
    git(valley.folder, "add", "-f", "var/state/state.db")
    for words in WRITTEN[written]:
        git(valley.folder, *words)
    _no_git(monkeypatch)
    said = valley.run("--state-dir", "var/state", "runs")
    assert said.status == ExitStatus.FINDINGS, said.both
    assert "state that comes with a commit is not used" in " ".join(said.both.split())


@pytest.mark.parametrize("hinder", [None, _no_git])
@pytest.mark.parametrize("place", ["stated", "here", "above", "linked"])
def test_no_state_is_kept_at_the_top_of_a_repository(
    ours: Console,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    hinder: Callable[[pytest.MonkeyPatch], None] | None,
) -> None:
    """Its files would be among those that a commit brings along."""
    ours.run("approve", "plan.json", "--as", "Mallory")
    shutil.copy(ours.folder / ".connectsync/state.db", ours.folder)
    git(ours.folder, "add", "-f", "state.db")
    words, console = ["--state-dir", "."], ours
    if place == "stated":
        stated = ours.folder / "connectsync.yaml"
        stated.write_text(f"{stated.read_text()}\nstate: {{dir: .}}\n")
        words = []
    if place == "above":
        words, console = ["--state-dir", ".."], Console(ours.folder / "districts")
    if place == "linked":
        (ours.folder / "state").symlink_to(".")
        words = ["--state-dir", "state"]
    if hinder is not None:
        hinder(monkeypatch)
    for command in ("runs", "plan"):
        said = console.run(*words, command)
        assert said.status == ExitStatus.FINDINGS, said.both
        told = " ".join(said.both.split())
        assert "state that comes with a commit is not used" in told
        # all of the project would be taken out of git
        assert "git rm" not in told
        assert "in a folder of its own" in told


@pytest.mark.parametrize("unknown", ["a later version", "an extension", "cut"])
def test_a_list_that_is_not_understood_may_hold_the_state(
    ours: Console, monkeypatch: pytest.MonkeyPatch, unknown: str
) -> None:
    index = ours.folder / ".git/index"
    raw = index.read_bytes()
    # an extension in small letters is one that nobody may read past
    changed = {
        "a later version": raw.replace(b"DIRC\0\0\0\2", b"DIRC\0\0\0\5", 1),
        "an extension": raw[:-20] + b"next\0\0\0\0" + raw[-20:],
        "cut": raw[:-21],
    }
    index.write_bytes(changed[unknown])
    _no_git(monkeypatch)
    assert "which is kept in git" in ours.run("runs").both


def test_state_of_a_commit_is_refused_however_a_disk_spells_it(ours: Console) -> None:
    theirs = ours.folder / ".CONNECTSYNC"
    shutil.copytree(ours.folder / ".connectsync", theirs)
    git(ours.folder, "add", "-f", ".CONNECTSYNC")
    git(ours.folder, "commit", "-qm", "a harmless change")
    shutil.rmtree(theirs)
    said = ours.run("runs")
    assert "state that comes with a commit is not used" in " ".join(said.both.split())


def test_a_link_in_the_place_of_the_state_is_refused(
    ours: Console, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(ours.folder / ".connectsync")
    (ours.folder / ".connectsync").symlink_to(elsewhere)
    git(ours.folder, "add", "-f", ".connectsync")
    said = ours.run("plan")
    assert said.status == ExitStatus.FINDINGS
    assert "which is kept in git" in said.err
    assert not list(elsewhere.iterdir())


def test_no_bare_repository_beside_it_hides_that_state_is_kept_in_git(
    ours: Console,
) -> None:
    below = Console(ours.folder / "below")
    shutil.copytree(ours.folder / "districts", below.folder / "districts")
    shutil.copy(ours.folder / "connectsync.yaml", below.folder)
    shutil.copy(ours.folder / "live.json", below.folder)
    assert below.run("plan").status == ExitStatus.FINE
    git(below.folder, "init", "-q", "--bare", str(ours.folder.parent / "bare"))
    shutil.copytree(ours.folder.parent / "bare", below.folder, dirs_exist_ok=True)
    git(ours.folder, "add", "-f", "below/.connectsync", "below/HEAD")
    said = below.run("plan")
    assert said.status == ExitStatus.FINDINGS
    assert "which is kept in git" in said.err


def test_a_browser_session_that_came_with_a_commit_is_refused(ours: Console) -> None:
    (ours.folder / "session.json").write_text('{"cookies": [], "origins": []}')
    (ours.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends: {browser: {url: 'http://127.0.0.1:1',"
        " session: session.json}}\n"
    )
    git(ours.folder, "add", "-f", "session.json")
    said = ours.run("plan", "--backend", "browser")
    assert said.status == ExitStatus.FINDINGS
    assert "the session in session.json is kept in git" in said.err


@pytest.mark.parametrize("leads", ["outside", "git", "kept"])
def test_no_linked_folder_leads_the_browser_session_elsewhere(
    ours: Console, tmp_path_factory: pytest.TempPathFactory, leads: str
) -> None:
    """A commit could bring the link, and a session that was never ours."""
    places = {
        "outside": tmp_path_factory.mktemp("outside"),
        "git": ours.folder / ".git",
        "kept": Path("kept"),
    }
    place = ours.folder / places[leads]
    place.mkdir(exist_ok=True)
    (place / "session.json").write_text('{"cookies": [], "origins": []}')
    git(ours.folder, "add", "-f", *(["kept"] if leads == "kept" else ()))
    (ours.folder / "auth").symlink_to(places[leads])
    (ours.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends: {browser: {url: 'http://127.0.0.1:1',"
        " session: auth/session.json}}\n"
    )
    for command in ("plan", "drift", "login"):
        said = ours.run("--backend", "browser", command)
        told = " ".join(said.both.split())
        assert said.status == ExitStatus.FINDINGS, told
        reason = "is kept in git" if leads == "kept" else "leads out of the project"
        assert reason in told


def test_no_name_of_a_commit_is_a_command_in_what_is_suggested(ours: Console) -> None:
    """A person pastes it."""
    name = "s; touch ran #"
    (ours.folder / name).mkdir()
    for file in ("state.db", "session.json"):
        (ours.folder / name / file).write_text("{}")
    (ours.folder / "session; touch ran #").write_text("{}")
    git(ours.folder, "add", "-f", "--all")
    page = "url: 'http://127.0.0.1:1', session: 'session; touch ran #'"
    for stated in (f"state: {{dir: '{name}'}}", f"backends: {{browser: {{{page}}}}}"):
        (ours.folder / "connectsync.yaml").write_text(f"schema: 1\n{stated}\n")
        said = ours.run("--backend", "browser", "plan").err
        suggested = re.findall("`(git [^`]+)`", " ".join(said.split()))
        assert suggested, said
        for command in suggested:
            assert "touch" not in shlex.split(command), command


def test_state_that_git_ignores_is_used(ours: Console) -> None:
    assert ours.run("approve", "plan.json", "--as", "Ada").status == ExitStatus.FINE
    assert ours.run("runs", "verify").status == ExitStatus.FINE


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("plan", ".connectsync"),
        ("apply --yes lakeview-usd", ".connectsync"),
        ("runs", ".connectsync"),
        ("doctor", ".connectsync"),
        ("drift", ".connectsync"),
        ("demo lakeview-usd --accept going-live=1", ".connectsync"),
        ("--state-dir kept/here plan", "kept/here"),
        ("--backend browser:http://127.0.0.1:1 plan", ".connectsync"),
    ],
)
@pytest.mark.sampled(3)
def test_git_leaves_a_state_folder_out_that_a_command_made(
    valley: Console, command: str, state: str
) -> None:
    git(valley.folder, "init", "-q", "-b", "main")
    valley.run(*command.split())
    assert (valley.folder / state).is_dir()
    git(valley.folder, "add", ".")
    git(valley.folder, "commit", "-qm", "districts")
    assert state not in git(valley.folder, "ls-files")
    assert valley.run("--state-dir", state, "plan").status == ExitStatus.FINE


def test_a_folder_that_holds_other_things_is_not_ignored(valley: Console) -> None:
    kept = valley.folder / "kept"
    kept.mkdir()
    (kept / "notes.txt").write_text("ours\n")
    assert valley.run("--state-dir", "kept", "plan").status == ExitStatus.FINE
    assert not (kept / ".gitignore").exists()


def test_an_older_state_folder_is_ignored_from_its_next_use_on(valley: Console) -> None:
    valley.run("plan")
    (valley.folder / ".connectsync" / ".gitignore").unlink()
    valley.run("runs")
    git(valley.folder, "init", "-q", "-b", "main")
    git(valley.folder, "add", ".")
    assert ".connectsync" not in git(valley.folder, "ls-files")


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository in which a pipe stands where git reads a file."""
    monkeypatch.setattr("connectsync.operations.git.FEW", 0.2)
    monkeypatch.setattr("connectsync.operations.git.SECONDS", 0.2)
    folder = tmp_path / "above"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "mine").write_text("")
    git(folder, "add", "mine")
    (folder / ".git" / "HEAD").unlink()
    os.mkfifo(folder / ".git" / "HEAD")
    return folder


def test_a_repository_above_that_makes_git_wait_is_read_without_it(stuck: Path) -> None:
    (stuck / "state").mkdir()
    assert tracked_in(stuck / "state", os.environ) is None
    assert tracked_in(stuck / "mine", os.environ) == "mine"


def test_git_that_does_not_come_to_an_end_is_a_sentence(
    valley: Console, stuck: Path
) -> None:
    (stuck / ".git").rename(valley.folder / ".git")
    said = valley.run("plan", "--changed-since", "main")
    assert said.status == ExitStatus.USAGE
    assert "git did not come to an end within 0.2 s" in " ".join(said.err.split())


def test_a_run_waits_a_few_seconds_for_a_git_that_tells_nothing(
    valley: Console, stuck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands between what was judged and what is saved."""
    monkeypatch.setattr("connectsync.operations.changes.FEW", 0.2)
    monkeypatch.setattr("connectsync.operations.git.SECONDS", 600)
    (stuck / ".git").rename(valley.folder / ".git")
    project = load_project(valley.folder)
    assert checked_out(project, [], os.environ) == ("", None)
    assert limits_before(project, "0" * 40, os.environ, datetime.now(UTC)) is None


@pytest.mark.parametrize("laid", ["file", "link"])
def test_no_address_of_the_state_that_a_commit_brings_along_is_used(
    ours: Console, laid: str
) -> None:
    """Its author would choose which server is sent the password of the job."""
    address, stated = ours.folder / "address", ours.folder / "connectsync.yaml"
    # a server that is gone: what is refused for git is never asked
    (ours.folder / "kept").write_text("postgresql://u@127.0.0.1:1/d?sslmode=disable")
    if laid == "link":
        address.symlink_to("kept")
    else:
        (ours.folder / "kept").rename(address)
    stated.write_text(f"{stated.read_text()}\nstate: {{url: 'file:address'}}\n")
    git(ours.folder, "add", "address")
    for command in ("runs", "plan", "apply plan.json --yes", "doctor"):
        said = ours.run(*command.split(), environment={"PGPASSWORD": "of the job"})
        told = " ".join(said.both.split())
        assert "state.url: file:address is kept in git, so it is not used" in told
    git(ours.folder, "rm", "-q", "--cached", "address")
    told = " ".join(ours.run("runs").both.split())
    assert "kept in git" not in told
    assert "127.0.0.1:1" in told


def test_no_token_of_the_gateway_that_a_commit_brings_along_is_used(
    ours: Console,
) -> None:
    (ours.folder / "token").write_text("of-the-author")
    stated = ours.folder / "connectsync.yaml"
    stated.write_text(
        "schema: 1\nbackends: {gateway: {url: 'http://127.0.0.1:1',"
        " token: 'file:token'}}\n"
    )
    git(ours.folder, "add", "token")
    refused = "backends.gateway.token: file:token is kept in git, so it is not used"
    said = ours.run("plan", "--backend", "gateway")
    assert refused in " ".join(said.both.split())
    git(ours.folder, "rm", "-q", "--cached", "token")
    said = ours.run("plan", "--backend", "gateway")
    assert "kept in git" not in said.both
