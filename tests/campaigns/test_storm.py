"""A gateway that refuses, fails and hangs up: what is planned comes true, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from campaign import MEASURED
from crash_site import CrashSite, crash_site, insist_journal, opened
from fleets_of import alike
from processes import Machine

from connectsync.apply.journal import SaveStatus
from connectsync.apply.state.queries import StateReader

SAMPLE, ALL = 60, 1000

CALM: dict[str, object] = {"latency_seconds": 0.02}
STORM: dict[str, object] = {
    "seed": 20270115,
    "too_many_requests": 0.10,
    "retry_after_seconds": 0,
    "server_errors": 0.05,
    "drop_after_commit": 0.02,
    "latency_seconds": 0.02,
}
WEATHERS = {
    "a storm": STORM,
    "a storm that asks to wait": {**STORM, "retry_after_seconds": 1},
    "a calm day": CALM,
}

RESUMES = 2
"""How often a person may have to resume; five answers in a row can fail by chance."""

PATIENCE_SECONDS = 1500


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("--whole", default=False)
    metafunc.parametrize("weather", list(WEATHERS) if whole else ["a storm"])


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
        assert resumed <= RESUMES, said.both
        said = machine.start("resume").ended(PATIENCE_SECONDS)
    return resumed, time.monotonic() - began


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_what_is_planned_comes_true_in_any_weather_and_no_save_is_made_twice(
    coast: CrashSite, weather: str, record_property: Callable[[str, object], None]
) -> None:
    machine = coast.fresh("sqlite")
    coast.connect.faults(**WEATHERS[weather])
    resumed, took = applied(coast, machine)
    requests = coast.connect.requests()
    coast.insist_saved_once()
    with opened(machine) as store:
        insist_journal(store, coast.plan)
        entries = StateReader(store).journal(1)
    settled = {one.settled for one in entries}
    assert settled <= {SaveStatus.CONFIRMED, SaveStatus.FAILED}
    record_property(
        MEASURED,
        f"{weather}: {len(coast.plan.districts)} districts in {took:.1f} s,"
        f" {requests} requests, {resumed} resumes",
    )
