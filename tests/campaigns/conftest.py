"""Campaigns: real processes, killed, crowded and lied to; a sample in every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from crash_site import CrashSite, crash_site

KEPT = "campaign"
"""The property of a test's report that counts what it tried."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole", action="store_true", help="run whole campaigns, not samples of them"
    )


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Say whether the whole campaign is asked for."""
    return bool(request.config.getoption("--whole", default=False))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashSite]:
    """Give the place where runs are killed."""
    with crash_site(tmp_path_factory.mktemp("crashes")) as built:
        yield built
