"""No output takes the place of what is read, or of what the project names."""

from __future__ import annotations

import pytest
import slow_tally as slow
from console import Console
from documents import ROOT
from marked_rosters import made
from rosters_of_fleet import lay_rosters


@pytest.fixture
def fleet(valley: Console) -> Console:
    return lay_rosters(valley)


WRITING = {
    "impact": ["impact", "lakeview-usd", "--format", "csv", "--output"],
    "plan, the plan": ["plan", "--impact", "--out"],
    "plan, its report": ["plan", "--impact", "--format", "json", "--output"],
    "plan without numbers": ["plan", "--format", "json", "--output"],
    "validate": ["validate", "--format", "json", "--output"],
    "list": ["list", "--format", "csv", "--output"],
    "drift": ["drift", "--format", "json", "--output"],
    "snapshot": ["snapshot", "--output"],
    "export": ["export", "--output"],
    "audit": ["audit", "--format", "csv", "--output"],
}


@pytest.mark.parametrize("name", WRITING)
def test_nothing_is_written_over_a_roster_that_the_project_names(
    fleet: Console, name: str
) -> None:
    file = fleet.folder / "rosters/lakeview-usd/students.csv"
    content = file.read_bytes()
    for output in (str(file.relative_to(fleet.folder)), "rosters/dry-creek-isd/x.csv"):
        said = fleet.run(*WRITING[name], output)
        assert said.status == 64, said.both
        assert "is, or lies in, a roster that the project names" in said.err
    assert file.read_bytes() == content
    assert not (fleet.folder / "rosters/dry-creek-isd/x.csv").exists()


def test_a_report_may_lie_beside_the_rosters(fleet: Console) -> None:
    said = fleet.run("impact", "lakeview-usd", "--output", "rosters/report.txt")
    assert said.status == 0, said.err


@pytest.mark.parametrize("option", ["--out", "--output"])
def test_a_plan_is_not_written_over_the_roster_that_is_named(
    valley: Console, option: str
) -> None:
    folder = valley.folder / "exports/lakeview-usd"
    folder.mkdir(parents=True)
    file = folder / "students.csv"
    slow.write_students(made(), folder)
    content = file.read_bytes()
    said = valley.run(
        "plan", "lakeview-usd", "--impact", "--roster", "exports/{district}", option,
        str(file),
    )  # fmt: skip
    assert said.status == 64
    assert "is, or lies in, the roster that is read" in said.err
    assert file.read_bytes() == content


@pytest.mark.parametrize("named", ["baseline", "calendar"])
def test_nothing_is_written_over_what_else_the_project_names(
    valley: Console, named: str
) -> None:
    key, file = {
        "baseline": ("baseline", "known.json"),
        "calendar": ("holidays", "holidays.ics"),
    }[named]
    valley.run("validate", "--write-baseline", "--baseline", "known.json")
    (valley.folder / "holidays.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    content = (valley.folder / file).read_bytes()
    with (valley.folder / "connectsync.yaml").open("a") as project:
        value = file if key == "baseline" else f"[{file}]"
        project.write(f"timezone: America/Chicago\n{key}: {value}\n")
    for command in (["validate", "--format", "json"], ["calendar"], ["list"]):
        said = valley.run(*command, "--output", file)
        assert said.status == 64, said.both
        assert "nothing is written over it" in said.err
    assert (valley.folder / file).read_bytes() == content


def test_a_report_does_not_take_the_place_of_the_baseline_that_is_named(
    valley: Console,
) -> None:
    valley.run("validate", "--write-baseline", "--baseline", "known.json")
    content = (valley.folder / "known.json").read_bytes()
    said = valley.run(
        "validate", "--baseline", "known.json", "--format", "json", "--output",
        "known.json",
    )  # fmt: skip
    assert said.status == 64
    assert "is the baseline of findings" in said.err
    assert (valley.folder / "known.json").read_bytes() == content


SAYING = WRITING | {
    "show": ["show", "lakeview-usd", "--output"],
    "show as JSON": ["show", "lakeview-usd", "--format", "json", "--output"],
    "list as text": ["list", "--output"],
    "list as a workbook": ["list", "--format", "xlsx", "--output"],
    "status": ["status", "--output"],
    "status as HTML": ["status", "--format", "html", "--output"],
    "calendar": ["calendar", "--ics", "--output"],
    "reconcile": ["reconcile", "--output"],
    "report": ["report", "--output"],
    "audit as text": ["audit", "--output"],
    "roster check": ["roster", "check", "rosters/lakeview-usd", "--output"],
}


@pytest.mark.parametrize("name", SAYING)
@pytest.mark.sampled(7)
def test_what_was_written_to_a_file_is_said_beside_it(
    fleet: Console, name: str
) -> None:
    file = "out.csv" if name == "export" else "out.file"
    said = fleet.run(*SAYING[name], file)
    assert said.status in {0, 1}, said.both
    assert said.err.count(f"wrote {file}") == 1, said.both
    assert f"wrote {file}" not in said.out
    assert (fleet.folder / file).read_bytes()
    quiet = fleet.run("--quiet", *SAYING[name], file)
    assert "wrote" not in quiet.both


def test_of_standard_output_nothing_is_said(fleet: Console) -> None:
    for name in ("list", "validate"):
        assert "wrote" not in fleet.run(*SAYING[name], "-").err


def test_every_command_with_an_output_is_among_them() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    sections = page.split("\n## ")[1:]
    having = {one.splitlines()[0] for one in sections if "\n| `--output`, `-o`" in one}
    assert having == {" ".join(_command(one)) for one in SAYING.values()}


def _command(arguments: list[str]) -> list[str]:
    return arguments[:2] if arguments[0] == "roster" else arguments[:1]
