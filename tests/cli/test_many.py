"""A large fleet on the command line: short enough to read, and nothing is hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from console import Console
from fleets_of import Fleet, alike

SHARES = {"ca": 14, "ny/upstate": 9, "tx": 7}


def spread(folder: Path) -> Console:
    """Write a fleet of thirty in three folders, with a wave for a few of them."""
    fleet = Fleet(folder, tuple(alike(sum(SHARES.values()))))
    fleet.write()
    keys = iter(fleet.keys)
    for name, count in SHARES.items():
        inside = folder / "districts" / name
        inside.mkdir(parents=True)
        for _ in range(count):
            key = next(keys)
            (folder / "districts" / f"{key}.yaml").rename(inside / f"{key}.yaml")
    with (folder / "connectsync.yaml").open("a") as project:
        project.write("rollout: {waves: [{name: canary, percent: 10}]}\n")
    return Console(folder)


BY_WAVE = """

by wave  {kind}
canary  {canary:>{room}}
rest    {rest:>{room}}

"""


def by_wave(kind: str) -> str:
    room = len(kind) + 1
    return BY_WAVE.format(kind=kind, canary=3, rest=27, room=room)


def test_a_plan_and_its_run_are_told_by_folder_and_by_wave(tmp_path: Path) -> None:
    console = spread(tmp_path)
    planned = console.run("plan", "--out", "plan.json")
    assert (
        """

by folder  to change
ca                14
ny                 9
tx                 7

"""
        in planned.out
    )
    assert by_wave("to change") in planned.out
    drifted = console.run("drift")
    assert "\n\nby folder  pending\nca              14\n" in drifted.out
    applied = console.run("apply", "plan.json")
    assert applied.out.startswith("""\
by folder    done
ca             14
ny              9
tx              7

by wave    done
canary        3
rest         27

Run 1: 30 done; 63 changes confirmed by reading back
""")
    again = console.run("plan")
    assert again.out.startswith("Nothing to do: 30 districts in step with Connect\n")


def test_a_plan_of_one_folder_is_compared_with_nothing(tmp_path: Path) -> None:
    assert "by folder" not in spread(tmp_path).run("plan", "districts/ca").out


def with_findings(folder: Path, count: int) -> Console:
    """Write a fleet in which every other district has a warning, and one an error."""
    districts = [
        replace(one, settings={**one.settings, "phone_types": ["Home"] * (number % 2)})
        for number, one in enumerate(alike(count))
    ]
    last = districts[-1]
    districts[-1] = replace(last, settings={"phone_types": ["Home", "Cell"]})
    Fleet(folder, tuple(districts)).write()
    return Console(folder)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Console:
    return with_findings(tmp_path_factory.mktemp("wrong"), 500)


def headlines(text: str) -> int:
    return sum(
        line.startswith(("error[", "warning[", "info[")) for line in text.split("\n")
    )


def test_a_terminal_is_not_flooded_and_the_count_is_exact(wrong: Console) -> None:
    data = json.loads(wrong.run("validate", "--format", "json").out)
    summary = data["summary"]
    said = wrong.run("validate", environment={"NO_COLOR": "1"}, at_terminal=True)
    assert headlines(said.out) == 2
    assert said.out.count("\nerror[") == summary["errors"] == 1
    others = summary["warnings"] - 1
    assert f"the same in {others} other places" in said.out
    assert f"and {others - 5} more" in " ".join(said.out.split())
    assert f"1 error, {summary['warnings']} warnings" in said.out


def test_a_file_and_a_program_get_every_finding(wrong: Console) -> None:
    data = json.loads(wrong.run("validate", "--format", "json").out)
    files = [one["file"] for one in data["findings"]]
    assert wrong.run("validate", "--output", "found.txt").out == ""
    for text in (
        (wrong.folder / "found.txt").read_text("utf-8"),
        wrong.run("validate", "--output", "-").out,
        wrong.run("validate").out,
    ):
        assert all(file in text for file in files)
        assert " more" not in text


def test_what_is_not_shown_fails_all_the_same(wrong: Console) -> None:
    assert wrong.run("validate").status == 1
    calm = wrong.run("validate", "--ignore", "two-phone-types")
    assert (calm.status, headlines(calm.out)) == (0, 1)
    strict = wrong.run("validate", "--ignore", "two-phone-types", "--strict")
    assert strict.status == 1
