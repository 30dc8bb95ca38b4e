"""Closing a run that nobody is to go on with."""

from __future__ import annotations

import json
import sqlite3

import pytest
from console import Console
from stores import left_open

FIRST, SECOND = "harbor-point-usd", "lakeview-usd"
WHY = "the files moved on"


def test_what_is_left_of_a_closed_run_stays_as_it_is(stopped: Console) -> None:
    before = stopped.live(SECOND)
    said = stopped.run("runs", "close", "1", "--reason", WHY)
    assert said.status == 0, said.err
    assert "Run 1 is closed; 1 district left as it was: lakeview-usd" in said.out
    assert stopped.live(SECOND) == before
    shown = stopped.run("runs", "show", "1").out
    assert "run 1: ended" in shown
    assert "2 districts: 1 done, 1 skipped" in shown
    assert f"closed: {WHY}" in shown
    assert stopped.run("runs", "verify").status == 0
    (run,) = json.loads(stopped.run("runs", "--format", "json").out)["runs"]
    assert (run["state"], run["districts"]["skipped"]) == ("ended", 1)


def test_nobody_goes_on_with_a_closed_run(stopped: Console) -> None:
    stopped.run("runs", "close", "1", "--reason", WHY)
    assert "nothing to resume" in stopped.run("resume").err
    assert "nothing of run 1 is left" in stopped.run("resume", "1").err
    again = stopped.run("runs", "close", "1", "--reason", WHY)
    assert (again.status, again.out) == (0, "")
    assert "nothing of run 1 is left" in again.err
    refused = stopped.run("apply", "plan.json")
    assert refused.status == 4
    assert "run 1 of this plan was closed" in refused.err
    # a new plan does what the closed run left
    assert stopped.run("apply", "--yes").status == 0
    assert stopped.run("plan", "--detailed-exitcode").status == 0


def test_a_closed_run_counts_for_the_day_by_what_it_saved_alone(
    stopped: Console,
) -> None:
    stopped.replace("connectsync.yaml", "guards:", "guards:\n  max_districts_a_day: 1")
    stopped.replace(f"districts/ca/{SECOND}.yaml", "threshold: 15", "threshold: 12")
    stopped.run("runs", "close", "1", "--reason", WHY)
    told = stopped.run("plan").out
    assert "too-many-districts-a-day" in told
    assert "2 districts change within 24 hours" in told


def test_a_save_of_which_nobody_knows_keeps_a_run_open(stopped: Console) -> None:
    left_open(stopped.folder / ".connectsync", 1, FIRST)
    rows = stopped.state()
    said = stopped.run("runs", "close", "1", "--reason", WHY)
    assert said.status == 1
    assert (
        f"it is not known yet whether a save of '{FIRST}' in run 1 happened" in said.err
    )
    assert "`connectsync resume 1 --ignore-files`, or with a click" in said.err
    assert stopped.state() == rows


def test_a_run_that_somebody_has_in_hand_is_not_closed(stopped: Console) -> None:
    store = sqlite3.connect(stopped.folder / ".connectsync" / "state.db")
    with store:
        store.execute(
            "UPDATE leases SET runner = 'far:1:2', expires = 9e9 WHERE district = ?",
            [SECOND],
        )
    store.close()
    rows = stopped.state()
    said = stopped.run("runs", "close", "1", "--reason", WHY)
    assert said.status == 1
    assert "far:1:2 is working on 'lakeview-usd' of run 1" in said.err
    assert stopped.state() == rows


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_asked_for(stopped: Console, reason: str) -> None:
    said = stopped.run("runs", "close", "1", "--reason", reason)
    assert said.status == 64
    assert "--reason needs from 1 to 500 characters" in said.err
    assert stopped.run("runs", "close", "1").status == 64
    assert "there is no run 7" in stopped.run("runs", "close", "7", "--reason", "x").err
