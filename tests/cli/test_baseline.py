"""What a project says of rules, and its baseline of findings, on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from console import Console
from fitting import insist_fits
from repositories import git

from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import digest_of
from connectsync.operations.git import GitRefused
from connectsync.report.reporter import formats_of

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"
BASELINE = ".connectsync-baseline.json"
HOME = "home-phone-for-texts"


def say(console: Console, text: str) -> None:
    """Say something more in the project file."""
    path = console.folder / "connectsync.yaml"
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def rule(severity: str, name: str = HOME, more: str = "") -> str:
    return (
        f"rules:\n  - rule: {name}\n    severity: {severity}\n"
        f"    reason: landlines only\n{more}"
    )


def home_phones(console: Console, file: str = CREEK) -> None:
    """Give a district, or all, the phone type that draws a warning."""
    if file == PROFILE:
        console.replace(file, "[Cell]", "[Home]")
    else:
        console.replace(file, "settings:\n", "settings:\n  phone_types: [Home]\n")


def too_early(console: Console) -> None:
    """Turn the sync of a district on too early: an error that can be allowed."""
    console.replace(CREEK, "self_check_done: true", "self_check_done: false")
    console.replace(CREEK, "setup_step: 9", "setup_step: 5")


def report(console: Console, *arguments: str) -> dict[str, Any]:
    said = console.run("validate", "--format", "json", *arguments)
    assert said.status in {0, 1}, said.err
    data: dict[str, Any] = json.loads(said.out)
    insist_fits(data, "findings")
    return data


def told(console: Console, *arguments: str) -> list[tuple[str, str]]:
    found = report(console, *arguments)["findings"]
    return [(one["rule"], one["severity"]) for one in found]


@pytest.fixture
def home(valley: Console) -> Console:
    """Give the project with one district that draws warnings."""
    home_phones(valley)
    return valley


def test_a_rule_is_as_grave_as_the_project_says(home: Console) -> None:
    assert (HOME, "warning") in told(home)
    say(home, rule("error"))
    assert (HOME, "error") in told(home)
    assert home.run("plan").status == ExitStatus.FINDINGS


def test_a_rule_that_is_off_is_counted_and_not_told(home: Console) -> None:
    say(home, rule("off"))
    data = report(home)
    assert HOME not in [one["rule"] for one in data["findings"]]
    assert data["summary"]["off"] == 1
    assert [one["reason"] for one in data["off"]] == ["landlines only"]
    text = home.run("validate").out
    assert "1 finding turned off by connectsync.yaml; `--show off` shows them" in text
    assert f"off[{HOME}]" not in text
    assert f"off[{HOME}] {CREEK}:" in home.run("validate", "--show", "off").out
    sarif = home.run("validate", "--format", "sarif").out
    assert "turned off by connectsync.yaml: landlines only" in sarif


def test_a_rule_is_off_only_where_the_project_says(home: Console) -> None:
    home_phones(home, LAKEVIEW)
    say(home, rule("off", more="    paths: [districts/tx/*]\n"))
    assert told(home).count((HOME, "warning")) == 1
    home.replace("connectsync.yaml", "paths: [districts/tx/*]", "label: rural")
    assert told(home).count((HOME, "warning")) == 2
    home.replace(CREEK, "facts:\n", "labels: [rural]\nfacts:\n")
    assert told(home).count((HOME, "warning")) == 1


def test_a_finding_in_a_profile_is_off_for_those_that_the_project_names(
    valley: Console,
) -> None:
    home_phones(valley, PROFILE)
    say(valley, rule("off", more="    paths: [districts/tx]\n"))
    data = report(valley)
    assert HOME in [one["rule"] for one in data["findings"]]
    assert [one["file"] for one in data["off"]] == [PROFILE]
    text = valley.run("validate").out
    assert "reaches 2 districts: harbor-point-usd, lakeview-usd" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rule("off", "home-phone-for-text"), "did you mean 'home-phone-for-texts'?"),
        (rule("off", "sync-before-self-check"), "no project can turn off or lower"),
        (rule("warning", "two-phone-types"), "no project can turn off or lower"),
        (rule("off", "first-enable"), "is no rule of files"),
        (rule("silent"), "'silent'"),
        (rule("off").replace("landlines only", '" "'), "a sentence that says why"),
        (rule("off").replace("    reason: landlines only\n", ""), "reason"),
        (rule("off", more="    where: x\n"), "where"),
        (rule("off", more="    paths: []\n"), "paths"),
        ("baseline: gone.json\n", "there is no baseline of findings 'gone.json'"),
        ("baseline: ../out.json\n", "lies outside the project"),
        ("baseline: districts\n", "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "plan", "list"])
def test_a_mistake_is_one_sentence_for_every_command(
    valley: Console, text: str, said: str, command: str
) -> None:
    say(valley, text)
    ended = valley.run(command)
    assert ended.status in {ExitStatus.USAGE, ExitStatus.FINDINGS}
    assert said in ended.err
    assert ended.err.count("error:") == 1
    assert ended.out == ""


@pytest.mark.parametrize("format_", formats_of("findings"))
def test_no_format_fails_of_what_is_off_or_known(home: Console, format_: str) -> None:
    home_phones(home, LAKEVIEW)
    assert home.run("validate", "--write-baseline").status == 0
    say(
        home,
        f"baseline: {BASELINE}\n" + rule("off", more="    paths: [districts/ca]\n"),
    )
    said = home.run("validate", "--strict", "--format", format_)
    assert said.status == 0, said.out


def test_only_new_findings_fail(home: Console) -> None:
    assert home.run("validate", "--strict").status == ExitStatus.FINDINGS
    said = home.run("validate", "--write-baseline", "--strict")
    assert said.status == ExitStatus.FINE
    assert f"wrote '{BASELINE}': " in said.err
    assert f"add `baseline: {BASELINE}` to connectsync.yaml" in said.err
    assert home.run("validate", "--strict").status == ExitStatus.FINDINGS
    assert home.run("validate", "--strict", "--baseline", BASELINE).status == 0
    say(home, f"baseline: {BASELINE}\n")
    assert home.run("validate", "--strict").status == ExitStatus.FINE
    assert (
        "known from the baseline; `--show known` shows them" in home.run("validate").out
    )
    home_phones(home, LAKEVIEW)
    data = report(home, "--strict")
    assert {one["file"] for one in data["findings"]} == {LAKEVIEW}
    assert {one["file"] for one in data["known"]} == {CREEK}


def test_what_moved_stays_known(home: Console) -> None:
    home.run("validate", "--write-baseline")
    say(home, f"baseline: {BASELINE}\n")
    home.replace(CREEK, "settings:\n", "\n# one\n\n# two\nsettings:\n")
    (home.folder / "districts/nm").mkdir()
    shutil.move(home.folder / CREEK, home.folder / "districts/nm/dry-creek-isd.yaml")
    assert home.run("validate", "--strict").status == ExitStatus.FINE


def test_a_baseline_is_of_the_shape_that_its_schema_promises_and_sorted(
    home: Console,
) -> None:
    home_phones(home, PROFILE)
    home.run("validate", "--write-baseline")
    text = (home.folder / BASELINE).read_text("utf-8")
    data = json.loads(text)
    insist_fits(data, "baseline")
    assert {one.get("district", one.get("file")) for one in data["findings"]} == {
        "dry-creek-isd", PROFILE
    }  # fmt: skip
    home.run("validate", "--write-baseline")
    assert (home.folder / BASELINE).read_text("utf-8") == text
    # what it is about is told by a digest: a value may be one that no one should keep
    assert "Home" not in text


def test_an_error_that_is_known_stops_no_plan_as_one_that_is_allowed(
    valley: Console,
) -> None:
    too_early(valley)
    assert valley.run("plan").status == ExitStatus.FINDINGS
    assert valley.run("validate", "--write-baseline").status == ExitStatus.FINE
    say(valley, f"baseline: {BASELINE}\n")
    assert valley.run("validate").status == ExitStatus.FINE
    assert valley.run("plan").status == ExitStatus.FINE
    assert valley.run("list", "--where", "errors > 0").status == ExitStatus.FINE


def test_what_no_file_may_allow_is_in_no_baseline(valley: Console) -> None:
    valley.replace(PROFILE, "[Cell]", "[Cell, Home]")
    said = valley.run("validate", "--write-baseline")
    assert said.status == ExitStatus.FINDINGS
    assert json.loads((valley.folder / BASELINE).read_text("utf-8"))["findings"] == []


def test_one_finding_that_is_gone_is_told_as_one(valley: Console) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 45")
    assert "1 finding" in valley.run("validate", "--write-baseline").err
    say(valley, f"baseline: {BASELINE}\n")
    valley.replace(LAKEVIEW, "deletion_threshold: 45", "deletion_threshold: 15")
    gone = f"1 finding of '{BASELINE}' is gone; `connectsync validate --prune` takes it"
    assert gone in valley.run("validate").err
    assert "that is gone" in valley.run("validate", "--prune").err


def test_a_baseline_outside_is_put_right_where_it_was_named(valley: Console) -> None:
    said = valley.run("validate", "--baseline", "../out.json")
    assert said.status == ExitStatus.FINDINGS
    assert "or with --baseline FILE" in said.err


def test_what_is_gone_is_told_and_pruned_with_its_count(home: Console) -> None:
    home.run("validate", "--write-baseline")
    say(home, f"baseline: {BASELINE}\n")
    before = (home.folder / BASELINE).read_bytes()
    home.replace(CREEK, "  phone_types: [Home]\n", "")
    said = home.run("validate")
    assert "are gone; `connectsync validate --prune` takes them out" in said.err
    assert (home.folder / BASELINE).read_bytes() == before
    said = home.run("validate", "--prune")
    assert f"out of '{BASELINE}' that are gone" in said.err
    left = json.loads((home.folder / BASELINE).read_text("utf-8"))
    assert left == {"schema": 1, "findings": []}
    assert home.run("validate").err == ""


def test_what_was_not_looked_at_is_kept(home: Console) -> None:
    home_phones(home, LAKEVIEW)
    home.run("validate", "--write-baseline")
    say(home, f"baseline: {BASELINE}\n")
    before = (home.folder / BASELINE).read_bytes()
    for asked in ([LAKEVIEW], ["--select", "two-phone-types"], ["--ignore", HOME]):
        assert home.run("validate", *asked).err == ""
        for flag in ("--prune", "--write-baseline"):
            home.run("validate", flag, *asked)
            assert (home.folder / BASELINE).read_bytes() == before


def test_a_district_that_is_gone_leaves_the_baseline(home: Console) -> None:
    home.run("validate", "--write-baseline")
    say(home, f"baseline: {BASELINE}\n")
    (home.folder / CREEK).unlink()
    home.run("validate", "--prune")
    assert "dry-creek-isd" not in (home.folder / BASELINE).read_text("utf-8")


FOREIGN = {
    "cut": '{"schema": 1, "findings": [',
    "list": "[]",
    "deep": "[" * 100_000,
    "other": '{"version": 3, "results": {}}',
    "later": '{"schema": 2, "findings": []}',
    "entry": '{"schema": 1, "findings": [7]}',
    "both": '{"schema": 1, "findings": [{"rule": "a", "severity": "error", "path": "",'
    ' "content": "", "district": "a", "file": "b"}]}',
    "info": '{"schema": 1, "findings": [{"rule": "a", "severity": "info", "path": "",'
    ' "content": "", "district": "a"}]}',
    "many": '{"schema": 1, "findings": [{"rule": "a", "severity": "error", "path": "",'
    ' "content": "", "district": "a", "count": 99999999999}]}',
    "half": '{"schema": 1, "findings": [{"rule": "\\ud800", "severity": "error",'
    ' "path": "", "content": "", "district": "a"}]}',
    "twice": '{"schema": 1, "findings": [], "findings": []}',
    "utf-16": "\0{\0}",
    "empty": "",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("command", [["validate"], ["plan"], ["validate", "--prune"],
                                     ["validate", "--write-baseline"]])  # fmt: skip
def test_a_damaged_baseline_is_told_in_a_sentence_and_left_alone(
    valley: Console, text: str, command: list[str]
) -> None:
    path = valley.folder / BASELINE
    path.write_text(text, "utf-8")
    say(valley, f"baseline: {BASELINE}\n")
    said = valley.run(*command)
    assert said.err.startswith(
        f"error: the baseline of findings '{BASELINE}' cannot be"
    )
    assert said.err.count("\n") == 2
    assert said.out == ""
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize(
    "place",
    [LAKEVIEW, "connectsync.yaml", ".connectsync/state.db", "../out.json", "districts"],
)
def test_a_baseline_is_written_over_nothing_else(valley: Console, place: str) -> None:
    path = valley.folder / place
    before = path.read_bytes() if path.is_file() else None
    said = valley.run("validate", "--write-baseline", "--baseline", place)
    assert said.status != 0
    assert said.err.count("error:") == 1
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_baseline_behind_a_link_out_is_not_used(
    valley: Console, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text('{"schema": 1, "findings": []}', "utf-8")
    (valley.folder / BASELINE).symlink_to(outside)
    say(valley, f"baseline: {BASELINE}\n")
    assert "is a link out of the project" in valley.run("validate").err


@pytest.mark.parametrize("flag", ["--prune", "--write-baseline"])
@pytest.mark.parametrize("other", [["-"], ["--shard", "1/2"]])
def test_a_part_that_is_no_fleet_makes_no_baseline(
    valley: Console, flag: str, other: list[str]
) -> None:
    said = valley.run("validate", flag, "--baseline", BASELINE, *other, stdin=b"")
    assert said.status == ExitStatus.USAGE
    assert not (valley.folder / BASELINE).exists()


@pytest.fixture
def repository(valley: Console) -> Console:
    """Give the project in a repository, whose rules make a warning an error."""
    (valley.folder / ".gitignore").write_text(".connectsync/\nplan.json\n", "utf-8")
    say(valley, rule("error"))
    git(valley, "init", "--quiet", "--initial-branch", "main")
    git(valley, "add", "--all")
    git(valley, "commit", "--quiet", "--message", "before")
    return valley


def change(console: Console) -> None:
    git(console, "checkout", "--quiet", "-b", "change")
    git(console, "add", "--all")
    git(console, "commit", "--quiet", "--message", "a change")


@pytest.mark.parametrize("to", ["off", "info", "warning"])
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_change_does_not_turn_off_what_it_is_judged_by(
    repository: Console, to: str, command: str
) -> None:
    home_phones(repository)
    repository.replace("connectsync.yaml", "severity: error", f"severity: {to}")
    change(repository)
    assert repository.run(command).status == ExitStatus.FINE
    said = repository.run(command, "--changed-since", "main")
    assert said.status == ExitStatus.FINDINGS
    assert HOME in said.out if command == "validate" else "not texted" in said.err


def test_a_change_does_not_put_its_own_error_into_the_baseline(
    repository: Console,
) -> None:
    too_early(repository)
    repository.run("validate", "--write-baseline")
    say(repository, f"baseline: {BASELINE}\n")
    change(repository)
    assert repository.run("plan").status == ExitStatus.FINE
    for command in ("validate", "plan"):
        said = repository.run(command, "--changed-since", "main")
        assert said.status == ExitStatus.FINDINGS
    said = repository.run("validate", "--changed-since", "main")
    assert f"came into {BASELINE}" in said.err


def test_a_known_finding_that_becomes_graver_is_told_as_one_that_came_in(
    repository: Console,
) -> None:
    """It would put off the error that its rule becomes later."""
    home_phones(repository)
    repository.replace("connectsync.yaml", "severity: error", "severity: warning")
    repository.run("validate", "--write-baseline")
    say(repository, f"baseline: {BASELINE}\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "a baseline")
    known = repository.folder / BASELINE
    text = known.read_text("utf-8").replace('"warning"', '"error"', 1)
    known.write_text(text, "utf-8")
    change(repository)
    said = repository.run("plan", "--changed-since", "main")
    assert f"also means: 1 finding came into {BASELINE}" in " ".join(said.out.split())


@pytest.mark.parametrize("in_place", [False, True], ids=["as-it-is", "of-the-target"])
@pytest.mark.parametrize("format_", [*formats_of("plan"), "approve"])
@pytest.mark.sampled(5)
def test_a_plan_says_that_its_change_loosened_rules(
    repository: Console,
    format_: str,
    in_place: bool,  # noqa: FBT001
) -> None:
    repository.replace("connectsync.yaml", "severity: error", "severity: off")
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    change(repository)
    if in_place:
        git(repository, "checkout", "main", "--", "connectsync.yaml")
    asked = ["plan", "--changed-since", "main", "--out", "plan.json"]
    said = repository.run(
        *asked, *([] if format_ == "approve" else ["--format", format_])
    )
    assert said.status == ExitStatus.FINE, said.err
    data = json.loads((repository.folder / "plan.json").read_text("utf-8"))
    insist_fits(data, "plan")
    also = "connectsync.yaml also changes: rules"
    assert data["loosened"] == [f"{HOME} was error, and is off", also]
    if format_ == "approve":
        said = repository.run("approve", "plan.json", "--as", "Ada", "--yes")
    assert "rules-loosened" in said.both


def sign_without_what_is_loosened(plan: Path) -> list[str]:
    """Edit a plan, sign it again, and give what it does not say any longer."""
    data = json.loads(plan.read_text("utf-8"))
    told: list[str] = data.pop("loosened")
    data["guards"] = [one for one in data["guards"] if one["rule"] != "rules-loosened"]
    data["digest"] = digest_of(data)
    plan.write_text(json.dumps(data), "utf-8")
    return told


@pytest.mark.parametrize("way", ["rules", "baseline"])
@pytest.mark.parametrize("command", ["approve", "apply"])
def test_what_a_change_loosened_is_told_where_its_plan_was_edited_not_to(
    repository: Console, command: str, way: str
) -> None:
    """Whoever edits a plan can sign it again: what git knows is looked up afresh."""
    if way == "rules":
        repository.replace("connectsync.yaml", "severity: error", "severity: off")
    else:
        repository.replace("connectsync.yaml", "severity: error", "severity: warning")
        home_phones(repository)
        git(repository, "commit", "--quiet", "--all", "--message", "home phones")
        repository.run("validate", "--write-baseline")
        say(repository, f"baseline: {BASELINE}\n")
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    change(repository)
    asked = ["plan", "--changed-since", "main", "--out", "p.json"]
    assert repository.run(*asked).status == ExitStatus.FINE
    told = sign_without_what_is_loosened(repository.folder / "p.json")
    more = ["--as", "Ada", "--yes"] if command == "approve" else []
    said = repository.run(command, "p.json", *more)
    assert said.status == ExitStatus.FINE, said.err
    assert f"warning: rules-loosened: {told[0]}" in said.err


def test_what_a_change_loosened_is_told_also_where_its_districts_are_not_compared(
    repository: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise GitRefused("its files cannot be read")

    repository.replace("connectsync.yaml", "severity: error", "severity: off")
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    change(repository)
    repository.run("plan", "--changed-since", "main", "--out", "p.json")
    told = sign_without_what_is_loosened(repository.folder / "p.json")
    monkeypatch.setattr("connectsync.operations.baseline.causes_of", refused)
    said = repository.run("approve", "p.json", "--as", "Ada", "--yes")
    assert f"warning: rules-loosened: {told[0]}" in said.err


def test_a_change_that_makes_rules_stricter_is_told_nothing_of(
    repository: Console,
) -> None:
    say(
        repository, rule("error", "home-phone-drops-guardians").removeprefix("rules:\n")
    )
    change(repository)
    assert repository.run("validate", "--changed-since", "main").err == ""


def test_the_quick_check_of_one_file_says_what_the_slow_one_says(home: Console) -> None:
    home.run("validate", "--write-baseline")
    say(home, f"baseline: {BASELINE}\n" + rule("off", "home-phone-drops-guardians"))
    quick, slow = home.run("validate", CREEK), home.run("validate", CREEK, "--no-cache")
    assert (quick.status, quick.both) == (slow.status, slow.both)


def test_notes_are_quiet_until_they_are_asked_for(valley: Console) -> None:
    valley.replace(CREEK, "enable_daily_sync: true", "enable_daily_sync: false")
    for format_ in ("text", "concise"):
        said = valley.run("validate", "--format", format_)
        assert "info[" not in said.out
        assert "not shown; `--show info` shows them" in said.out
        said = valley.run("validate", "--format", format_, "--show", "info")
        assert "info[" in said.out
        assert "not shown" not in said.out
    assert "info" in [one["severity"] for one in report(valley)["findings"]]
    assert '"note"' in valley.run("validate", "--format", "sarif").out


def test_explain_says_what_the_project_makes_of_a_rule(home: Console) -> None:
    assert "In this project" not in home.run("explain", HOME).out
    say(home, rule("off", more="    paths: [districts/tx]\n"))
    said = home.run("explain", HOME).out
    assert "In this project" in said
    assert "off in districts/tx" in said
    assert "landlines only (connectsync.yaml:" in said


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("    paths: [districts/tex/*]\n", "no file is like districts/tex/*"),
        ("    label: coast\n", "no district is labeled coast"),
        ("    paths: [districts/tx/*]\n", ""),
        ("    paths: [districts/_profiles]\n", ""),
        ("    paths: [connectsync.yaml]\n", ""),
        ("", ""),
    ],
)
def test_an_entry_that_reaches_nothing_is_told(
    home: Console, more: str, why: str
) -> None:
    say(home, rule("off", more=more))
    said = home.run("validate")
    assert said.status == 0
    assert ("reaches nothing" in said.err) is bool(why)
    assert why in said.err
    assert "reaches nothing" not in home.run("validate", CREEK).err
    # a file that cannot be read may have the label
    (home.folder / "districts" / "tx" / "broken.yaml").write_text("[")
    said = home.run("validate")
    assert ("reaches nothing" in said.err) is ("paths: [districts/tex" in more)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([["**/*a" * 11]], "a pattern has more than 20 stars"),
        ([[f"a{one}" for one in range(100)]] * 6, "have more than 500 paths"),
        ([["a"]] * 501, "there are more than 500 entries about rules"),
    ],
)
def test_rules_that_would_take_minutes_to_go_by_are_refused_at_once(
    valley: Console, entries: list[list[str]], why: str
) -> None:
    """A fork's pull request writes them, and a job has to end."""
    spelled = [
        rule("off").removeprefix("rules:\n") + f"    paths: {json.dumps(paths)}\n"
        for paths in entries
    ]
    say(valley, "rules:\n" + "".join(spelled))
    said = valley.run("validate")
    assert said.status == ExitStatus.FINDINGS
    assert why in said.err


