"""Many runners on one plan: every district is saved once, whoever dies on the way."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from campaign import MEASURED
from crash_site import CrashSite, after, crash_site, insist_journal, opened
from fleets_of import Fleet, Made, alike
from processes import Ended, Machine, Running
from sqlalchemy import text

from connectsync.apply.state.queries import StateReader
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import read_plan

pytestmark = pytest.mark.timeout(900)

RUNNERS, ALL_RUNNERS, ALL_DISTRICTS = 3, 8, 500

GATE = "1:before changes"
"""Where every runner has joined the run, and none has a lease or a lock in hand."""

SHARED = pytest.mark.parametrize(
    "shared", [False, True], ids=["machines apart", "one machine"]
)


@pytest.fixture(scope="session")
def many(
    crowd: CrashSite, tmp_path_factory: pytest.TempPathFactory, *, whole: bool
) -> Iterator[CrashSite]:
    """Give the place where many runners meet."""
    if not whole:
        yield crowd
        return
    folder = tmp_path_factory.mktemp("many")
    with crash_site(folder, alike(ALL_DISTRICTS)) as built:
        yield built


@dataclass(frozen=True)
class Crowd:
    """Several machines with one store, or several runners on one machine."""

    site: CrashSite
    machines: tuple[Machine, ...]

    def start(self, *words: str | Path) -> list[Running]:
        return [one.start("apply", self.site.path, *words) for one in self.machines]

    def at_the_gate(self, words: Sequence[str] = ()) -> list[Running]:
        """Start a runner on each, and wait until all of them have joined."""
        running = [
            one.start_up_to(GATE, "apply", self.site.path, *words, number="STOP")
            for one in self.machines
        ]
        for one in running:
            one.suspended()
        return running

    def insist_true(self) -> None:
        self.site.insist_saved_once()
        with opened(self.machines[0]) as store:
            insist_journal(store, self.site.plan)
        verified = self.site.said(self.machines[0], "runs", "verify")
        assert verified.status == 0, verified.both


@pytest.fixture
def runners(*, whole: bool) -> int:
    return ALL_RUNNERS if whole else RUNNERS


def crowd_of(
    site: CrashSite, count: int, *, shared: bool = False, lease_seconds: int = 30
) -> Crowd:
    first = site.fresh("postgresql", lease_seconds=lease_seconds)
    folders = [
        first.state if shared else site.folder / f"state-{n}" for n in range(count)
    ]
    machines = (Machine(first.project, folder, first.secrets) for folder in folders)
    return Crowd(site, tuple(machines))


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def ended(running: Sequence[Running]) -> list[Ended]:
    return [one.ended() for one in running]


def all_fine(running: Sequence[Running]) -> list[Ended]:
    found = ended(running)
    assert [one.status for one in found] == [0] * len(found), [
        one.both for one in found
    ]
    return found


@SHARED
def test_many_runners_save_every_district_once(
    many: CrashSite,
    runners: int,
    record_property: object,
    *,
    shared: bool,
    whole: bool,
) -> None:
    crowd = crowd_of(many, runners, shared=shared)
    began = time.monotonic()
    if whole:
        running = crowd.start()
    else:
        running = crowd.at_the_gate()
        for one in running:
            one.go_on()
    found = all_fine(running)
    took = time.monotonic() - began
    crowd.insist_true()
    count = len(many.plan.districts)
    assert all(f"{count} done" in one.out for one in found)
    shares = [one.err.count("done  ") for one in found]
    assert sum(shares) == count
    record_property(  # type: ignore[operator]
        MEASURED,
        f"{runners} runners, {count} districts, {'one machine' if shared else 'apart'}:"
        f" {took:.1f} s, shares {shares}",
    )


def test_runners_with_a_shard_each_save_every_district_once(
    many: CrashSite, runners: int
) -> None:
    crowd = crowd_of(many, runners)
    running = [
        one.start("apply", many.path, "--shard", f"{number}/{runners}")
        for number, one in enumerate(crowd.machines, start=1)
    ]
    all_fine(running)
    crowd.insist_true()


@SHARED
def test_what_a_killed_runner_had_in_hand_is_ended_by_the_others(
    many: CrashSite, runners: int, *, shared: bool
) -> None:
    """On the same machine at once, elsewhere as soon as its leases have run out."""
    lease = 60 if shared else 5
    crowd = crowd_of(many, runners, shared=shared, lease_seconds=lease)
    victim = crowd.machines[0].start_up_to("3:answered PATCH", "apply", many.path)
    assert victim.ended().status == -9
    began = time.monotonic()
    others = Crowd(many, crowd.machines[1:])
    all_fine(others.start())
    took = time.monotonic() - began
    if shared:
        assert took < lease, "nobody waits for the lease of a runner that is dead"
    crowd.insist_true()


@pytest.mark.whole_only
def test_one_of_many_that_is_killed_in_the_middle_leaves_nothing_undone(
    many: CrashSite, runners: int
) -> None:
    crowd = crowd_of(many, runners, lease_seconds=5)
    victim, *others = running = crowd.at_the_gate()
    for one in running:
        one.go_on()
    third = len(many.plan.districts) // 3
    until(lambda: many.connect.saves().total() >= third)
    victim.tell(signal.SIGKILL)
    assert victim.ended().status == -9
    all_fine(others)
    crowd.insist_true()


def test_who_was_suspended_and_lost_its_districts_saves_nothing_more(
    many: CrashSite,
) -> None:
    crowd = crowd_of(many, 2, lease_seconds=5)
    first, second = crowd.machines
    words = ("apply", many.path)
    asleep = first.start_up_to("5:before PATCH", *words, number="STOP")
    asleep.suspended()
    count = len(many.plan.districts)
    assert many.connect.saves().total() < count
    all_fine([second.start(*words)])
    crowd.insist_true()
    saved, written = many.connect.history(), head(second)
    asleep.go_on()
    woken = asleep.ended()
    assert many.connect.history() == saved, "who lost a district saves it no more"
    assert head(second) == written, "nor does it write anything down"
    assert woken.status == 0, woken.both
    assert f"{count} done" in woken.out
    assert f"({count} ended before or by another runner)" in woken.out


def test_a_server_gives_up_on_a_silent_runner_before_the_others_do(
    many: CrashSite,
) -> None:
    machine = many.fresh("postgresql")
    with opened(machine) as store, store.database.reading() as connection:
        told = [
            connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("idle_in_transaction_session_timeout", "lock_timeout")
        ]
    assert told == ["10s", "30s"]


@pytest.mark.whole_only
def test_who_is_suspended_while_it_writes_does_not_stop_the_others(
    many: CrashSite,
) -> None:
    crowd = crowd_of(many, 2, lease_seconds=5)
    first, second = crowd.machines
    words = ("apply", many.path)
    asleep = first.start_up_to("3:after save intended", *words, number="STOP")
    asleep.suspended()
    all_fine([second.start(*words)])
    crowd.insist_true()
    saved = many.connect.history()
    asleep.go_on()
    woken = asleep.ended()
    assert many.connect.history() == saved
    assert woken.status == 1, woken.both
    assert "state store" in woken.err
    crowd.insist_true()


def test_two_plans_at_once_leave_no_district_half_way(many: CrashSite) -> None:
    """Each district is as one plan wants it; whose came second says: conflict."""
    crowd = crowd_of(many, 1)
    (ours,) = crowd.machines
    rival = Fleet(many.folder / "rival", tuple(map(rivalling, many.fleet.districts)))
    rival.write()
    rival.configure(many.connect.url, postgresql=True)
    theirs = Machine(rival.folder, many.folder / "rival-state", ours.secrets)
    plan = many.folder / "rival.json"
    assert theirs.run("plan", "--out", plan).status == 0
    running = [
        one.start_up_to(GATE, "apply", path, number="STOP")
        for one, path in ((ours, many.path), (theirs, plan))
    ]
    for one in running:
        one.suspended()
    for one in running:
        one.go_on()
    found = ended(running)
    insist_either(many, found, [many.plan, read_plan(plan.read_text("utf-8"))])
    with opened(ours) as store:
        assert StateReader(store).audited().problems == ()


def test_two_plans_at_once_do_not_pass_the_guard_that_stops_them_together(
    many: CrashSite,
) -> None:
    """Each is small enough, and was found so before the other one began."""
    count = len(many.fleet.keys)
    half = count // 2
    crowd = crowd_of(many, 2)
    many.fleet.configure(many.connect.url, postgresql=True, a_day=half + 1)
    halves = many.fleet.keys[:half], many.fleet.keys[half:]
    running = []
    for number, (keys, machine) in enumerate(zip(halves, crowd.machines, strict=True)):
        plan = many.folder / f"half-{number}.json"
        files = [many.fleet.folder / "districts" / f"{key}.yaml" for key in keys]
        assert machine.run("plan", "--out", plan, *files).status == 0
        words = ("apply", plan)
        running.append(machine.start_up_to("1:answered POST", *words, number="STOP"))
    for one in running:
        one.suspended()
    first, second = running
    first.go_on()
    assert first.ended().status == 0
    second.go_on()
    refused = second.ended()
    assert refused.status == 3, refused.both
    assert f"too-many-districts-a-day: the plan holds {count}, none" in refused.err
    assert set(many.connect.saves()) == set(halves[0])


def head(machine: Machine) -> str:
    with opened(machine) as store:
        return StateReader(store).head()


def rivalling(made: Made) -> Made:
    settings = {
        **made.settings,
        "deletion_threshold": 20,
        "unarchive_classrooms": False,
    }
    return replace(made, settings=settings)


def insist_either(
    site: CrashSite, found: Sequence[Ended], plans: Sequence[Plan]
) -> None:
    """Insist that of two plans one was made true on each district, and wholly."""
    live = site.connect.forms(*site.fleet.keys)
    saves = site.connect.saves()
    won = Counter[int]()
    for rivals in zip(*(plan.districts for plan in plans), strict=True):
        key = rivals[0].district
        (winner,) = [n for n, one in enumerate(rivals) if after(one) == live[key]]
        assert saves[key] == len(rivals[winner].saves)
        won[winner] += 1
    for number, one in enumerate(found):
        lost = len(live) - won[number]
        assert one.status == (4 if lost else 0), one.both
        assert f"{won[number]} done" in one.out or not won[number]
        assert f"{lost} conflict" in one.out or not lost
