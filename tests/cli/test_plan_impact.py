"""``plan --impact``: whom changes reach, and limits that hold a plan to it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import slow_tally as slow
from console import Console, Said
from fitting import insist_fits
from marked_rosters import MARK, NUMBERS, SOURCES, breaks, made
from repositories import commit, git
from served_clever import TOKEN, a_district, made_up, serving_clever

from connectsync.domain.plan import TALLIES
from connectsync.domain.plan_file import digest_of
from connectsync.operations.comparison import Comparison
from connectsync.operations.git import GitRefused
from connectsync.report.reporter import formats_of

Stopping = Callable[[], AbstractContextManager[None]]

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
PROJECT = "connectsync.yaml"
FORMATS = ("text", "json", "markdown", "html")
ASKED = ("plan", "--impact", "--roster", "students.csv", LAKEVIEW)

LIMITS = "impact: {dropped: {max_increase: 0}, by_text: {max_decrease_percent: 5}}\n"
COUNTED = (
    *("--accept", "disruptive=2", "--accept", "guardians-by-text-over-limit=6"),
    *("--accept", "guardians-dropped-over-limit=2"),
)
UNCOUNTED = ("--accept", "disruptive=2", "--accept", "impact-not-counted=1")


@pytest.fixture
def counted(valley: Console) -> Console:
    """Give the valley with a roster of its lakeview, which asks for home phones."""
    valley.run("plan")
    slow.write_students(made(), valley.folder)
    valley.replace(LAKEVIEW, "  deletion_threshold: 15", "  phone_types: [Home]")
    return valley


def limited(console: Console, limits: str = LIMITS) -> None:
    with (console.folder / PROJECT).open("a") as project:
        project.write(limits)


def tally(**form: Any) -> dict[str, int]:
    whole = slow.slow_tally(made(), slow.Form("STUDENT ID", **form), "students")
    return {name: whole[name] for name in TALLIES}


def impact_of(console: Console, *arguments: str) -> dict[str, Any]:
    said = console.run(*ASKED, "--format", "json", *arguments)
    assert said.status == 0, said.err
    data = json.loads(said.out)
    insist_fits(data, "plan")
    found: dict[str, Any] = data["districts"][0]["impact"]
    return found


def test_the_tallies_are_those_of_the_form_on_connect_and_of_the_files(
    counted: Console,
) -> None:
    found = impact_of(counted)
    kin = frozenset({"Parent", "Grandparent", "Other"})
    assert found["before"] == tally(relationships=kin)
    home = tally(relationships=kin, phones=frozenset(["Home"]))
    assert found["settings"] == [{"setting": "phone_types", "after": home}]
    assert found["source"] == "Clever students.csv: students.csv"
    assert found["contacts"] == 18


def test_each_setting_counts_on_top_of_those_before_it(counted: Console) -> None:
    counted.replace(
        LAKEVIEW,
        "  phone_types: [Home]",
        "  phone_types: [Home]\n  contact_relationships: [Grandparent]\n"
        "  contact_types: [Emergency]",
    )
    shares = "true\n  clever_shares: {contact_types: [Emergency]}\nsettings"
    counted.replace(LAKEVIEW, "true\nsettings", shares)
    found = impact_of(counted)
    types = {"types": frozenset(["Emergency"])}
    kin = frozenset({"Parent", "Grandparent", "Other"})
    ties = types | {"relationships": frozenset(["Grandparent"])}
    assert found["settings"] == [
        {"setting": "contact_types", "after": tally(**types, relationships=kin)},
        {"setting": "contact_relationships", "after": tally(**ties)},
        {"setting": "phone_types", "after": tally(**ties, phones=frozenset(["Home"]))},
    ]
    said = counted.run(*ASKED)
    assert "  in all:\n    students left without a guardian" in said.out


def test_every_format_puts_the_same_numbers_under_the_change(counted: Console) -> None:
    found = impact_of(counted)
    before, after = found["before"]["by_text"], found["settings"][0]["after"]["by_text"]
    assert (before, after) == (6, 0)
    moved = "6 → 0 (-6, -100.0 %)"
    said = {one: counted.run(*ASKED, "--format", one).out for one in FORMATS[:1]}
    text = said["text"]
    assert f"login.\n    students left without a guardian  {_without()}" in text
    assert f"    guardians reached by text         {moved}\n" in text
    assert "counted on its roster: Clever students.csv: students.csv" in text
    assert f"on its roster:\n  students left without a guardian  {_without()}" in text
    comment = counted.run(*ASKED, "--format", "markdown").out
    assert f"<br>guardians reached by text         {moved}" in comment
    assert "| `lakeview-usd` | `phone_types` | students left without" in comment
    page = counted.run(*ASKED, "--format", "html").out
    # what the page says to do next counts again
    assert " --impact --out plan.json" in page
    assert f"<td>{moved}</td>" in page
    assert page.count(moved) > 1
    counted.run(*ASKED, "--out", "plan.json")
    assert moved in counted.run("show", "plan.json").out


BELOW = {
    "github": "+ phone_types Home (disruptive)%0A  students left without a guardian  ",
    "junit": "+ phone_types Home (disruptive)\n  students left without a guardian  ",
}


@pytest.mark.parametrize("format_", formats_of("plan"))
def test_no_format_of_a_plan_leaves_the_numbers_out(
    counted: Console, format_: str
) -> None:
    found = impact_of(counted)
    said = counted.run(*ASKED, "--format", format_)
    assert said.status == 0, said.err
    told = unescape(said.out).replace("%25", "%")
    if format_ == "json":
        assert json.loads(said.out)["districts"][0]["impact"] == found
        return
    for moved in ("6 → 0 (-6, -100.0 %)", _without()):
        assert moved in told
    assert f"{BELOW.get(format_, '')}{_without()}" in told
    if format_ in BELOW:
        # no limit is stated: they do not wait for a guard to speak
        assert "over-limit" not in told
        assert "counted on its roster: Clever students.csv: students.csv, 12" in told


@pytest.mark.parametrize("format_", ["github", "junit"])
def test_no_format_of_a_plan_keeps_back_that_no_one_counted(
    counted: Console, format_: str
) -> None:
    limited(counted, "roster: {districts: {dry-creek-isd: students.csv}}\n")
    said = counted.run("plan", "--impact", LAKEVIEW, "--format", format_)
    assert "not counted whom this reaches: no roster is named for this" in said.out


def _without() -> str:
    kin = frozenset({"Parent", "Grandparent", "Other"})
    before = tally(relationships=kin)["students_without_guardian"]
    home = tally(relationships=kin, phones=frozenset(["Home"]))
    return f"{before} → {home['students_without_guardian']}"


def test_one_roster_is_not_counted_for_several_districts(counted: Console) -> None:
    many = counted.run("plan", "--impact", "--roster", "students.csv")
    assert many.status == 64
    assert "is the roster of one district, and 3 are meant" in many.err
    assert "put {district} into its path" in many.err


def test_the_project_says_where_rosters_are(counted: Console) -> None:
    (counted.folder / "students.csv").rename(counted.folder / "lakeview-usd.csv")
    limited(counted, "roster: {source: '{district}.csv'}\n")
    said = counted.run("plan", "--impact")
    assert "counted on its roster: Clever students.csv: lakeview-usd.csv" in said.out
    assert said.status == 0
    assert counted.run("impact", "lakeview-usd").status == 0
    counted.replace(PROJECT, "source: '{district}.csv'", "source: 'no/{district}.csv'")
    said = counted.run("plan", "--impact")
    assert said.status == 0
    told = " ".join(said.out.split()).partition("not counted whom this reaches: ")[2]
    assert "no/lakeview-usd.csv" in told
    assert str(counted.folder) not in said.both
    own = "districts: {lakeview-usd: lakeview-usd.csv}"
    counted.replace(PROJECT, "source: 'no/{district}.csv'", own)
    assert "counted on its roster" in counted.run("plan", "--impact").out
    counted.replace(PROJECT, "lakeview-usd: ", "lakevew-usd: ")
    said = counted.run("plan", "--impact")
    assert said.status == 1
    assert "names a roster of 'lakevew-usd'" in said.err
    assert "lakeview-usd" in said.err.partition("help")[2]


def test_a_district_without_a_roster_says_so(counted: Console) -> None:
    limited(counted, "roster: {districts: {dry-creek-isd: students.csv}}\n")
    said = counted.run("plan", "--impact", LAKEVIEW)
    told = "  not counted whom this reaches: no roster is named for this district\n"
    assert told in said.out
    assert "not counted whom it reaches in 1 district\n" in said.out
    assert said.status == 0


def test_what_decides_nothing_about_people_needs_no_roster(valley: Console) -> None:
    limited(valley, LIMITS)
    said = valley.run("plan", "--impact", "--roster", "gone.csv", LAKEVIEW)
    assert said.status == 0
    assert "roster" not in said.out
    assert "impact-not-counted" not in said.out


REFUSED = {
    "no roster": (("plan", "--impact"), "no roster is named"),
    "no impact": (("plan", "--roster", "a.csv"), "--roster goes with --impact"),
    "no roster for impact": (("impact", "lakeview-usd"), "no roster is named"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_asked_in_vain_says_why(counted: Console, name: str) -> None:
    arguments, why = REFUSED[name]
    said = counted.run(*arguments)
    assert said.status == 64
    assert why in said.err
    assert "= help:" in said.err


def test_without_the_extra_it_says_how_to_add_it(
    counted: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("duckdb", "_duckdb"):
        monkeypatch.setitem(sys.modules, name, None)
    said = counted.run(*ASKED, "--out", "plan.json")
    assert said.status == 64
    assert "reading a roster needs the extra `roster`" in said.err
    assert not (counted.folder / "plan.json").exists()


# limits


def test_a_plan_over_a_limit_waits_for_the_number_of_people(counted: Console) -> None:
    limited(counted)
    planned = counted.run(*ASKED, "--out", "plan.json")
    assert "error[guardians-by-text-over-limit]" in planned.out
    assert f"apply needs {' '.join(COUNTED)}" in planned.out
    before = counted.live("lakeview-usd")
    for given in (COUNTED[:2], (*COUNTED[:3], "guardians-by-text-over-limit=5")):
        refused = counted.run("apply", "plan.json", *given)
        assert refused.status == 3, refused.both
        assert "guardians-by-text-over-limit: the plan holds 6" in refused.err
    assert counted.live("lakeview-usd") == before
    assert counted.state() == ()
    assert counted.run("apply", "plan.json", *COUNTED).status == 0


def test_a_plan_within_its_limits_waits_for_no_one(counted: Console) -> None:
    limited(counted, "impact: {dropped: {max_increase: 2}}\n")
    said = counted.run(*ASKED, "--out", "plan.json")
    assert "over-limit" not in said.out
    assert "impact-not-counted" not in said.out
    assert counted.run("apply", "plan.json", "--accept", "disruptive=2").status == 0


def test_a_plan_without_numbers_is_no_way_around_the_limits(counted: Console) -> None:
    limited(counted)
    counted.run("plan", "--out", "plan.json", LAKEVIEW)
    for command in (("apply", "plan.json"), ("apply", "--yes", LAKEVIEW)):
        refused = counted.run(*command, "--accept", "disruptive=2")
        assert refused.status == 3
        assert "impact-not-counted: the plan holds 1, none was accepted" in refused.err
    shown = counted.run("show", "plan.json").both
    assert "make the plan with `connectsync plan --impact`" in " ".join(shown.split())
    assert counted.state() == ()
    assert counted.run("apply", "plan.json", *UNCOUNTED).status == 0


def test_a_roster_without_contacts_is_no_way_around_the_limits(
    counted: Console,
) -> None:
    """That none came is not that none is reached."""
    limited(counted)
    path = counted.folder / "students.csv"
    header, *rows = csv.reader(path.read_text("utf-8").splitlines())
    kept = [at for at, name in enumerate(header) if "ontact" not in name]
    students = [[row[at] for at in kept] for row in (header, *rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(students)
    said = counted.run(*ASKED)
    assert "impact-not-counted" in said.both
    assert "no contacts came" in " ".join(said.both.split())
    assert "no change in whom it reaches" not in said.both


def test_a_plan_from_before_the_limits_is_held_to_them(counted: Console) -> None:
    counted.run("plan", "--out", "without.json", LAKEVIEW)
    counted.run(*ASKED, "--out", "plan.json")
    limited(counted)
    for plan, name in (
        ("without.json", "impact-not-counted"),
        ("plan.json", "guardians-by-text-over-limit"),
    ):
        refused = counted.run("apply", plan, "--accept", "disruptive=2")
        assert refused.status == 3
        assert f"{name}: the plan holds" in refused.err


def test_who_approves_sees_the_numbers_and_what_guards_say(counted: Console) -> None:
    counted.run(*ASKED, "--out", "plan.json")
    limited(counted, f"{LIMITS}approval: {{names: 1}}\n")
    said = counted.run("approve", "plan.json", "--as", "Ada", "--yes")
    assert "apply needs" in said.out
    assert "guardians-by-text-over-limit=6" in said.out


def test_what_reconciles_unattended_counts_no_one_and_so_waits(
    counted: Console,
) -> None:
    counted.run("apply", "--yes", HARBOR)
    counted.replace(
        HARBOR, "daily_sync: false", "daily_sync: false\n  student_id: STUDENT NUMBER"
    )
    limited(counted, "reconcile: {at_most: caution}\n")
    ready = counted.run("reconcile", "--dry-run", HARBOR)
    assert ready.status == 0, ready.both
    limited(counted)
    said = counted.run("reconcile", "--dry-run", HARBOR)
    assert said.status == 1
    assert "impact-not-counted" in said.out


def test_a_run_is_continued_under_the_limits_of_now(
    counted: Console, stopping: Stopping
) -> None:
    counted.replace(HARBOR, "enable_daily_sync: false", "unarchive_classrooms: true")
    limited(counted, "roster: {districts: {lakeview-usd: students.csv}}\n")
    counted.run("plan", "--impact", "--out", "plan.json", HARBOR, LAKEVIEW)
    with stopping():
        said = counted.run("apply", "plan.json", "--accept", "disruptive=2")
        assert "1 done, 1 not reached" in said.out
    limited(counted)
    refused = counted.run("resume")
    assert refused.status == 3
    assert "guardians-by-text-over-limit: the plan holds 6" in refused.err
    assert "Home" not in counted.live("lakeview-usd")["phone_types"]  # type: ignore[operator]
    assert counted.run("resume", *COUNTED[2:]).status == 0
    assert counted.live("lakeview-usd")["phone_types"] == frozenset(["Home"])


def test_a_way_back_says_that_it_is_not_counted(counted: Console) -> None:
    counted.run("apply", "--yes", LAKEVIEW, "--accept", "disruptive=2")
    limited(counted)
    said = counted.run("rollback", "1", "--yes", "--accept", "disruptive=2")
    assert said.status == 3
    assert "a way back is not counted: accept this by number" in said.both


@pytest.fixture
def repository(counted: Console) -> Console:
    """Give the project in git, with limits and a roster beside it."""
    counted.replace(LAKEVIEW, "  phone_types: [Home]", "  deletion_threshold: 15")
    limited(counted)
    limited(counted, "roster: {districts: {lakeview-usd: students.csv}}\n")
    ignored = (counted.folder / ".gitignore").open("w")
    ignored.write(".connectsync/\nplan.json\nstudents.csv\n")
    ignored.close()
    git(counted, "init", "--quiet", "--initial-branch", "main")
    commit(counted)
    git(counted, "checkout", "--quiet", "-b", "change")
    counted.replace(LAKEVIEW, "  deletion_threshold: 15", "  phone_types: [Home]")
    return counted


SINCE = ("plan", "--impact", "--changed-since", "main", "--out", "plan.json")


def test_limits_that_the_change_itself_loosens_hold_for_it(repository: Console) -> None:
    repository.replace(PROJECT, LIMITS, "impact: {dropped: {max_increase: 900}}\n")
    commit(repository)
    said = repository.run(*SINCE)
    assert "guardians-by-text-over-limit=6" in said.out
    data = json.loads((repository.folder / "plan.json").read_text())
    insist_fits(data, "plan")
    assert data["limits"]["impact"] == {
        "dropped": {"max_increase": 0},
        "by_text": {"max_decrease_percent": 5},
    }
    refused = repository.run("apply", "plan.json", "--accept", "disruptive=2")
    assert refused.status == 3
    assert "connectsync.yaml allows more now than before the change" in refused.err


def test_a_roster_that_the_change_brings_along_does_not_count(
    repository: Console,
) -> None:
    assert "counted on its roster" in repository.run(*SINCE).out
    git(repository, "add", "--force", "students.csv")
    commit(repository)
    said = repository.run(*SINCE)
    told = " ".join(said.out.split())
    assert "not counted whom this reaches: students.csv is of the change" in told
    assert "error[impact-not-counted]" in said.out


@pytest.mark.parametrize("samples", ["samples", ":(exclude)*", "[a]*"])
@pytest.mark.parametrize("link", ["rosters", "rosters/elm", "students.csv"])
@pytest.mark.sampled(4)
def test_a_roster_behind_a_link_that_the_change_brings_along_does_not_count(
    repository: Console, link: str, samples: str
) -> None:
    """What the link leads to was there before: who wrote the link chose it."""
    folder = repository.folder
    sample = folder / samples / "students.csv"
    sample.parent.mkdir()
    shutil.copy(folder / "students.csv", sample)
    named = link if link.endswith(".csv") else f"{link}/students.csv"
    repository.replace(PROJECT, "usd: students.csv", f"usd: {named}")
    git(repository, "add", "--force", f"./{samples}/students.csv", PROJECT)
    git(repository, "commit", "--quiet", "--message", "a sample")
    git(repository, "branch", "--force", "main")
    way, depth = folder / link, link.count("/")
    way.parent.mkdir(exist_ok=True)
    way.unlink(missing_ok=True)
    end = samples if way.suffix == "" else f"{samples}/students.csv"
    way.symlink_to("../" * depth + end)
    git(repository, "add", "--force", link)
    commit(repository)
    said = repository.run(*SINCE)
    assert "not counted whom this reaches" in " ".join(said.out.split())
    assert f"{link} is of the change" in " ".join(said.out.split())


def test_where_git_does_not_tell_what_a_change_brings_it_is_a_sentence(
    repository: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository)

    def refuse(*_: object) -> str:
        raise GitRefused("fatal: bad object")

    monkeypatch.setattr(Comparison, "brought", refuse)
    said = repository.run(*SINCE)
    assert said.status == 64
    assert "git cannot compare" in said.err


def dropped_unseen(impact: dict[str, Any]) -> None:
    impact["settings"][0]["after"]["created"] += 1


def another_setting(impact: dict[str, Any]) -> None:
    impact["settings"][0]["setting"] = "contact_types"


def fewer_students(impact: dict[str, Any]) -> None:
    impact["settings"][0]["after"]["students"] -= 1


def no_count(impact: dict[str, Any]) -> None:
    impact["before"]["by_text"] = -1


def a_name(impact: dict[str, Any]) -> None:
    impact["people"] = ["Ada"]


FORGED = (dropped_unseen, another_setting, fewer_students, no_count, a_name)


@pytest.mark.parametrize("forge", FORGED, ids=lambda one: one.__name__)
def test_tallies_that_cannot_be_are_refused(
    counted: Console, forge: Callable[[dict[str, Any]], None]
) -> None:
    counted.run(*ASKED, "--out", "plan.json")
    path = counted.folder / "plan.json"
    data = json.loads(path.read_text())
    forge(data["districts"][0]["impact"])
    path.write_text(json.dumps(data | {"digest": digest_of(data)}))
    said = counted.run("apply", "plan.json", "--accept", "disruptive=2")
    assert said.status == 4, said.both
    assert counted.state() == ()


def test_a_plan_that_was_edited_does_not_have_its_digest(counted: Console) -> None:
    counted.run(*ASKED, "--out", "plan.json")
    path = counted.folder / "plan.json"
    path.write_text(path.read_text().replace('"dropped": 2', '"dropped": 1'))
    said = counted.run("apply", "plan.json", "--accept", "disruptive=2")
    assert said.status == 4
    assert "digest does not match" in said.err


# Clever


def test_the_roster_at_clever_is_counted_with_the_token_of_the_district(
    counted: Console,
) -> None:
    district = replace(
        a_district(made_up(30, mark=MARK)), id="58da8a43cc70ab00017a1a10"
    )
    with serving_clever(district) as clever:
        limited(
            counted, f"roster: {{source: clever, clever: {{url: '{clever.url}'}}}}\n"
        )
        here = {
            "LAKEVIEW_USD_TOKEN": TOKEN,
            "CONNECTSYNC_CLEVER_HOST": urlsplit(clever.url).netloc,
        }
        said = counted.run("plan", "--impact", "--out", "plan.json", environment=here)
        del here["LAKEVIEW_USD_TOKEN"]
        without = counted.run("plan", "--impact", environment=here)
    assert f"counted on its roster: Clever at {clever.url}, 30 students" in said.out
    assert MARK.lower() not in _written(counted, said)
    assert TOKEN not in _written(counted, said)
    told = " ".join(without.both.split())
    assert without.status == 0
    assert "not counted whom this reaches: " in told
    assert "LAKEVIEW_USD_TOKEN" in told


# nothing of a person gets out


def _written(console: Console, said: Said, *besides: Path) -> str:
    files = [
        one.read_bytes().decode("latin-1")
        for one in console.folder.parent.rglob("*")
        if one.is_file() and not {*besides} & {one, *one.parents}
    ]
    return "\n".join([said.both, *files]).lower()


def _insist_nobody(text: str) -> None:
    assert [one for one in (MARK, *NUMBERS, "555-01") if one in text] == []


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.sampled(2)
def test_no_value_of_a_person_gets_into_plan_comment_state_or_log(
    valley: Console, tmp_path: Path, kind: str
) -> None:
    inside = tmp_path / "rosters"
    inside.mkdir()
    path = SOURCES[kind](inside)
    valley.replace(LAKEVIEW, "  deletion_threshold: 15", "  phone_types: [Home]")
    limited(valley)
    asked = ["plan", "--impact", "--roster", str(path), "--out", "plan.json", LAKEVIEW]
    for format_ in FORMATS:
        said = valley.run(*asked, "--format", format_, "--output", f"out.{format_}")
        assert said.status == 0, said.err
        _insist_nobody(_written(valley, said, inside))
    needed = json.loads((valley.folder / "plan.json").read_text())["guards"]
    counts: dict[str, int] = {}
    for one in needed:
        counts[one["accept"]] = counts.get(one["accept"], 0) + one["count"]
    accepts = [w for n, c in counts.items() for w in ("--accept", f"{n}={c}")]
    logged = ("--log-format", "json", "--metrics", "run.txt")
    said = valley.run("apply", "plan.json", *accepts, *logged)
    assert said.status == 0, said.both
    _insist_nobody(_written(valley, said, inside))
    for _ in breaks(path):
        said = valley.run(*asked, "--out", "broken.json")
        assert said.status == 0
        _insist_nobody(_written(valley, said, inside))


def test_a_bug_while_counting_writes_no_value_into_its_log(
    valley: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "rosters"
    inside.mkdir()
    path = SOURCES["students.csv"](inside)
    valley.replace(LAKEVIEW, "  deletion_threshold: 15", "  phone_types: [Home]")

    def fail(*_: object, **__: object) -> None:
        raise KeyError(MARK and len(NUMBERS))

    monkeypatch.setattr("connectsync.roster.tables.tally", fail)
    said = valley.run("plan", "--impact", "--roster", str(path), LAKEVIEW)
    assert said.status == 70
    _insist_nobody(_written(valley, said, inside))


def test_as_a_program_it_counts_and_holds(counted: Console) -> None:
    limited(counted)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "connectsync", *arguments],
            cwd=counted.folder,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run(*ASKED, "--out", "plan.json").returncode == 0
    assert run("apply", "plan.json", "--accept", "disruptive=2").returncode == 3
    assert run("apply", "plan.json", *COUNTED).returncode == 0
