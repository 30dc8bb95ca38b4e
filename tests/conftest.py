"""What every test has: no network, an empty home, a fixed time, no colour."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import assurance_counts
import pytest
import yaml
from hypothesis import HealthCheck, settings

from connectsync.domain.foreign_text import SECRETS, KnownSecrets
from connectsync.emulator import users

ROOT = Path(__file__).resolve().parent.parent
HERMETIC = str(ROOT / "tests" / "hermetic")
NOW = "2027-01-15T10:00:00+00:00"

if "sitecustomize_hermetic" not in sys.modules:
    # pytest itself was started without the folder on its path: load the guard here
    import importlib.util

    _spec = importlib.util.spec_from_file_location(
        "sitecustomize_hermetic", Path(HERMETIC) / "sitecustomize.py"
    )
    assert _spec is not None
    assert _spec.loader is not None
    _guard = importlib.util.module_from_spec(_spec)
    sys.modules["sitecustomize_hermetic"] = _guard
    _spec.loader.exec_module(_guard)

settings.register_profile(
    "suite",
    # a sample; the campaign profile and `make fuzz` try the many
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "campaign", parent=settings.get_profile("suite"), max_examples=5000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # started in the background of a shell, as jobs are: every process that a test
    # starts would ignore Ctrl-C as well
    signal.signal(signal.SIGINT, signal.default_int_handler)

if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # started by nohup: every process that a test starts would outlive its terminal
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# what tests read and write themselves takes a tenth of the time in C
yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper  # type: ignore[assignment,misc]

# each time takes 50 ms of a processor, and the stand-in of each test has a user
users._hash_password = cache(users._hash_password)  # noqa: SLF001

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_ROOM_BYTES = 4 << 30

_ASSURANCE = os.environ.get(assurance_counts.VARIABLE)

_KEPT = {
    "CONNECTSYNC_GOLDEN",
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYTHONHASHSEED",
    "SYSTEMROOT",
}
_OF_TESTS = ("PYTEST", "COV", "HYPOTHESIS")
_SHARED = ("HOME", "LOGNAME", "PLAYWRIGHT", "PYTHON", "USER", "XDG_")
"""How variables begin that what is made once for many tests may go by."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-case",
        action="store_true",
        help="try every case of a kind, not a sample of them",
    )
    parser.addoption(
        "--whole-loop",
        action="store_true",
        help="go every way from an edit to Connect and back, not the main ones",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not os.environ.get("TMPDIR") and _is_roomy(_IN_MEMORY):
        # a disk takes seven times as long, and wears out; workers inherit it
        os.environ["TMPDIR"] = tempfile.tempdir = str(_IN_MEMORY)
    config.addinivalue_line("markers", "every_case: one of a kind that others test")
    config.addinivalue_line("markers", "sampled(most): so many of its cases are tried")


def _is_roomy(folder: Path) -> bool:
    """Say whether a folder in memory has room for all tests, and runs their scripts."""
    try:
        with tempfile.TemporaryDirectory(dir=folder) as inside:
            script = Path(inside, "script")
            script.write_text("#!/bin/sh\n", "utf-8")
            script.chmod(0o700)
            subprocess.run([script], check=True)
    except OSError:
        return False
    return shutil.disk_usage(folder).free > _ROOM_BYTES


def pytest_collection_finish() -> None:
    """
    Look less often for what could go: nearly all that was imported stays.

    What no test has, and nothing that tests share, goes once and not for each of them.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    for name in set(os.environ) - _KEPT:
        if not name.startswith((*_OF_TESTS, *_SHARED)):
            del os.environ[name]


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what takes its time, unless it is asked for."""
    if not config.getoption("--every-case"):
        left = {one for one in items if one.get_closest_marker("every_case")}
        left |= beyond_samples(items)
        items[:] = [one for one in items if one not in left]
        config.hook.pytest_deselected(items=[*left])


def beyond_samples(items: list[pytest.Item]) -> set[pytest.Item]:
    """Give the cases that are not tried each time; those that stay lie far apart."""
    kinds: dict[str, list[pytest.Item]] = {}
    for one in items:
        if one.get_closest_marker("sampled"):
            kinds.setdefault(one.nodeid.partition("[")[0], []).append(one)
    left = set[pytest.Item]()
    for cases in kinds.values():
        mark = cases[0].get_closest_marker("sampled")
        assert mark is not None
        (most,) = mark.args
        kept = {at * len(cases) // most for at in range(most)}
        left |= {one for at, one in enumerate(cases) if at not in kept}
    return left


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what the tests tried, where somebody asked for it."""
    report = yield
    if _ASSURANCE and (report.when == "call" or not report.passed):
        folder = ROOT / _ASSURANCE
        properties = report.user_properties
        assurance_counts.record(folder, item.nodeid, properties, passed=report.passed)
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[tuple[asyncio.Runner, Any]]:
    """Start one Chromium for all tests; each has contexts of its own in it."""
    # few runs of a part of the tests need it, and it takes long to import
    from connectsync.backends.browser.chromium import launch_browser

    with asyncio.Runner() as runner:
        opened = launch_browser()
        browser = runner.run(opened.__aenter__())
        yield runner, browser
        runner.run(opened.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Give a home with nothing in it: another one once a test left something there."""
    homes = list[Path]()

    def empty() -> Path:
        if not homes or not homes[-1].is_dir() or any(homes[-1].iterdir()):
            homes.append(tmp_path_factory.mktemp("home"))
        return homes[-1]

    return empty


@pytest.fixture(autouse=True)
def hermetic(monkeypatch: pytest.MonkeyPatch, empty_home: Callable[[], Path]) -> None:
    """Give each test an environment of its own."""
    for name in set(os.environ) - _KEPT:
        if not name.startswith(_OF_TESTS):
            monkeypatch.delenv(name)
    # a process learns what it must never show; the next test is another process
    for name, value in vars(KnownSecrets()).items():
        monkeypatch.setattr(SECRETS, name, value)
    monkeypatch.setenv("HOME", str(empty_home()))
    monkeypatch.setenv("PYTHONPATH", HERMETIC)
    monkeypatch.setenv("CONNECTSYNC_NOW", NOW)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LOGNAME", "operator")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    # loopback needs no certificates, and loading them takes 50 ms a client
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
