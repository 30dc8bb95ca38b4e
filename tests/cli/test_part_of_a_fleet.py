"""What is said of a part of the fleet is true of the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus
from connectsync.report.reporter import formats_of

FLEET_RULES = ("unused-profile", "null-takes-nothing-back", "allow-unused")
PARTS = (
    ["districts/ca"],
    ["lakeview-usd"],
    ["districts/ca/*.yaml"],
    ["districts/ca", "--shard", "1/1"],
    ["--shard", "1/2"],
    ["--shard", "2/2"],
)


@pytest.fixture
def shared(valley: Console) -> Console:
    """Give the valley with a profile, a null and a token that only Texas explains."""
    profiles = valley.folder / "districts" / "_profiles"
    (profiles / "base.yaml").write_text(
        "schema: 1\nsettings:\n  archived_students: Keep archived\n", "utf-8"
    )
    (profiles / "texas.yaml").write_text(
        "schema: 1\nsettings:\n  archived_students: null\n", "utf-8"
    )
    texas = "districts/tx/dry-creek-isd.yaml"
    valley.replace(
        texas, "profile: clever-standard", "profile: [clever-standard, base, texas]"
    )
    for file in ("districts/ca/lakeview-usd.yaml", texas):
        _share_token(valley.folder / file)
    return valley


def _share_token(path: Path) -> None:
    lines = [
        "  oauth_token: env:SHARED" if "oauth_token:" in line else line
        for line in path.read_text("utf-8").splitlines()
    ]
    allowed = [
        "allow:",
        "  - rule: token-in-two-files",
        "    reason: the county signs in for both",
        "    until: 2027-03-01",
    ]
    path.write_text("\n".join([*lines, *allowed, ""]), "utf-8")


@pytest.mark.parametrize("part", PARTS, ids=" ".join)
@pytest.mark.parametrize("format_", formats_of("plan"))
@pytest.mark.sampled(12)
def test_a_plan_of_a_part_says_of_shared_files_only_what_holds_for_the_whole(
    shared: Console, part: list[str], format_: str
) -> None:
    checked = shared.run("validate")
    assert checked.status == 0, checked.both
    assert not any(rule in checked.both for rule in FLEET_RULES), checked.both
    said = shared.run("plan", *part, "--format", format_)
    assert said.status == 0, said.both
    assert [rule for rule in FLEET_RULES if rule in said.both] == []


def test_a_plan_that_names_the_whole_fleet_still_tells_of_a_profile_without_users(
    shared: Console,
) -> None:
    spare = shared.folder / "districts" / "_profiles" / "spare.yaml"
    spare.write_text("schema: 1\nsettings: {deletion_threshold: 15}\n", "utf-8")
    for named in ([], ["districts"], ["districts/ca", "districts/tx"]):
        said = shared.run("plan", *named, "--format", "html")
        assert "unused-profile" in said.out, named
        assert "clever-standard" not in said.out.partition("unused-profile")[2][:300]


def test_two_files_of_one_part_that_describe_one_roster_are_not_planned(
    valley: Console,
) -> None:
    lakeview = valley.folder / "districts/ca/lakeview-usd.yaml"
    text = lakeview.read_text("utf-8")
    other = text.replace("district: lakeview-usd", "district: other-usd")
    lakeview.with_name("other-usd.yaml").write_text(other, "utf-8")
    said = valley.run("plan", "districts/ca")
    assert said.status == ExitStatus.FINDINGS
    assert "the same district_id is in" in said.err
