from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from console import Console

PROJECTS = Path(__file__).parent / "projects"

Fixture = Callable[[str], Console]


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the log of a bug with the test that met it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def copied(tmp_path: Path) -> Fixture:
    """Give a console in a copy of one of the fixture projects."""

    def copy(project: str) -> Console:
        folder = tmp_path / project
        shutil.copytree(PROJECTS / project, folder)
        (folder / ".gitkeep").unlink(missing_ok=True)
        return Console(folder)

    return copy


@pytest.fixture
def valley(copied: Fixture) -> Console:
    """Give the project with three districts, two of which differ from Connect."""
    return copied("valley")
