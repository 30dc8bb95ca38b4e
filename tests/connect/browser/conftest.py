"""A stand-in for each test, in the one Chromium of all tests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from browser_world import World, session_of
from playwright.async_api import Browser

from connectsync.emulator.seed import enrol

DISTRICTS = [("bay", "Bay"), ("elm", "Elm Park"), ("oak", "Oak (North)")]


@pytest.fixture
def world(chromium: tuple[asyncio.Runner, Browser], tmp_path: Path) -> World:
    world = World(*chromium, tmp_path)
    enrol(world.store, DISTRICTS)
    session_of(world.store, tmp_path / "session.json")
    return world