def test_a_baseline_of_endless_findings_is_refused_at_once(valley: Console) -> None:
    """Forty bytes can stand for ten thousand findings, and they were all laid out."""
    say(valley, f"baseline: {BASELINE}\n")
    entry = {"rule": HOME, "severity": "warning", "district": "d", "path": "/"}
    entries = [{**entry, "content": "c", "count": 10_000}] * 51
    text = json.dumps({"schema": 1, "findings": entries})
    (valley.folder / BASELINE).write_text(text, "utf-8")
    said = valley.run("validate")
    assert said.status == ExitStatus.FINDINGS
    assert "it holds more than 500,000 findings" in said.err


def moves_under(console: Console, way: str) -> None:
    """Bring a district that draws a warning where an entry about rules speaks."""
    if way == "a label":
        console.replace(CREEK, "schema: 1\n", "schema: 1\nlabels: [pilot]\n")
    elif way == "a label off":
        console.replace(CREEK, "labels: [strict]\n", "")
    elif way == "a folder":
        folder = console.folder / "districts/pilots"
        folder.mkdir()
        (console.folder / CREEK).rename(folder / "dry-creek-isd.yaml")
    else:
        console.replace(CREEK, "profile: clever-standard", "profile: lax")


PILOTS = {
    "a label": ("    label: pilot\n", "off for districts labeled pilot"),
    "a folder": (
        "    paths: [districts/pilots]\n",
        "off in districts/pilots",
    ),
    "a profile": (
        "    paths: [districts/_profiles/lax.yaml]\n",
        "off in districts/_profiles/lax.yaml",
    ),
    "a label off": ("    label: strict\n", "warning"),
}
UNDER = f"  - rule: {HOME}\n    severity: off\n    reason: they know\n"
LAX = "districts/_profiles/lax.yaml"


