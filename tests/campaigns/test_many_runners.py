"""Many runners on one plan: every district is saved once, whoever dies on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from campaign import MEASURED
from crash_site import CrashSite, crash_site, insist_journal, opened
from fleets_of import Fleet, Made, alike
from processes import Ended, Machine, Running

from connectsync.apply.store.archive import Archive

RUNNERS, ALL_RUNNERS, ALL_DISTRICTS = 3, 8, 500

GATE = "1:before UPDATE leases"
"""Where every runner has joined the run, and none has anything in hand."""

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
        planned = self.site.plan.districts
        saves = {one.district: len(one.saves) for one in planned}
        assert self.site.connect.saves() == saves, "each save is made, and made once"
        with opened(self.machines[0]) as store:
            insist_journal(store, self.site.plan)


@pytest.fixture
def runners(*, whole: bool) -> int:
    return ALL_RUNNERS if whole else RUNNERS


def crowd_of(
    site: CrashSite, count: int, *, shared: bool = False, lease_seconds: int = 30
) -> Crowd:
    first = site.fresh("postgresql", lease_seconds=lease_seconds)
    folders = [first.state if shared else site.folder / f"state-{n}" for n in range(count)]
    machines = (Machine(first.project, folder, first.secrets) for folder in folders)
    return Crowd(site, tuple(machines))


def ended(running: Sequence[Running]) -> list[Ended]:
    return [one.ended() for one in running]


def all_fine(running: Sequence[Running]) -> list[Ended]:
    found = ended(running)
    assert [one.status for one in found] == [0] * len(found), [one.both for one in found]
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
