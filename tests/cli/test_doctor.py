"""A check-up asks Clever only where it is told to, and records what it is told to."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from clever_world import Clever, answer, district, listed, serving
from console import Console, Said
from processes import connectsync, environment

from connectsync.cli.terminal import ExitStatus

IDS = {
    "lakeview-usd": "58da8a43cc70ab00017a1a10",
    "harbor-point-usd": "58da8a43cc70ab00017a1a11",
    "dry-creek-isd": "58da8a43cc70ab00017a1a12",
}
TOKENS = {f"{key.upper().replace('-', '_')}_TOKEN": f"s3cret-{key}" for key in IDS}


@pytest.fixture
def clever() -> Iterator[Clever]:
    """Give a Clever that knows every district by its token."""
    answers = {f"s3cret-{key}": [listed(district(id=IDS[key]))] for key in IDS}
    with serving(Clever(answers)) as served:
        yield served


def examined(console: Console, clever: Clever, **environment: str) -> Said:
    """Have Clever asked, with the tokens of all districts unless told otherwise."""
    roster = f"roster:\n  clever: {{url: '{clever.url}'}}\nguards:\n"
    console.replace("connectsync.yaml", "guards:\n", roster)
    place = clever.url.split("/")[2]
    named = {"CONNECTSYNC_CLEVER_HOST": place} if place.startswith("127.") else {}
    said = console.run("doctor", environment={**named, **(environment or TOKENS)})
    assert "s3cret" not in said.both
    return said


def lines(said: Said) -> str:
    """Give what was said with all blanks alike, however it was wrapped."""
    return " ".join(said.out.split())


def test_every_token_that_is_here_is_held_against_its_district(
    valley: Console, clever: Clever
) -> None:
    said = examined(valley, clever)
    assert said.status == ExitStatus.FINE, said.both
    assert f"ok clever Clever at {clever.url} answers for 3 districts" in lines(said)
    assert "ok clever ids the token names the district_id of 3 districts" in lines(said)
    assert len(clever.seen) == 3
    assert {(method, path) for method, path, _ in clever.seen} == {
        ("GET", "/v3.1/districts")
    }


def test_unless_it_is_configured_nobody_is_asked(
    valley: Console, clever: Clever
) -> None:
    said = valley.run("doctor", environment=TOKENS)
    assert said.status == ExitStatus.FINE
    assert "clever" not in said.out
    assert clever.seen == []


def test_no_other_command_asks_clever(valley: Console, clever: Clever) -> None:
    examined(valley, clever)
    clever.seen.clear()
    for command in (["validate"], ["plan"], ["apply", "--yes"], ["drift"]):
        assert valley.run(*command, environment=TOKENS).status == ExitStatus.FINE
    assert clever.seen == []


def test_a_token_of_another_district_is_a_failure_with_both_ids(
    valley: Console, clever: Clever
) -> None:
    clever.answers["s3cret-lakeview-usd"] = clever.answers["s3cret-harbor-point-usd"]
    said = examined(valley, clever)
    assert said.status == ExitStatus.FINDINGS
    told = lines(said)
    assert "error clever ids 1 token of another district: lakeview-usd states" in told
    assert IDS["lakeview-usd"] in told
    assert IDS["harbor-point-usd"] in told
    assert "compare both with the District ID on the page" in told


def test_a_refused_token_is_status_5(valley: Console, clever: Clever) -> None:
    del clever.answers["s3cret-dry-creek-isd"]
    said = examined(valley, clever)
    assert said.status == ExitStatus.UNREACHABLE
    assert "error clever 1 token refused: dry-creek-isd" in lines(said)


def test_a_clever_that_is_not_understood_is_status_5(
    valley: Console, clever: Clever
) -> None:
    clever.answers["s3cret-dry-creek-isd"] = [answer(200, '{"data": []}')]
    said = examined(valley, clever)
    assert said.status == ExitStatus.UNREACHABLE
    assert "it names 0 districts, not one" in lines(said)


def test_tokens_that_are_not_here_are_counted(valley: Console, clever: Clever) -> None:
    name = "LAKEVIEW_USD_TOKEN"
    said = examined(valley, clever, **{name: TOKENS[name]})
    assert said.status == ExitStatus.FINE
    assert "1 district; 2 districts not asked: no token here" in lines(said)
    assert len(clever.seen) == 1


def test_a_paused_district_with_an_old_roster_is_looked_at(
    valley: Console, clever: Clever
) -> None:
    paused = district(id=IDS["lakeview-usd"], state="paused", pause_end="2027-02-01")
    old = district(id=IDS["dry-creek-isd"], last_sync="2026-12-18T04:00:00.000Z")
    clever.answers["s3cret-lakeview-usd"] = [listed(paused)]
    clever.answers["s3cret-dry-creek-isd"] = [listed(old)]
    said = examined(valley, clever)
    assert said.status == ExitStatus.FINE
    assert "paused at Clever: lakeview-usd until 2027-02-01" in lines(said)
    assert "not renewed for 4 days: dry-creek-isd (2026-12-18)" in lines(said)


def test_an_address_in_the_clear_is_refused_before_a_token_leaves(
    valley: Console,
) -> None:
    said = examined(valley, Clever(url="http://clever.example.org/v3.1"))
    assert said.status == ExitStatus.UNREACHABLE
    assert "must start with https://" in lines(said)


def test_recorded_labels_make_files_checkable(valley: Console) -> None:
    profile = "districts/_profiles/clever-standard.yaml"
    valley.replace(profile, "settings:\n", "settings:\n  archived_students: Restore\n")
    shown = valley.run("validate", "--show", "info").out
    assert "archived-students-unverified" in shown
    said = valley.run("doctor", "--record")
    assert said.status == ExitStatus.FINDINGS
    assert "ok options wrote archived_students into connectsync.yaml" in lines(said)
    assert "error files 3 districts without error, and 1 error" in lines(said)
    checked = valley.run("validate")
    assert checked.status == ExitStatus.FINDINGS
    assert "error[archived-students-unknown]" in checked.out


def test_recording_twice_changes_nothing(valley: Console) -> None:
    assert valley.run("doctor", "--record").status == ExitStatus.FINE
    path = valley.folder / "connectsync.yaml"
    before = path.read_bytes(), path.stat().st_mtime_ns
    said = valley.run("doctor", "--record")
    assert "nothing new for connectsync.yaml" in said.out
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_without_being_told_to_nothing_is_recorded(valley: Console) -> None:
    before = (valley.folder / "connectsync.yaml").read_bytes()
    said = valley.run("doctor")
    assert "record it with `connectsync doctor --record`" in lines(said)
    assert (valley.folder / "connectsync.yaml").read_bytes() == before


def test_labels_that_nobody_recorded_cannot_be_taken_from_a_snapshot(
    valley: Console,
) -> None:
    before = (valley.folder / "connectsync.yaml").read_bytes()
    said = valley.run("--backend", "snapshot:live.json", "doctor", "--record")
    assert said.status == ExitStatus.FINDINGS
    assert "error options the labels of archived_students were not" in lines(said)
    assert (valley.folder / "connectsync.yaml").read_bytes() == before


def test_a_connect_that_is_not_reached_records_nothing(valley: Console) -> None:
    before = (valley.folder / "connectsync.yaml").read_bytes()
    said = valley.run("--backend", "gateway", "doctor", "--record")
    assert said.status == ExitStatus.UNREACHABLE
    assert (valley.folder / "connectsync.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (
            "2027-01-15T06:30:00Z",
            "ok age taken 2027-01-15 06:00 UTC, less than an hour ago",
        ),
        ("2027-01-15T10:00:00Z", "ok age taken 2027-01-15 06:00 UTC, 4 hours ago"),
        ("2027-01-16T06:00:00Z", "ok age taken 2027-01-15 06:00 UTC, 1 day ago"),
        (
            "2027-01-18T10:00:00Z",
            (
                "warning age taken 2027-01-15 06:00 UTC, 3 days ago: older than 24"
                " hours, so `apply` refuses changes that are planned on it, and nothing"
                " in it is remembered as applied"
            ),
        ),
    ],
)
def test_a_snapshot_says_how_old_it_is(valley: Console, now: str, words: str) -> None:
    environment = {"CONNECTSYNC_NOW": now}
    snapshot = ("--backend", "snapshot:live.json")
    said = valley.run(*snapshot, "doctor", environment=environment)
    assert words in lines(said)


def test_a_backend_that_is_read_now_has_no_age(valley: Console) -> None:
    assert " age " not in valley.run("doctor").out


def test_the_page_can_be_checked_before_the_first_import(valley: Console) -> None:
    for here in (valley.folder / "districts").rglob("*.yaml"):
        here.unlink()
    said = valley.run("doctor")
    assert said.status == ExitStatus.FINE, said.both
    assert "warning files there is no district file yet" in lines(said)
    assert "`connectsync import` writes one" in lines(said)
    for setting in ("student_id", "permissions"):
        assert f"ok {setting} offers" in lines(said)
    assert valley.run("doctor", "--record").status == ExitStatus.FINE
    shutil.rmtree(valley.folder / "districts")
    assert valley.run("doctor").status == ExitStatus.FINE


def test_where_there_is_no_project_there_is_nothing_to_check(tmp_path: Path) -> None:
    said = Console(tmp_path).run("doctor")
    assert said.status == ExitStatus.USAGE
    assert "there is no connectsync.yaml here or above" in said.err


def test_a_stand_in_can_be_served_before_the_first_import(valley: Console) -> None:
    shutil.rmtree(valley.folder / "districts")
    process = subprocess.Popen(
        connectsync("emulator", "--port", "0"),
        cwd=valley.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Connect (a stand-in) on http://127.0.0.1:")
    finally:
        process.kill()
        process.communicate()


HOSTS = ("evil.example.org", "clever.com.evil.example.org", "notclever.com")


@pytest.mark.parametrize("host", HOSTS)
def test_no_token_goes_to_a_host_that_is_not_clevers(
    valley: Console, host: str
) -> None:
    said = examined(valley, Clever(url=f"https://{host}/v3.1"))
    told = " ".join(said.both.split())
    assert f"{host} is not Clever's, so no token is sent there" in told
    assert said.status == ExitStatus.UNREACHABLE


@pytest.mark.parametrize("named", ["", "127.0.0.1:1", "127.0.0.1", "localhost"])
def test_no_token_goes_to_whoever_listens_on_this_machine(
    valley: Console, clever: Clever, named: str
) -> None:
    said = examined(valley, clever, **TOKENS, CONNECTSYNC_CLEVER_HOST=named)
    told = " ".join(said.both.split())
    assert "127.0.0.1 is not Clever's, so no token is sent there" in told
    assert f"CONNECTSYNC_CLEVER_HOST={urlsplit(clever.url).netloc}" in told
    assert clever.seen == []


def test_no_token_goes_where_no_address_can_be_read(valley: Console) -> None:
    """Of what one program refuses to read, another makes a host."""
    clever = Clever(url="https://evil].clever.invalid/v3.1")
    said = examined(valley, clever, **TOKENS)
    assert "roster.clever.url is no address, so no token is sent there" in lines(said)


def test_another_host_is_asked_where_the_environment_names_it(valley: Console) -> None:
    clever = Clever(url="https://clever.invalid/v3.1")
    named = {"CONNECTSYNC_CLEVER_HOST": "clever.invalid"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(*next(iter(named.items())))
        said = examined(valley, clever)
    assert "is not Clever's" not in said.both
