"""Plans and snapshots with wrong types, signed again: a sentence, nothing written."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from assurance_counts import TALLY
from console import Console

from connectsync.backends.snapshot import parse_snapshot
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan import Plan, StillRunning
from connectsync.domain.plan_file import digest_of, plan_data, read_plan
from connectsync.domain.plan_shape import PLAN
from connectsync.errors import DamagedPlan

Path = tuple[str | int, ...]

OTHERS: tuple[Any, ...] = (
    *(None, True, 0, -1, 20.0, 1.5, 10**30, float("nan"), "", "x", "\ud800"),
    *([], ["x"], [1], [[]], {}, {"x": 1}),
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2027-01-15T10:00:00",
)
"""Values of every kind, to stand where another is expected."""


def spots(data: Any, path: Path = ()) -> Iterator[Path]:
    """Give the path of every member and item, whole ones and leaves alike."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from spots(value, (*path, key))


def mutations(data: Any) -> Iterator[tuple[Path, Any]]:
    """Give the data once for each spot and each other value, and for each loss."""
    for path in spots(data):
        for other in OTHERS:
            changed = copy.deepcopy(data)
            _holder(changed, path)[path[-1]] = other
            yield path, changed
        changed = copy.deepcopy(data)
        del _holder(changed, path)[path[-1]]
        yield path, changed


def _holder(data: Any, path: Path) -> Any:
    for part in path[:-1]:
        data = data[part]
    return data


def signed(data: dict[str, Any]) -> str:
    return json.dumps({**data, "digest": digest_of(data)})


def read_again(text: str) -> Plan | None:
    try:
        return read_plan(text)
    except DamagedPlan:
        return None


@pytest.fixture
def plan(valley: Console) -> dict[str, Any]:
    assert valley.run("plan", "--out", "plan.json").status == ExitStatus.FINE
    data: dict[str, Any] = json.loads((valley.folder / "plan.json").read_text("utf-8"))
    return data


@pytest.mark.timeout(600)
def test_a_plan_of_wrong_types_is_refused_in_a_sentence_whoever_signed_it(
    valley: Console,
    plan: dict[str, Any],
    record_property: Callable[[str, object], None],
) -> None:
    survivors: dict[str, str] = {}
    count = 0
    for path, changed in mutations(plan):
        count += 1
        text = signed(changed)
        if path != ("digest",) and read_again(text) is not None:
            survivors[f"{path[-1]}={type(_value(changed, path)).__name__}"] = text
    assert count > 1000
    record_property(TALLY, count)
    for spot, text in survivors.items():
        shutil.rmtree(valley.folder / ".connectsync", ignore_errors=True)
        (valley.folder / "forged.json").write_text(text, "utf-8")
        said = valley.run("apply", "forged.json", "--yes")
        assert said.status != ExitStatus.BUG, (spot, said.err)
        # what is only another text, such as the time of the plan, may be applied
        assert said.status == ExitStatus.FINE or "error: " in said.err, spot


def test_each_part_that_a_plan_can_have_has_a_shape(plan: dict[str, Any]) -> None:
    made = read_plan(signed(plan))
    full = replace(
        made,
        rollback_of=1,
        since="0" * 40,
        still_running=(StillRunning("elm", "elm.yaml"),),
    )
    data = plan_data(full)
    assert data.keys() <= PLAN.needed.keys() | PLAN.optional.keys()
    for wrong in (7, {"district": {"x": 1}, "file": [1], "error": None}):
        assert read_again(signed({**data, "still_running": [wrong]})) is None


def _value(data: Any, path: Path) -> Any:
    holder = _holder(data, path)
    try:
        return holder[path[-1]]
    except (KeyError, IndexError):
        return None


def test_a_snapshot_of_wrong_types_is_refused_in_a_sentence(valley: Console) -> None:
    data = json.loads((valley.folder / "live.json").read_text("utf-8"))
    data["options"] = {"phone_types": ["Cell"]}
    data["unread"] = [{"district": "elm", "reason": "none"}]
    data["districts"] = data["districts"][:1]
    data["districts"][0]["confirmed"] = {"by": "Ada", "at": "2027-01-15T10:00:00Z"}
    survivors: dict[str, str] = {}
    for path, changed in mutations(data):
        text = json.dumps(changed)
        try:
            parse_snapshot(text.encode("utf-8"))
        except ValueError:
            continue
        survivors[f"{path[-1]}={type(_value(changed, path)).__name__}"] = text
    for spot, text in survivors.items():
        (valley.folder / "forged.json").write_text(text, "utf-8")
        said = valley.run("--backend", "snapshot:forged.json", "plan")
        assert said.status != ExitStatus.BUG, (spot, said.err)
