"""Pipes that close, encodings that lack letters, and what a commit has to wait for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from console import Console
from forked_commands import RUN_EACH

from connectsync.cli.commands import COMMANDS

PROJECTS = Path(__file__).parent / "projects"

COMMAND = f"{sys.executable} -m connectsync"


def shell(
    console: Console, line: str, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", line.replace("connectsync", COMMAND)],
        cwd=console.folder,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["rules", "schema district", "--help", "plan"])
def test_a_reader_who_has_seen_enough_leaves_no_traceback(
    valley: Console, command: str
) -> None:
    done = shell(valley, f"connectsync {command} | head -n 1")
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_a_reader_who_never_listened_leaves_no_traceback(valley: Console) -> None:
    done = shell(valley, "connectsync rules | true")
    assert done.stderr == b""


ASCII = {
    "by Python's word": {"PYTHONIOENCODING": "ascii"},
    "by locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a Windows code page": {"PYTHONIOENCODING": "cp437"},
}


@pytest.mark.parametrize("environment", ASCII.values(), ids=ASCII)
@pytest.mark.parametrize("command", ["plan", "--help", "explain settings.phone_types"])
@pytest.mark.sampled(3)
def test_an_encoding_without_our_letters_is_no_reason_to_stumble(
    valley: Console, command: str, environment: dict[str, str]
) -> None:
    done = shell(valley, f"connectsync {command}", **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


def test_our_signs_are_spelled_in_ascii_where_that_is_all_there_is(
    valley: Console,
) -> None:
    valley.replace(
        "districts/ca/lakeview-usd.yaml", "name: Lakeview", "name: La Cañada"
    )
    done = shell(valley, "connectsync plan", PYTHONIOENCODING="ascii")
    assert b"  ~ deletion_threshold     45 -> 15" in done.stdout
    assert b"La Ca?ada" in done.stdout


PROBE = """
import sys
from connectsync.cli.app import main
status = main(sys.argv[1:])
print(status, *sorted(sys.modules), sep="\\n")
"""

MAY_BE_IMPORTED = {
    "annotated_doc",  # typer's
    "connectsync",
    "jsonschema_rs",
    "shellingham",  # typer's
    "typer",
    "yaml",
}
TOO_SLOW = {
    "asyncio",
    "deepdiff",
    "httpx2",
    "jsonschema",
    "opentelemetry",
    "prometheus_client",
    "pydantic",
    "rich",
    "sqlalchemy",
    "starlette",
    "uvicorn",
}


def imported(console: Console, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=console.folder,
        capture_output=True,
        check=True,
        text=True,
    )
    _, _, after = done.stdout.rpartition("\n0\n")
    return {name.partition(".")[0] for name in after.split()}


def test_every_commit_waits_for_these_imports_and_no_others(valley: Console) -> None:
    bare = subprocess.run(
        [sys.executable, "-c", 'import sys; print(*sys.modules, sep="\\n")'],
        capture_output=True,
        check=True,
        text=True,
    )
    before = {name.partition(".")[0] for name in bare.stdout.split()}
    loaded = imported(valley, "validate", "districts/ca/lakeview-usd.yaml")
    ours = loaded - before - set(sys.stdlib_module_names)
    # the yaml wheel's own, and what zoneinfo asks for the zones' folder
    brought = {name for name in ours if "cython" in name or "sysconfigdata" in name}
    assert ours - brought <= MAY_BE_IMPORTED
    assert "yaml" in ours


@pytest.mark.parametrize(
    "command", ["validate", "rules", "schema", "fmt", "show lakeview-usd"]
)
def test_what_is_slow_to_import_is_imported_where_used(
    valley: Console, command: str
) -> None:
    assert not imported(valley, *command.split()) & TOO_SLOW


RUN_ALL = f"""
{RUN_EACH}
import importlib, pkgutil
import connectsync
# once, not in each child anew: importing is most of what a short command does
for one in pkgutil.walk_packages(connectsync.__path__, "connectsync."):
    if "__main__" not in one.name:
        importlib.import_module(one.name)
with open(sys.argv[1]) as given:
    commands = json.load(given)
ended = run_each(commands)
with open(sys.argv[2], "w") as told:
    json.dump(ended, told)
