"""A gateway that refuses, fails and hangs up: what is planned comes true, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from campaign import MEASURED
from crash_site import CrashSite, crash_site, insist_journal, opened
from fleets_of import alike
from processes import Machine

from connectsync.apply.journal import Settled
from connectsync.apply.store.archive import Archive

SAMPLE, ALL = 60, 1000

STORM = {
    "seed": 20270115,
    "too_many_requests": 0.10,
    "server_errors": 0.05,
    "drop_after_commit": 0.02,
    "latency_seconds": 0.02,
}
CALM = {"latency_seconds": 0.02}

PATIENCE_SECONDS = 1500


@pytest.fixture(scope="module")
def coast(
    tmp_path_factory: pytest.TempPathFactory, *, whole: bool
) -> Iterator[CrashSite]:
    folder = tmp_path_factory.mktemp("storm")
    with crash_site(folder, alike(ALL if whole else SAMPLE)) as built:
        yield built


def applied(coast: CrashSite, machine: Machine) -> tuple[int, float]:
    """Apply, and resume as often as it takes; say how often, and how long it took."""
    began, resumed = time.monotonic(), 0
    said = machine.start("apply", coast.path).ended(PATIENCE_SECONDS)
    while said.status != 0:
        resumed += 1
        assert resumed < 5, said.both
        said = machine.start("resume").ended(PATIENCE_SECONDS)
    return resumed, time.monotonic() - began


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("retry_after_seconds", [0, 1])
def test_a_storm_ends_as_planned_with_no_save_made_twice(
    coast: CrashSite,
    retry_after_seconds: int,
    record_property: Callable[[str, object], None],
) -> None:
    machine = coast.fresh("sqlite")
    coast.connect.faults(**STORM, retry_after_seconds=retry_after_seconds)
    resumed, took = applied(coast, machine)
    requests = coast.connect.requests()
    planned = coast.plan.districts
    saves = {one.district: len(one.saves) for one in planned}
    assert coast.connect.saves() == saves
    with opened(machine) as store:
        insist_journal(store, coast.plan)
        entries = Archive(store).journal(1)
    assert {one.settled for one in entries} <= {Settled.CONFIRMED, Settled.FAILED}
    assert resumed == 0
    record_property(
        MEASURED,
        f"storm, Retry-After {retry_after_seconds}: {len(planned)} districts in"
        f" {took:.1f} s, {requests} requests, {resumed} resumes",
    )


def test_a_calm_day_for_comparison(
    coast: CrashSite,
    record_property: Callable[[str, object], None],
    *,
    whole: bool,
) -> None:
    if not whole:
        pytest.skip("a measure of the whole campaign")
    machine = coast.fresh("sqlite")
    coast.connect.faults(**CALM)
    resumed, took = applied(coast, machine)
    assert resumed == 0
    record_property(
        MEASURED,
        f"calm: {len(coast.plan.districts)} districts in {took:.1f} s,"
        f" {coast.connect.requests()} requests",
    )