def with_an_entry(repository: Console, way: str) -> str:
    """Put an entry on main that a change may bring a district under."""
    more, said = PILOTS[way]
    if way == "a label off":
        path = repository.folder / "connectsync.yaml"
        text = path.read_text("utf-8").partition("rules:\n")[0]
        path.write_text(text + rule("error", more=more), "utf-8")
        repository.replace(CREEK, "schema: 1\n", "schema: 1\nlabels: [strict]\n")
        said = f"error for districts labeled strict, and is {said}"
    else:
        say(repository, UNDER + more)
        said = f"error, and is {said}"
    text = (repository.folder / PROFILE).read_text("utf-8")
    (repository.folder / LAX).write_text(text.replace("[Cell]", "[Home]"), "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "an entry")
    return f"{HOME} was {said}: dry-creek-isd"


@pytest.mark.parametrize("way", PILOTS)
@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.sampled(4)
def test_a_change_does_not_bring_a_district_under_an_entry_that_judges_it_less(
    repository: Console, command: str, way: str
) -> None:
    told = with_an_entry(repository, way)
    moves_under(repository, way)
    if way != "a profile":
        (file,) = repository.folder.glob("districts/*/dry-creek-isd.yaml")
        home_phones(repository, str(file.relative_to(repository.folder)))
    change(repository)
    assert repository.run(command).status == ExitStatus.FINE
    said = repository.run(command, "--changed-since", "main")
    assert said.status == ExitStatus.FINDINGS, said.both
    if command == "validate":
        assert HOME in said.out
        assert told in said.err
    # merged, it is judged by where it stands
    git(repository, "branch", "--quiet", "--force", "main", "change")
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert repository.run(command, "--changed-since", "main").status == ExitStatus.FINE


@pytest.mark.parametrize("command", ["plan", "approve", "apply"])
@pytest.mark.parametrize("way", ["a label", "a folder", "a label off"])
@pytest.mark.sampled(4)
def test_a_plan_says_which_district_came_to_be_judged_less(
    repository: Console, command: str, way: str
) -> None:
    """So do who approves and who applies it, where an edited plan does not."""
    told = with_an_entry(repository, way)
    moves_under(repository, way)
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    change(repository)
    asked = ["plan", "--changed-since", "main", "--out", "plan.json"]
    said = repository.run(*asked)
    assert said.status == ExitStatus.FINE, said.err
    plan = repository.folder / "plan.json"
    data = json.loads(plan.read_text("utf-8"))
    assert data["loosened"] == [told]
    assert "rules-loosened" in said.out
    if command == "plan":
        return
    more = ["--as", "Ada", "--yes"] if command == "approve" else []
    del data["loosened"]
    data["guards"] = [one for one in data["guards"] if one["rule"] != "rules-loosened"]
    data["digest"] = digest_of(data)
    plan.write_text(json.dumps(data), "utf-8")
    said = repository.run(command, "plan.json", *more)
    assert said.status == ExitStatus.FINE, said.err
    assert f"warning: rules-loosened: {told}" in said.err


def test_a_new_district_is_judged_by_an_entry_for_its_label_and_that_is_told(
    repository: Console,
) -> None:
    told = with_an_entry(repository, "a label").replace("dry-creek", "wet-creek")
    text = (repository.folder / CREEK).read_text("utf-8")
    text = text.replace("dry-creek", "wet-creek").replace("Dry Creek", "Wet Creek")
    text = text.replace("schema: 1\n", "schema: 1\nlabels: [pilot]\n")
    text = text.replace("settings:\n", "settings:\n  phone_types: [Home]\n")
    file = repository.folder / "districts/tx/wet-creek-isd.yaml"
    file.write_text(text, "utf-8")
    change(repository)
    said = repository.run("validate", str(file), "--changed-since", "main")
    assert HOME not in said.out
    assert told in said.err


def test_a_change_that_moves_a_file_under_no_entry_is_told_nothing_of(
    repository: Console,
) -> None:
    with_an_entry(repository, "a label")
    moves_under(repository, "a folder")
    change(repository)
    said = repository.run("validate", "--changed-since", "main")
    assert (said.status, said.err) == (ExitStatus.FINE, "")


def test_a_change_does_not_bring_a_district_onto_a_profile_whose_errors_are_known(
    repository: Console,
) -> None:
    """What a baseline puts off of a profile is that of the districts it had."""
    with_an_entry(repository, "a label")
    repository.replace(LAKEVIEW, "profile: clever-standard", "profile: lax")
    repository.run("validate", "--write-baseline")
    say(repository, f"baseline: {BASELINE}\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "a baseline")
    repository.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert repository.run("plan", "--changed-since", "main").status == ExitStatus.FINE
    moves_under(repository, "a profile")
    change(repository)
    assert repository.run("plan").status == ExitStatus.FINE
    for command in ("validate", "plan"):
        said = repository.run(command, "--changed-since", "main")
        assert said.status == ExitStatus.FINDINGS
