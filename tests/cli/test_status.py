"""Whether last night's sync worked: what is said, and with which exit status."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from clever_world import Clever, district, listed, serving
from console import Console, Said
from fitting import insist_fits
from processes import Machine
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from connectsync.cli.terminal import ExitStatus
from connectsync.domain.outcome import FirstNight, FirstNightState, LastSave
from connectsync.domain.sync import (
    DistrictStatus,
    SchoolOutcome,
)
from connectsync.emulator import app, store
from connectsync.operations.roster_check import ways_back

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
NIGHT = timedelta(hours=2)
KEY, ID = "lakeview-usd", "58da8a43cc70ab00017a1a10"
TOKENS = {"LAKEVIEW_USD_TOKEN": "s3cret-lakeview-usd"}


@pytest.fixture
def lakeview(valley: Console) -> Console:
    """Give the project with a stand-in whose store is there."""
    assert valley.run("status").status == ExitStatus.FINDINGS
    return valley


def note(  # noqa: PLR0913 - all by name
    console: Console,
    status: str = "Success",
    *,
    ago: timedelta = NIGHT,
    tried: int | None = None,
    key: str = KEY,
    schools: Mapping[str, str] = {},
) -> None:
    """Let Connect show a night of a district."""
    path = console.folder / ".connectsync" / "connect.db"
    with store.open_store(path).writing() as connection:
        at = (NOW - ago).isoformat()
        each = tuple(store.SchoolReport(*one) for one in schools.items())
        store.put_sync(connection, key, store.SyncReport(status, at, tried, each))


def lines(said: Said) -> str:
    return " ".join(said.out.split())


def told(console: Console, *options: str, status: ExitStatus) -> dict[str, Any]:
    """Give what is told of Lakeview as JSON, held against its schema."""
    said = console.run("status", KEY, "--format", "json", *options, environment=TOKENS)
    assert said.status == status, said.both
    report = json.loads(said.out)
    insist_fits(report, "status")
    assert report["fine"] is (status is ExitStatus.FINE)
    (found,) = report["districts"]
    assert isinstance(found, dict)
    return found


def test_a_good_night_is_told_and_ends_with_0(lakeview: Console) -> None:
    note(lakeview)
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINE
    assert f"fine {KEY} Success, 2027-01-15 08:00 UTC" in lines(said)
    assert "1 district: 1 fine" in said.out
    found = told(lakeview, status=ExitStatus.FINE)
    assert (found["verdict"], found["problems"]) == ("fine", [])
    assert found["sync"]["ending"] == "success"


def test_a_night_that_failed_on_the_threshold_says_what_to_do_with_the_figure(
    lakeview: Console,
) -> None:
    note(lakeview, "Failed: threshold", tried=34)
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINDINGS
    assert "tried to archive 34%" in lines(said)
    assert "ask whether the figure 34% is right" in lines(said)
    assert "facts.tried_to_archive" in said.out
    assert "docs/how-to/rollover-summer.md" in said.out
    found = told(lakeview, status=ExitStatus.FINDINGS)
    assert found["verdict"] == "failed"
    assert found["sync"]["tried_to_archive"] == 34


@pytest.mark.parametrize(
    ("words", "said_of_it"),
    [
        ("Failed: wrong credentials", "--set-token lakeview-usd`"),
        ("Failed: schools not found", "match the schools by their Clever ID"),
        ("Failed: out of order", "Connect says 'Failed: out of order'"),
        ("Almost done", "it is published nowhere whether that is a success"),
    ],
)
def test_what_is_no_success_is_told_with_what_to_do(
    words: str, said_of_it: str, lakeview: Console
) -> None:
    note(lakeview, words)
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINDINGS
    assert said_of_it in lines(said)
    assert "= help: " in said.out


FAILED = "Failed: threshold"
SCHOOLS = {"Bay Elementary": "Success", "Hill High": FAILED, "Elm": "Almost done"}


def test_a_success_is_none_for_the_schools_that_connect_shows_otherwise(
    lakeview: Console,
) -> None:
    note(lakeview, schools=SCHOOLS)
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINDINGS
    assert "3 schools: 1 success, 1 threshold, 1 other" in lines(said)
    assert (
        f"it failed for 1 of the 3 schools that Connect shows: Hill High: {FAILED}"
        in (lines(said))
    )
    assert "how it went for 1 of the 3 schools that Connect shows: Elm: Almost" in (
        lines(said)
    )
    found = told(lakeview, status=ExitStatus.FINDINGS)
    assert [one["kind"] for one in found["problems"]] == ["failed", "unclear"]
    assert found["sync"]["schools"][1] == {
        "school": "Hill High",
        "ending": "threshold",
        "shown": FAILED,
        "tried_to_archive": None,
    }


def test_schools_that_all_went_well_are_counted_and_no_more(lakeview: Console) -> None:
    note(lakeview, schools={"Bay Elementary": "Success", "Elm": "success"})
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINE
    assert "2 schools: 2 success" in lines(said)
    assert "Elm" not in said.out


def test_nothing_is_said_of_schools_where_connect_shows_none(lakeview: Console) -> None:
    note(lakeview)
    assert "school" not in lakeview.run("status", KEY).out
    assert "schools" not in told(lakeview, status=ExitStatus.FINE)["sync"]
    note(lakeview, "Failed: schools not found")
    assert "which ones is not shown here" in lines(lakeview.run("status", KEY))
    note(lakeview, "Failed: schools not found", schools={"Elm": "Failed: not found"})
    said = lines(lakeview.run("status", KEY))
    assert "which ones is not shown here" not in said
    assert "Elm: Failed: not found" in said


def test_a_name_of_a_school_is_no_longer_than_other_text_of_connect() -> None:
    assert len(SchoolOutcome("Hill " * 500, "Failed").told) < 600


def test_names_of_schools_give_no_command_and_no_escape(lakeview: Console) -> None:
    note(lakeview, schools={"\x1b[31m`connectsync apply --yes` <b>": "Failed"})
    said = lakeview.run("status", KEY)
    assert "\x1b" not in said.out
    assert "`connectsync apply --yes`" not in said.out
    lakeview.run("status", "--format", "html", "--output", "nights.html")
    page = (lakeview.folder / "nights.html").read_text()
    assert "&lt;b&gt;" in page
    assert "<code>connectsync apply --yes</code>" not in page


def test_a_night_that_can_be_run_over_schools_and_rosters(valley: Console) -> None:
    valley.run("apply", KEY, "--yes", "--set-token", KEY, environment=TOKENS)
    night = ("emulator", "--run-sync")
    ran = valley.run(
        *night,
        *("--archives", f"{KEY}/Hill High=46", "--not-found", f"{KEY}/Elm"),
    )
    assert f"{KEY}  (placeholder) Failed: schools not found" in ran.out, ran.both
    said = lines(valley.run("status", KEY))
    assert "it failed for 2 of the 2 schools that Connect shows: Elm: (" in said
    students = "Student_id,School_id,Student_number,Last_name,First_name\n"
    for name, last in (("before", 11), ("tonight", 6)):
        rows = (f"s{one},1,{one},L,F" for one in range(1, last))
        folder = valley.folder / name
        folder.mkdir()
        (folder / "students.csv").write_text(students + "\n".join(rows) + "\n")
    rosters = ("--roster", f"{KEY}=tonight", "--previous", f"{KEY}=before")
    ran = valley.run(*night, *rosters)
    assert f"{KEY}  Failed: threshold" in ran.out, ran.both
    assert "tried to archive 50%" in lines(valley.run("status", KEY))


@pytest.mark.parametrize(
    "option", ["--archives", "--not-found", "--roster", "--previous"]
)
def test_what_is_said_of_a_night_goes_with_running_one(
    option: str, valley: Console
) -> None:
    ran = valley.run("emulator", option, f"{KEY}=1")
    assert ran.status == ExitStatus.USAGE
    assert "go with --run-sync" in ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--archives", f"{KEY}/Hill High=101"], "is not DISTRICT=PERCENT"),
        (["--archives", "lakevew-usd/Elm=1"], "did you mean 'lakeview-usd'?"),
        (["--not-found", KEY], "is not DISTRICT/SCHOOL"),
        (["--not-found", "nowhere/Elm"], "--not-found names no district"),
        (["--roster", f"{KEY}=a.zip"], "has one roster: two nights are to be"),
        (["--roster", KEY], "is not DISTRICT=PATH"),
        (
            ["--roster", f"{KEY}=a.zip", "--previous", f"{KEY}=b.zip"],
            "there is no file or folder a.zip",
        ),
        (
            ["--roster", f"{KEY}=torn.zip", "--previous", f"{KEY}=torn.zip"],
            "what a night would archive is not told: torn.zip, torn.zip cannot be",
        ),
    ],
)
def test_a_night_that_cannot_be_run_is_a_sentence(
    options: list[str], said: str, valley: Console
) -> None:
    (valley.folder / "torn.zip").write_bytes(b"PK no more")
    ran = valley.run("emulator", "--run-sync", *options)
    assert ran.status != ExitStatus.FINE
    assert said in " ".join(ran.err.split()), ran.both
    assert "Traceback" not in ran.err


def test_a_success_of_long_ago_is_stale(lakeview: Console) -> None:
    note(lakeview, ago=timedelta(hours=49))
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINDINGS
    assert "the last sync was 49 hours ago, more than the 48 of" in lines(said)
    lakeview.replace(
        "connectsync.yaml", "guards:\n", "status: {stale_after_hours: 50}\nguards:\n"
    )
    assert told(lakeview, status=ExitStatus.FINE)["verdict"] == "fine"


def test_nothing_is_expected_of_a_sync_that_its_file_keeps_off(
    lakeview: Console,
) -> None:
    note(lakeview, "Failed", ago=timedelta(days=60), key="harbor-point-usd")
    said = lakeview.run("status", "harbor-point-usd")
    assert said.status == ExitStatus.FINE
    assert "its file keeps the daily sync off" in lines(said)


def test_words_of_connect_give_no_command_and_no_escape(lakeview: Console) -> None:
    note(lakeview, "Failed: \x1b[31m run `connectsync apply --yes`")
    said = lakeview.run("status", KEY)
    assert "\x1b" not in said.out
    assert "`connectsync apply --yes`" not in said.out


def test_a_snapshot_without_nights_is_not_offered_in_one_sentence(
    valley: Console,
) -> None:
    taken = valley.run("snapshot", "--output", "taken.json")
    assert taken.status == ExitStatus.FINE
    said = valley.run("--backend", "snapshot:taken.json", "status")
    assert said.status == ExitStatus.FINE, said.both
    assert said.out.count("not offered: snapshot:taken.json records no sync") == 1
    assert "3 districts: 1 off, 2 unknown" in said.out


def test_a_snapshot_tells_the_nights_that_it_recorded(lakeview: Console) -> None:
    note(lakeview, "Failed: threshold", tried=34)
    assert lakeview.run("snapshot", "--output", "taken.json").status == ExitStatus.FINE
    said = lakeview.run("--backend", "snapshot:taken.json", "status", KEY)
    assert said.status == ExitStatus.FINDINGS
    assert "tried to archive 34%" in lines(said)


@pytest.fixture
def clever() -> Iterator[Clever]:
    with serving(Clever({})) as served:
        yield served


def asked(console: Console, clever: Clever, **members: object) -> Said:
    """Have Clever asked, which says this of Lakeview."""
    clever.answers["s3cret-lakeview-usd"] = [listed(district(**{"id": ID} | members))]
    roster = f"roster:\n  clever: {{url: '{clever.url}'}}\nguards:\n"
    console.replace("connectsync.yaml", "guards:\n", roster)
    return asked_again(console, clever)


def asked_again(console: Console, clever: Clever, *options: str) -> Said:
    """Have Clever asked, which says what it said before."""
    named = {"CONNECTSYNC_CLEVER_HOST": urlsplit(clever.url).netloc}
    said = console.run("status", "--clever", KEY, *options, environment=TOKENS | named)
    assert "s3cret" not in said.both
    return said


def test_a_success_over_a_paused_roster_is_said_to_be_one(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    said = asked(
        lakeview,
        clever,
        state="paused",
        pause_start="2026-12-18T00:00:00Z",
        pause_end="2027-01-29T00:00:00Z",
        last_sync="2026-12-18T00:00:00Z",
    )
    assert said.status == ExitStatus.FINDINGS
    assert (
        "paused at Clever since 2026-12-18 until 2027-01-29: this success is one over"
        " a paused roster" in lines(said)
    )


def test_a_success_over_an_old_roster_is_said_to_be_one(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    said = asked(lakeview, clever, last_sync="2027-01-08T00:00:00Z")
    assert said.status == ExitStatus.FINDINGS
    assert "2027-01-08; this success is one over an old roster" in lines(said)


@pytest.mark.parametrize("state", ["error", "Pending"])
def test_a_success_of_a_district_that_does_not_run_at_clever_is_said_to_be_one(
    state: str, lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    said = asked(lakeview, clever, state=state, last_sync="2027-01-15T05:00:00Z")
    assert said.status == ExitStatus.FINDINGS
    assert (
        f"Clever calls the district {state!r}; this success may be one over an old"
        " roster" in lines(said)
    )
    told = asked_again(lakeview, clever, "--format", "json")
    (one,) = json.loads(told.out)["districts"]
    insist_fits(json.loads(told.out), "status")
    assert (one["verdict"], one["roster"]["state"]) == ("unclear", state)


def test_what_clever_calls_a_district_gives_no_command_and_no_escape(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    word = "gone\x1b[31m `connectsync apply --yes` <blink>\u202e"
    said = asked(lakeview, clever, state=word)
    assert said.status == ExitStatus.FINDINGS
    assert not {"\x1b", "\u202e"} & set(said.both)
    assert "`connectsync apply" not in said.out
    page = asked_again(lakeview, clever, "--format", "html").out
    assert "<blink>" not in page
    assert not {"\x1b", "\u202e"} & set(page)


def test_a_success_over_a_fresh_roster_is_fine(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    said = asked(lakeview, clever, last_sync="2027-01-15T05:00:00Z")
    assert said.status == ExitStatus.FINE, said.both
    assert "roster at Clever of 2027-01-15 05:00 UTC" in lines(said)


def test_a_clever_that_refuses_the_token_is_told_of_the_district(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    asked(lakeview, clever)
    clever.answers.clear()
    named = {"CONNECTSYNC_CLEVER_HOST": urlsplit(clever.url).netloc}
    said = lakeview.run("status", "--clever", KEY, environment=TOKENS | named)
    assert said.status == ExitStatus.FINDINGS
    assert "Clever did not say how old the roster is" in lines(said)


def test_what_clever_says_of_another_district_is_not_taken_for_this_one(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    other = "58da8a43cc70ab00017a1aff"
    said = asked(lakeview, clever, id=other, last_sync="2027-01-15T05:00:00Z")
    assert said.status == ExitStatus.FINDINGS
    assert "the token is of another district" in lines(said)


def test_districts_without_a_token_here_are_counted_as_not_asked(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    asked(lakeview, clever)
    named = {"CONNECTSYNC_CLEVER_HOST": urlsplit(clever.url).netloc}
    said = lakeview.run("status", "--clever", environment=TOKENS | named)
    assert "Clever was not asked about 2 districts: no token here" in said.err


def test_without_the_option_clever_is_not_asked(
    lakeview: Console, clever: Clever
) -> None:
    note(lakeview)
    asked(lakeview, clever)
    clever.seen.clear()
    assert lakeview.run("status", KEY, environment=TOKENS).status == ExitStatus.FINE
    assert clever.seen == []


def test_a_file_with_errors_does_not_hide_the_night_of_another(
    lakeview: Console,
) -> None:
    note(lakeview)
    broken = lakeview.folder / "districts" / "broken-usd.yaml"
    broken.write_text("schema: 1\n", encoding="utf-8")
    said = lakeview.run("status")
    assert f"fine   {KEY}" in said.out
    assert "files with errors are left out" in said.err


FILE = "districts/ca/lakeview-usd.yaml"


def text_of(console: Console) -> str:
    return (console.folder / FILE).read_text("utf-8")


def test_the_figure_is_recorded_in_the_districts_own_file(lakeview: Console) -> None:
    note(lakeview, "Failed: threshold", tried=34)
    before = text_of(lakeview)
    assert lakeview.run("status", KEY).status == ExitStatus.FINDINGS
    assert text_of(lakeview) == before
    said = lakeview.run("status", "--record")
    assert said.status == ExitStatus.FINDINGS
    assert f"wrote facts.tried_to_archive into {FILE}" in said.err
    after = text_of(lakeview)
    assert "tried_to_archive: 34" in after
    written = "  tried_to_archive: 34\n  tried_to_archive_on: 2027-01-15\n"
    assert after.replace(written, "") == before
    again = lakeview.run("status", "--record")
    assert "wrote" not in again.err
    assert text_of(lakeview) == after


@pytest.mark.parametrize(
    ("on", "explains"),
    [
        ("", "explains"),
        ("  tried_to_archive_on: 2027-01-05\n", "explains"),
        ("  tried_to_archive_on: 2026-11-16\n", "explains"),
        ("  tried_to_archive_on: 2026-11-15\n", ""),
    ],
)
def test_a_figure_of_another_rollover_explains_no_threshold_of_this_one(
    on: str, explains: str, lakeview: Console
) -> None:
    rollover = "  rollover: {from: 2027-01-10, to: 2027-01-31}\n"
    facts = f"{rollover}  tried_to_archive: 63\n{on}"
    lakeview.replace(FILE, "facts:\n", f"facts:\n{facts}")
    lakeview.replace(FILE, "deletion_threshold: 15", "deletion_threshold: 65")
    said = lakeview.run("validate", FILE, "--format", "concise")
    refused = "error[threshold-above-any-rollover]" in said.out
    assert refused is not bool(explains), said.both
    lakeview.replace(FILE, "deletion_threshold: 65", "deletion_threshold: 55")
    planned = lakeview.run("plan", KEY, "--format", "json")
    rules = {one["rule"] for one in json.loads(planned.out)["guards"]}
    assert ("threshold-raised-without-figure" in rules) is not bool(explains)


def test_a_figure_is_written_with_its_day_where_the_district_is(
    lakeview: Console,
) -> None:
    """It is the evening before there."""
    lakeview.replace(FILE, "facts:\n", "timezone: Pacific/Pago_Pago\nfacts:\n")
    note(lakeview, "Failed: threshold", tried=34)
    lakeview.run("status", "--record")
    assert "  tried_to_archive_on: 2027-01-14\n" in text_of(lakeview)
    note(lakeview, "Failed: threshold", tried=34, ago=-timedelta(hours=20))
    lakeview.run("status", "--record", environment=at(24))
    assert "  tried_to_archive_on: 2027-01-15\n" in text_of(lakeview)


@pytest.mark.parametrize(
    ("words", "ago", "tried"),
    [
        ("Success", NIGHT, 34),
        ("Failed: threshold", NIGHT, None),
        ("Failed: threshold", timedelta(days=300), 34),
    ],
)
def test_only_the_figure_of_last_nights_failure_is_recorded(
    words: str, ago: timedelta, tried: int | None, lakeview: Console
) -> None:
    note(lakeview, words, ago=ago, tried=tried)
    before = text_of(lakeview)
    said = lakeview.run("status", KEY, "--record")
    assert "none written" in said.err
    assert text_of(lakeview) == before


HARBOR = "harbor-point-usd"


def applied(console: Console) -> None:
    """Apply what the files say, two hours before now."""
    said = console.run("apply", KEY, "--yes", environment=at(-2))
    assert said.status == ExitStatus.FINE, said.both


def at(hours: float) -> dict[str, str]:
    """Give the environment of a time, in hours from now."""
    return {"CONNECTSYNC_NOW": (NOW + timedelta(hours=hours)).isoformat()}


def first_night(console: Console, *, status: ExitStatus) -> object:
    found = told(console, status=status)
    return found.get("first_night")


RUN_1 = {"run": 1, "applied_at": "2027-01-15T08:00:00+00:00"}


def test_a_change_waits_for_its_first_night(lakeview: Console) -> None:
    applied(lakeview)
    note(lakeview, ago=timedelta(hours=3))
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINE
    waits = "waits for its first night (run 1, applied 2027-01-15 08:00 UTC)"
    assert waits in lines(said)
    found = first_night(lakeview, status=ExitStatus.FINE)
    assert found == {**RUN_1, "state": "waits"}


def test_a_change_waits_where_no_night_is_shown_yet(lakeview: Console) -> None:
    applied(lakeview)
    found = first_night(lakeview, status=ExitStatus.FINDINGS)
    assert found == {**RUN_1, "state": "waits"}


def test_a_night_at_the_very_time_of_the_save_proves_nothing(
    lakeview: Console,
) -> None:
    applied(lakeview)
    note(lakeview, ago=timedelta(hours=2, minutes=-5))
    found = first_night(lakeview, status=ExitStatus.FINE)
    assert found == {**RUN_1, "state": "waits"}
    note(lakeview, ago=timedelta(hours=2, minutes=-6))
    found = first_night(lakeview, status=ExitStatus.FINE)
    assert found == {**RUN_1, "state": "succeeded"}


def test_a_first_night_that_went_well_is_told(lakeview: Console) -> None:
    applied(lakeview)
    note(lakeview, ago=timedelta(hours=1))
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINE
    assert "first night after run 1: success" in lines(said)
    assert "rollback" not in said.out


def test_only_the_last_night_is_shown_so_a_later_one_is_called_so(
    lakeview: Console,
) -> None:
    applied(lakeview)
    note(lakeview, "Failed: schools not found", ago=timedelta(hours=-40))
    said = lakeview.run("status", KEY, environment=at(41))
    assert "; a night after run 1: failed" in lines(said)
    assert "2027-01-15 08:00 UTC, and a night after it failed" in lines(said)
    note(lakeview, "Failed: schools not found", ago=timedelta(days=-7))
    said = lakeview.run("status", KEY, environment=at(7 * 24 + 1))
    assert said.status == ExitStatus.FINDINGS
    assert "run 1" not in said.out


def test_a_first_night_that_failed_proposes_the_way_back(lakeview: Console) -> None:
    assert lakeview.run("apply", "--yes", environment=at(-2)).status == ExitStatus.FINE
    note(lakeview, "Failed: schools not found", ago=timedelta(hours=1))
    said = lakeview.run("status")
    assert "first night after run 1: failed" in lines(said)
    # the run changed another district as well, whose night did not fail
    way = f"`connectsync rollback 1 {KEY} --out plan.json`"
    assert way in lines(said)
    found = told(lakeview, status=ExitStatus.FINDINGS)
    assert [one["kind"] for one in found["problems"]] == ["failed", "failed"]
    assert way in found["problems"][1]["help"]


def test_a_first_night_that_failed_for_a_school_alone_says_so(
    lakeview: Console,
) -> None:
    applied(lakeview)
    note(lakeview, ago=timedelta(hours=1), schools=SCHOOLS)
    said = lines(lakeview.run("status", KEY))
    assert "the first night after it failed for some schools = help: if that" in said
    note(lakeview, ago=timedelta(hours=1), schools={"Elm": "Almost done"})
    found = first_night(lakeview, status=ExitStatus.FINDINGS)
    assert found == {**RUN_1, "state": "unproven"}


def test_one_command_takes_back_all_whose_first_night_failed(
    lakeview: Console,
) -> None:
    harbor = "districts/ca/harbor-point-usd.yaml"
    text = (lakeview.folder / harbor).read_text("utf-8")
    on = text.replace("enable_daily_sync: false", "enable_daily_sync: true")
    assert lakeview.run("apply", "--yes", environment=at(-2)).status == ExitStatus.FINE
    (lakeview.folder / harbor).write_text(on, "utf-8")
    for key in (KEY, HARBOR):
        note(lakeview, "Failed", ago=timedelta(hours=1), key=key)
    said = lakeview.run("status")
    assert lines(said).count("and the first night after it failed") == 2
    assert said.out.count("connectsync rollback 1") == 1
    assert "`connectsync rollback 1 --out plan.json`" in lines(said)


def test_a_run_that_took_another_back_is_not_proposed_to_be_taken_back(
    lakeview: Console,
) -> None:
    applied(lakeview)
    back = lakeview.run("rollback", "1", "--yes", environment=at(-1))
    assert back.status == ExitStatus.FINE, back.both
    note(lakeview, "Failed", ago=timedelta(minutes=30))
    said = lakeview.run("status", KEY)
    assert "first night after run 2: failed" in lines(said)
    assert "connectsync rollback" not in said.out


def test_a_token_that_was_typed_waits_too_and_no_rollback_brings_one_back(
    lakeview: Console,
) -> None:
    applied(lakeview)
    typed = lakeview.run(
        "apply", KEY, "--set-token", KEY, "--yes", environment=TOKENS | at(-1)
    )
    assert typed.status == ExitStatus.FINE, typed.both
    note(lakeview, "Failed: wrong credentials", ago=timedelta(minutes=30))
    said = lakeview.run("status", KEY)
    assert "first night after run 2: failed" in lines(said)
    assert "connectsync rollback" not in said.out


@pytest.mark.parametrize(
    "roster",
    [
        {"state": "paused", "last_sync": "2027-01-15T05:00:00Z"},
        {"state": "error", "last_sync": "2027-01-15T05:00:00Z"},
        {"last_sync": "2027-01-08T00:00:00Z"},
        {"id": "58da8a43cc70ab00017a1aff", "last_sync": "2027-01-15T05:00:00Z"},
    ],
)
def test_a_success_over_a_roster_that_stands_still_proves_no_change(
    roster: dict[str, str], lakeview: Console, clever: Clever
) -> None:
    applied(lakeview)
    note(lakeview, ago=timedelta(hours=1))
    said = asked(lakeview, clever, **roster)
    assert said.status == ExitStatus.FINDINGS
    assert "first night after run 1: not proven" in lines(said)


def test_words_that_are_published_nowhere_prove_no_change(lakeview: Console) -> None:
    applied(lakeview)
    note(lakeview, "Almost done", ago=timedelta(hours=1))
    found = first_night(lakeview, status=ExitStatus.FINDINGS)
    assert found == {**RUN_1, "state": "unproven"}


def test_no_night_is_waited_for_where_the_file_keeps_the_sync_off(
    lakeview: Console,
) -> None:
    assert lakeview.run("apply", "--yes", environment=at(-2)).status == ExitStatus.FINE
    note(lakeview, key=HARBOR, ago=timedelta(hours=9))
    said = lakeview.run("status", HARBOR)
    assert said.status == ExitStatus.FINE
    assert "run 1" not in said.out


def test_what_another_connect_was_told_waits_for_no_night_here(
    lakeview: Console,
) -> None:
    applied(lakeview)
    note(lakeview, ago=timedelta(hours=3))
    taken = lakeview.run("snapshot", "--output", "taken.json")
    assert taken.status == ExitStatus.FINE
    said = lakeview.run("--backend", "snapshot:taken.json", "status", KEY)
    assert said.status == ExitStatus.FINE
    assert "run 1" not in said.out


def test_a_night_does_not_wait_for_a_state_that_cannot_be_read(
    lakeview: Console,
) -> None:
    applied(lakeview)
    note(lakeview, "Failed", ago=timedelta(hours=1))
    lakeview.statement("UPDATE audit SET detail = '{}' WHERE seq = 1")
    said = lakeview.run("status", KEY)
    assert said.status == ExitStatus.FINDINGS
    assert "failed" in lines(said)
    assert "whether a change waits for its first night is not told: " in said.err


def test_asking_makes_no_state(lakeview: Console) -> None:
    note(lakeview)
    assert lakeview.run("status", KEY).status == ExitStatus.FINE
    assert not (lakeview.folder / ".connectsync" / "state.db").exists()


def test_a_failed_night_is_answered_by_the_command_that_is_proposed(
    valley: Console,
) -> None:
    state = valley.folder / ".connectsync"

    def machine(hours: float) -> Machine:
        return Machine(valley.folder, state, TOKENS | at(hours))

    before = machine(-30).run("snapshot", "--output", "-")
    assert before.status == ExitStatus.FINE, before.both
    threshold = valley.live(KEY)["deletion_threshold"]
    done = machine(-20).run("apply", KEY, "--set-token", KEY, "--yes")
    assert done.status == ExitStatus.FINE, done.both
    assert (threshold, valley.live(KEY)["deletion_threshold"]) == (45, 15)

    machine(-10).run("emulator", "--run-sync", "--archives", f"{KEY}=34")
    morning = machine(0).run("status", KEY)
    assert morning.status == ExitStatus.FINDINGS
    assert "first night after run 1: failed" in " ".join(morning.out.split())
    way, apply = re.findall(
        "`(connectsync [^`]*plan.json)`", " ".join(morning.out.split())
    )
    for command in (way, apply):
        words = shlex.split(command.replace("plan.json", f"{valley.folder}/plan.json"))
        # what is proposed names project and state itself
        assert words[1:5] == ["-C", str(valley.folder), "--state-dir", str(state)]
        ended = Machine(valley.folder, state, at(1)).run(*words[5:])
        assert ended.status == ExitStatus.FINE, ended.both
    assert valley.live(KEY)["deletion_threshold"] == threshold

    waits = machine(2).run("status", KEY)
    assert "waits for its first night (run 2, applied" in " ".join(waits.out.split())
    machine(14).run("emulator", "--run-sync", "--archives", f"{KEY}=34")
    well = machine(24).run("status", KEY)
    assert well.status == ExitStatus.FINE, well.both
    assert "first night after run 2: success" in " ".join(well.out.split())


@pytest.mark.parametrize(
    ("failed", "changed", "names"),
    [(2, 2, ""), (2, 3, " d00 d01"), (20, 21, None), (21, 22, " DISTRICT...")],
)
def test_a_way_back_names_the_districts_concerned(
    failed: int, changed: int, names: str | None
) -> None:
    save = LastSave(12, NOW, changes=True, districts=changed)
    night = FirstNight(save, FirstNightState.FAILED)
    keys = [f"d{number:02}" for number in range(failed)]
    found = ways_back([DistrictStatus(key, key, first_night=night) for key in keys])
    assert list(found) == keys
    (remedy,) = {one.remedy for one in found.values()}
    named = "".join(f" {key}" for key in keys) if names is None else names
    assert f"`connectsync rollback 12{named} --out plan.json`" in remedy


NEXT = "next: `connectsync status` after tonight's sync"


def test_a_person_who_applies_is_told_what_comes_next(valley: Console) -> None:
    said = valley.run("apply", KEY, "--yes", at_terminal=True)
    assert said.status == ExitStatus.FINE
    assert said.err.endswith(f"{NEXT}\n")
    back = valley.run("rollback", "1", "--yes", at_terminal=True)
    assert back.err.endswith(f"{NEXT}\n")
    assert valley.run("rollback", "2", "--out", "plan.json").status == ExitStatus.FINE
    assert valley.run("apply", "plan.json", at_terminal=True).err.endswith(f"{NEXT}\n")


def test_a_person_who_reconciles_is_told_what_comes_next_below_the_list(
    valley: Console,
) -> None:
    assert valley.run("apply", "--yes").status == ExitStatus.FINE
    file = "districts/ca/lakeview-usd.yaml"
    valley.replace(file, "deletion_threshold: 15", "deletion_threshold: 12")
    said = valley.run("reconcile", at_terminal=True)
    assert said.status == ExitStatus.FINE, said.both
    assert "Run 2: 1 change confirmed" in said.out
    assert said.both.endswith(f"{NEXT}\n")
    again = valley.run("reconcile", at_terminal=True)
    assert NEXT not in again.both
    valley.replace(file, "deletion_threshold: 12", "deletion_threshold: 11")
    as_json = valley.run("reconcile", "--format", "json", at_terminal=True)
    assert as_json.status == ExitStatus.FINE
    assert NEXT not in as_json.both


def test_nothing_comes_next_where_no_night_will_tell(valley: Console) -> None:
    # its file keeps the daily sync off
    off = valley.run("apply", HARBOR, "--yes", at_terminal=True)
    assert "Run 1: 1 done" in off.out
    assert NEXT not in off.both
    # a job has a schedule of its own
    job = valley.run("apply", KEY, "--yes")
    assert "Run 2: 1 done" in job.out
    assert NEXT not in job.both
    # of a trial on a stand-in no night will come
    trial = valley.run("demo", KEY, at_terminal=True)
    assert "Run 1: 1 done" in trial.out, trial.both
    assert NEXT not in trial.both
    # nothing was saved
    assert NEXT not in valley.run("apply", KEY, "--yes", at_terminal=True).both


def test_nothing_comes_next_where_connect_shows_no_night(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = app._district_body  # noqa: SLF001

    def older(row: store.DistrictRow) -> dict[str, object]:
        return {name: value for name, value in body(row).items() if name != "lastSync"}

    monkeypatch.setattr(app, "_district_body", older)
    said = valley.run("apply", KEY, "--yes", at_terminal=True)
    assert "Run 1: 1 done" in said.out
    assert NEXT not in said.both
    nowhere = valley.run("status", KEY)
    assert nowhere.status == ExitStatus.FINE
    assert "run 1" not in nowhere.out


def test_metrics_count_districts_by_how_their_night_went(lakeview: Console) -> None:
    note(lakeview, "Failed: threshold", tried=34)
    note(lakeview, key="dry-creek-isd", ago=timedelta(hours=1))
    # of a sync that is kept off nothing is expected
    note(lakeview, key=HARBOR, ago=timedelta(days=60))
    path = lakeview.folder / "metrics" / "status.prom"
    said = lakeview.run("status", "--metrics", str(path))
    assert said.status == ExitStatus.FINDINGS
    found = {
        (sample.name.removeprefix("connectsync_status_"), *sample.labels.values()): (
            sample.value
        )
        for family in text_string_to_metric_families(path.read_text())  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    assert found["exit_status",] == 1
    assert found["districts", "failed"] == 1
    assert found["districts", "off"] == 1
    assert found["districts", "paused"] == 0
    assert found["oldest_sync_timestamp_seconds",] == (NOW - NIGHT).timestamp()
    assert found["ended_timestamp_seconds",] == NOW.timestamp()


def test_metrics_count_schools_only_where_connect_shows_some(lakeview: Console) -> None:
    path = lakeview.folder / "status.prom"
    note(lakeview)
    lakeview.run("status", "--metrics", str(path))
    assert "connectsync_status_schools" not in path.read_text()
    note(lakeview, schools=SCHOOLS)
    lakeview.run("status", "--metrics", str(path))
    counted = [line for line in path.read_text().splitlines() if "schools{" in line]
    assert counted[0] == 'connectsync_status_schools{ending="success"} 1.0'
    assert 'connectsync_status_schools{ending="schools not found"} 0.0' in counted
    assert sum(float(line.split()[-1]) for line in counted) == 3


def test_metrics_tell_of_a_status_that_could_not_be_read(valley: Console) -> None:
    path = valley.folder / "status.prom"
    gone = ("--backend", "snapshot:gone.json", "status", "--metrics", str(path))
    said = valley.run(*gone)
    assert f"connectsync_status_exit_status {int(said.status)}.0" in path.read_text()
    assert "connectsync_status_districts" not in path.read_text()


def test_a_page_of_the_nights_has_the_worst_first_and_no_script(
    lakeview: Console,
) -> None:
    note(lakeview, "Failed: <b>\x1b[31m`connectsync apply --yes`", tried=34)
    said = lakeview.run("status", "--format", "html", "--output", "nights.html")
    assert said.status == ExitStatus.FINDINGS
    page = (lakeview.folder / "nights.html").read_text()
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page
    assert "&lt;b&gt;" in page
    assert "\x1b" not in page
    assert "<code>connectsync apply --yes</code>" not in page
    # failed, then stale, then the one that is kept off: none of them by its name
    places = [
        page.index(f"<code>{key}</code>") for key in (KEY, "dry-creek-isd", HARBOR)
    ]
    assert places == sorted(places)
    assert "What needs a look" in page
    assert "Schools, as Connect shows them" not in page
    note(lakeview, schools=SCHOOLS)
    lakeview.run("status", "--format", "html", "--output", "nights.html")
    page = (lakeview.folder / "nights.html").read_text()
    assert "<li>Bay Elementary: Success</li>" in page


def test_a_file_that_is_there_and_is_a_source_is_no_place_for_metrics(
    lakeview: Console,
) -> None:
    said = lakeview.run("status", "--metrics", "districts/ca/lakeview-usd.yaml")
    assert said.status == ExitStatus.USAGE
