"""A check-up as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connectsync.domain.checkup import Check, Standing
from connectsync.domain.counting import many
from connectsync.report.columns import padded, wrapped
from connectsync.report.page_map_text import page_map_lines
from connectsync.report.style import Paint, Style, inert

_STYLES = {
    Standing.OK: Style.SAFE,
    Standing.WARNING: Style.WARNING,
    Standing.ERROR: Style.ERROR,
}

STANDING_ROOM = 9


def doctor_text(checks: Sequence[Check], *, colour: bool, width: int) -> str:
    """Give one line or more a check, and a count at the end."""
    paint = Paint(colour)
    room = max((len(check.topic) for check in checks), default=0) + 2
    lines = [line for check in checks for line in _check(check, paint, room, width)]
    return "\n".join([*lines, "", _summary(checks, paint)]) + "\n"


def _check(check: Check, paint: Paint, room: int, width: int) -> Iterator[str]:
    indent = STANDING_ROOM + room
    said = wrapped(inert(check.message), width - indent)
    standing = paint(
        _STYLES[check.standing], padded(check.standing.value, STANDING_ROOM)
    )
    yield f"{standing}{padded(inert(check.topic), room)}{said[0]}"
    yield from (" " * indent + line for line in said[1:])
    if check.remedy:
        remedy = wrapped(f"= help: {inert(check.remedy)}", width - indent, hang=8)
        yield from (paint(Style.DIM, " " * indent + line) for line in remedy)
    yield from page_map_lines(check.spots, paint, width)


def _summary(checks: Sequence[Check], paint: Paint) -> str:
    counts = Counter(check.standing for check in checks)
    return ", ".join(
        paint(_STYLES[standing], _counted(standing, counts[standing]))
        for standing in Standing
        if counts[standing]
    )


def _counted(standing: Standing, count: int) -> str:
    if standing is Standing.OK:
        return f"{count} ok"
    return many(count, standing.value)
