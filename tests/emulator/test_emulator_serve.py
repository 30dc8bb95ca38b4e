"""Serving is for this machine alone, and says what it needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import uvicorn

from connectsync.emulator.app import create_app, serve
from connectsync.emulator.http import UvicornMissing


def test_it_serves_on_loopback_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda made: served.append(made.config))
    serve(create_app(tmp_path / "connect.db"))
    assert [(config.host, config.port) for config in served] == [("127.0.0.1", 8765)]


def test_without_the_extra_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UvicornMissing, match="pip install 'uvicorn"):
        serve(create_app(tmp_path / "connect.db"))
