from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from console import Console

from connectsync.apply.rollout import WaveRunner
from connectsync.cli.terminal import ExitStatus

PROJECTS = Path(__file__).parent / "projects"

Fixture = Callable[[str], Console]
Stopping = Callable[[], AbstractContextManager[None]]


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


Prepare = Callable[[Console], object]
Prepared = Callable[[Prepare], Console]


@pytest.fixture(scope="session")
def made_before() -> dict[Prepare, Path]:
    """Keep what was prepared, for all tests of this process."""
    return {}


@pytest.fixture
def prepared(
    made_before: dict[Prepare, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Prepared:
    """Give a console in a copy of *valley* with something done to it, done once."""

    def copy(prepare: Prepare) -> Console:
        if prepare not in made_before:
            folder = tmp_path_factory.mktemp("prepared") / "valley"
            shutil.copytree(PROJECTS / "valley", folder)
            prepare(Console(folder))
            made_before[prepare] = folder
        folder = tmp_path / "valley"
        shutil.copytree(made_before[prepare], folder, symlinks=True)
        return Console(folder)

    return copy


def apply_all(console: Console) -> None:
    """Make Connect as the files say."""
    assert console.run("apply", "--yes").status == ExitStatus.FINE


@pytest.fixture
def applied(prepared: Prepared) -> Console:
    """Give the project with three districts, on a Connect that is as they say."""
    return prepared(apply_all)


@pytest.fixture
def valley(copied: Fixture) -> Console:
    """Give the project with three districts, two of which differ from Connect."""
    return copied("valley")


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Stopping:
    """Give what stops every run behind its first district."""

    @contextmanager
    def stop() -> Iterator[None]:
        with monkeypatch.context() as patched:
            patched.setattr(WaveRunner, "_look_at_the_clock", _closed)
            yield

    return stop


_look = WaveRunner._look_at_the_clock  # noqa: SLF001


def _closed(self: WaveRunner) -> None:
    _look(self)
    if self.ended:
        self.stopped = "the window closed"


@pytest.fixture
def stopped(valley: Console, stopping: Stopping) -> Console:
    """Give the project after an apply that was stopped behind its first district."""
    with stopping():
        valley.run("plan", "--out", "plan.json")
        said = valley.run("apply", "plan.json")
    assert said.status == 1
    assert "Run 1: 1 done, 1 not reached" in said.out
    assert "It stopped: the window closed" in said.out
    assert "`connectsync resume 1` tries what is left" in said.out
    return valley
