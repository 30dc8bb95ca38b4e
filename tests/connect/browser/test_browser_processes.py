"""What a run starts: a browser in a session of its own that knows no secret."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import playwright
import pytest
from browser_world import World
from playwright.async_api import Browser

from connectsync.backends.browser import chromium
from connectsync.backends.browser.chromium import (
    QUIET,
    SYSTEM,
    WITHOUT_WINDOW,
    find_chromium,
    launch_browser,
)
from connectsync.errors import ProjectError

SECRET = "not-for-any-child-4f1c9a"  # noqa: S105 - of no one
PROC = Path("/proc")

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="needs /proc")


def children_of(number: int) -> set[int]:
    """Give every process below one, as far down as there are any."""
    parents = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(
                path.read_text("utf-8").rpartition(")")[2].split()[1]
            )
        except OSError:
            continue
    below = {number}
    while more := {child for child, parent in parents.items() if parent in below}:
        if more <= below:
            break
        below |= more
    return below - {number}


def command_of(number: int) -> list[str]:
    return (PROC / str(number) / "cmdline").read_text("utf-8").split("\0")


def environment_of(number: int) -> bytes:
    return (PROC / str(number) / "environ").read_bytes()


OPENERS = ("xdg-open", "xdg-email")


def ended(name: str, path: str) -> int:
    return subprocess.run([name], env={"PATH": path}, check=False).returncode


def test_driver_and_browser_are_apart_from_us_and_know_no_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["CONNECT_TOKEN", "CLEVER_TOKEN", "DATABASE_URL", "CI_JOB_TOKEN", "ANY"]
    for name in names:
        monkeypatch.setenv(name, f"postgres://me:{SECRET}@db")

    async def started() -> tuple[set[int], list[list[str]]]:
        before = children_of(os.getpid())
        async with launch_browser() as browser:
            page = await browser.new_page()
            await page.set_content("<p>Here</p>")
            found = children_of(os.getpid()) - before
            commands = [command_of(one) for one in found]
            for one in found:
                environment = (PROC / str(one) / "environ").read_bytes()
                assert SECRET.encode() not in environment, commands
                # what a terminal sends to our process group does not get there
                assert os.getsid(one) != os.getsid(0)
                assert os.getpgid(one) != os.getpgid(0)
            assert b"PATH=" in (PROC / str(min(found)) / "environ").read_bytes()
            return found, commands

    found, commands = world.runner.run(started())
    assert len(found) > 2
    assert any("run-driver" in command for command in commands)
    browsers = [command for command in commands if "--headless" in " ".join(command)]
    assert browsers
    # as root there is no sandbox; else there must be one
    outside = ["--no-sandbox" in command for command in browsers]
    assert any(outside) is chromium.is_root()


def test_no_driver_and_no_browser_stands_in_the_folder_under_review(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what Chromium looks for here by a relative name would be a file of the commit
    here = tmp_path / "here"
    (here / "own").mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("TMPDIR", "own")

    async def places() -> set[str]:
        before = children_of(os.getpid())
        async with launch_browser() as browser:
            page = await browser.new_page()
            await page.screenshot()
            found = children_of(os.getpid()) - before
            assert len(found) > 2
            # a relative name that the operator gave means what it did
            assert list((here / "own").iterdir())
            return {str((PROC / str(one) / "cwd").readlink()) for one in found}

    assert not [one for one in world.runner.run(places()) if str(here) in one]


def test_browsers_in_a_relative_folder_are_those_of_the_operators_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def told(own: Path, **_: object) -> Path:
        asked.append(str(own))
        raise ProjectError("the driver says where it looks, and no browser is needed")

    monkeypatch.setattr(chromium, "find_chromium", told)

    async def looked_for() -> str:
        with pytest.raises(ProjectError):
            async with launch_browser():
                pass
        return asked.pop()

    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "browsers")
    assert world.runner.run(looked_for()).startswith(f"{tmp_path}/browsers/")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "0")
    assert "/.local-browsers/" in world.runner.run(looked_for())
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for home in ("", ".", "home"):
        # these mean no folder: the driver would take the one it stands in
        monkeypatch.setenv("HOME", home)
        assert not world.runner.run(looked_for()).startswith(f"{tmp_path}/")


def test_no_switch_of_ours_takes_the_place_of_one_of_playwright() -> None:
    """Of two the last one counts: what Playwright keeps quiet would be heard again."""
    package = Path(playwright.__file__).parent / "driver" / "package" / "lib"
    texts = [one.read_text("utf-8") for one in package.glob("*.js")]
    switches = "".join(one for one in texts if '"--disable-features=' in one)
    assert switches
    ours = [one.partition("=")[0] for one in QUIET if "=" in one]
    assert [one for one in ours if f'"{one}=' in switches] == []


def test_no_browser_starts_a_program_that_opens_addresses(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script could write into a mail what is typed: no gate is on that way."""
    for name in OPENERS:
        (tmp_path / name).write_text("#!/bin/sh\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    async def started() -> list[int]:
        before = children_of(os.getpid())
        async with launch_browser():
            found = children_of(os.getpid()) - before
            told = os.fsdecode(b"\0".join(map(environment_of, found)))
            # some processes of the browser write over what they were given
            paths = re.findall("(?:^|\0)PATH=([^\0]+)", told)
            assert len(paths) > 1
            return [ended(name, path) for path in paths for name in OPENERS]

    assert all(world.runner.run(started()))


def test_the_sandbox_is_left_out_for_root_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def launch(**how: object) -> Browser:
        asked.append(how["chromium_sandbox"])
        return world.browser

    own = Path("/proc/self/exe")
    started: Any = SimpleNamespace(chromium=SimpleNamespace(launch=launch))

    async def act() -> None:
        for root in (True, False):
            monkeypatch.setattr(chromium, "is_root", lambda root=root: root)
            await chromium._started(started, own, headed=False, slow_ms=0)  # noqa: SLF001 - what the library is asked for

    world.runner.run(act())
    assert asked == [False, True]


def test_no_chromium_of_the_folder_itself_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (WITHOUT_WINDOW, *SYSTEM):
        (tmp_path / name).write_text("#!/bin/sh\ntouch ran\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for entries in ("", ".", f"bin{os.pathsep}.{os.pathsep}"):
        monkeypatch.setenv("PATH", entries)
        with pytest.raises(ProjectError, match="there is no Chromium"):
            find_chromium(tmp_path / "none")


def test_a_browser_without_a_window_is_preferred_where_none_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (WITHOUT_WINDOW, "chromium"):
        (tmp_path / name).write_text("#!/bin/sh\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    own = tmp_path / "none"
    assert find_chromium(own) == tmp_path / WITHOUT_WINDOW
    assert find_chromium(own, headed=True) == tmp_path / "chromium"
    (tmp_path / WITHOUT_WINDOW).unlink()
    assert find_chromium(own) == tmp_path / "chromium"
