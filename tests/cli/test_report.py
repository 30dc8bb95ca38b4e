"""A report of the fleet: from files, state, git and Connect; nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from console import Console
from fitting import insist_fits
from repositories import commit, git
from web_page import WebPage

from connectsync.cli.terminal import ExitStatus

NOW = {"CONNECTSYNC_NOW": "2027-01-15T10:00:00Z"}
LAKEVIEW = "districts/ca/lakeview-usd.yaml"
ALLOW = """\
allow:
  - rule: home-phone-for-texts
    reason: {reason}
    until: {until}
"""


def told(
    console: Console, *arguments: str, status: int = ExitStatus.FINE
) -> dict[str, Any]:
    """Give a report as JSON, held against its schema."""
    said = console.run("report", *arguments, "--format", "json", environment=NOW)
    assert said.status == status, said.both
    report = json.loads(said.out)
    insist_fits(report, "report")
    assert isinstance(report, dict)
    return report


def district(report: dict[str, Any], key: str = "lakeview-usd") -> dict[str, Any]:
    (one,) = (one for one in report["districts"] if one["district"] == key)
    assert isinstance(one, dict)
    return one


def written(folder: Path) -> dict[str, bytes]:
    """Give every file below a folder but caches, and what is not ours: Connect."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "cache" not in path.parts and path.name != "connect.db"
    }


def test_a_report_holds_what_files_say_and_says_that_connect_was_not_read(
    valley: Console,
) -> None:
    report = told(valley)
    assert report["backend"] is None
    assert [one["district"] for one in report["districts"]] == [
        "dry-creek-isd",
        "harbor-point-usd",
        "lakeview-usd",
    ]
    one = district(report)
    assert one["values"]["settings.phone_types"] == ["Cell"]
    assert (one["standing"], one["applied"]) == ("not read", "never applied")
    assert (one["live"], one["error"], one["last_run"]) == (None, None, None)


def test_with_connect_it_says_what_differs_there_and_who_moved(
    valley: Console,
) -> None:
    assert valley.run("apply", "--yes", environment=NOW).status == 0
    form = dict(valley.live("lakeview-usd"))
    valley.edit("lakeview-usd", {**form, "deletion_threshold": 70})
    report = told(valley, "--live")
    assert report["backend"] == "embedded"
    one = district(report)
    assert (one["standing"], one["differs"]) == ("drift", ["deletion_threshold"])
    assert one["live"]["deletion_threshold"] == 70
    assert one["applied"] == "as applied"
    assert one["last_run"] == {"run": 1, "at": "2027-01-15", "ending": "done"}
    assert report["summary"]["runs"] == 1


def test_nothing_is_written_but_the_page(valley: Console) -> None:
    assert valley.run("apply", "--yes", environment=NOW).status == 0
    before = written(valley.folder)
    said = valley.run("report", "--live", "-o", "fleet.html", environment=NOW)
    assert said.status == 0
    after = written(valley.folder)
    assert set(after) - set(before) == {"fleet.html"}
    assert {name: after[name] for name in before} == before


def test_no_state_is_made_where_nothing_was_applied(valley: Console) -> None:
    assert valley.run("report", "-o", "fleet.html", environment=NOW).status == 0
    assert not (valley.folder / ".connectsync" / "state.db").exists()


@pytest.mark.parametrize("output", [LAKEVIEW, "connectsync.yaml", "live.json"])
def test_no_source_is_written_over(valley: Console, output: str) -> None:
    before = (valley.folder / output).read_bytes()
    said = valley.run("report", "-o", output, environment=NOW)
    assert said.status == ExitStatus.USAGE
    assert (valley.folder / output).read_bytes() == before


def test_a_page_is_not_poured_over_a_terminal(valley: Console) -> None:
    said = valley.run("report", environment=NOW, at_terminal=True)
    assert (said.status, said.out) == (ExitStatus.USAGE, "")
    assert "connectsync report --output fleet.html" in said.err
    assert valley.run("report", environment=NOW).out.startswith("<!doctype html>\n")


