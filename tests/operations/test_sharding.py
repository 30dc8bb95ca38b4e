"""All shards together tell what one worker would, and none tells it twice."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from connectsync.config.discovery import discover
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.domain.finding import Finding, ValidationReport
from connectsync.domain.policy import Shard
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.validate import share_of_report, validate_fleet

ROOT = Path(__file__).resolve().parents[2]
ASKED = ValidationOptions(today=date(2027, 1, 15), whole_fleet=True)


def loaded(root: Path) -> Fleet:
    files = discover(root, ["districts"]).files
    return load_fleet(root, files, districts_dir=root / "districts")


@pytest.fixture
def spoiled(tmp_path: Path) -> Fleet:
    """Give the sample fleet with findings of every sort that there is a place for."""
    districts = tmp_path / "districts"
    shutil.copytree(ROOT / "districts", districts)
    for number, file in enumerate(sorted(districts.glob("*/*.yaml"))):
        copy = districts / "copies" / f"copy-{number}.yaml"
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(file.read_text("utf-8"), "utf-8")
    (districts / "torn.yaml").write_text("schema: [", "utf-8")
    (districts / "no-schema.yaml").write_text("district: no-schema\n", "utf-8")
    profiles = districts / "_profiles"
    (profiles / "nobodys.yaml").write_text("schema: 1\n", "utf-8")
    (profiles / "torn.yaml").write_text("schema: [", "utf-8")
    for profile in ("clever-standard", "guardians-csv"):
        path = profiles / f"{profile}.yaml"
        text = path.read_text("utf-8").replace("[Cell]", "[Cell, Home, Work]")
        path.write_text(text, "utf-8")
    return loaded(tmp_path)


def shares(fleet: Fleet, count: int) -> tuple[ValidationReport, list[ValidationReport]]:
    whole = validate_fleet(fleet, ASKED)
    shards = [Shard(index, count) for index in range(1, count + 1)]
    return whole, [share_of_report(whole, fleet, shard) for shard in shards]


@pytest.mark.parametrize("count", range(1, 8))
def test_shards_of_the_sample_fleet_together_tell_the_whole(count: int) -> None:
    tells_the_whole(loaded(ROOT), count)


@pytest.mark.parametrize("count", range(1, 8))
def test_shards_of_a_spoiled_fleet_together_tell_the_whole(
    spoiled: Fleet, count: int
) -> None:
    tells_the_whole(spoiled, count)


def tells_the_whole(fleet: Fleet, count: int) -> None:
    whole, told = shares(fleet, count)
    assert sum(one.files for one in told) == whole.files
    assert Counter(one for each in told for one in each.findings) == Counter(
        whole.findings
    )
    assert Counter(one for each in told for one in each.allowed) == Counter(
        whole.allowed
    )


def test_the_spoiled_fleet_has_findings_in_every_place(spoiled: Fleet) -> None:
    profiles = set(spoiled.shelf.names.values())
    found = validate_fleet(spoiled, ASKED).findings

    def told(one: Finding) -> tuple[bool, bool]:
        return one.place.file in profiles, bool(one.districts)

    assert {told(one) for one in found} == {
        (False, False),
        (True, False),
        (True, True),
    }
    assert {
        "district-in-two-files",
        "district-id-in-two-files",
        "token-in-two-files",
        "unused-profile",
    } & {one.rule for one in found}


def test_a_finding_is_told_by_the_shard_of_its_district(spoiled: Fleet) -> None:
    for index, report in enumerate(shares(spoiled, 5)[1], 1):
        shard = Shard(index, 5)
        for one in report.findings:
            if "_profiles" not in one.place.file:
                assert shard.holds(Path(one.place.file).stem)
            elif one.districts:
                assert shard.holds(one.districts[0])
            else:
                assert index == 1
