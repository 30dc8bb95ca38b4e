"""Eighty districts in daily work: a change of many is read on one screen."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import eighty
import pytest
from console import Console
from documents import ROOT

SCREEN = 40
NOW = {"CONNECTSYNC_NOW": "2027-10-04T15:00:00Z"}
ASSETS = ROOT / "docs" / "assets"


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project of eighty districts that was applied once."""
    folder = tmp_path_factory.mktemp("adopted")
    (folder / "eighty.csv").write_text(eighty.sheet())
    (folder / "live.json").write_text(eighty.live())
    console = Console(folder / "project")
    assert Console(folder).run("init", "project").status == 0
    (console.folder / "districts" / "example-district.yaml").unlink()
    shutil.move(folder / "live.json", console.folder / "live.json")
    with (console.folder / "connectsync.yaml").open("a") as project:
        project.write("backends:\n  embedded: {seed: live.json}\n")
    for command in ("new --from-sheet ../eighty.csv --yes", "apply --yes"):
        said = console.run(*command.split(), environment=NOW)
        assert said.status == 0, said.both
    return console.folder


@pytest.fixture
def fleet(adopted: Path, tmp_path: Path) -> Console:
    shutil.copytree(adopted, tmp_path / "project")
    return Console(tmp_path / "project")


def test_readers_get_the_sheet_and_the_forms_that_are_generated() -> None:
    assert (ASSETS / "eighty-districts.csv").read_text() == eighty.sheet()
    assert (ASSETS / "eighty-live.json").read_text() == eighty.live()


def test_what_is_wrong_in_many_rows_of_a_sheet_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "eighty.csv").write_text(eighty.sheet())
    console = Console(tmp_path / "project")
    assert Console(tmp_path).run("init", "project").status == 0
    arguments = ("import", "--from-sheet", "../eighty.csv", "--dry-run")
    said = console.run(*arguments, environment=NOW).err
    told = [line for line in said.splitlines() if line.startswith("warning[")]
    assert len(told) == len({line.partition("]")[0] for line in told}) == 4
    home = next(line for line in told if "home-phone-for-texts" in line)
    assert "so in 4 other files: districts/cedar-point.yaml" in home


def test_a_heading_that_means_nothing_is_told_once_and_not_for_each_row(
    fleet: Console,
) -> None:
    text = eighty.sheet().replace("rollover.from", "rolover.from", 1)
    (fleet.folder / "eighty.csv").write_text(text)
    said = fleet.run("import", "--from-sheet", "eighty.csv", environment=NOW)
    assert said.status == 1
    assert "1 cell cannot be taken" in said.err
    assert "did you mean 'facts.rollover.from'?" in said.err


@pytest.mark.parametrize(
    ("change", "where", "districts", "kinds"),
    [
        ("phone_types=Cell", '"Home" in settings.phone_types', 5, 2),
        ("unarchive_classrooms=true", '"tx" in labels', 26, 2),
        ("permissions+=Content Moderator", "true", 80, 2),
    ],
)
def test_a_change_of_many_and_its_plan_are_each_one_screen(
    fleet: Console, change: str, where: str, districts: int, kinds: int
) -> None:
    shown = fleet.run("set", change, "--where", where, "--yes", environment=NOW)
    assert shown.status == 0, shown.both
    assert f"{districts} files to change" in shown.err
    changes = [line for line in shown.out.splitlines() if line.startswith("@@")]
    assert len(changes) <= kinds
    assert len(shown.both.splitlines()) <= SCREEN, shown.both
    planned = fleet.run("plan", environment=NOW)
    assert f"80 districts: {districts} to change" in planned.out
    assert len(planned.out.splitlines()) <= SCREEN, planned.out
    assert max(map(len, planned.out.splitlines())) <= 80


def test_files_that_change_alike_are_all_named(fleet: Console) -> None:
    where = '"tx" in labels'
    said = fleet.run("set", "deletion_threshold=18", "--where", where, "--dry-run")
    keys = [
        path.stem
        for path in (fleet.folder / "districts").glob("*.yaml")
        if re.search(r"labels: \[.*\btx\b", path.read_text())
    ]
    assert len(keys) == 26
    for key in keys:
        assert key in said.out, key


def test_no_more_is_left_out_where_changes_are_not_alike(fleet: Console) -> None:
    keys = ("alder-creek", "alder-falls", "alder-grove")
    for number, key in enumerate(keys):
        path = fleet.folder / "districts" / f"{key}.yaml"
        text = path.read_text()
        value = f"deletion_threshold: {16 + number}"
        path.write_text(text.replace("deletion_threshold: 15", value))
    planned = fleet.run("plan", environment=NOW).out
    for number, key in enumerate(keys):
        assert f"districts/{key}.yaml" in planned
        assert f"15 → {16 + number}" in planned


