"""Going on with a run that stopped."""

from __future__ import annotations

from console import Console

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
