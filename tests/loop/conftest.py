from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from fleets_of import STATE, Fleet, Made
from github_runner import Runner, machine
from github_site import Site
from loop_world import DISTRICTS, World, hooks
from served_connect import served


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "whole_loop: runs with `make loop-test` alone")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what takes its time, unless it is asked for."""
    if not config.getoption("--whole-loop"):
        left = [item for item in items if item.get_closest_marker("whole_loop")]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a fleet that is on the site, and on Connect, and in step."""
    folder = tmp_path_factory.mktemp("loop")
    environment = machine()
    site = Site(folder / "site", environment["PATH"])
    site.build()
    wants = {"enable_daily_sync": True, "deletion_threshold": 15}
    fleet = Fleet(folder / "fleet", tuple(Made(one, wants, wants) for one in DISTRICTS))
    fleet.write()
    with served(fleet, folder / "connect") as connect:
        fleet.configure(connect.url, postgresql=True)
        secrets = {**connect.environment, STATE: postgres.database()}
        (folder / "jobs").mkdir()
        runner = Runner(
            site, folder / "jobs", environment, {"installed": True}, secrets
        )
        (folder / "fleet" / ".gitignore").write_text(".connectsync/\n")
        (folder / "fleet" / ".pre-commit-config.yaml").write_text(hooks())
        made = World(site, runner, connect, folder / "fleet")
        made.git("init", "--quiet", "--initial-branch", "main")
        made.git("remote", "add", "origin", str(site.remote))
        assert made.commit("the fleet").returncode == 0
        made.git("push", "--quiet", "origin", "main")
        # what is in step is known from the first apply on, so that drift can be told
        done = made.connectsync("apply", "--yes")
        assert done.returncode == 0, done.stderr
        pre_commit = Path(sys.executable).with_name("pre-commit")
        subprocess.run(
            [pre_commit, "install"],
            cwd=made.clone,
            env=environment,
            check=True,
            capture_output=True,
        )
        yield made
