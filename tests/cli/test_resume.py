"""Going on with a run that stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from console import Console
from forging import Entry
from stores import AT

from connectsync.apply.district_run import DistrictRun
from connectsync.apply.journal import RunOptions
from connectsync.apply.state.opening import open_store
from connectsync.cli.terminal import ExitStatus
from connectsync.errors import Bug

Stopping = Callable[[], AbstractContextManager[None]]

FIRST, SECOND = "harbor-point-usd", "lakeview-usd"


def test_what_is_left_is_done_and_nothing_else(stopped: Console) -> None:
    said = stopped.run("resume")
    assert said.status == 0
    assert f"done  {SECOND}" in said.err
    assert f"done  {FIRST}" not in said.err
    assert "Run 1: 2 done" in said.out
    assert "(1 ended before or by another runner)" in said.out
    assert stopped.run("plan", "--detailed-exitcode").status == 0
    again = stopped.run("resume")
    assert again.status == 0
    assert "nothing to resume" in again.err
    assert "nothing of run 1 is left" in stopped.run("resume", "1").err


def test_the_same_plan_applied_again_goes_on_as_well(stopped: Console) -> None:
    said = stopped.run("apply", "plan.json")
    assert said.status == 0
    assert "Run 1: 2 done" in said.out
    refused = stopped.run("apply", "plan.json")
    assert refused.status == 4
    assert "this plan was applied in run 1: nothing of it is left" in refused.err


def test_files_that_say_something_else_now_stop_it_unless_told(
    stopped: Console,
) -> None:
    stopped.replace(f"districts/ca/{SECOND}.yaml", "threshold: 15", "threshold: 12")
    refused = stopped.run("resume")
    assert refused.status == 4
    assert f"{SECOND}: deletion_threshold was 15, is now 12" in refused.err
    assert stopped.run("resume", "--ignore-files").status == 0


def test_a_freeze_stops_going_on_unless_it_is_overridden_with_a_reason(
    stopped: Console,
) -> None:
    path = stopped.folder / "connectsync.yaml"
    freeze = "freezes: [{from: 2027-01-15, to: 2027-01-16, reason: Exams}]\n"
    path.write_text(path.read_text() + freeze)
    refused = stopped.run("resume")
    assert refused.status == 3
    assert "Exams" in refused.err
    said = stopped.run("resume", "--override", "in-a-freeze=half of it is done")
    assert said.status == 0, said.err


def test_a_run_that_never_was_cannot_be_gone_on_with(valley: Console) -> None:
    refused = valley.run("resume", "3")
    assert refused.status == 1
    assert "there is no run 3" in refused.err
    assert "nothing to resume" in valley.run("resume").err


def at(day: int, hour: int = 10) -> dict[str, str]:
    return {"CONNECTSYNC_NOW": f"2027-01-{day}T{hour}:00:00+00:00"}


def allow(console: Console, text: str) -> None:
    path = console.folder / "connectsync.yaml"
    path.write_text(path.read_text() + text)


def test_a_run_of_last_week_is_judged_by_its_age(stopped: Console) -> None:
    before = stopped.live(SECOND)
    refused = stopped.run("resume", environment=at(25))
    assert refused.status == 3
    assert "stale-live: the plan holds 1, none was accepted" in refused.err
    assert stopped.live(SECOND) == before
    told = ("resume", "--accept", "stale-live=1")
    assert stopped.run(*told, environment=at(25)).status == 0


def test_a_run_of_last_week_counts_for_the_day_it_is_resumed_on(
    stopped: Console,
) -> None:
    stopped.replace("connectsync.yaml", "guards:", "guards:\n  max_districts_a_day: 1")
    creek = "districts/tx/dry-creek-isd.yaml"
    stopped.replace(creek, "settings:\n", "settings:\n  deletion_threshold: 15\n")
    assert stopped.run("apply", "--yes", creek, environment=at(25)).status == 0
    told = ("resume", "--accept", "stale-live=1")
    refused = stopped.run(*told, environment=at(25, 11))
    assert refused.status == 3
    assert "too-many-districts-a-day: the plan holds 2" in refused.err
    assert stopped.live(SECOND)["deletion_threshold"] == 45


def test_an_error_in_the_file_of_what_is_left_stops_it(stopped: Console) -> None:
    stopped.replace(
        f"districts/ca/{SECOND}.yaml",
        "settings:",
        "settings:\n  phone_types: [Cell, Home]",
    )
    refused = stopped.run("resume")
    assert refused.status == 1
    assert f"districts/ca/{SECOND}.yaml:" in refused.err
    assert stopped.live(SECOND)["deletion_threshold"] == 45
    assert stopped.run("resume", "--ignore-files").status == 0


def test_an_error_in_a_profile_stops_it_as_well(stopped: Console) -> None:
    stopped.replace(
        "districts/_profiles/clever-standard.yaml", "[Cell]", "[Cell, Home]"
    )
    refused = stopped.run("resume")
    assert refused.status == 1
    assert "districts/_profiles/clever-standard.yaml:" in refused.err
    profile = stopped.folder / "districts/_profiles/clever-standard.yaml"
    profile.write_text("{broken")
    assert stopped.run("resume").status == 1
    assert stopped.live(SECOND)["deletion_threshold"] == 45


def test_an_error_in_the_file_of_another_district_does_not(stopped: Console) -> None:
    (stopped.folder / "districts/tx/dry-creek-isd.yaml").write_text("{broken")
    (stopped.folder / f"districts/ca/{FIRST}.yaml").write_text("{broken")
    assert stopped.run("resume").status == 0


def test_an_edited_plan_in_the_state_store_is_not_made_true(stopped: Console) -> None:
    before = stopped.live(SECOND)
    stopped.statement(
        "UPDATE audit SET detail = replace(detail, '\"after\":15', '\"after\":60')"
        " WHERE action = 'run begun'"
    )
    for words in (("resume",), ("resume", "1", "--ignore-files")):
        refused = stopped.run(*words)
        assert refused.status == 1
        assert "the state store was edited: entry " in refused.err
        assert stopped.live(SECOND) == before


def test_a_plan_that_was_forged_with_all_hashes_is_not_made_true(
    stopped: Console,
) -> None:
    before = stopped.live(SECOND)

    def forged(entry: Entry) -> None:
        if entry["action"] == "run begun":
            told = json.dumps(entry["detail"]).replace('"after": 15', '"after": 60')
            entry["detail"] = json.loads(told)

    stopped.forge(forged)
    for words in (("resume",), ("resume", "1", "--ignore-files")):
        refused = stopped.run(*words)
        assert refused.status == 4
        assert "the plan of run 1 was edited in the state store" in refused.err
        assert stopped.live(SECOND) == before


def test_a_plan_that_now_needs_approval_is_not_resumed_without(
    stopped: Console,
) -> None:
    allow(stopped, "approval: {names: 1}\n")
    refused = stopped.run("resume")
    assert refused.status == 3
    assert "the plan is not approved" in refused.err
    assert "`connectsync resume 1 --approved DIGEST`" in refused.err
    assert stopped.live(SECOND)["deletion_threshold"] == 45
    assert stopped.run("approve", "plan.json", "--as", "Ada").status == 0
    assert stopped.run("resume").status == 0


def test_a_run_that_a_newer_one_superseded_is_named_and_needs_its_number(
    stopped: Console,
) -> None:
    file = f"districts/ca/{SECOND}.yaml"
    stopped.replace(file, "threshold: 15", "threshold: 14")
    assert stopped.run("apply", "--yes", file).status == 0
    stopped.replace(file, "threshold: 14", "threshold: 15")
    for command in (("resume",), ("apply", "plan.json")):
        refused = stopped.run(*command)
        assert refused.status == 3
        assert f"run 1 was superseded by run 2 on {SECOND}" in refused.err
    assert stopped.live(SECOND)["deletion_threshold"] == 14
    named = stopped.run("resume", "1")
    assert "continued because its number was given" in named.err
    assert named.status == 4, "Connect is not as the plan was made from"
    assert stopped.live(SECOND)["deletion_threshold"] == 14
    since = "deletion_threshold is 14 since run 2"
    assert f"the form was saved after this plan was made: {since}" in named.err
    assert "someone" not in named.err
    stopped.edit(SECOND, {"permissions": frozenset()})
    named = stopped.run("resume", "1")
    assert f"{since}; permissions is (none), which no run saved" in named.err


def test_a_run_that_was_taken_back_blames_no_one_when_it_is_continued(
    stopped: Console,
) -> None:
    assert stopped.run("rollback", "1", "--yes").status == 0
    file = f"districts/ca/{SECOND}.yaml"
    assert stopped.run("apply", "--yes", file).status == 0
    said = stopped.run("resume", "1")
    assert "someone" not in said.both
    told = "the form was saved after this plan was made: deletion_threshold is 15"
    assert f"{told} since run 3" in said.err


def test_a_superseded_run_is_passed_over_for_one_that_is_not(
    stopped: Console, stopping: Stopping
) -> None:
    creek = "districts/tx/dry-creek-isd.yaml"
    harbor = f"districts/ca/{FIRST}.yaml"
    more = "guards:\n  max_districts_a_day: 9\n  max_percent_a_day: 100"
    stopped.replace("connectsync.yaml", "guards:", more)
    stopped.replace(creek, "settings:\n", "settings:\n  deletion_threshold: 15\n")
    stopped.replace(harbor, "settings:\n", "settings:\n  deletion_threshold: 14\n")
    with stopping():
        assert stopped.run("apply", "--yes", creek, harbor).status == 1
    assert stopped.run("apply", "--yes", harbor).status == 0
    said = stopped.run("resume")
    assert said.status == 0
    assert f"run 2 was superseded by run 3 on {FIRST}: passed over" in said.err
    assert f"done  {SECOND}" in said.err


def test_what_was_accepted_of_the_whole_plan_holds_for_the_rest(
    valley: Console, stopping: Stopping
) -> None:
    file = f"districts/ca/{SECOND}.yaml"
    valley.replace(file, "  deletion_threshold: 15", "  phone_types: [Work]")
    valley.run("plan", "--out", "plan.json")
    with stopping():
        said = valley.run("apply", "plan.json", "--accept", "disruptive=2")
        assert said.status == 1
    assert valley.run("resume").status == 0
    assert valley.live(SECOND)["phone_types"] == frozenset(["Work"])


def test_what_was_not_accepted_of_the_whole_plan_is_asked_of_the_rest(
    valley: Console, stopping: Stopping
) -> None:
    file = f"districts/ca/{SECOND}.yaml"
    valley.replace(file, "  deletion_threshold: 15", "  phone_types: [Work]")
    valley.run("plan", "--out", "plan.json")
    with stopping():
        valley.run("apply", "plan.json", "--accept", "disruptive=2")
    with open_store(valley.folder / ".connectsync") as store:
        store.reopen(1, at=AT, orders=RunOptions((), {}, {}))
    refused = valley.run("resume")
    assert refused.status == 3
    assert "disruptive: the plan holds 2, none was accepted" in refused.err


def test_a_reason_of_last_week_does_not_open_tonight(
    valley: Console, stopping: Stopping
) -> None:
    allow(valley, "freezes: [{from: 2027-01-15, to: 2027-01-30, reason: Exams}]\n")
    with stopping():
        told = ("--override", "in-a-freeze=Logins are broken")
        assert valley.run("apply", "--yes", *told).status == 1
    late = ("resume", "--accept", "stale-live=1")
    refused = valley.run(*late, environment=at(25))
    assert refused.status == 3
    assert "in-a-freeze" in refused.err
    assert valley.run("resume", environment=at(15, 12)).status == 0


def test_what_was_saved_is_settled_though_nothing_more_may_be(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runner died between the save and its journal: reading is always allowed."""

    def dies(*_: object, **__: object) -> None:
        raise Bug("died")

    with monkeypatch.context() as patched:
        patched.setattr(DistrictRun, "end", dies)
        assert valley.run("apply", "--yes").status == 70
    allow(valley, "freezes: [{from: 2027-01-15, to: 2027-01-30, reason: Exams}]\n")
    refused = valley.run("resume")
    assert refused.status == 3
    assert "Exams" in refused.err
    shown = valley.run("runs", "show", "1")
    assert "confirmed" in shown.out
    assert valley.live(SECOND)["deletion_threshold"] == 45


