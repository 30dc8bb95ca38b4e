"""Words that all reports on runs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from connectsync.domain.counting import many
from connectsync.domain.run import RunHead, RunState, Tally
from connectsync.report.style import Paint, Style, inert

STATES: Mapping[RunState, Style] = {
    RunState.OPEN: Style.INFO,
    RunState.STOPPED: Style.WARNING,
    RunState.ENDED: Style.SAFE,
}

LEFT = "left"
"""What a district of a run is called that has not ended."""

COUNTED: Mapping[str, Style] = {
    "done": Style.SAFE,
    "failed": Style.ERROR,
    "conflict": Style.ERROR,
    "waiting": Style.WARNING,
    "skipped": Style.INFO,
    LEFT: Style.WARNING,
}
"""The words of a tally."""

_BY_HAND = "snapshot:"


def moment(at: datetime) -> str:
    """Spell a time to the second, the same wherever it is read."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def took(seconds: float | None) -> str:
    """Spell a duration in its two largest units; a dash where there is none."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    parts = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(parts[:2]) or "0 s"


def kind_of(head: RunHead) -> str:
    """Say whether a run applied a plan, or took another run back."""
    if head.rollback_of is None:
        return "apply"
    return f"rollback of run {head.rollback_of}"


def counted(tally: Tally, paint: Paint) -> str:
    """Count districts by how they ended, zeros left out."""
    return ", ".join(_counts(tally, paint)) or "no districts"


def _counts(tally: Tally, paint: Paint) -> Iterator[str]:
    for word, style in COUNTED.items():
        if count := getattr(tally, word):
            yield paint(style, f"{count} {word}")


def districts(count: int) -> str:
    """Count districts."""
    return many(count, "district")


def going_on(head: RunHead, *, by_hand: bool = False) -> str:
    """
    Say how to continue a run of which something is left.

    ``by_hand``: a person saves there, which the name of a Connect does not tell.
    """
    if by_hand or head.backend.startswith(_BY_HAND):
        return (
            "continue it with the plan beside its click list: `connectsync apply PLAN`"
        )
    return f"to finish it: `connectsync resume {head.number}`"


def settling(head: RunHead, *, by_hand: bool = False) -> str:
    """Say how to find out whether a save happened; see ``going_on``."""
    if by_hand or head.backend.startswith(_BY_HAND):
        return (
            "`connectsync apply PLAN` with the plan beside its click list settles that"
        )
    return f"`connectsync resume {head.number}` settles that by reading"


def stopped(head: RunHead) -> str:
    """Say why a run stopped; empty where it did not, or has ended since."""
    return f"stopped: {inert(head.stopped)}" if head.state is RunState.STOPPED else ""
