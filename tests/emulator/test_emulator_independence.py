"""The stand-in shares no line with the client."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import connectsync.emulator

PACKAGE = Path(connectsync.emulator.__file__).parent
OURS = "connectsync.emulator"
LOADED = (
    "import sys, connectsync.emulator.app, connectsync.emulator.app,"
    " connectsync.emulator.seed;"
    "print(*(name for name in sys.modules if name.startswith('connectsync')))"
)


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    return names


def test_no_module_of_the_stand_in_imports_anything_of_ours() -> None:
    modules = list(PACKAGE.rglob("*.py"))
    assert len(modules) > 10
    for module in modules:
        for name in imported(module):
            assert not name.startswith("connectsync") or name.startswith(OURS), module


def test_nothing_of_ours_is_loaded_with_it() -> None:
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    others = [name for name in done.stdout.split() if not name.startswith(OURS)]
    assert others == ["connectsync"]
