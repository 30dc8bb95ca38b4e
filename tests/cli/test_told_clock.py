"""A time that is told holds on this machine, and elsewhere only where that is meant."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta

import pytest
from console import Console

NOW = {"CONNECTSYNC_NOW": "2027-01-15T10:00:00Z", "TOKEN": "t0ken-of-a-gateway"}
MEANT = {**NOW, "CONNECTSYNC_NOW_ANYWHERE": "1"}


def elsewhere(console: Console, address: str) -> None:
    """Let the project reach Connect through a gateway, or its page."""
    (console.folder / "connectsync.yaml").write_text(
        f"schema: 1\nbackends:\n  gateway: {{url: '{address}', token: 'env:TOKEN'}}\n"
        f"  browser: {{url: '{address}'}}\n"
    )


@pytest.mark.parametrize("backend", ["gateway", "browser"])
@pytest.mark.parametrize("command", ["plan", "apply --yes", "drift", "snapshot"])
def test_a_told_time_is_refused_on_a_connect_that_is_not_here(
    valley: Console, backend: str, command: str
) -> None:
    elsewhere(valley, "https://connect.example.org")
    said = valley.run(*command.split(), "--backend", backend, environment=NOW)
    assert said.status == 64
    assert "connect.example.org is not this machine" in said.err
    assert "unset CONNECTSYNC_NOW" in said.err


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("gateway https://connect.example.org", "connect.example.org"),
        ("browser https://connect.example.org/d", "connect.example.org"),
        ("production", "what the snapshot was taken of ('production')"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply", "drift", "doctor"])
def test_a_told_time_makes_no_snapshot_of_another_machine_young(
    valley: Console, command: str, source: str, named: str
) -> None:
    valley.replace("live.json", '"source": "embedded"', f'"source": "{source}"')
    old = {**NOW, "CONNECTSYNC_NOW": "2027-01-15T07:00:00Z"}
    there = ("--backend", "snapshot:live.json", command)
    said = valley.run(*there, environment=old)
    told = " ".join(said.both.split())
    assert said.status == (5 if command == "doctor" else 64), told
    assert f"{named} is not this machine" in told
    assert "unset CONNECTSYNC_NOW" in told
    meant = valley.run(*there, environment={**MEANT, **old})
    assert "the time is told by CONNECTSYNC_NOW" in " ".join(meant.both.split())


@pytest.mark.parametrize("source", ["embedded", "gateway http://127.0.0.1:8000"])
def test_a_told_time_holds_for_a_snapshot_of_this_machine(
    valley: Console, source: str
) -> None:
    valley.replace("live.json", '"source": "embedded"', f'"source": "{source}"')
    said = valley.run("--backend", "snapshot:live.json", "plan", environment=NOW)
    assert said.status == 0, said.both
    assert "CONNECTSYNC_NOW" not in said.err


def test_where_it_is_meant_it_is_said_and_kept_with_the_plan(valley: Console) -> None:
    # nothing listens there: it is about what is said before
    elsewhere(valley, "https://127.0.0.2.nip.invalid")
    said = valley.run("plan", "--backend", "gateway", environment=MEANT)
    assert said.err.count("the time is told by CONNECTSYNC_NOW") == 1
    assert "is not this machine" not in said.err
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends: {embedded: {seed: live.json}}\n"
    )
    valley.run("plan", "--out", "plan.json", environment=MEANT)
    plan = (valley.folder / "plan.json").read_text()
    assert "the time told as 2027-01-15T10:00:00Z" in plan
    assert valley.run("apply", "plan.json", environment=MEANT).status in {0, 3}


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_on_this_machine_a_told_time_holds(valley: Console, host: str) -> None:
    elsewhere(valley, f"http://{host}")
    said = valley.run("plan", "--backend", "gateway", environment=NOW)
    assert "CONNECTSYNC_NOW" not in said.err


def test_the_clock_of_the_machine_holds_anywhere(valley: Console) -> None:
    elsewhere(valley, "https://connect.invalid")
    own = {**NOW, "CONNECTSYNC_NOW": ""}
    said = valley.run("plan", "--backend", "gateway", environment=own)
    assert said.status == 5


def test_a_run_by_a_told_time_says_so_and_the_log_holds_the_real_one(
    valley: Console,
) -> None:
    own = {"CONNECTSYNC_NOW": ""}
    before = datetime.now(UTC)
    assert valley.run("apply", "--yes", "lakeview-usd", environment=NOW).status == 0
    line = "its times were told by CONNECTSYNC_NOW"
    assert line in valley.run("runs", "show", "1", environment=own).out
    shown = valley.run("runs", "show", "1", "--format", "json", environment=own).out
    listed = valley.run("runs", "--format", "json", environment=own).out
    assert json.loads(shown)["run"]["told_time"] is True
    assert json.loads(listed)["runs"][0]["told_time"] is True
    assert valley.run("runs", "verify", environment=own).status == 0
    path = valley.folder / ".connectsync" / "state.db"
    with closing(sqlite3.connect(path)) as store:
        facts = store.execute("SELECT at, detail FROM audit WHERE run = 1").fetchall()
    for at, detail in facts:
        real = datetime.fromisoformat(json.loads(detail)["told_time"])
        assert before - timedelta(seconds=1) <= real <= datetime.now(UTC)
        assert at.startswith("2027-01-15")
    # the mark cannot be taken away without a word
    valley.statement(
        "UPDATE audit SET detail = replace(detail, '\"told_time\"', '\"x\"')"
    )
    assert valley.run("runs", "verify", environment=own).status == 1


def test_a_run_by_the_clock_of_the_machine_has_no_mark(valley: Console) -> None:
    own = {"CONNECTSYNC_NOW": ""}
    assert valley.run("apply", "--yes", "lakeview-usd", environment=own).status == 0
    assert "CONNECTSYNC_NOW" not in valley.run("runs", "show", "1").out
    shown = valley.run("runs", "show", "1", "--format", "json").out
    assert json.loads(shown)["run"]["told_time"] is False


def test_a_run_that_is_continued_by_a_told_time_says_so(
    valley: Console, stopping: Callable[[], AbstractContextManager[None]]
) -> None:
    own = {"CONNECTSYNC_NOW": ""}
    with stopping():
        valley.run("plan", "--out", "plan.json", environment=own)
        valley.run("apply", "plan.json", environment=own)
    shown = valley.run("runs", "show", "1", "--format", "json").out
    assert json.loads(shown)["run"]["told_time"] is False
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    said = valley.run("resume", "1", environment={"CONNECTSYNC_NOW": soon})
    assert said.status == 0, said.both
    shown = valley.run("runs", "show", "1", "--format", "json").out
    assert json.loads(shown)["run"]["told_time"] is True
