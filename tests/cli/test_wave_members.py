"""A wave that names nobody is found before anybody trusts in it."""

from __future__ import annotations

import json

import pytest
from console import Console

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


def waves(valley: Console, wave: str) -> None:
    rollout = f"rollout: {{waves: [{wave}]}}\n"
    valley.replace("connectsync.yaml", "guards:", f"{rollout}guards:")


@pytest.mark.parametrize(
    ("wave", "message", "hint"),
    [
        (
            "{name: canary, districts: [lakevew-usd]}",
            "no file describes the district 'lakevew-usd'",
            "did you mean 'lakeview-usd'?",
        ),
        (
            "{name: canary, label: early-adopter}",
            "no district has the label 'early-adopter'",
            "correct the spelling, or remove it",
        ),
    ],
)
def test_a_wave_of_nobody_is_an_error_of_the_whole_fleet(
    valley: Console, wave: str, message: str, hint: str
) -> None:
    waves(valley, wave)
    said = valley.run("validate", "--format", "json")
    assert said.status == 1
    (finding,) = [
        one
        for one in json.loads(said.out)["findings"]
        if one["rule"] == "wave-names-nobody"
    ]
    assert finding["file"] == "connectsync.yaml"
    assert finding["message"].endswith(message)
    assert finding["hint"] == hint
    planned = valley.run("plan")
    assert planned.status != 0
    assert message in planned.err


def test_one_file_is_validated_without_a_look_at_the_waves(valley: Console) -> None:
    waves(valley, "{name: canary, districts: [lakevew-usd]}")
    assert valley.run("validate", LAKEVIEW).status == 0


def test_a_part_of_the_fleet_is_not_planned_while_a_canary_is_missing(
    valley: Console,
) -> None:
    waves(valley, "{name: canary, districts: [harbor-pt-usd]}")
    said = valley.run("plan", LAKEVIEW)
    assert said.status != 0
    assert "connectsync.yaml:5:" in said.err
    valley.replace("connectsync.yaml", "harbor-pt-usd", "harbor-point-usd")
    assert valley.run("plan", LAKEVIEW).status == 0


def test_a_label_may_be_of_a_district_outside_the_scope(valley: Console) -> None:
    waves(valley, "{name: early, label: early-adopter}")
    harbor = "districts/ca/harbor-point-usd.yaml"
    valley.replace(harbor, "facts:", "labels: [early-adopter]\nfacts:")
    assert valley.run("plan", LAKEVIEW).status == 0
    assert valley.run("plan").status == 0


def test_the_labels_of_a_district_are_shown_with_their_line(valley: Console) -> None:
    valley.replace(LAKEVIEW, "facts:", "labels: [early-adopter]\nfacts:")
    shown = valley.run("show", LAKEVIEW).out.splitlines()
    (at,) = [n for n, line in enumerate(shown) if line.split()[:1] == ["labels"]]
    assert shown[at].split() == ["labels", "[early-adopter]"]
    assert f"{LAKEVIEW}:8" in " ".join(shown[at - 1 : at + 2])
