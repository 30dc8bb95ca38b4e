"""A label of a file is the label of Connect, however either spells its accents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from console import Console

ONE = "Évaluation"
APART = "E\N{COMBINING ACUTE ACCENT}valuation"
LAKEVIEW = "districts/ca/lakeview-usd.yaml"
BACKENDS = ("embedded", "snapshot:live.json")


def hold(console: Console, district: str, **settings: object) -> None:
    """Let a district hold these settings on Connect."""
    path = console.folder / "live.json"
    data = json.loads(path.read_text("utf-8"))
    for one in data["districts"]:
        if one["district"] == district:
            one["settings"].update(settings)
    path.write_text(json.dumps(data), "utf-8")


def want(console: Console, **settings: object) -> None:
    """Let Lakeview's file want just these settings, its sync on."""
    path = console.folder / LAKEVIEW
    head = path.read_text("utf-8").split("settings:")[0]
    stated = {"enable_daily_sync": True, **settings}
    path.write_text(
        f"{head}settings: {json.dumps(stated, ensure_ascii=False)}\n", "utf-8"
    )


def options(console: Console, **labels: list[str]) -> None:
    """Record labels in the project file."""
    path = console.folder / "connectsync.yaml"
    text = path.read_text("utf-8")
    recorded = json.dumps(labels, ensure_ascii=False)
    path.write_text(f"{text}\noptions: {recorded}\n", "utf-8")


def planned(console: Console, backend: str) -> dict[str, Any]:
    said = console.run("--backend", backend, "plan", LAKEVIEW, "--format", "json")
    assert said.status == 0, said.both
    data: dict[str, Any] = json.loads(said.out)
    return data


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("file", "live"), [(ONE, APART), (APART, ONE)])
def test_a_label_spelled_otherwise_is_nothing_to_do(
    valley: Console, backend: str, file: str, live: str
) -> None:
    groups = ["Family Access", file]
    hold(
        valley,
        "lakeview-usd",
        archived_students=live,
        permissions=["Family Access", live],
    )
    options(valley, permissions=["Family Access", ONE], archived_students=[ONE])
    want(valley, archived_students=file, permissions=groups)
    plan = planned(valley, backend)
    assert plan["districts"] == []
    assert "untouched" not in plan


@pytest.mark.parametrize(("file", "recorded"), [(ONE, APART), (APART, ONE)])
def test_a_label_is_recorded_however_it_is_spelled(
    valley: Console, file: str, recorded: str
) -> None:
    options(valley, archived_students=["Other", recorded], permissions=[recorded])
    want(valley, archived_students=file, permissions=[file])
    said = valley.run("validate", LAKEVIEW, "--format", "json")
    rules = {one["rule"] for one in json.loads(said.out)["findings"]}
    assert rules.isdisjoint(
        {"unknown-label", "archived-students-unknown", "label-not-offered"}
    ), said.out


@pytest.mark.parametrize("recorded", [True, False])
def test_a_save_sends_a_label_as_connect_spells_it(
    valley: Console, *, recorded: bool
) -> None:
    # another district proves that the page offers it, and how it spells it
    hold(valley, "harbor-point-usd", archived_students=APART)
    if recorded:
        options(valley, archived_students=[ONE, "Other"])
    want(valley, archived_students=ONE)
    assert valley.run("plan", LAKEVIEW, "--out", "p.json").status == 0
    said = valley.run("apply", "p.json", "--yes")
    assert said.status == 0, said.both
    assert valley.live("lakeview-usd")["archived_students"] == APART
    assert planned(valley, "embedded")["districts"] == []
    drift = valley.run("drift", LAKEVIEW)
    assert drift.status == 0, drift.both


def test_import_writes_a_label_as_connect_spells_it(valley: Console) -> None:
    hold(valley, "lakeview-usd", archived_students=APART)
    (valley.folder / LAKEVIEW).unlink()
    said = valley.run("import", "lakeview-usd")
    assert said.status == 0, said.both
    (path,) = valley.folder.glob("districts/**/lakeview-usd.yaml")
    assert APART in path.read_text("utf-8")
    plan = valley.run("plan", "lakeview-usd", "--format", "json")
    assert json.loads(plan.out)["districts"] == [], plan.both


def test_an_import_leaves_a_file_alone_that_spells_a_label_otherwise(
    valley: Console,
) -> None:
    hold(valley, "lakeview-usd", archived_students=APART)
    valley.run("import", "lakeview-usd")
    path = valley.folder / LAKEVIEW
    path.write_text(path.read_text("utf-8").replace(APART, ONE), "utf-8")
    before = path.read_bytes()
    assert valley.run("import", "lakeview-usd").status == 0
    assert path.read_bytes() == before


def test_doctor_takes_a_recorded_label_for_the_one_that_is_offered(
    valley: Console,
) -> None:
    hold(valley, "lakeview-usd", permissions=["Family Access", APART])
    valley.run("doctor", "--record")
    path = valley.folder / "connectsync.yaml"
    path.write_text(path.read_text("utf-8").replace(APART, ONE), "utf-8")
    said = valley.run("doctor")
    assert "also offers" not in said.out
    assert "does not offer" not in said.out
