"""Being asked to stop: once for after the districts in hand, twice for at once."""

from __future__ import annotations

import time

import pytest
from crash_site import CrashSite, opened
from processes import Machine

from connectsync.apply.journal import SaveStatus
from connectsync.apply.state.queries import StateReader
from connectsync.domain.outcome import Sent

IN_PROGRESS, AHEAD = 8, 4
"""How many districts a run over the gateway saves at a time, and takes ahead."""

LEASE = 60

ONCE = "1:before PATCH"
TWICE = "1:before PATCH,2:answered PATCH"


def interrupted(crowd: CrashSite, machine: Machine, point: str, name: str) -> None:
    run = machine.start_up_to(point, "apply", crowd.path, number=name)
    ended = run.ended()
    assert ended.status == 130, ended.both
    assert "Traceback" not in ended.both


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_who_is_asked_to_stop_ends_what_is_in_hand_and_can_be_resumed(
    crowd: CrashSite, name: str
) -> None:
    machine = crowd.fresh("sqlite")
    interrupted(crowd, machine, ONCE, name)
    with opened(machine) as store:
        (run,) = StateReader(store).runs()
        entries = StateReader(store).journal(run.number)
    assert run.stopped == "it was interrupted"
    unsent = {one.intent.district for one in entries if one.facts.sent is Sent.NO}
    assert len(unsent) <= AHEAD
    made = [one for one in entries if one.intent.district not in unsent]
    done = {one.intent.district for one in made}
    assert len(done) == IN_PROGRESS
    assert {one.settled for one in made} == {SaveStatus.CONFIRMED}
    assert set(run.left) == {one.district for one in crowd.plan.districts} - done
    assert crowd.went_on(machine) == "resume"
    crowd.insist_true(machine)


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_who_is_asked_twice_ends_at_once_and_can_be_resumed(
    crowd: CrashSite, name: str
) -> None:
    machine = crowd.fresh("sqlite", lease_seconds=LEASE)
    interrupted(crowd, machine, TWICE, name)
    with opened(machine) as store:
        entries = StateReader(store).journal(1)
    assert SaveStatus.INTENDED in {one.settled for one in entries}
    began = time.monotonic()
    assert crowd.went_on(machine) == "resume"
    assert time.monotonic() - began < LEASE, "it let go of what it had in hand"
    crowd.insist_true(machine)


def test_who_is_asked_to_stop_with_nothing_left_was_not_interrupted(
    crowd: CrashSite,
) -> None:
    machine = crowd.fresh("sqlite")
    plan = crowd.folder / "one.json"
    assert machine.run("plan", "district-0000", "--out", plan).status == 0
    ended = machine.start_up_to(ONCE, "apply", plan, number="INT").ended()
    assert ended.status == 0, ended.both
    assert "1 done" in ended.out
    assert "interrupted" not in ended.err
