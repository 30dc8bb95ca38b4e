"""A wheel installs with uv as people install it, and works where nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WHEELHOUSE = Path(sys.prefix) / "wheelhouse"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built here")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_uvx_runs_a_wheel_far_from_its_sources(wheel: Path, tmp_path: Path) -> None:
    """From the wheel alone: schemas, templates and the stand-in are in it."""
    uvx = Path(sys.executable).parent / "uvx"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
        "CONNECTSYNC_NOW": "2027-01-15T10:00:00+00:00",
    }
    project = tmp_path / "a project"
    project.mkdir()

    command: list[str | Path] = [
        uvx,
        "--offline",
        "--no-index",
        "--find-links",
        WHEELHOUSE,
    ]
    command += ["--from", wheel, "connectsync"]

    def run(*arguments: str) -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [*command, *arguments],
            cwd=project,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("init")
    run("new", "lakeview-usd", "--name", "Lakeview", "--district-id", "a" * 24)
    assert "no findings" in run("validate") + run("validate", "--format", "json")
    plan = run("plan", "--out", "plan.json", "--format", "html")
    assert plan.startswith("<!doctype html>")
    accepted = ("--accept", "too-much-of-the-fleet=2")
    assert "2 done" in run("apply", "plan.json", *accepted)


def test_a_wheel_holds_nothing_but_the_package_and_its_papers(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"connectsync", "connectsync-0.1.0.dist-info"}
    assert "connectsync/py.typed" in names
    assert any(name.endswith("district.schema.json") for name in names)
    assert not any("test" in Path(name).name for name in names)