"""

EVERY = (
    "--help",
    "--version",
    "nonsense",
    "init --nonsense",
    "new -h",
    "new harbor --name Harbor",
    "validate",
    "validate --format json",
    "validate -",
    "explain settings.phone_types",
    "rules",
    "list",
    "show lakeview-usd",
    "compare lakeview-usd dry-creek-isd",
    "set deletion_threshold=15 lakeview-usd --yes",
    "unset permissions lakeview-usd --yes",
    "export --output fleet.xlsx",
    "import --from-sheet fleet.xlsx",
    "fmt --check",
    "schema district",
    "schema nonsense",
    "import --help",
    "snapshot --output live.json",
    "plan",
    "plan --detailed-exitcode",
    "plan --format json",
    "plan --out plan.json",
    "approve plan.json --as Ada",
    "apply plan.json --yes --accept disruptive=9",
    "apply",
    "apply --yes lakeview-usd",
    "resume",
    "runs",
    "runs show 1",
    "runs diff 1 2",
    "runs verify",
    "runs close 1 --reason over",
    "rollback 1",
    "history lakeview-usd",
    "impact lakeview-usd --roster gone.csv",
    "roster check gone.csv",
    "drift",
    "status harbor-point-usd",
    "audit",
    "calendar",
    "report",
    "reconcile",
    "notify",
    "login",
    "doctor",
    "emulator --host 256.0.0.1",
    "demo --help",
)
LEFT_TO_PYTHON = 99

SOME = (
    "nonsense",
    "new harbor --name Harbor",
    "validate",
    "rules",
    "snapshot --output live.json",
    "plan --out plan.json",
    "apply --yes lakeview-usd",
    "runs",
    "login",
)
"""Enough where every command was run with another of its streams redirected."""


def ended(
    project: Console, redirected: str, commands: Sequence[str] = EVERY
) -> tuple[dict[str, int], str]:
    """Run commands one after the other, with their streams redirected."""
    scratch = project.folder.parent
    (scratch / "commands.json").write_text(json.dumps(commands))
    (scratch / "run_all.py").write_text(RUN_ALL)
    line = f"{sys.executable} ../run_all.py ../commands.json ../ended.json {redirected}"
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=project.folder,
        env={**os.environ, "CONNECTSYNC_NOW": "2027-01-15T10:00:00Z"},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        text=True,
    )
    statuses = json.loads((scratch / "ended.json").read_text())
    said = done.stdout + done.stderr
    assert LEFT_TO_PYTHON not in statuses.values()
    assert "Traceback" not in said
    assert "bug in connectsync" not in said
    return statuses, said


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Give how every command ends with nothing in its way."""
    statuses, _ = ended(fresh(tmp_path_factory.mktemp("usual")), "")
    assert set(COMMANDS) <= {command.split()[0] for command in EVERY}
    assert statuses["apply --yes lakeview-usd"] == 0
    return statuses


def fresh(folder: Path) -> Console:
    """Give the project with three districts, in a folder of its own."""
    shutil.copytree(PROJECTS / "valley", folder / "valley")
    return Console(folder / "valley")


CLOSED = {">&- 2>&- <&-": EVERY, ">&-": SOME, "2>&-": SOME, ">&- 2>&-": SOME}


@pytest.mark.parametrize("redirected", CLOSED)
@pytest.mark.sampled(2)
def test_with_closed_streams_every_command_ends_as_it_does_without(
    tmp_path: Path, usual: dict[str, int], redirected: str
) -> None:
    project = fresh(tmp_path)
    statuses, _ = ended(project, redirected, CLOSED[redirected])
    if "<&-" in redirected:
        # nothing can be read: that is wrong usage, and no empty file
        usual = {**usual, "validate -": 64}
    assert statuses == {command: usual[command] for command in CLOSED[redirected]}
    assert (project.folder / "plan.json").is_file()
    assert (project.folder / "live.json").is_file()


FULL = {">/dev/full": EVERY, ">/dev/full 2>/dev/full": SOME}


@pytest.mark.parametrize("redirected", FULL)
def test_on_a_full_disk_work_that_was_done_is_told_as_done(
    tmp_path: Path, usual: dict[str, int], redirected: str
) -> None:
    statuses, said = ended(fresh(tmp_path), redirected, FULL[redirected])
    # 74 where all went well and was not heard; login and the like end as they do
    differing = {
        one: status for one, status in statuses.items() if status != usual[one]
    }
    assert set(differing.values()) == {74}
    assert {usual[one] for one in differing} <= {0, 2}
    assert {"validate", "rules", "runs"} <= differing.keys()
    assert "apply --yes lakeview-usd" in differing
    if "2>" not in redirected:
        assert "cannot write to standard output: No space left on device" in said
        assert "send it where there is space and run it again" in said
        assert "change confirmed by reading back" in said


def test_a_full_standard_error_changes_no_status(
    tmp_path: Path, usual: dict[str, int]
) -> None:
    statuses, _ = ended(fresh(tmp_path), "2>/dev/full", SOME)
    assert statuses == {command: usual[command] for command in SOME}


def test_a_pipe_that_does_not_wait_is_waited_for(valley: Console) -> None:
    script = (
        "import os, subprocess, sys\n"
        "near, far = os.pipe()\n"
        "os.set_blocking(far, False)\n"
        f"run = subprocess.Popen({COMMAND.split()} + ['schema', 'district'],"
        " stdout=far)\n"
        "os.close(far)\n"
        "read = 0\n"
        "while part := os.read(near, 100):\n    read += len(part)\n"
        "print(read, run.wait())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    whole = shell(valley, "connectsync schema district").stdout
    assert done.stdout.split() == [str(len(whole)), "0"]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("validate --format html --output report.html", 64),
        ("plan --out plan.json", 1),
        ("apply --yes lakeview-usd", 1),
    ],
)
def test_a_disk_that_is_full_is_told_and_leaves_no_half_file(
    valley: Console, command: str, status: int
) -> None:
    for name in ("plan.json", "report.html"):
        (valley.folder / name).write_text("the last one")
    before = {one.name for one in valley.folder.iterdir()}
    # no file grows beyond this many blocks: to a program it is a full disk
    done = shell(
        valley,
        f"ulimit -f 4; connectsync {command}",
        # nor may half of one of our own modules stay behind
        PYTHONDONTWRITEBYTECODE="1",
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (status, False)
    assert b"bug in connectsync" not in done.stderr
    for name in ("plan.json", "report.html"):
        assert (valley.folder / name).read_text() == "the last one"
    assert {one.name for one in valley.folder.iterdir()} - before <= {".connectsync"}
