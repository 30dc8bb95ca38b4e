from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectsync.config.discovery import discover
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.policy_check import check_policy
from connectsync.config.project import load_project

Write = Callable[[str, str], Path]
Held = Callable[..., Fleet]

TODAY = date(2027, 1, 15)

WAVES = """\
schema: 1
rollout:
  waves:
    - {name: canary, districts: [lakeview, elm-grove]}
    - {name: early, label: early-adopter}
    - {name: tenth, percent: 10}
"""


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Read what is named, and hold it against the waves."""

    def fleet(named: str = "districts", *, whole: bool = True) -> Fleet:
        project = load_project(tmp_path)
        files = discover(tmp_path, [named]).files
        read = load_fleet(tmp_path, files, districts_dir=Path("districts"))
        return read.with_findings(check_policy(project, read, whole=whole, today=TODAY))

    return fleet


def test_a_wave_that_names_nobody_is_found_with_the_nearest_word(
    write: Write, held: Held
) -> None:
    write("connectsync.yaml", WAVES)
    write("districts/lake-view.yaml", "labels: [early-adopters]\n")
    write("districts/ny/elm-grove.yaml", "")
    district, label = held().findings
    assert district.rule == label.rule == "wave-names-nobody"
    assert district.place.file == "connectsync.yaml"
    assert (district.place.line, district.place.column) == (4, 34)
    assert district.path == ("rollout", "waves", 0, "districts", 0)
    assert district.message == (
        "the wave 'canary' names no district: no file describes the district 'lakeview'"
    )
    assert district.hint == "did you mean 'lake-view'?"
    assert label.path == ("rollout", "waves", 1, "label")
    assert label.hint == "did you mean 'early-adopters'?"


def test_waves_whose_districts_and_labels_are_there_are_fine(
    write: Write, held: Held
) -> None:
    write("connectsync.yaml", WAVES)
    write("districts/lakeview.yaml", "")
    write("districts/elm-grove.yaml", "labels: [early-adopter]\n")
    assert held().findings == ()


def test_a_part_of_the_fleet_is_held_against_every_file_there_is(
    write: Write, held: Held
) -> None:
    write("connectsync.yaml", WAVES)
    write("districts/lakeview.yaml", "")
    write("districts/ny/elm-grove.yaml", "labels: [early-adopter]\n")
    assert held("districts/lakeview.yaml", whole=False).findings == ()


def test_labels_of_files_that_cannot_be_read_are_not_missed(
    write: Write, held: Held
) -> None:
    write("connectsync.yaml", WAVES)
    write("districts/lakeview.yaml", "")
    write("districts/elm-grove.yaml", "labels: [early-adopter]\nfacst: {}\n")
    assert [one.rule for one in held().findings] == ["unknown-key"]


def test_what_nothing_is_like_has_to_be_mended_by_hand(
    write: Write, held: Held
) -> None:
    write("connectsync.yaml", WAVES)
    write("districts/lakeview.yaml", "")
    write("districts/elm-grove.yaml", "")
    (label,) = held().findings
    assert label.hint == "correct the spelling, or remove it"


@pytest.mark.parametrize("text", ["", "rollout: {waves: [{name: a, percent: 10}]}\n"])
def test_waves_that_name_nobody_in_particular_wait_for_nobody(
    write: Write, held: Held, text: str
) -> None:
    write("connectsync.yaml", f"schema: 1\n{text}")
    write("districts/lakeview.yaml", "")
    assert held().findings == ()
