from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apply_world import KEYS, World
from stores import KINDS, Place, place

from connectsync.apply.state.opening import open_store
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a real embedded Connect and a state store in a real file."""
    path = tmp_path / "connect.db"
    enrol(path, [(key, key) for key in KEYS])
    with open_store(tmp_path) as store:
        yield World(create_app(path), store)


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give an empty state store, once of each kind."""
    return place(request.param, tmp_path)
