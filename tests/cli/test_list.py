"""The fleet is asked: what a list shows, and what `--where` does to other commands."""

from __future__ import annotations

import csv
import io
import json
import re
import sys

import pytest
from console import Console
from fitting import insist_fits

from connectsync.apply.state.opening import FILE
from connectsync.cli.asked import STATE_FILE

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
CHOOSING = ["validate", "plan", "drift", "snapshot", "status", "audit", "report"]
CHOOSING += ["impact"]
WHERE = "facts.setup_step > 7"


def listed(console: Console, *arguments: str) -> list[dict[str, object]]:
    said = console.run("list", *arguments, "--format", "json")
    assert said.status == 0, said.err
    data = json.loads(said.out)
    insist_fits(data, "list")
    rows: list[dict[str, object]] = data["districts"]
    return rows


def test_a_list_holds_effective_values_of_profile_and_file(valley: Console) -> None:
    (row,) = listed(valley, "--where", 'district == "lakeview-usd"')
    assert row["settings.deletion_threshold"] == 15
    assert row["settings.phone_types"] == ["Cell"]
    assert row["facts.clever_shares.contacts"] is True
    assert row["profiles"] == ["clever-standard"]
    assert row["settings.permissions"] is None


def test_every_row_that_a_person_reads_names_its_district(valley: Console) -> None:
    for format_ in ("text", "markdown"):
        said = valley.run("list", "--columns", "profiles", "--format", format_)
        assert said.out.count("lakeview-usd") == 1
    as_csv = valley.run("list", "--columns", "profiles", "--format", "csv")
    assert as_csv.out.splitlines()[0] == "profiles"


def test_a_profile_is_not_taken_for_a_district(valley: Console) -> None:
    for name in ("clever-standard", "districts/_profiles/clever-standard.yaml"):
        said = valley.run("show", name)
        assert said.status == 64
        assert "'clever-standard' is a profile" in said.err
        assert "`connectsync compare DISTRICT clever-standard`" in said.err


def test_a_list_is_sorted_and_what_is_not_stated_comes_last(valley: Console) -> None:
    for sort in ("deletion_threshold", "-deletion_threshold"):
        rows = listed(valley, "--sort", sort, "--columns", "deletion_threshold")
        found = [row["settings.deletion_threshold"] for row in rows]
        stated = [one for one in found if one is not None]
        assert found == [*stated, *[None] * (len(found) - len(stated))]
        assert stated == sorted(stated, reverse=sort.startswith("-"))  # type: ignore[type-var]


def test_the_state_is_what_was_last_known(valley: Console) -> None:
    before = listed(valley, "--columns", "state.standing,state.run")
    assert {row["state.standing"] for row in before} == {"never applied"}
    assert valley.run("apply", "lakeview-usd", "--yes").status == 0
    names = "district,state.standing,state.run,state.ending,state.pending"
    rows = {row["district"]: row for row in listed(valley, "--columns", names)}
    assert rows["lakeview-usd"]["state.standing"] == "in step"
    assert rows["lakeview-usd"]["state.run"] == 1
    assert rows["lakeview-usd"]["state.ending"] == "done"
    file = valley.folder / "districts/ca/lakeview-usd.yaml"
    file.write_text(file.read_text().replace("threshold: 15", "threshold: 17"))
    where = 'state.standing == "pending"'
    (row,) = listed(valley, "--where", where, "--columns", names)
    assert row["state.pending"] == ["deletion_threshold"]


def test_a_question_makes_no_store(valley: Console) -> None:
    assert STATE_FILE == FILE
    assert listed(valley, "--columns", "state.standing")
    assert not (valley.folder / ".connectsync" / FILE).exists()


def test_live_values_stand_beside_those_of_files(valley: Console) -> None:
    rows = listed(valley, "--live", "--where", "size(live.differs) > 0")
    assert {row["district"] for row in rows} == {"harbor-point-usd", "lakeview-usd"}
    (lakeview,) = (row for row in rows if row["district"] == "lakeview-usd")
    assert lakeview["live.standing"] == "pending"
    assert lakeview["live.deletion_threshold"] == 45


def test_findings_of_a_district_can_be_asked_for(valley: Console) -> None:
    file = valley.folder / "districts/ca/lakeview-usd.yaml"
    file.write_text(file.read_text().replace("threshold: 15", "threshold: 2"))
    rows = listed(valley, "--where", "warnings > 0 || errors > 0")
    assert [row["district"] for row in rows] == ["lakeview-usd"]
    assert rows[0]["findings"]


def test_a_file_with_errors_is_left_out_with_a_word(valley: Console) -> None:
    file = valley.folder / "districts/ca/lakeview-usd.yaml"
    file.write_text(file.read_text().replace("threshold: 15", "threshold: often"))
    said = valley.run("list", "--columns", "district")
    assert said.status == 0
    assert "lakeview-usd" not in said.out
    assert "left out, for these have errors: districts/ca/lakeview-usd.yaml" in said.err


def test_a_cell_that_a_spreadsheet_would_work_out_is_made_text(
    valley: Console,
) -> None:
    file = valley.folder / "districts/ca/lakeview-usd.yaml"
    name = "Lakeview Unified School District"
    file.write_text(file.read_text().replace(name, '"=HYPERLINK(\\"http://a.b\\")"'))
    said = valley.run("list", "--format", "csv", "--columns", "district,name")
    rows = {row["district"]: row for row in csv.DictReader(io.StringIO(said.out))}
    assert rows["lakeview-usd"]["name"] == '\'=HYPERLINK("http://a.b")'