def overtaken(stopped: Console) -> Console:
    """Let a newer run do what is left of run 1."""
    file = f"districts/ca/{SECOND}.yaml"
    assert stopped.run("apply", "--yes", file).status == 0
    return stopped


def test_a_run_that_a_newer_one_superseded_is_offered_to_be_ended_not_resumed(
    stopped: Console,
) -> None:
    overtaken(stopped)
    end = "`connectsync runs close 1 --reason REASON`"
    for command in (("runs",), ("runs", "show", "1")):
        said = " ".join(stopped.run(*command).out.split())
        assert f"run 1 was superseded by run 2 on {SECOND}; to end it: {end}" in said
        assert "resume" not in said
    for again in (("resume",), ("apply", "plan.json")):
        refused = stopped.run(*again)
        assert refused.status == 3
        assert f"  = help: end it: {end}; or " in refused.err
        assert "`connectsync resume 1`" in refused.err
        assert "RUN" not in refused.err
    closed = stopped.run("runs", "close", "1", "--reason", "run 2 did the rest")
    assert closed.status == 0
    assert "close" not in stopped.run("runs").out
    assert "nothing to resume: no run has anything left" in stopped.run("resume").err


def test_no_hint_leads_a_superseded_run_past_changed_files_and_guards(
    stopped: Console,
) -> None:
    overtaken(stopped)
    file = f"districts/ca/{SECOND}.yaml"
    stopped.replace(file, "threshold: 15", "threshold: 12")
    allow(stopped, "freezes: [{from: 2027-01-15, to: 2027-01-16, reason: Exams}]\n")
    expected: dict[tuple[str, ...], int] = {(): 4, ("--ignore-files",): 3}
    for ignored, status in expected.items():
        refused = stopped.run("resume", "1", *ignored)
        assert refused.status == status
        (hint,) = [line for line in refused.err.splitlines() if "= help" in line]
        assert "`connectsync runs close 1 --reason REASON`" in hint
        assert "--ignore-files" not in hint
        assert "--override" not in hint