def test_a_pack_is_a_page_and_no_json(valley: Console) -> None:
    said = valley.run("report", "--pack", "--format", "json", environment=NOW)
    assert said.status == ExitStatus.USAGE
    assert "--pack is a page to print" in said.err
    made = WebPage(valley.run("report", "--pack", environment=NOW).out)
    assert not made.all("script")
    assert "What is shared with whom" in made.shown


def test_the_page_is_written_also_where_connect_cannot_be_reached(
    valley: Console,
) -> None:
    project = valley.folder / "connectsync.yaml"
    gateway = "  gateway: {url: 'http://127.0.0.1:1', token: 'env:T'}\n"
    text = project.read_text().replace("backends:\n", f"backends:\n{gateway}", 1)
    if gateway not in text:
        text += f"backends:\n{gateway}"
    project.write_text(text)
    valley.run("doctor")
    arguments = ("--backend", "gateway", "report", "--live", "--format", "json")
    said = valley.run(*arguments, environment={**NOW, "T": "x"})
    assert said.status == ExitStatus.UNREACHABLE, said.both
    report = json.loads(said.out)
    assert report["summary"]["unread"] == 3
    one = district(report)
    assert one["standing"] == "not read"
    assert one["error"]
    assert one["values"]["settings.phone_types"] == ["Cell"]


def test_a_district_that_connect_does_not_have_is_told_and_counts(
    valley: Console,
) -> None:
    path = valley.folder / "live.json"
    live = json.loads(path.read_text())
    kept = [one for one in live["districts"] if one["district"] != "lakeview-usd"]
    path.write_text(json.dumps(live | {"districts": kept}))
    arguments = ("--backend", "snapshot:live.json", "--live", "lakeview-usd")
    report = told(valley, *arguments, status=ExitStatus.FINDINGS)
    assert district(report)["standing"] == "not read"
    assert district(report)["error"]


def test_files_with_errors_are_left_out_and_named(valley: Console) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: many")
    said = valley.run("report", "--format", "json", environment=NOW)
    report = json.loads(said.out)
    assert report["files_with_errors"] == [LAKEVIEW]
    assert report["summary"]["districts"] == 2
    assert f"left out, for these have errors: {LAKEVIEW}" in said.err


def append(console: Console, file: str, text: str) -> None:
    path = console.folder / file
    path.write_text(path.read_text() + text)


def home_phones(console: Console, until: str, reason: str = "Landlines only") -> None:
    console.replace(LAKEVIEW, "deletion_threshold: 15", "phone_types: [Home]")
    append(console, LAKEVIEW, ALLOW.format(until=until, reason=reason))


def test_an_exception_names_its_reason_its_end_and_who_wrote_it(
    valley: Console,
) -> None:
    git(valley, "init", "--quiet")
    commit(valley)
    home_phones(valley, "2027-02-01")
    unsaved = told(valley)
    (one,) = unsaved["accepted"]
    assert (one["by"], one["how"]) == (None, "not committed yet")
    head = commit(valley)
    (one,) = told(valley)["accepted"]
    assert one == {
        "kind": "allowed in a file",
        "about": "home-phone-for-texts",
        "meaning": one["meaning"],
        "what": "",
        "districts": ["lakeview-usd"],
        "where": "",
        "reason": "Landlines only",
        "until": "2027-02-01",
        "standing": "ends soon",
        "by": "A",
        "on": one["on"],
        "how": f"commit {head[:9]}",
    }
    # who moves the end answers for it from then on
    valley.replace(LAKEVIEW, "2027-02-01", "2027-03-01")
    git(valley, "add", "--all")
    git(valley, "commit", "--quiet", "-m", "later", "--date", "2038-01-01T00:00:00Z")
    later = git(valley, "rev-parse", "HEAD")
    (one,) = told(valley)["accepted"]
    assert one["how"] == f"commit {later[:9]}"


