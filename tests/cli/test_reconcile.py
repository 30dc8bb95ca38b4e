"""``reconcile``: what may be done with nobody there is done, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from console import Console, Said
from fitting import insist_fits
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from repositories import commit, git

from connectsync.apply.journal import BaselineUpdate, Claim, RunOptions
from connectsync.apply.rollout import WaveRunner
from connectsync.apply.state.opening import open_store
from connectsync.backends.contract import ContractWriter
from connectsync.backends.embedded import DESCRIBED as BACKEND
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan_file import plan_digest, read_plan
from connectsync.errors import FormRefused
from connectsync.operations.apply import ApplyRun
from connectsync.providers.form import Value

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"


def allow(console: Console, text: str) -> None:
    """Add to the project file."""
    path = console.folder / "connectsync.yaml"
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def by_hand(console: Console, key: str, **fields: Value) -> None:
    """Let a person save something on Connect."""
    console.edit(key, {**console.live(key), **fields})


def threshold(console: Console, file: str, to: int) -> None:
    """Ask for another threshold in a file that states none yet."""
    console.replace(file, "settings:\n", f"settings:\n  deletion_threshold: {to}\n")


@pytest.fixture
def known(valley: Console) -> Console:
    """Give the project as if what Connect holds had been applied before."""
    valley.run("plan")
    with open_store(valley.folder / ".connectsync") as store:
        for key in ("dry-creek-isd", "harbor-point-usd", "lakeview-usd"):
            form = valley.live(key)
            kept = BaselineUpdate(form, running=form["enable_daily_sync"] is True)
            store.note(BACKEND, {key: kept}, at=datetime(2027, 1, 14, tzinfo=UTC))
    return valley


@pytest.fixture
def settled(applied: Console) -> Console:
    """Give the project with every district applied, so that drift can be told."""
    applied.replace("connectsync.yaml", "max_districts: 2", "max_districts: 9")
    applied.replace("connectsync.yaml", "max_percent: 70", "max_percent: 100")
    return applied


def told(console: Console, *arguments: str) -> tuple[int, dict[str, Any]]:
    said = console.run("reconcile", "--format", "json", *arguments)
    assert said.out, said.err
    data: dict[str, Any] = json.loads(said.out)
    insist_fits(data, "reconcile")
    assert data["status"] == said.status
    return said.status, data


def fates(data: dict[str, Any]) -> dict[str, str]:
    return {one["district"]: one["fate"] for one in data["districts"]}


def whys(data: dict[str, Any], key: str) -> list[str]:
    (found,) = (one for one in data["districts"] if one["district"] == key)
    return [reason["why"] for reason in found["reasons"]]


def metrics(path: Path) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(path.read_text("utf-8"))  # type: ignore[no-untyped-call]
    return {
        (sample.name.removeprefix("connectsync_reconcile_"), *sample.labels.values()): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


def test_only_safe_districts_go_and_the_rest_is_named(known: Console) -> None:
    before = known.live("harbor-point-usd")
    status, data = told(known)
    assert status == ExitStatus.FINDINGS
    assert fates(data) == {
        "dry-creek-isd": "in_step",
        "harbor-point-usd": "held",
        "lakeview-usd": "done",
    }
    assert whys(data, "harbor-point-usd") == ["risk"]
    assert known.live("harbor-point-usd") == before
    assert known.live("lakeview-usd")["deletion_threshold"] == 15


def test_each_district_is_told_once(known: Console) -> None:
    said = known.run("reconcile")
    told = [line for line in said.both.splitlines() if "  lakeview-usd  " in line]
    assert told == [f"done  lakeview-usd  {LAKEVIEW}"]


def test_a_save_that_fails_is_told_once_with_what_to_do(
    known: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise FormRefused("the threshold is too low", remedy="ask SchoolStatus why")

    monkeypatch.setattr(ContractWriter, "save", fail)
    said = known.run("reconcile")
    assert said.status == ExitStatus.FINDINGS
    words = " ".join(said.both.split())
    assert words.count("failed lakeview-usd") == 1
    assert words.count("the threshold is too low") == 1
    assert words.count("= help: ask SchoolStatus why") == 1


@pytest.mark.parametrize(
    "options", [("--format", "json"), ("--output", "pass.txt")], ids=["json", "file"]
)
def test_a_pass_whose_list_goes_elsewhere_is_told_as_it_goes(
    known: Console, options: tuple[str, ...]
) -> None:
    said = known.run("reconcile", *options)
    wrote = "wrote pass.txt\n" if "--output" in options else ""
    done = "done  lakeview-usd  1 change confirmed by reading back\n"
    assert said.err == done + wrote


def test_a_second_pass_finds_nothing_to_do_and_makes_no_run(settled: Console) -> None:
    threshold(settled, CREEK, 10)
    by_hand(settled, "dry-creek-isd", deletion_threshold=20)
    status, data = told(settled)
    assert (status, data["run"], data["changes"]) == (ExitStatus.FINE, 2, 1)
    rows = settled.state()
    status, data = told(settled)
    assert (status, data["run"], data["changes"]) == (ExitStatus.FINE, None, 0)
    assert settled.state() == rows


def test_caution_goes_if_the_project_says_so(known: Console) -> None:
    allow(known, "reconcile: {at_most: caution}\n")
    status, data = told(known)
    assert status == ExitStatus.FINE
    assert set(fates(data).values()) == {"in_step", "done"}


def test_no_project_can_let_disruption_go(valley: Console) -> None:
    allow(valley, "reconcile: {at_most: disruptive}\n")
    said = valley.run("reconcile")
    assert said.status == ExitStatus.FINDINGS
    assert "disruptive" in said.err
    assert not (valley.folder / ".connectsync" / "state.db").exists()


def test_one_risky_change_holds_the_safe_ones_of_its_district(
    settled: Console,
) -> None:
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    settled.replace(LAKEVIEW, "settings:\n", "settings:\n  phone_types: [Work]\n")
    status, data = told(settled)
    assert (status, fates(data)["lakeview-usd"]) == (ExitStatus.FINDINGS, "held")
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15


@pytest.mark.parametrize(("file_says", "why"), [(15, "drift"), (12, "conflict")])
def test_what_a_person_changed_is_never_overwritten(
    settled: Console, file_says: int, why: str
) -> None:
    by_hand(settled, "lakeview-usd", deletion_threshold=30)
    settled.replace(LAKEVIEW, "threshold: 15", f"threshold: {file_says}")
    status, data = told(settled)
    assert (status, fates(data)["lakeview-usd"]) == (ExitStatus.FINDINGS, "held")
    assert whys(data, "lakeview-usd") == [why]
    assert settled.live("lakeview-usd")["deletion_threshold"] == 30


def test_drift_holds_the_whole_district_and_no_other(settled: Console) -> None:
    by_hand(settled, "lakeview-usd", student_id="STUDENT NUMBER")
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    threshold(settled, CREEK, 10)
    by_hand(settled, "dry-creek-isd", deletion_threshold=20)
    _, data = told(settled)
    assert fates(data)["lakeview-usd"] == "held"
    assert fates(data)["dry-creek-isd"] == "done"
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15


def test_a_warning_of_a_guard_holds_too_for_nobody_reads_it(settled: Console) -> None:
    allow(settled, "reconcile: {at_most: caution}\n")
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 19")
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["guard"])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15


def test_too_much_at_once_stays_wholly(settled: Console) -> None:
    settled.replace("connectsync.yaml", "max_districts: 9", "max_districts: 1")
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    threshold(settled, CREEK, 10)
    by_hand(settled, "dry-creek-isd", deletion_threshold=20)
    status, data = told(settled)
    assert status == ExitStatus.FINDINGS
    assert {reason["why"] for reason in data["reasons"]} == {"guard"}
    assert fates(data)["lakeview-usd"] == fates(data)["dry-creek-isd"] == "ready"
    assert data["run"] is None


def test_at_a_closed_hour_it_only_waits(settled: Console) -> None:
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    allow(
        settled,
        'windows:\n  - {days: [friday], from: "01:00", to: "02:00", timezone: UTC}\n',
    )
    status, data = told(settled)
    assert status == ExitStatus.REFUSED
    assert [reason["why"] for reason in data["reasons"]] == ["hour"]
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15


def test_at_a_closed_hour_with_nothing_to_do_all_is_well(settled: Console) -> None:
    allow(
        settled,
        'windows:\n  - {days: [friday], from: "01:00", to: "02:00", timezone: UTC}\n',
    )
    assert told(settled)[0] == ExitStatus.FINE


def test_what_people_have_to_approve_waits_for_them(settled: Console) -> None:
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    allow(settled, "approval: {names: 1}\n")
    status, data = told(settled)
    assert status == ExitStatus.FINDINGS
    assert [reason["why"] for reason in data["reasons"]] == ["approval"]


def test_what_was_never_applied_waits_for_a_person(valley: Console) -> None:
    """Whatever Connect holds there, a person has put it there."""
    valley.run("plan")
    before = {key: valley.live(key) for key in ("harbor-point-usd", "lakeview-usd")}
    status, data = told(valley)
    assert (status, data["run"]) == (ExitStatus.FINDINGS, None)
    assert fates(data)["lakeview-usd"] == "held"
    assert whys(data, "lakeview-usd") == ["unknown"]
    assert {key: valley.live(key) for key in before} == before


def test_a_state_that_was_lost_overwrites_no_person(settled: Console) -> None:
    by_hand(settled, "lakeview-usd", deletion_threshold=30)
    for file in (settled.folder / ".connectsync").glob("state.db*"):
        file.unlink()
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["unknown"])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 30


def test_what_a_person_took_back_is_not_made_again(settled: Console) -> None:
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    assert settled.run("rollback", "2", "--yes").status == ExitStatus.FINE
    for _ in range(2):
        status, data = told(settled)
        assert (status, fates(data)["lakeview-usd"]) == (ExitStatus.FINDINGS, "held")
        assert whys(data, "lakeview-usd") == ["rollback"]
        assert settled.live("lakeview-usd")["deletion_threshold"] == 15
    # a person who applies it again knows what it is about
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    settled.replace(LAKEVIEW, "deletion_threshold: 12", "deletion_threshold: 11")
    assert told(settled)[0] == ExitStatus.FINE
    assert settled.live("lakeview-usd")["deletion_threshold"] == 11


@pytest.mark.parametrize("clears", ["reconcile", "apply --yes"])
def test_what_was_adopted_and_is_not_merged_yet_is_overwritten_by_no_pass(
    settled: Console, clears: str
) -> None:
    """A colleague takes a change over on a branch; the job still has main."""
    by_hand(settled, "lakeview-usd", deletion_threshold=30)
    path = settled.folder / LAKEVIEW
    main = path.read_text("utf-8")
    assert settled.run("drift", "--adopt").status == ExitStatus.FINE
    assert "in step" in settled.run("drift").out
    branch = path.read_text("utf-8")
    other = main.replace("deletion_threshold: 15", "deletion_threshold: 12")
    assert other != main
    for text, why in ((main, "drift"), (main, "drift"), (other, "conflict")):
        path.write_text(text, "utf-8")
        status, data = told(settled)
        assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, [why])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 30
    assert "overwrites-drift" in settled.run("plan").out
    # merged, it is what runs go by: from then on another value is an edit of ours
    path.write_text(branch, "utf-8")
    assert settled.run(*clears.split()).status == ExitStatus.FINE
    path.write_text(main, "utf-8")
    assert told(settled)[0] == ExitStatus.FINE
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15


def test_a_branch_that_manages_less_makes_no_person_forgotten_on_main(
    settled: Console,
) -> None:
    """An apply of nothing there notes what is in step, and no more."""
    by_hand(settled, "lakeview-usd", deletion_threshold=30)
    main = (settled.folder / LAKEVIEW).read_text("utf-8")
    settled.replace(LAKEVIEW, "  deletion_threshold: 15", "  #")
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    (settled.folder / LAKEVIEW).write_text(main, "utf-8")
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["drift"])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 30


def test_a_clone_that_manages_less_forgets_nothing_of_what_was_applied(
    settled: Console,
) -> None:
    """One that is behind, or an older image: the state is the same for all."""
    path = settled.folder / LAKEVIEW
    main = path.read_text("utf-8")
    behind = re.sub(r"(?m)^  deletion_threshold: 15.*\n", "", main)
    assert behind != main
    by_hand(settled, "lakeview-usd", deletion_threshold=18)
    path.write_text(
        behind.replace("settings:\n", "settings:\n  unarchive_classrooms: true\n"),
        "utf-8",
    )
    assert settled.run("apply", LAKEVIEW, "--yes").status == ExitStatus.FINE
    path.write_text(
        main.replace("settings:\n", "settings:\n  unarchive_classrooms: true\n"),
        "utf-8",
    )
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["drift"])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 18


def permit(console: Console) -> None:
    """Ask for another setting of Lakeview, and have a person apply that one alone."""
    git(console, "init", "--quiet", "--initial-branch", "main")
    (console.folder / ".gitignore").write_text(".connectsync/\nplan.json\n", "utf-8")
    commit(console)
    console.replace(LAKEVIEW, "settings:\n", "settings:\n  permissions: []\n")
    commit(console)
    asked = ("plan", "--changed-since", "HEAD^", "--out", "plan.json", "--format")
    data = json.loads(console.run(*asked, "json").out)
    names = [
        change["setting"]
        for one in data["districts"]
        for save in one["saves"]
        for change in save["changes"]
    ]
    assert names == ["permissions"]
    assert console.run("apply", "plan.json").status == ExitStatus.FINE


def test_a_setting_that_was_never_applied_waits_though_another_one_was(
    valley: Console,
) -> None:
    """No one has looked at it, and what a person has put there is not known."""
    permit(valley)
    allow(valley, "reconcile: {at_most: caution}\n")
    for _ in range(2):
        status, data = told(valley)
        assert (status, data["run"]) == (ExitStatus.FINDINGS, None)
        assert whys(data, "lakeview-usd") == ["unknown"]
        assert valley.live("lakeview-usd")["deletion_threshold"] == 45
    assert "never applied" in valley.run("reconcile").out
    # nor by a look at the files of a branch that say what is there
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 45")
    assert "in step" in valley.run("drift", LAKEVIEW).out
    valley.replace(LAKEVIEW, "deletion_threshold: 45", "deletion_threshold: 15")
    assert whys(told(valley)[1], "lakeview-usd") == ["unknown"]
    # the one that was applied goes by itself, once nothing else is apart
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 45")
    valley.replace(
        LAKEVIEW, "permissions: []", "permissions: [School-Wide Communications]"
    )
    assert fates(told(valley)[1])["lakeview-usd"] == "done"


@pytest.mark.parametrize("by", ["applied", "seen in step"])
def test_what_comes_into_the_file_goes_once_all_of_it_was(
    valley: Console, by: str
) -> None:
    permit(valley)
    if by == "applied":
        only = ("apply", LAKEVIEW, "--yes")
        assert valley.run(*only).status == ExitStatus.FINE
    else:
        by_hand(valley, "lakeview-usd", deletion_threshold=15)
        assert fates(told(valley)[1])["lakeview-usd"] == "in_step"
    live = valley.live("lakeview-usd")["unarchive_classrooms"]
    asked = f"settings:\n  unarchive_classrooms: {str(not live).lower()}\n"
    valley.replace(LAKEVIEW, "settings:\n", asked)
    allow(valley, "reconcile: {at_most: caution}\n")
    assert fates(told(valley)[1])["lakeview-usd"] == "done"
    assert valley.live("lakeview-usd")["unarchive_classrooms"] is not live


def insist_it_waits_for_an_apply(settled: Console, why: str) -> None:
    """Insist that a threshold waits, though another setting is applied meanwhile."""
    permit(settled)
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, [why])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15
    # a person who applies that very setting knows what it is about
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    settled.replace(LAKEVIEW, "deletion_threshold: 12", "deletion_threshold: 11")
    assert told(settled)[0] == ExitStatus.FINE


def test_what_was_taken_back_stays_so_whatever_else_is_applied_there(
    settled: Console,
) -> None:
    """Who reviews a change of one setting has not decided about another."""
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    assert settled.run("rollback", "2", "--yes").status == ExitStatus.FINE
    insist_it_waits_for_an_apply(settled, "rollback")


def test_what_a_roll_out_left_alone_waits_whatever_else_is_applied_there(
    settled: Console,
) -> None:
    stop_before_lakeview(settled)
    insist_it_waits_for_an_apply(settled, "rollout")


def test_what_was_saved_meanwhile_is_left_alone(
    settled: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    gate = ApplyRun.insist_allowed

    async def meanwhile(*given: Any) -> None:
        with ThreadPoolExecutor() as person:
            person.submit(
                by_hand, settled, "lakeview-usd", student_id="STUDENT NUMBER"
            ).result()
        await gate(*given)

    monkeypatch.setattr(ApplyRun, "insist_allowed", meanwhile)
    said: Said = settled.run("reconcile")
    assert said.status == ExitStatus.STALE
    assert "student_id was STUDENT ID, is now STUDENT NUMBER" in " ".join(
        said.out.split()
    )
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15


def stop_before_lakeview(
    settled: Console, later: int = 0, *, failed: bool = True, ends: bool = True
) -> None:
    """Stop a roll-out at Dry Creek; so many runs of no district come after it."""
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    threshold(settled, CREEK, 10)
    settled.run("plan", "--out", "plan.json")
    plan = read_plan((settled.folder / "plan.json").read_text("utf-8"))
    plan = replace(plan, tool="another plan of the same")
    waves = (("first", ("dry-creek-isd",)), ("rest", ("lakeview-usd",)))
    with open_store(settled.folder / ".connectsync") as store:
        at = datetime(2027, 1, 15, 9, tzinfo=UTC)
        run, _ = store.begin(plan, plan_digest(plan), RunOptions(waves), at=at)
        claim = store.claim(run, BACKEND, "dry-creek-isd", at=at)
        assert isinstance(claim, Claim)
        ending = Ending.FAILED if failed else Ending.DONE
        ended = DistrictOutcome("dry-creek-isd", ending, 0, 0, "no answer")
        store.finish(claim, ended, at=at)
        if ends:
            store.stop(run, "1 of 1 failed", at=at)
        for number in range(later):
            others = replace(plan, tool=f"plan {number}", districts=())
            more, _ = store.begin(others, f"sha256:{number}", RunOptions(()), at=at)
            store.end(more, at=at)


@pytest.mark.parametrize("later", [0, 40])
def test_a_roll_out_that_stopped_is_not_gone_on_with(
    settled: Console, later: int
) -> None:
    """However many runs of other districts there were since."""
    stop_before_lakeview(settled, later)
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["rollout"])
    # a person looks, and applies it: that settles it
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    assert told(settled)[0] == ExitStatus.FINE


CANARY = "rollout: {waves: [{name: canary, districts: [lakeview-usd]}]}\n"


@pytest.mark.parametrize("waves", [CANARY, ""])
def test_no_later_wave_goes_while_a_district_of_an_earlier_one_waits(
    settled: Console, waves: str
) -> None:
    """It was to meet the setting first."""
    allow(settled, waves + "reconcile: {at_most: caution}\n")
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    threshold(settled, CREEK, 10)
    by_hand(settled, "lakeview-usd", deletion_threshold=20)
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["conflict"])
    assert whys(data, "dry-creek-isd") == (["rollout"] if waves else [])
    assert fates(data)["dry-creek-isd"] == ("held" if waves else "done")
    # another setting is none that it was to try out
    settled.replace(LAKEVIEW, "deletion_threshold: 12", "deletion_threshold: 20")
    assert told(settled)[0] == ExitStatus.FINE


def test_nor_is_one_whose_runner_was_killed_before_it_stopped(settled: Console) -> None:
    """That others failed is written down before it is seen that they were too many."""
    stop_before_lakeview(settled, ends=False)
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["rollout"])


def test_what_a_run_had_not_reached_waits_once_it_was_taken_back(
    settled: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files still say it until their change is taken back as well."""
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    threshold(settled, CREEK, 14)
    ended = vars(WaveRunner)["_note_end"]

    async def interrupted(*given: Any) -> None:
        await ended(*given)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)

    monkeypatch.setattr(WaveRunner, "_note_end", interrupted)
    said = settled.run("apply", "--yes")
    assert said.status == ExitStatus.INTERRUPTED, said.both
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15
    monkeypatch.undo()
    assert settled.run("rollback", "2", "--yes").status == ExitStatus.FINE
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["rollout"])
    # nor is it gone on with where no run is named
    said = settled.run("resume")
    assert "run 3 took run 2 back" in " ".join(said.err.split())
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15
    assert settled.run("apply", LAKEVIEW, "--yes").status == ExitStatus.FINE
    assert whys(told(settled)[1], "lakeview-usd") == []


