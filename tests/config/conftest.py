"""A small project on disk, and a way to write files into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str, str], Path]
HEAD = "schema: 1\ndistrict: {stem}\nname: {stem}\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """
    Write a file below the project folder.

    A district's first three keys are written for it if the text does not begin
    with ``schema``.
    """

    def write_one(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        head = "" if text.startswith("schema") else HEAD.format(stem=path.stem)
        path.write_text(head + text, encoding="utf-8")
        return path

    return write_one
