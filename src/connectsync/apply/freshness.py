"""Whether the world is still as the plan was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectsync.domain.live import Live
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.settings import Form
from connectsync.domain.values import differing, spell
from connectsync.errors import Bug, ConnectError, StalePlan

SHOWN = 10
"""How many moved settings one error lists; the rest is counted."""


def insist_fresh(plan: Plan, lives: Mapping[str, Live | ConnectError]) -> None:
    """
    Refuse the plan if any of its districts was saved since it was read.

    Raises ``StalePlan`` naming district, setting, old and new value, and ``Bug`` if
    the backend left a district out. One that cannot be read now is not looked at: it
    must not be written either.
    """
    moved = [
        sentence
        for planned in plan.districts
        if isinstance(live := answer_for(planned.district, lives), Live)
        for sentence in moves(planned, live)
    ]
    if moved:
        rest = [f"and {len(moved) - SHOWN} more"] if len(moved) > SHOWN else []
        raise StalePlan(
            "Settings on Connect changed since the plan was made:",
            below=(f"  {one}" for one in (*moved[:SHOWN], *rest)),
        )


def answer_for(
    district: str, lives: Mapping[str, Live | ConnectError]
) -> Live | ConnectError:
    """Give what was read of a district. Raises ``Bug`` if nothing was answered."""
    if district not in lives:
        raise Bug(f"the backend did not answer for district {district!r}")
    return lives[district]


def moves(planned: DistrictPlan, live: Live) -> Iterator[str]:
    """Say in a sentence each what moved on a district since it was planned."""
    # a version that a backend gives twice must not hide what was changed
    if live.version != planned.live_version or differing(planned.live, live.form):
        for sentence in movement(planned.live, live.form):
            yield f"{planned.district}: {sentence}"


def movement(before: Form, after: Form) -> Iterator[str]:
    """Say in a sentence each what somebody's save changed."""
    names = differing(before, after)
    for name in names:
        yield f"{name} was {spell(before.get(name))}, is now {spell(after.get(name))}"
    if not names:
        yield "saved again since, with the same values"
