from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apply_world import KEYS, World

from connectsync.apply.store import open_store
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a real embedded Connect and a state store in a real file."""
    path = tmp_path / "connect.db"
    enrol(path, [(key, key) for key in KEYS])
    with open_store(tmp_path / "state.db") as store:
        yield World(create_app(path), store)
