"""A plan in words that every format shares; none of them is inert yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.counting import many
from connectsync.domain.drift import Movement
from connectsync.domain.guard import GuardFinding
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.risk import Risk
from connectsync.domain.values import spell

TOKEN = "the OAuth token is typed"  # noqa: S105 - no token


def sign(change: Change) -> str:
    """Give the sign of a change: another value, one more label, one less."""
    match change:
        case Set():
            return "~"
        case Add():
            return "+"
        case Remove():
            return "-"


def step(change: Change) -> str:
    """Say what a change does to the value of its setting."""
    match change:
        case Set(_, before, after):
            return f"{spell(before)} → {spell(after)}"
        case Add(_, label) | Remove(_, label):
            return label


def lines_of(planned: DistrictPlan) -> Iterator[str]:
    """Give a line for every change of a district, save by save."""
    for number, save in enumerate(planned.saves, 1):
        if len(planned.saves) > 1:
            yield f"save {number} of {len(planned.saves)}"
        for one in save.changes:
            yield f"{spelled(one.change)} ({one.risk.value})"
        if save.set_token:
            yield f"* {TOKEN}"


def spelled(change: Change) -> str:
    """Spell a change in one line."""
    return f"{sign(change)} {change.setting} {step(change)}"


def by_hand(move: Movement) -> str:
    """Say what a person changed since we last applied."""
    return f"{move.setting} was {spell(move.baseline)}, is now {spell(move.live)}"


def held_against(guard: GuardFinding) -> str:
    """Say what a guard objects to, and the name it counts as if not its own."""
    own = guard.accept in {guard.rule, ""}
    return guard.message if own else f"{guard.message} (counts as {guard.accept})"


def counted(plan: Plan) -> str:
    """Count the districts of a plan: to change, in step, left alone, not read."""
    if plan.empty and not plan.left_alone and not plan.still_running:
        return f"Nothing to do: {districts(plan.size)} in step with Connect"
    parts = [f"{len(plan.districts):,} to change", f"{len(plan.in_step):,} in step"]
    if left := plan.size - len(plan.districts) - len(plan.in_step) - len(plan.failed):
        parts.append(f"{left:,} left alone")
    if plan.failed:
        parts.append(f"{len(plan.failed):,} not read")
    if plan.still_running:
        parts.append(f"{len(plan.still_running):,} still running without a file")
    return f"{districts(plan.size)}: {', '.join(parts)}"


def districts(count: int) -> str:
    """Count districts."""
    return many(count, "district")


def plainly(risk: Risk, said: str) -> str:
    """Give what is said of a risk as it is."""
    del risk
    return said


def changes(count: int) -> str:
    """Count changes."""
    return many(count, "change")


def totals(plan: Plan, paint: Callable[[Risk, str], str] = plainly) -> str:
    """Count the changes of a plan by risk, and the tokens that it types."""
    found = plan.risks()
    parts = [
        paint(risk, f"{found[risk]:,} {risk.value}") for risk in Risk if found[risk]
    ]
    said = [f"{changes(found.total())}: {', '.join(parts)}"] if parts else []
    if typed := sum(planned.set_token for planned in plan.districts):
        said.append(f"{many(typed, 'token')} typed")
    return "; ".join(said)


def taken_back(plan: Plan) -> str:
    """Say which run a plan takes back; nothing for a plan that files make."""
    if plan.rollback_of is None:
        return ""
    return f"this takes run {plan.rollback_of} back, not what files say"


LEFT_ALONE = "Not caused by this change, so left alone"
"""What stands above differences that a plan of one change does not touch."""


def caused_since(plan: Plan) -> str:
    """Say since when a plan of one change to the files counts; nothing for others."""
    if plan.since is None:
        return ""
    return f"only what the files want otherwise than at {plan.since[:12]}"
