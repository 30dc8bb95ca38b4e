"""How a run ended: what was confirmed, and why the rest was not."""

from __future__ import annotations

from connectsync.domain.counting import many
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import Plan
from connectsync.report.style import Paint, Style, inert

READ_BACK = "by reading back"
BY_A_PERSON = "by a person"
"""What confirms a change."""

_STYLES = {
    Ending.DONE: Style.SAFE,
    Ending.FAILED: Style.ERROR,
    Ending.CONFLICT: Style.ERROR,
    Ending.WAITING: Style.WARNING,
    Ending.SKIPPED: Style.INFO,
    Ending.NOT_REACHED: Style.WARNING,
}


def ended_line(
    outcome: DistrictOutcome, *, colour: bool, proof: str = READ_BACK
) -> str:
    """Say in a line how one district ended."""
    word = Paint(colour)(_STYLES[outcome.ending], outcome.ending.value)
    line = f"{word}  {inert(outcome.district)}  {_confirmed(outcome.changes, proof)}"
    if outcome.ending is Ending.DONE:
        return line
    return f"{line}\n  {inert(outcome.message)}\n  = help: {inert(outcome.remedy)}"


def wave_line(wave: str, districts: int, *, colour: bool) -> str:
    """Say in a line that a wave begins."""
    counted = many(districts, "district")
    return Paint(colour)(Style.BOLD, f"wave {inert(wave)}: {counted}")


def outcome_text(
    outcome: Outcome, plan: Plan, *, colour: bool, proof: str = READ_BACK
) -> str:
    """Say what the journal confirms of a whole run, never what was planned."""
    moved = "".join(
        f"{inert(district)} was in step and is not any more: plan it again\n"
        for district in outcome.moved
    )
    if not outcome.districts:
        return f"Nothing was applied: nothing was planned\n{moved}"
    paint = Paint(colour)
    parts = [
        paint(_STYLES[ending], f"{len(outcome.ended(ending)):,} {ending.value}")
        for ending in Ending
        if outcome.ended(ending)
    ]
    if plan.failed:
        parts.append(paint(Style.ERROR, f"{len(plan.failed):,} not read"))
    confirmed = _confirmed(outcome.changes, proof)
    if outcome.elsewhere:
        confirmed += f" ({outcome.elsewhere:,} ended before or by another runner)"
    left = f"{_unproven(outcome)}{_left(outcome, proof)}"
    return f"Run {outcome.run}: {', '.join(parts)}; {confirmed}\n{left}{moved}"


def _unproven(outcome: Outcome) -> str:
    """Say how much was sent that is not confirmed; empty if all is."""
    if not outcome.unproven:
        return ""
    return (
        f"{many(outcome.unproven, 'setting')} sent and not confirmed:"
        f" `connectsync runs show {outcome.run}` says what was seen\n"
    )


def _left(outcome: Outcome, proof: str) -> str:
    """
    Say why the run stopped, and how to go on with what is left.

    Where a person saves, each district has said already how to go on with it.
    """
    why = f"It stopped: {inert(outcome.stopped)}\n" if outcome.stopped else ""
    why += f"  = help: {inert(outcome.refused)}\n" if outcome.refused else ""
    if proof == BY_A_PERSON:
        return why
    # of a conflict only a new plan gets anybody further
    if outcome.ended(Ending.FAILED) or outcome.ended(Ending.NOT_REACHED):
        rest = "; what is in conflict needs a new plan"
        return (
            f"{why}  = help: `connectsync resume {outcome.run}` tries what is left"
            f"{rest if outcome.ended(Ending.CONFLICT) else ''}\n"
        )
    return why


def _confirmed(changes: int, proof: str) -> str:
    return f"{many(changes, 'change')} confirmed {proof}"
