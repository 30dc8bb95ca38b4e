"""Files that may not be read, a machine that may not be written: a sentence each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from console import Console
from forked_commands import RUN_EACH
from warm import run_warm

from connectsync.cli.terminal import ExitStatus

PROJECTS = Path(__file__).parent / "projects"

RUN_ALL = f"""
{RUN_EACH}
print("\\n" + json.dumps(run_each(json.load(sys.stdin))))
"""

COMMANDS = (
    "--version",
    "validate",
    "validate --format sarif --output findings.sarif",
    "validate --changed-since HEAD",
    "show lakeview-usd",
    "fmt",
    "new elm-usd --name Elm",
    "init",
    "rules",
    "explain settings.phone_types",
    "plan",
    "plan --changed-since HEAD",
    "plan --out new.json --format html --output plan.html",
    "plan --backend snapshot:live.json",
    "plan --backend gateway",
    "plan --backend browser",
    "approve plan.json --as Ada",
    "apply plan.json",
    "apply --yes lakeview-usd --metrics run.txt",
    "resume",
    "runs",
    "runs show 1",
    "runs verify",
    "rollback 1",
    "drift --format junit --output drift.xml",
    "drift --adopt",
    "reconcile",
    "snapshot --output live.json",
    "import",
    "export --output fleet.xlsx",
    "import --from-sheet fleet.csv --yes",
    "doctor",
    "login",
)
READING = (
    "--version",
    "validate",
    "show lakeview-usd",
    "plan",
    "plan --changed-since HEAD",
    "plan --backend snapshot:live.json",
    "plan --backend gateway",
    "plan --backend browser",
    "apply plan.json",
    "runs",
    "drift",
    "audit",
    "calendar",
    "report --format json",
    "doctor",
)
SOURCES = ("districts", "connectsync.yaml", "live.json", "plan.json")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project in which something was applied, and a plan waits."""
    folder = tmp_path_factory.mktemp("prepared") / "valley"
    shutil.copytree(PROJECTS / "valley", folder)
    (folder / "token.txt").write_text("t0ken-of-a-gateway")
    (folder / "session.json").write_text("{}")
    (folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends:\n  embedded: {seed: live.json}\n"
        "  gateway: {url: 'http://127.0.0.1:1', token: 'file:token.txt'}\n"
        "  browser: {url: 'http://127.0.0.1:1', session: session.json}\n"
    )
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for line in ("init -q", "add -A", "commit -qm x"):
        subprocess.run([*git, *line.split()], cwd=folder, check=True)
    console = Console(folder)
    environment = {"CONNECTSYNC_NOW": "2027-01-15T10:00:00Z"}
    for command in ("apply --yes lakeview-usd", "plan --out plan.json"):
        assert console.run(*command.split(), environment=environment).status == 0
    return folder


@pytest.fixture
def project(prepared: Path, tmp_path: Path) -> Console:
    shutil.copytree(prepared, tmp_path / "valley", symlinks=True)
    return Console(tmp_path / "valley")