def test_an_audit_of_eighty_is_two_screens_and_its_tables_stay_whole(
    fleet: Console,
) -> None:
    text = fleet.run("audit", environment=NOW)
    assert len(text.out.splitlines()) <= 2 * SCREEN, text.out
    home = " ".join(text.out.partition("warning[home-phone-for-texts]")[2].split())
    named = "alder-point, cedar-point, elm-point, grand-point, iron-point"
    assert f"5 districts: {named}" in home
    assert text.out.count("[home-phone-for-texts]") == 1
    assert "144 notes not shown; `--show info` shows them" in text.out
    assert "info[" not in text.out
    for format_, one in (("csv", "\nfinding,"), ("markdown", "\n| `")):
        whole = fleet.run("audit", "--format", format_, environment=NOW).out
        # notes too: 19 warnings are of four rules, 144 notes of two
        assert whole.count(one) >= 19 + 144, format_


def test_an_audit_tells_notes_where_they_are_asked_for(fleet: Console) -> None:
    said = fleet.run("audit", "--show", "info", environment=NOW).out
    told = [line for line in said.splitlines() if line.startswith("info[")]
    assert 2 <= len(told) <= 6, told
    assert "not shown" not in said
    # not on a terminal: all of them are named
    assert said.count("alder-falls") == 2


def test_an_audit_on_a_terminal_names_the_first_of_many_districts(
    fleet: Console,
) -> None:
    shown = fleet.run("audit", "--show", "info", environment=NOW, at_terminal=True).out
    words = " ".join(shown.split())
    assert re.search(r"\d\d districts: alder-\w+, [^:]* and \d\d more", words), shown
    assert len(shown.splitlines()) <= 3 * SCREEN, shown


def test_an_audit_groups_districts_that_could_not_be_read_and_exceptions(
    fleet: Console,
) -> None:
    allow = "\nallow:\n  - {rule: home-phone-for-texts, reason: x y, until: 2028-06-30}"
    for path in (fleet.folder / "districts").glob("*-point.yaml"):
        path.write_text(path.read_text().rstrip() + allow + "\n")
    live = fleet.folder / "live.json"
    text = live.read_text().replace("-ridge", "-rigde")
    live.write_text(text)
    anywhere = NOW | {"CONNECTSYNC_NOW_ANYWHERE": "1"}
    said = fleet.run("--backend", "snapshot:live.json", "audit", environment=anywhere)
    assert "Exceptions (10)" in said.out
    assert said.out.count("home-phone-for-texts  until 2028-06-30, in force") == 1
    assert "In a file and not live, or not read (10)" in said.out
    assert said.out.count("has no such district") == 1
    assert "Live and in no file (10)" in said.out
    assert said.out.count("alder-ridge") == 1


def test_a_list_of_eighty_has_a_line_each_and_counts_notes(fleet: Console) -> None:
    said = fleet.run("list", environment=NOW).out
    assert "nobody-changes-permissions" not in said
    assert "threshold-still-raised" in said
    assert said.endswith(
        "144 notes not shown; `--columns district,findings` shows them\n80 districts\n"
    )
    asked = ("list", "--columns", "district,findings")
    assert fleet.run(*asked, environment=NOW).out.count("nobody-changes") == 80
    # who asks for one is shown it, and programs are told all
    where = '"nobody-changes-permissions" in findings'
    chosen = fleet.run("list", "--where", where, environment=NOW).out
    assert chosen.count("nobody-changes-permissions") == 80
    table = fleet.run("list", "--format", "csv", environment=NOW).out
    assert table.count("nobody-changes-permissions") == 80


def test_who_approves_sees_every_district_that_changes(fleet: Console) -> None:
    change = ("set", "unarchive_classrooms=true", "--where", '"tx" in labels', "--yes")
    assert fleet.run(*change, environment=NOW).status == 0
    assert fleet.run("plan", "--out", "plan.json", environment=NOW).status == 0
    said = fleet.run(
        "approve", "plan.json", "--as", "Ada Li", environment=NOW, at_terminal=True
    )
    assert "approved by Ada Li" in said.out
    plan = json.loads((fleet.folder / "plan.json").read_text())
    assert len(plan["districts"]) == 26
    for one in plan["districts"]:
        assert one["district"] in said.out