def test_no_file_of_a_commit_decides_who_wrote_an_exception(valley: Console) -> None:
    """A .mailmap names whom its author likes for whom a commit names."""
    git(valley, "init", "--quiet")
    commit(valley)
    home_phones(valley, "2027-02-01")
    append(valley, "connectsync.yaml", "baseline: .connectsync-baseline.json\n")
    valley.replace(LAKEVIEW, "phone_types: [Home]", "deletion_threshold: 45")
    assert valley.run("validate", "--write-baseline", environment=NOW).status == 0
    address = git(valley, "config", "user.email")
    mapped = f"The Superintendent <it@example.org> <{address}>\n"
    (valley.folder / ".mailmap").write_text(mapped, "utf-8")
    commit(valley)
    blamed = git(valley, "blame", "connectsync.yaml")
    assert "The Superintendent" in blamed
    known = {one["kind"]: one["by"] for one in told(valley)["accepted"]}
    assert known == {"allowed in a file": "A", "baseline of findings": "A"}


def test_a_shallow_clone_blames_no_one(valley: Console, tmp_path: Path) -> None:
    home_phones(valley, "2027-02-01")
    git(valley, "init", "--quiet")
    commit(valley)
    append(valley, "connectsync.yaml", "# one\n")
    commit(valley)
    clone = tmp_path / "clone"
    git(
        valley,
        "clone",
        "--quiet",
        "--depth",
        "1",
        f"file://{valley.folder}",
        str(clone),
    )
    (one,) = told(Console(clone))["accepted"]
    assert (one["by"], one["on"], one["how"]) == (None, None, "")


def test_without_git_it_is_not_known_who_accepted(valley: Console) -> None:
    home_phones(valley, "2027-02-01")
    report = told(valley)
    (one,) = report["accepted"]
    assert (one["by"], one["how"]) == (None, "")
    assert report["commit"] is None


def test_rules_of_the_project_and_its_baseline_are_exceptions_too(
    valley: Console,
) -> None:
    append(
        valley,
        "connectsync.yaml",
        "rules:\n  - rule: nobody-changes-permissions\n    severity: off\n"
        "    reason: The county office holds it\n"
        "  - rule: home-phone-for-texts\n    severity: error\n    reason: No Home\n"
        "baseline: .connectsync-baseline.json\n",
    )
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 45")
    assert valley.run("validate", "--write-baseline", environment=NOW).status == 0
    report = told(valley)
    rule, *known = report["accepted"]
    assert (rule["about"], rule["what"]) == ("nobody-changes-permissions", "turned off")
    assert rule["reason"] == "The county office holds it"
    assert [(one["kind"], one["about"], one["districts"]) for one in known] == [
        ("baseline of findings", "threshold-raised-in-term", ["lakeview-usd"])
    ]


def test_what_was_accepted_for_a_run_is_told_for_a_year(valley: Console) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "phone_types: [Home]")
    plan = valley.run("plan", "--out", "plan.json", environment=NOW)
    flags = plan.err.partition("connectsync apply plan.json")[2].partition("`")[0]
    assert "--accept disruptive=" in flags
    valley.run("approve", "plan.json", "--as", "Ada", "--yes", environment=NOW)
    said = valley.run("apply", "plan.json", "--yes", *flags.split(), environment=NOW)
    assert said.status == 0, said.both
    guards = [one for one in told(valley)["accepted"] if one["until"] is None]
    told_of = {one["about"]: one for one in guards}
    assert told_of["disruptive"]["by"] == "Ada"
    assert told_of["disruptive"]["how"] == "approved the plan of run 1"
    assert told_of["disruptive"]["standing"] is None
    page = valley.run("report", environment=NOW).out
    assert "Ada (unchecked" in page
    late = {"CONNECTSYNC_NOW": "2028-03-01T10:00:00Z"}
    said = valley.run("report", "--format", "json", environment=late)
    kinds = {one["kind"] for one in json.loads(said.out)["accepted"]}
    assert "accepted for a run" not in kinds


