from __future__ import annotations

import json

from console import Console


def test_a_district_is_planned_and_applied_by_its_name(valley: Console) -> None:
    said = valley.run("plan", "lakeview-usd", "--out", "plan.json")
    assert said.status == 0, said.err
    plan = json.loads((valley.folder / "plan.json").read_text())
    assert plan["scope"] == ["districts/ca/lakeview-usd.yaml"]
    assert valley.run("apply", "plan.json").status == 0
    assert valley.run("plan", "lakeview-usd", "--detailed-exitcode").status == 0


def test_a_name_that_is_none_says_which_was_meant_perhaps(valley: Console) -> None:
    for command in ("validate", "plan", "apply", "drift"):
        said = valley.run(command, "lakeview")
        assert (said.status, said.out) == (64, "")
        assert "'lakeview' matches no district file" in said.err
        assert "did you mean 'lakeview-usd'?" in said.err
