"""`kill -9` before and after everything that a run writes down, or asks of Connect."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from campaign import CRASH
from crash_site import Crash, CrashSite
from processes import Machine
from stores import KINDS

pytestmark = pytest.mark.timeout(900)

CALM, LOST = "calm", "answers lost"
"""Whether every answer comes, or every save is made and its connection dropped."""

SAVES = 4
"""How many saves the plan of the crash site has."""

PARTS = 12
"""Into how many tests the whole matrix is cut, so that two workers share it."""

NARROW = ("2:answered PATCH", "3:before save seen", "1:before run ended")
"""Points that no sample may miss: a save that nobody saw, a run that is not ended."""

SAMPLE, PAIRS, ALL_PAIRS = 7, 2, 100
"""How many points, and pairs of points, are tried of each kind of store."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--whole", default=False)
        metafunc.parametrize("part", range(PARTS) if whole else [0])


@dataclass(frozen=True)
class Tried:
    """Every crash of one test, told to its report."""

    site: CrashSite
    kind: str
    weather: str
    record: pytest.FixtureRequest

    def fresh(self) -> Machine:
        machine = self.site.fresh(self.kind)
        if self.weather == LOST:
            self.site.connect.faults(drop_saves=list(range(1, 1 + SAVES)))
        return machine

    def points(self) -> int:
        return self.site.points(self.fresh(), "apply", self.site.path)

    def all_true(self, crashes: Sequence[tuple[int | str, int | None]]) -> None:
        """Kill at each point, and a resume at a second one; insist on the truth."""
        untrue = [
            f"{crash}: {why}"
            for pair in crashes
            for crash, why in self._once(*pair)
            if why
        ]
        assert not untrue, "\n".join(untrue)

    def _once(
        self, first: int | str, second: int | None
    ) -> Iterator[tuple[Crash, str]]:
        machine = self.fresh()
        crash = self.site.crashed(first, machine, "apply", self.site.path)
        if crash is None:
            return
        if second is not None:
            self.site.crashed(second, machine, *self.site.way_on(machine))
        how, why = "", ""
        try:
            how = self.site.went_on(machine)
            self.site.insist_true(machine)
        except AssertionError as error:
            why = str(error)
        told = [self.kind, self.weather, crash.name, how, second is not None, not why]
        self.record.node.user_properties.append((CRASH, told))
        yield crash, why


@pytest.fixture
def tried(request: pytest.FixtureRequest, site: CrashSite, kind: str) -> Tried:
    weather = getattr(request, "param", CALM)
    return Tried(site, kind, weather, request)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_anywhere_can_be_resumed(
    tried: Tried, part: int, *, whole: bool
) -> None:
    tried.all_true([(one, None) for one in some(tried.points(), part, whole=whole)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_where_it_hurts_can_be_resumed(tried: Tried) -> None:
    tried.all_true([(one, None) for one in NARROW])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tried", [LOST], indirect=True)
def test_a_run_that_is_killed_while_answers_are_lost_can_be_resumed(
    tried: Tried, part: int, *, whole: bool
) -> None:
    points = some(tried.points(), part, whole=whole)
    tried.all_true([(one, None) for one in (points if whole else points[1::3])])


@pytest.mark.parametrize("kind", KINDS)
def test_a_resume_that_is_killed_too_can_be_resumed(
    tried: Tried, part: int, *, whole: bool
) -> None:
    points = tried.points()
    drawn = random.Random(f"{tried.kind} {part}")  # noqa: S311 - no secret
    count = ALL_PAIRS // PARTS + 1 if whole else PAIRS
    # no resume has more points than the run that it goes on with
    tried.all_true(
        [(drawn.randint(60, points), drawn.randint(1, 150)) for _ in range(count)]
    )


def some(points: int, part: int, *, whole: bool) -> Sequence[int]:
    """Give this test's share of all points, or points that are evenly spread."""
    if whole:
        return range(1 + part, 1 + points, PARTS)
    return [1 + round(one * (points - 1) / (SAMPLE - 1)) for one in range(SAMPLE)]
