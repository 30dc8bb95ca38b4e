from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    """Give a copy of the overlays, with a plan where a person would put one."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    folder = tmp_path / "deploy" / "kubernetes" / "overlays"
    (folder / "apply" / "plan.json").write_text('{\n  "digest": "…"\n}\n', "utf-8")
    return folder
