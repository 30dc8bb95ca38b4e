"""Campaigns: real processes, killed, crowded and lied to; a sample in every run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from campaign import MEASURED, told
from crash_site import CrashSite, crash_site
from fleets_of import alike
from processes import all_over

CROWD = 16


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole", action="store_true", help="run whole campaigns, not samples of them"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "whole_only: too slow for a sample")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if not config.getoption("--whole", default=False):
        slow = [one for one in items if one.get_closest_marker("whole_only")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [one for one in items if one not in slow]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not config.getoption("--whole", default=False):
        return
    properties = [
        one
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for one in report.user_properties
    ]
    found = told(properties)
    if found.crashes:
        terminalreporter.section("kill -9, point by point")
        for line in found.table():
            terminalreporter.write_line(line)
    for name, sentence in properties:
        if name == MEASURED:
            terminalreporter.write_line(f"measured: {sentence}")


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Say whether the whole campaign is asked for."""
    return bool(request.config.getoption("--whole", default=False))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashSite]:
    """Give the place where runs are killed."""
    with crash_site(tmp_path_factory.mktemp("crashes")) as built:
        yield built


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashSite]:
    """Give a place with as many districts as a sample takes."""
    with crash_site(tmp_path_factory.mktemp("crowd"), alike(CROWD)) as built:
        yield built


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """End what a test started, however the test ended."""
    yield
    all_over()