def all_ended(
    console: Console, before: tuple[str, ...], commands: tuple[str, ...]
) -> dict[str, int]:
    """Run commands behind another; give how each ended, none lost for words."""
    done = subprocess.run(
        [*before, sys.executable, "-c", RUN_ALL],
        cwd=console.folder,
        input=json.dumps(commands),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    statuses: dict[str, int] = json.loads("{" + done.stdout.rpartition("\n{")[2])
    insist_told(done.stdout + done.stderr, statuses)
    return statuses


def all_ended_without_rights(
    console: Console, commands: tuple[str, ...]
) -> dict[str, int]:
    """Run commands as one who is not root; give how each ended, as above."""

    # root reads everything, so it is asked to be like others
    def run(command: str) -> subprocess.CompletedProcess[str]:
        return run_warm(command.split(), folder=console.folder, like_others=True)

    # some wait for a service that is not there
    with ThreadPoolExecutor(3) as pool:
        every = dict(zip(commands, pool.map(run, commands), strict=True))
    statuses = {one: done.returncode for one, done in every.items()}
    insist_told("".join(one.stdout + one.stderr for one in every.values()), statuses)
    return statuses


def insist_told(said: str, statuses: dict[str, int]) -> None:
    assert "Traceback" not in said, said
    assert "bug in connectsync" not in said, said
    assert set(statuses.values()) <= set(ExitStatus) - {ExitStatus.BUG}


def sources(console: Console) -> dict[str, bytes]:
    """Give every file that people wrote, and the plan."""
    return {
        str(path): path.read_bytes()
        for name in SOURCES
        for top in [console.folder / name]
        for path in (sorted(top.rglob("*")) if top.is_dir() else [top])
        if path.is_file()
    }


UNREADABLE = {
    "districts/ca/lakeview-usd.yaml": "validate",
    "districts/_profiles/clever-standard.yaml": "validate",
    "connectsync.yaml": "plan",
    "live.json": "plan --backend snapshot:live.json",
    "plan.json": "apply plan.json",
    "token.txt": "plan --backend gateway",
    "session.json": "plan --backend browser",
    ".connectsync/state.db": "runs",
    ".connectsync/connect.db": "plan",
    ".connectsync": "runs",
    ".git/HEAD": "plan --changed-since HEAD",
}
"""Each kind of file that we read, and a command that cannot do without it."""


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.sampled(4)
def test_a_file_that_may_not_be_read_is_a_sentence_in_every_command(
    project: Console, name: str
) -> None:
    path = project.folder / name
    before, mode = sources(project), path.stat().st_mode
    path.chmod(0o000)
    try:
        statuses = all_ended_without_rights(project, READING)
    finally:
        path.chmod(mode)
    assert statuses[UNREADABLE[name]] not in {0, 2}, statuses
    assert statuses["--version"] == 0
    assert sources(project) == before


def test_where_nothing_may_be_written_each_command_ends_in_a_sentence(
    project: Console, tmp_path: Path
) -> None:
    before = sources(project)
    script = tmp_path / "read-only.sh"
    script.write_text(
        "set -e\nfor one in /tmp /var/tmp /dev/shm; do\n"
        "  mount --rbind $one $one && mount -o remount,ro,bind $one\ndone\n"
        'cd "$PWD"\nexec "$@"\n'
    )
    unshared = ("unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", str(script))
    statuses = all_ended(project, unshared, COMMANDS)
    assert statuses["validate"] == statuses["rules"] == 0
    assert statuses["apply --yes lakeview-usd --metrics run.txt"] not in {0, 2}
    assert statuses["new elm-usd --name Elm"] not in {0, 2}
    assert sources(project) == before


UNWRITABLE = {
    "plan --out new.json": "name a place that you may write to",
    "validate --output found.txt": "name a place that you may write to",
    "new elm-usd --name Elm": "name a place that you may write to",
    "init other": "name a place that you may write to",
    "snapshot --output new.json": "name a place that you may write to",
    "runs": "name another folder with --state-dir",
}


@pytest.mark.parametrize("command", UNWRITABLE)
def test_a_place_that_cannot_be_written_is_told_with_the_next_step(
    project: Console, command: str
) -> None:
    script = (
        'set -e; mount --bind "$PWD" "$PWD" && mount -o remount,ro,bind "$PWD"\n'
        'cd "$PWD"\nexec "$@"\n'
    )
    unshared = ("unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c", script)
    state = project.folder.parent / "state"
    shutil.copytree(project.folder / ".connectsync", state)
    ours = (sys.executable, "-m", "connectsync")
    named = () if command == "runs" else ("--state-dir", str(state))
    done = subprocess.run(
        [*unshared, "sh", *ours, *command.split(), *named],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    told = " ".join(done.stderr.split())
    assert done.returncode not in {0, ExitStatus.BUG}, told
    assert UNWRITABLE[command] in told
    assert "Errno" not in told
    assert "see `connectsync --help`" not in told
    assert "damaged" not in told


def test_a_state_folder_that_cannot_be_used_is_no_fault_of_the_backend(
    project: Console,
) -> None:
    (project.folder / "kept").write_text("a file\n")
    said = project.run("--state-dir", "kept", "doctor")
    assert said.status == ExitStatus.FINDINGS, said.both
    told = " ".join(said.out.split())
    assert "error state cannot make" in told
    assert "error backend" not in told
    assert "--state-dir" in told
    assert "damaged" not in told


def test_an_embedded_connect_that_cannot_be_made_names_the_place_once(
    project: Console,
) -> None:
    (project.folder / "kept").mkdir()
    (project.folder / "kept" / "connect.db").mkdir()
    said = project.run("--state-dir", "kept", "plan")
    told = " ".join(said.err.split())
    assert told.count("connect.db") == 1, told
    assert "Errno" not in told
    assert "--state-dir" in told
