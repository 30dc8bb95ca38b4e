"""Whoever installed no extra can do everything that needs none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from console import Console

EXTRAS = (
    *("playwright", "uvicorn", "psycopg", "opentelemetry", "duckdb", "_duckdb"),
    *("cel_expr_python", "xlsxwriter", "python_calamine"),
)

WITHOUT = f"""
import json, os, sys
for name in {EXTRAS}:
    sys.modules[name] = None
# what needs no extra and takes long, so that each child finds it imported
import deepdiff, jsonschema, sqlalchemy, sqlalchemy.dialects.sqlite
from connectsync.cli.app import run

ended = {{}}
for command in json.load(sys.stdin):
    child = os.fork()
    if not child:
        os.chdir(command.replace("/", "_"))
        os.dup2(os.open("../said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = ["connectsync", *command.split()]
        try:
            run()
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(end.code or 0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(99)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open("said", errors="replace") as said:
        ended[command] = status, said.read()
json.dump(ended, sys.stdout)
"""

COMMANDS = [
    "--help",
    "validate",
    "fmt --check",
    "rules",
    "explain settings.phone_types",
    "show lakeview-usd",
    "list",
    "compare dry-creek-isd dry-creek-isd",
    "set deletion_threshold=17 lakeview-usd --yes",
    "schema plan",
    "snapshot --output live.json",
    "import --dry-run",
    "export --output fleet.csv",
    "plan",
    "apply --yes",
    "resume",
    "rollback 1 --out back.json",
    "runs verify",
    "drift",
    "reconcile --dry-run",
    "doctor",
    "new elm --name Elm",
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Run each in a process and a project of its own; give its status and errors."""
    folder = tmp_path_factory.mktemp("without")
    for command in COMMANDS:
        project = Console(folder / command.replace("/", "_"))
        shutil.copytree(Path(__file__).parent / "projects/valley", project.folder)
        if command.startswith("rollback"):
            assert project.run("apply", "--yes").status == 0
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=folder,
        input=json.dumps(COMMANDS),
        capture_output=True,
        text=True,
        check=True,
    )
    given: dict[str, tuple[int, str]] = json.loads(done.stdout)
    return given


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_needs_an_extra_that_it_does_not_use(
    ended: dict[str, tuple[int, str]], command: str
) -> None:
    status, errors = ended[command]
    # reconcile holds back what was never applied before, and says so with status 1
    assert status in ({0, 1} if "reconcile" in command else {0}), errors
    assert "Traceback" not in errors
