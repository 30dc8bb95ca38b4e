"""How long the way is from `apply PLAN` to the save of one changed number."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from apply_trace import CallTrace, traced
from console import Console

VALLEY = Path(__file__).parent / "projects" / "valley"
COMMAND = "cli.apply.apply"


def planned(valley: Console, old: int, new: int) -> None:
    file = "districts/ca/lakeview-usd.yaml"
    valley.replace(file, f"deletion_threshold: {old}", f"deletion_threshold: {new}")
    assert valley.run("plan", "--out", "plan.json").status == 0


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> CallTrace:
    """Give what was called while one number was applied on the embedded backend."""
    folder = tmp_path_factory.mktemp("valley") / "project"
    shutil.copytree(VALLEY, folder)
    valley = Console(folder)
    assert valley.run("apply", "--yes").status == 0
    # once before it counts: what is imported on the way is no call, whatever ran before
    planned(valley, 15, 18)
    assert valley.run("apply", "plan.json").status == 0
    planned(valley, 18, 20)
    with traced() as trace:
        assert valley.run("apply", "plan.json").status == 0
    assert valley.live("lakeview-usd")["deletion_threshold"] == 20
    return trace


def test_one_changed_number_enters_few_modules(trace: CallTrace) -> None:
    assert "apply.saving" in trace.entered
    assert len(trace.entered) <= 93, sorted(trace.entered)


def test_a_save_is_at_most_twelve_calls_from_its_command(trace: CallTrace) -> None:
    (way,) = set(trace.saves)
    assert way[-1] == "backends.contract.ContractWriter.save"
    calls = way[way.index(COMMAND) + 1 :]
    assert len(calls) <= 12, calls
