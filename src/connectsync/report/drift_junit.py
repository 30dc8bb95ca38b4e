"""Drift as JUnit XML: one test case for each district."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectsync.domain.drift import DistrictDrift
from connectsync.report.drift import moved_by, values_of
from connectsync.report.junit import Case, junit

SUITE = "connectsync drift"


def drift_junit(found: Sequence[DistrictDrift]) -> str:
    """
    Give all districts as test cases, in the order given.

    Drift and conflicts fail, a district that could not be read is an error. What is
    pending passes, and says so in its output.
    """
    return junit(SUITE, [_case(one) for one in found])


def _case(one: DistrictDrift) -> Case:
    match one.standing:
        case "unread":
            return Case(
                one.district, breaks="unread", message=one.error, lines=(one.file,)
            )
        case "conflict" | "drift" as standing:
            lines = (one.file, *_moves(one))
            return Case(one.district, fails=standing, message=_said(one), lines=lines)
        case "pending":
            lines = (f"pending: {one.file}", *_moves(one))
            return Case(one.district, lines=lines)
        case _:
            return Case(one.district)  # in step: nothing to say


def _said(one: DistrictDrift) -> str:
    return "; ".join(f"{move.setting}: {moved_by(one, move)}" for move in one.movements)


def _moves(one: DistrictDrift) -> Iterator[str]:
    for move in one.movements:
        yield f"{move.setting}: {moved_by(one, move)}"
        yield f"  {values_of(move)}"
