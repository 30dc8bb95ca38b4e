"""What is live, judged by every rule: findings, what is in no file, exceptions."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from console import Console, Said
from fitting import insist_fits

from connectsync.cli.terminal import ExitStatus

NOW = {"CONNECTSYNC_NOW": "2027-01-15T10:00:00Z"}
OAK, GONE = "oak-usd", "harbor-point-usd"
ALLOW = """\
allow:
  - rule: nobody-changes-permissions
    reason: The county office holds it
    until: {until}
"""


@pytest.fixture
def oak(valley: Console) -> Console:
    """
    Give a project beside a Connect that holds one district more, and one less.

    Oak is in no file, lets emergency contacts in, and may archive 70 percent; Harbor
    Point is in a file and not on Connect.
    """
    path = valley.folder / "live.json"
    live = json.loads(path.read_text())
    districts = [one for one in live["districts"] if one["district"] != GONE]
    settings = districts[0]["settings"] | {
        "contact_types": ["Parent/Guardian", "Emergency"],
        "deletion_threshold": 70,
        "district_id": "58da8a43cc70ab00017a1a77",
    }
    districts.append(
        {"district": OAK, "name": "Oak Unified", "version": "1", "settings": settings}
    )
    path.write_text(json.dumps(live | {"districts": districts}))
    # the embedded Connect makes its store, and enrols what files describe
    assert valley.run("audit", "--quiet", environment=NOW).status == ExitStatus.FINDINGS
    return valley


def audited(console: Console, *arguments: str) -> Said:
    return console.run("audit", *arguments, environment=NOW)


def told(console: Console, *arguments: str) -> dict[str, Any]:
    """Give an audit as JSON, held against its schema and against its exit status."""
    said = audited(console, *arguments, "--format", "json")
    report = json.loads(said.out)
    insist_fits(report, "audit")
    errors = sum(
        found["severity"] == "error"
        for one in report["districts"]
        for found in one["findings"]
    )
    assert report["summary"]["errors"] == errors
    assert report["fine"] is (errors == 0 and not report["not_audited"])
    expected = ExitStatus.FINE if report["fine"] else ExitStatus.FINDINGS
    assert said.status == expected, said.both
    assert isinstance(report, dict)
    return report


def district(report: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = [one for one in report["districts"] if one["district"] == key]
    assert isinstance(found, dict)
    return found


def rules(report: dict[str, Any], key: str) -> set[str]:
    return {one["rule"] for one in district(report, key)["findings"]}


SHOT = ("--backend", "snapshot:live.json")
"""What Connect held before: the embedded one has every district of a file."""


def unsure(report: dict[str, Any], key: str) -> dict[str, list[str]]:
    return {one["rule"]: one["needs"] for one in district(report, key)["not_checked"]}


def words(said: Said) -> str:
    return " ".join(said.out.split())


def test_a_district_without_a_file_is_judged_by_its_form(oak: Console) -> None:
    report = told(oak)
    found = district(report, OAK)
    assert (found["file"], found["facts"], found["name"]) == (
        None,
        False,
        "Oak Unified",
    )
    assert {
        "emergency-contacts-as-guardians",
        "threshold-above-any-rollover",
    } <= rules(report, OAK)
    # what only a file can say wrongly is no finding on a form
    assert "missing-token-reference" not in rules(report, OAK)
    (emergency,) = [
        one
        for one in found["findings"]
        if one["rule"] == "emergency-contacts-as-guardians"
    ]
    assert emergency["control"] == "Contact Types to sync"
    assert emergency["now"] == "Emergency, Parent/Guardian"
    assert (emergency["in_file"], emergency["clicks"]) == (None, [])
    assert report["affected"]["emergency-contacts-as-guardians"]


def test_a_rule_that_needs_an_unknown_fact_says_so_and_does_not_pass(
    oak: Console,
) -> None:
    report = told(oak)
    needs = unsure(report, OAK)
    assert needs["sync-before-launch"] == ["facts.setup_step"]
    assert needs["two-guardian-sources"] == ["facts.guardians_from"]
    # its file states these, and so the rules could tell
    assert "sync-before-launch" not in unsure(report, "lakeview-usd")
    assert "needs facts.setup_step (1 district):" in words(audited(oak))


def test_a_rule_whose_settings_leave_no_question_asks_for_no_fact(
    oak: Console,
) -> None:
    before = unsure(told(oak), OAK)
    oak.edit(OAK, {"enable_daily_sync": False, "manage_guardians": False})
    after = unsure(told(oak), OAK)
    assert {
        "sync-before-launch",
        "two-guardian-sources",
    } <= before.keys() - after.keys()


def test_a_setting_that_connect_does_not_show_is_not_checked(oak: Console) -> None:
    needs = unsure(told(oak), "dry-creek-isd")
    assert needs["threshold-of-zero"] == ["settings.deletion_threshold"]
    assert "settings.deletion_threshold (none on Connect)" in words(audited(oak))


def test_what_is_live_and_in_no_file_is_named(oak: Console) -> None:
    report = told(oak)
    assert report["summary"]["without_file"] == 1
    said = audited(oak)
    assert "Live and in no file (1) oak-usd Oak Unified" in words(said)
    assert "`connectsync import oak-usd` writes its file" in said.out
    assert "4 live districts on embedded:" in said.out
    assert "1 live and in no file" in words(said)


def test_that_alone_is_no_error(oak: Console) -> None:
    oak.edit(OAK, {"deletion_threshold": 15})
    report = told(oak, OAK)
    assert report["fine"] is True
    assert report["summary"]["without_file"] == 1


def test_what_is_in_a_file_and_not_live_is_named_and_ends_with_1(
    oak: Console,
) -> None:
    report = told(oak, *SHOT, GONE)
    (left,) = report["not_audited"]
    assert left["district"] == GONE
    assert left["listed"] is False
    assert left["file"] == "districts/ca/harbor-point-usd.yaml"
    assert "snapshot:live.json has no such district" in left["message"]
    assert "In a file and not live, or not read (1)" in audited(oak, *SHOT).out


def test_live_settings_count_and_facts_of_the_file(oak: Console) -> None:
    found = district(told(oak), "lakeview-usd")
    assert found["facts"] is True
    (raised,) = [
        one for one in found["findings"] if one["rule"] == "threshold-raised-in-term"
    ]
    # its file says 15, which no rule minds
    assert raised["now"] == "45"
    assert raised["in_file"] == "the file says 15"
    (click,) = raised["clicks"]
    assert (click["control"], click["verb"]) == ("Deletion Threshold", "fill in")
    assert (click["before"], click["after"]) == ("45", "15")
    assert click["effect"]
    assert raised["help"] == (
        "`connectsync plan lakeview-usd` shows what `apply` would change"
    )
    assert "= on the page: fill in Deletion Threshold: 15" in audited(oak).out


def test_two_live_forms_with_one_district_id_are_found(oak: Console) -> None:
    lakeview = oak.live("lakeview-usd")["district_id"]
    oak.edit(OAK, {"district_id": lakeview})
    report = told(oak)
    for key in (OAK, "lakeview-usd"):
        assert "district-id-in-two-files" in rules(report, key)
    # of a part, nothing is said of the whole
    assert "district-id-in-two-files" not in rules(told(oak, OAK), OAK)


def allow(console: Console, until: str) -> None:
    path = console.folder / "districts" / "ca" / "lakeview-usd.yaml"
    path.write_text(path.read_text() + ALLOW.format(until=until))


@pytest.mark.parametrize(
    ("until", "standing", "accepts"),
    [
        ("2027-01-14", "expired", 0),
        ("2027-01-15", "ends soon", 1),
        ("2027-02-14", "ends soon", 1),
        ("2027-02-15", "in force", 1),
    ],
)
def test_an_exception_is_registered_with_its_end(
    until: str, standing: str, accepts: int, oak: Console
) -> None:
    allow(oak, until)
    report = told(oak, "lakeview-usd")
    (entry,) = report["exceptions"]
    assert entry == {
        "district": "lakeview-usd",
        "file": "districts/ca/lakeview-usd.yaml",
        "rule": "nobody-changes-permissions",
        "reason": "The county office holds it",
        "until": until,
        "standing": standing,
        "accepts": accepts,
    }
    counted = "nobody-changes-permissions" in rules(report, "lakeview-usd")
    assert counted is (standing == "expired")
    # an entry that has expired is an error, as it is for `validate`
    assert ("allow-expired" in rules(report, "lakeview-usd")) is counted
    for format_ in ("text", "csv", "markdown", "html"):
        said = audited(oak, "lakeview-usd", "--format", format_).out
        assert until in said, format_
        assert "The county office holds it" in said, format_
        assert standing in said, format_


def test_an_entry_that_the_file_needs_is_not_called_unused(oak: Console) -> None:
    path = oak.folder / "districts" / "ca" / "lakeview-usd.yaml"
    text = "allow:\n  - {rule: two-guardian-sources, reason: x y, until: 2027-06-30}\n"
    path.write_text(path.read_text() + text)
    assert "allow-unused" not in rules(told(oak), "lakeview-usd")


def test_a_file_with_errors_leaves_its_form_judged_without_facts(
    oak: Console,
) -> None:
    path = oak.folder / "districts" / "ca" / "lakeview-usd.yaml"
    path.write_text(path.read_text().replace("schema: 1", "schema: 9"))
    report = told(oak)
    found = district(report, "lakeview-usd")
    assert (found["facts"], found["file"]) == (False, "districts/ca/lakeview-usd.yaml")
    assert report["files_with_errors"] == ["districts/ca/lakeview-usd.yaml"]
    assert report["summary"]["without_file"] == 1
    said = audited(oak)
    assert "judged without facts and exceptions" in said.err
    assert "(has errors)" in said.out


def test_a_key_that_no_one_knows_is_refused_with_what_was_meant(oak: Console) -> None:
    said = audited(oak, "oak-ush")
    assert said.status == ExitStatus.USAGE
    assert said.out == ""
    assert "'oak-ush' matches no district file, and embedded lists no such" in said.err
    assert "did you mean 'oak-usd'?" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["districts/nowhere.yaml"], "districts/nowhere.yaml"),
        (["--format", "pdf"], "pdf"),
        (["--where", "no_such == 1"], "no_such"),
        (["--output", "connectsync.yaml"], "nothing is written over it"),
        (["--output", "live.json"], "nothing is written over it"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_leaves_all_as_it_was(
    arguments: list[str], sentence: str, oak: Console
) -> None:
    before = contents(oak.folder)
    said = audited(oak, *arguments)
    assert said.status == ExitStatus.USAGE, said.both
    assert said.out == ""
    assert sentence in said.err
    assert contents(oak.folder) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_districts_are_chosen_by_an_expression(oak: Console) -> None:
    report = told(oak, "--where", "facts.setup_step == 9")
    assert "lakeview-usd" in {one["district"] for one in report["districts"]}
    assert OAK not in {one["district"] for one in report["districts"]}
    assert report["whole"] is False


def test_before_the_first_import_all_that_is_live_is_judged(oak: Console) -> None:
    for path in (oak.folder / "districts").rglob("*.yaml"):
        path.unlink()
    report = told(oak)
    assert report["summary"]["without_file"] == report["summary"]["districts"] == 4


def test_nothing_is_written_but_what_was_asked_for(oak: Console) -> None:
    before = contents(oak.folder)
    for format_ in ("text", "json", "csv", "markdown", "html"):
        audited(oak, "--format", format_)
    audited(oak, "--format", "html", "--output", "audit.html")
    after = contents(oak.folder)
    assert b"Action plan" in after.pop("audit.html")
    ignored = re.compile(r"\.connectsync/connect\.db")
    assert {name: one for name, one in after.items() if not ignored.match(name)} == {
        name: one for name, one in before.items() if not ignored.match(name)
    }
    # no state is opened for it either
    assert not (oak.folder / ".connectsync" / "state.db").exists()


def test_the_table_has_a_row_for_each_finding_and_for_what_else_is_told(
    oak: Console,
) -> None:
    report = told(oak, *SHOT)
    said = audited(oak, *SHOT, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    kinds = {
        kind: [one for one in rows if one["kind"] == kind]
        for kind in ("finding", "no file", "not live", "not checked", "exception")
    }
    summary = report["summary"]
    found = summary["errors"] + summary["warnings"] + summary["notes"]
    assert len(kinds["finding"]) == found
    assert all(one["affected"] for one in kinds["finding"])
    assert [one["district"] for one in kinds["no file"]] == [OAK]
    assert [one["district"] for one in kinds["not live"]] == [GONE]
    assert any(
        "needs facts.setup_step" in one["finding"] for one in kinds["not checked"]
    )


def test_what_others_wrote_is_no_formula_and_no_command(oak: Console) -> None:
    path = oak.folder / "live.json"
    live = json.loads(path.read_text())
    live["districts"][-1]["name"] = "=1+1 `connectsync apply` <i>"
    path.write_text(json.dumps(live))
    said = audited(oak, *SHOT, "--format", "csv").out
    rows = csv.DictReader(io.StringIO(said))
    (name,) = {one["name"] for one in rows if one["district"] == OAK}
    assert name.startswith("'=1+1")
    assert "<i>" not in audited(oak, *SHOT, "--format", "html").out
    assert "`connectsync apply`" not in audited(oak, *SHOT).out
    assert "<i>" not in audited(oak, *SHOT, "--format", "markdown").out


def test_commands_that_are_suggested_work_where_one_stands(oak: Console) -> None:
    said = Console(oak.folder.parent).run(
        "-C", str(oak.folder), "audit", environment=NOW
    )
    completed = f"`connectsync -C {oak.folder} import oak-usd`"
    assert completed in said.out.replace("\n      ", " ").replace("\n    ", " ")


@contextmanager
def through_a_snapshot(console: Console) -> Iterator[list[str]]:
    console.run("snapshot", "--output", "shot.json", environment=NOW)
    yield ["--backend", "snapshot:shot.json"]


def test_a_snapshot_tells_the_same(oak: Console) -> None:
    embedded = told(oak)
    with through_a_snapshot(oak) as options:
        shot = told(oak, *options)
    for one in (embedded, shot):
        del one["backend"], one["at"]
    # but for where the suggested commands look
    spelled = json.dumps(shot).replace(" --backend snapshot:shot.json", "")
    assert json.loads(spelled) == embedded


@pytest.mark.parametrize("format_", ["text", "json", "csv", "markdown", "html"])
def test_the_same_is_said_to_the_byte_of_the_same(oak: Console, format_: str) -> None:
    one, other = (audited(oak, "--format", format_).out for _ in range(2))
    assert one == other