def test_a_redirected_list_is_never_broken_and_a_narrow_one_never_cut(
    valley: Console,
) -> None:
    columns = "name,contact_relationships,file"
    whole = valley.run("list", "--columns", columns).out
    assert len([line for line in whole.splitlines() if "usd.yaml" in line]) == 2
    narrow = valley.run(
        "list",
        "--columns",
        columns,
        environment={"COLUMNS": "70", "NO_COLOR": "1"},
        at_terminal=True,
    )
    assert max(map(len, narrow.out.splitlines())) <= 70
    for word in ("Lakeview", "Grandparent,", "districts/ca/lakeview-usd.yaml"):
        assert word in narrow.out


@pytest.mark.parametrize("command", CHOOSING)
def test_other_commands_take_only_the_districts_it_chooses(
    valley: Console, command: str
) -> None:
    said = valley.run(command, "--where", WHERE)
    assert "--where chose 2 of 3 districts" in said.err
    assert "harbor-point" not in said.both


@pytest.mark.parametrize("command", CHOOSING)
def test_choosing_none_is_told_and_nothing_is_done(
    valley: Console, command: str
) -> None:
    said = valley.run(command, "--where", "facts.setup_step > 90")
    assert (said.status, said.out) == (64, "")
    assert "--where: no district is like that" in said.err


def test_a_plan_of_chosen_districts_is_applied_as_it_was_planned(
    valley: Console,
) -> None:
    assert valley.run("plan", "--where", WHERE, "--out", "plan.json").status == 0
    plan = json.loads((valley.folder / "plan.json").read_text())
    assert plan["scope"] == [
        "districts/ca/lakeview-usd.yaml",
        "districts/tx/dry-creek-isd.yaml",
    ]
    assert valley.run("apply", "plan.json").status == 0


def test_without_the_extra_the_sentence_says_how_to_add_it(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    monkeypatch.delitem(sys.modules, "cel_expr_python.cel", raising=False)
    said = valley.run("list", "--where", WHERE)
    assert said.status == 64
    assert "--where needs the extra `query`" in said.err
    assert "cel-expr-python" in said.err
    assert valley.run("list").status == 0


def test_several_districts_are_shown_as_text_and_json(valley: Console) -> None:
    said = valley.run("show", "lakeview-usd", "dry-creek-isd")
    assert said.out.count("\nsettings\n") == 2
    data = json.loads(
        valley.run("show", "lakeview-usd", "dry-creek-isd", "--format", "json").out
    )
    first = data["districts"][0]
    assert first["district"] == "lakeview-usd"
    threshold = next(
        one for one in first["values"] if one["path"] == "settings.deletion_threshold"
    )
    assert threshold["value"] == 15
    assert threshold["file"] == "districts/ca/lakeview-usd.yaml"


def test_a_saved_plan_is_shown_in_every_format_of_plans(valley: Console) -> None:
    planned = valley.run("plan", "--out", "plan.json")
    shown = valley.run("show", "plan.json")
    assert "shown as the file says them" in shown.err
    assert shown.status == 0
    assert shown.out == planned.out
    assert "## " in valley.run("show", "plan.json", "--format", "markdown").out
    assert "<!doctype html>" in valley.run("show", "plan.json", "--format", "html").out


def test_two_districts_are_compared(valley: Console) -> None:
    said = valley.run("compare", "lakeview-usd", "harbor-point-usd")
    assert said.status == 1
    assert "settings.deletion_threshold  15            (not stated)" in said.out
    assert valley.run("compare", "lakeview-usd", "lakeview-usd").status == 0


def test_a_district_is_compared_with_its_profile_and_with_connect(
    valley: Console,
) -> None:
    profile = valley.run("compare", "lakeview-usd", "clever-standard")
    assert "facts.setup_step" in profile.out
    assert "labels" not in profile.out
    live = valley.run("compare", "lakeview-usd", "--live")
    assert "settings.deletion_threshold  15     45" in live.out
    assert live.status == 1


@pytest.mark.parametrize("format_", ["text", "csv", "json", "markdown"])
def test_no_line_of_a_list_is_a_command_to_a_runner(
    valley: Console, format_: str
) -> None:
    """GitHub's runner trims a line before it looks for ``::``, and finds ``##[``."""
    name = "::add-mask::x ##[error]y"
    valley.replace(
        LAKEVIEW, "name: Lakeview Unified School District", f"name: '{name}'"
    )
    asked = ["list", "--columns", "name", "--format", format_]
    shown = valley.run(*asked).out
    assert valley.run(*asked, "--output", "list.txt").status == 0
    for text in (shown, (valley.folder / "list.txt").read_text()):
        assert "add-mask" in text
        assert [one for one in text.splitlines() if one.lstrip().startswith("::")] == []
        assert not re.search(r"##(vso|teamcity)?\[", text)
    if format_ == "json":
        assert name in [row["name"] for row in json.loads(shown)["districts"]]


def test_no_line_of_a_log_is_a_command_to_a_runner(valley: Console) -> None:
    """Standard error is read by it as well, and JSON says the same with it spelled."""
    name = "##[error]y.yaml"
    said = valley.run("--log-format", "json", "validate", name)
    assert said.status == 64
    assert "##[" not in said.err
    assert any(name in json.loads(line)["message"] for line in said.err.splitlines())