def test_days_tell_what_is_late_what_returns_and_what_comes(valley: Console) -> None:
    home_phones(valley, "2027-01-20")
    append(valley, "districts/tx/dry-creek-isd.yaml", "labels: [tx]\n")
    append(
        valley,
        LAKEVIEW,
        "timezone: America/Chicago\nscheduled:\n  - from: 2027-01-10\n"
        "    to: 2027-01-31\n    settings: {deletion_threshold: 20}\n"
        "    reason: New buildings\n",
    )
    valley.replace(
        LAKEVIEW, "phone_types: [Home]", "phone_types: [Home]\n  deletion_threshold: 15"
    )
    append(
        valley,
        "connectsync.yaml",
        "freezes:\n  - from: 2027-01-14\n    to: 2027-01-18\n"
        "    reason: Break\n    timezone: UTC\n"
        "calendars:\n  - name: texas\n    label: tx\n    freezes:\n"
        "      - {from: 2027-03-15, to: 2027-03-19, reason: Spring, timezone: UTC}\n",
    )
    days = [
        (one["day"], one["kind"], one["when"], one["districts"])
        for one in told(valley)["due"]
    ]
    assert ("2027-01-18", "freeze", "now", []) in days
    assert ("2027-01-20", "exception ends", "soon", ["lakeview-usd"]) in days
    assert ("2027-01-31", "threshold to put back", "soon", ["lakeview-usd"]) in days
    assert ("2027-03-15", "freeze", "later", ["dry-creek-isd"]) in days
    assert days == sorted(days, key=lambda one: one[0])
    # the period ends, and no one applies its return
    accepted = ("--accept", "disruptive=2")
    before = {"CONNECTSYNC_NOW": "2027-01-12T10:00:00Z"}
    said = valley.run("apply", "--yes", "lakeview-usd", *accepted, environment=before)
    assert said.status == 0, said.both
    february = {"CONNECTSYNC_NOW": "2027-02-20T10:00:00Z"}
    for live in ((), ("--live",)):
        arguments = ("report", "--format", "json", *live)
        report = json.loads(valley.run(*arguments, environment=february).out)
        late = [one for one in report["due"] if one["when"] == "late"]
        assert [one["kind"] for one in late] == [
            "exception ends",
            "threshold to put back",
        ]
        assert "should have returned to 15" in late[1]["message"]


@pytest.mark.parametrize("put_off", ["found", "known", "allowed"])
def test_a_threshold_that_never_came_back_is_late_also_where_it_was_accepted(
    valley: Console, put_off: str
) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 45")
    days = "facts:\n  rollover: {from: 2026-06-01, to: 2026-08-20}"
    valley.replace(LAKEVIEW, "facts:", days)
    if put_off == "known":
        append(valley, "connectsync.yaml", "baseline: .connectsync-baseline.json\n")
        said = valley.run("validate", "--write-baseline", environment=NOW)
        assert said.status == 0, said.both
    if put_off == "allowed":
        entry = ALLOW.format(until="2027-06-30", reason="Until summer")
        rule = entry.replace("home-phone-for-texts", "threshold-still-raised")
        append(valley, LAKEVIEW, rule)
    late = [one for one in told(valley)["due"] if one["when"] == "late"]
    assert [(one["day"], one["kind"], one["districts"]) for one in late] == [
        ("2026-08-20", "threshold to put back", ["lakeview-usd"])
    ]


def test_only_a_page_is_one_to_open_in_a_browser(valley: Console) -> None:
    """JSON has names as they are, and a browser may take one for a page."""
    for format_, is_page in (("html", True), ("json", False)):
        said = valley.run("report", "--format", format_, "--output", f"r.{format_}")
        assert said.status == ExitStatus.FINE, said.err
        assert ("open it in a browser" in said.err) is is_page