def test_a_district_that_a_newer_run_ended_may_be_adopted(stopped: Console) -> None:
    overtaken(stopped)
    stopped.edit(SECOND, {"deletion_threshold": 20})
    said = stopped.run("drift", "--adopt")
    assert "is not done with it" not in said.both
    file = stopped.folder / f"districts/ca/{SECOND}.yaml"
    assert "deletion_threshold: 20" in file.read_text("utf-8")


def test_a_run_left_on_another_backend_is_named_with_the_way_to_it(
    valley: Console,
) -> None:
    valley.run("snapshot", "--out", "live.json")
    there = ("--backend", "snapshot:live.json")
    valley.run(*there, "plan", "districts/ca", "--out", "plan.json")
    told = ("--click-list", "clicks")
    assert valley.run(*there, "apply", "plan.json", *told).status == 0
    done = ("apply", "clicks/plan.json", "--confirmed", SECOND)
    valley.run(*there, *done)
    said = valley.run("resume")
    assert said.status == 0
    assert (
        "nothing to resume: no run on embedded has anything left; run 1 on"
        " snapshot:live.json has 1 district left\n" in said.err
    )
    (kept,) = (valley.folder / ".connectsync/click-lists").glob("*/plan.json")
    plan = kept.relative_to(valley.folder)
    way = f"`connectsync --backend snapshot:live.json apply {plan}`"
    assert way in said.err
    refused = valley.run("resume", "1")
    assert refused.status == 64
    assert "run 1 is on snapshot:live.json, and this is embedded" in refused.err
    assert way in refused.err
    assert valley.run(*way.strip("`").split()[1:]).status == 0
    closed = valley.run("runs", "close", "1", "--reason", "done by hand")
    assert "`connectsync --backend snapshot:live.json plan` says" in closed.out


def test_a_run_of_the_embedded_connect_is_named_from_a_snapshot(
    stopped: Console,
) -> None:
    stopped.run("snapshot", "--out", "live.json")
    refused = stopped.run("--backend", "snapshot:live.json", "resume", "1")
    assert refused.status == 64
    assert "run 1 is on embedded" in refused.err
    assert "`connectsync --backend embedded resume 1`" in refused.err


def test_waves_that_are_not_of_the_plan_are_told_as_edited(stopped: Console) -> None:
    """Whoever edits the state may chain it anew."""

    def other(entry: Entry) -> None:
        if entry["action"] == "run begun":
            entry["detail"]["waves"][0][1].append("dry-creek-isd")

    stopped.forge(other)
    before = stopped.live("dry-creek-isd")
    said = stopped.run("resume")
    assert said.status == ExitStatus.STALE, said.err
    assert "the waves of run 1 were edited in the state store" in said.err
    assert stopped.live("dry-creek-isd") == before