def test_one_that_no_district_failed_in_holds_nothing_once_it_is_closed(
    settled: Console,
) -> None:
    stop_before_lakeview(settled, failed=False)
    said = settled.run("runs", "close", "2", "--reason", "planned anew")
    assert said.status == ExitStatus.FINE, said.both
    assert fates(told(settled)[1])["lakeview-usd"] == "done"


def test_nor_is_one_that_was_closed(settled: Console) -> None:
    """Who closes it is told that what is left of it stays as it is."""
    stop_before_lakeview(settled)
    said = settled.run("runs", "close", "2", "--reason", "the canary failed")
    assert said.status == ExitStatus.FINE, said.both
    status, data = told(settled)
    assert (status, whys(data, "lakeview-usd")) == (ExitStatus.FINDINGS, ["rollout"])
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15
    assert settled.run("apply", "--yes").status == ExitStatus.FINE
    assert told(settled)[0] == ExitStatus.FINE


def test_a_district_that_cannot_be_read_is_named_and_the_others_go(
    known: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.forget("harbor-point-usd")
    # the stand-in would take it in again
    monkeypatch.setattr("connectsync.cli.emulator.enrol", lambda *_: None)
    status, data = told(known)
    assert status == ExitStatus.FINDINGS
    assert fates(data)["lakeview-usd"] == "done"
    assert fates(data)["harbor-point-usd"] == "unread"


@pytest.mark.parametrize("more", [0, 5])
def test_districts_that_connect_does_not_know_make_no_share_of_the_fleet_smaller(
    settled: Console, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """An author could add any number of those."""
    for wanted in ("true", "false"):
        for file in (LAKEVIEW, CREEK):
            path = settled.folder / file
            text = re.sub(r"\n  unarchive_classrooms: .*", "", path.read_text("utf-8"))
            said = f"settings:\n  unarchive_classrooms: {wanted}\n"
            path.write_text(text.replace("settings:\n", said), "utf-8")
        if wanted == "true":
            assert settled.run("apply", "--yes").status == ExitStatus.FINE
    settled.replace("connectsync.yaml", "max_percent: 100", "max_percent: 60")
    text = (settled.folder / LAKEVIEW).read_text("utf-8")
    for number in range(more):
        key = f"new-usd-{number}"
        other = text.replace("lakeview-usd", key)
        other = re.sub(
            "district_id: .*", f"district_id: 58da8a43cc70ab0001{number:06}", other
        )
        other = re.sub("oauth_token: .*", f'oauth_token: "env:NEW_{number}"', other)
        other = re.sub("(?m)^name: .*", f"name: New {number}", other)
        (settled.folder / f"districts/ca/{key}.yaml").write_text(other, "utf-8")
    monkeypatch.setattr("connectsync.cli.emulator.enrol", lambda *_: None)
    status, data = told(settled)
    assert status == ExitStatus.FINDINGS
    assert "done" not in fates(data).values()
    assert "guard" in {one["why"] for one in data["reasons"]}, data


def test_dry_run_writes_nothing(known: Console) -> None:
    rows = known.state()
    before = known.live("lakeview-usd")
    status, data = told(known, "--dry-run")
    assert (status, data["dry_run"]) == (ExitStatus.FINDINGS, True)
    assert fates(data)["lakeview-usd"] == "ready"
    assert (known.state(), known.live("lakeview-usd")) == (rows, before)


def test_metrics_tell_an_alert_what_waits(known: Console) -> None:
    path = known.folder / "metrics" / "reconcile.prom"
    known.run("reconcile", "--metrics", str(path))
    found = metrics(path)
    assert found["exit_status",] == 1
    assert found["districts", "held"] == 1
    assert found["districts", "done"] == 1
    assert found["districts", "failed"] == 0
    assert found["changes",] == 1
    assert found["ended_timestamp_seconds",] == 1800007200


def test_metrics_tell_of_a_pass_that_failed_too(valley: Console) -> None:
    path = valley.folder / "reconcile.prom"
    valley.replace(LAKEVIEW, "settings:\n", "settings: [\n")
    said = valley.run("reconcile", "--metrics", str(path))
    assert said.status == ExitStatus.FINDINGS
    assert metrics(path)["exit_status",] == 1
    assert ("districts", "held") not in metrics(path)


def test_nobody_answers(valley: Console) -> None:
    valley.replace(
        "connectsync.yaml",
        "backends:\n",
        "backend: gateway\nbackends:\n"
        "  gateway: {url: 'http://127.0.0.1:9', token: env:TOKEN}\n",
    )
    path = valley.folder / "reconcile.prom"
    said = valley.run("reconcile", "--metrics", str(path), environment={"TOKEN": "x"})
    assert said.status == ExitStatus.UNREACHABLE
    assert metrics(path)["exit_status",] == ExitStatus.UNREACHABLE


def test_metrics_that_cannot_be_kept_undo_nothing(known: Console) -> None:
    (known.folder / "file").write_text("", "utf-8")
    said = known.run("reconcile", "--metrics", "file/reconcile.prom")
    assert said.status == ExitStatus.FINDINGS
    assert "the metrics failed" in said.err
    assert known.live("lakeview-usd")["deletion_threshold"] == 15


def test_what_a_rule_warns_of_in_the_file_waits_for_a_person(settled: Console) -> None:
    allow(settled, "reconcile: {at_most: caution}\n")
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 60")
    settled.replace(LAKEVIEW, "facts:\n", "facts:\n  tried_to_archive: 2\n")
    status, data = told(settled)
    assert status == ExitStatus.FINDINGS
    assert set(whys(data, "lakeview-usd")) == {"file"}
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15
    text = settled.run("reconcile").out
    assert "threshold-raised-in-term" in text
    assert "allow the finding there with a reason" in text


def test_a_warning_about_another_setting_holds_nothing_up(settled: Console) -> None:
    settled.replace(LAKEVIEW, "settings:\n", "settings:\n  phone_types: [Home]\n")
    live = ("deletion_threshold: 15", "deletion_threshold: 14")
    by_hand(settled, "lakeview-usd", phone_types=frozenset(["Home"]))
    settled.replace(LAKEVIEW, *live)
    assert "home-phone-for-texts" in settled.run("validate").out
    status, data = told(settled)
    assert (status, fates(data)["lakeview-usd"]) == (ExitStatus.FINE, "done")


def test_a_warning_that_is_allowed_with_a_reason_holds_nothing_up(
    settled: Console,
) -> None:
    allow(settled, "reconcile: {at_most: caution}\n")
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 30")
    settled.replace(LAKEVIEW, "facts:\n", "facts:\n  tried_to_archive: 28\n")
    rule = "{rule: threshold-raised-in-term, reason: A merger, until: 2027-02-01}"
    path = settled.folder / LAKEVIEW
    path.write_text(f"{path.read_text()}\nallow: [{rule}]\n")
    status, data = told(settled)
    assert (status, fates(data)["lakeview-usd"]) == (ExitStatus.FINE, "done")


def test_a_district_without_a_file_is_named_and_holds_nothing_else_up(
    settled: Console,
) -> None:
    threshold(settled, CREEK, 10)
    by_hand(settled, "dry-creek-isd", deletion_threshold=20)
    (settled.folder / LAKEVIEW).unlink()
    tomorrow = {"CONNECTSYNC_NOW": "2027-01-17T10:00:00+00:00"}
    said = settled.run("reconcile", "--format", "json", environment=tomorrow)
    data = json.loads(said.out)
    assert said.status == ExitStatus.FINDINGS
    assert fates(data)["lakeview-usd"] == "held"
    assert whys(data, "lakeview-usd") == ["guard"]
    assert fates(data)["dry-creek-isd"] == "done"


@pytest.mark.parametrize("added", ["Primary", "Family"])
def test_no_pass_adds_contacts_to_a_running_sync(settled: Console, added: str) -> None:
    allow(settled, "reconcile: {at_most: caution}\n")
    live = settled.live("lakeview-usd")
    assert live["enable_daily_sync"] is True
    assert live["contact_types"] == frozenset(["Parent/Guardian"])
    shared = f"facts:\n  clever_shares: {{contact_types: [Parent/Guardian, {added}]}}\n"
    settled.replace(LAKEVIEW, "facts:\n", shared)
    types = f"  contact_types: [Parent/Guardian, {added}]\n"
    settled.replace(LAKEVIEW, "settings:\n", f"settings:\n{types}")
    assert settled.run("apply", "--yes", LAKEVIEW).status == ExitStatus.REFUSED
    status, data = told(settled)
    assert (status, fates(data)["lakeview-usd"]) == (ExitStatus.FINDINGS, "held")
    assert set(whys(data, "lakeview-usd")) == {"risk"}
    assert settled.live("lakeview-usd") == live


@pytest.mark.parametrize("command", ["drift", "reconcile"])
def test_what_was_read_before_a_run_saved_is_not_taken_for_what_came_of_it(
    settled: Console, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Else a person's way back to it would pass for an edit of ours."""
    if command == "reconcile":
        asked = "settings:\n  permissions: [School-Wide Communications]\n"
        settled.replace(LAKEVIEW, "settings:\n", asked)
    module = "plan_source" if command == "drift" else "reconcile"
    name = "find_drift" if command == "drift" else "make_plan"
    read = getattr(import_module(f"connectsync.cli.{module}"), name)

    async def slowly(*given: Any) -> Any:
        found = await read(*given)
        # a run saves and ends before what was read is written down
        made = BaselineUpdate({"deletion_threshold": 12}, running=True, merged=True)
        with open_store(settled.folder / ".connectsync") as store:
            store.note(BACKEND, {"lakeview-usd": made}, at=datetime.now(UTC))
        return found

    monkeypatch.setattr(f"connectsync.cli.{module}.{name}", slowly)
    settled.run(command)
    monkeypatch.setattr(f"connectsync.cli.{module}.{name}", read)
    settled.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    _, data = told(settled)
    assert whys(data, "lakeview-usd")[0] == "drift"
    assert settled.live("lakeview-usd")["deletion_threshold"] == 15
