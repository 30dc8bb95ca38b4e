"""A stand-in for each test, in the one Chromium of all tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser_world import World, close_tabs, session_of
from playwright.async_api import Browser

from connectsync.emulator.seed import enrol

DISTRICTS = [("bay", "Bay"), ("elm", "Elm Park"), ("oak", "Oak (North)")]


@pytest.fixture
def world(
    chromium: tuple[asyncio.Runner, Browser],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    world = World(*chromium, tmp_path)

    @asynccontextmanager
    async def launched(**_: object) -> AsyncIterator[Browser]:
        """Sign in in it as well, where nothing is left either; `login` starts one."""
        try:
            yield world.browser
        finally:
            await close_tabs(world.browser)

    monkeypatch.setattr("connectsync.backends.browser.session.launch_browser", launched)
    enrol(world.store, DISTRICTS)
    session_of(world.store, tmp_path / "session.json")
    return world
