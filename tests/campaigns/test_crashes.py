"""`kill -9` before and after everything that a run writes down, or asks of Connect."""

from __future__ import annotations

import pytest
from crash_site import CrashSite
from stores import KINDS

@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_anywhere_can_be_resumed(site: CrashSite, kind: str) -> None:
    n = site.points(site.fresh(kind), "apply", site.path)
    print(n)
    bad = 0
    for point in range(1, n + 1, 7):
        machine = site.fresh(kind)
        crash = site.crashed(point, machine, "apply", site.path)
        how = site.went_on(machine)
        try:
            site.insist_true(machine)
            print(point, crash, how, "true")
        except AssertionError as e:
            bad += 1
            print(point, crash, how, "FALSE", str(e)[:300])
    assert not bad
