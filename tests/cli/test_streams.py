"""Pipes that close, encodings that lack letters, and what a commit has to wait for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from console import Console

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
from connectsync.cli.main import main
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
