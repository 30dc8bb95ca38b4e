"""One Chromium for all tests of a module; it takes half a second to start."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_world import World, session_of
from playwright.async_api import Browser

from connectsync.connect.browser.chromium import launched
from connectsync.emulator.seed import enrol

DISTRICTS = [("bay", "Bay"), ("elm", "Elm Park"), ("oak", "Oak (North)")]


@pytest.fixture(scope="module")
def chromium() -> Iterator[tuple[asyncio.Runner, Browser]]:
    with asyncio.Runner() as runner:
        opened = launched()
        browser = runner.run(opened.__aenter__())
        yield runner, browser
        runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def world(chromium: tuple[asyncio.Runner, Browser], tmp_path: Path) -> World:
    world = World(*chromium, tmp_path)
    enrol(world.store, DISTRICTS)
    session_of(world.store, tmp_path / "session.json")
    return world
