"""The results of a check-up and the page map as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connectsync.domain.live import Check, CheckStatus, LabelStatus, PageSpot
from connectsync.domain.wording import many
from connectsync.report.terminal import Paint, Style, inert, pad, wrap

_SPOT_STYLES = {
    LabelStatus.THERE: Style.SAFE,
    LabelStatus.MISSING: Style.ERROR,
    LabelStatus.DOUBLED: Style.ERROR,
    LabelStatus.DISABLED: Style.ERROR,
    LabelStatus.NOT_REACHED: Style.DIM,
}

MARGIN = "  "
PAGE_MAP_ROOM = max(len(found.value) for found in LabelStatus) + 2


def page_map_lines(
    spots: Sequence[PageSpot], paint: Paint, width: int
) -> Iterator[str]:
    """Give the clicks one below the other, and then the form below the last one."""
    for place, spot in enumerate(spots):
        indent = _indent(spot, first=place == 0)
        shown = f" (shown as '{inert(spot.shown_as)}')" if spot.shown_as else ""
        room = width - len(MARGIN) - PAGE_MAP_ROOM - len(indent)
        label, *more = wrap(f"{inert(spot.label)}{shown}", room, hang=2)
        standing = pad(spot.standing.value, PAGE_MAP_ROOM)
        yield f"{MARGIN}{paint(_SPOT_STYLES[spot.standing], standing)}{indent}{label}"
        under = MARGIN + " " * (PAGE_MAP_ROOM + len(indent))
        yield from (f"{under}{line}" for line in more)


def _indent(spot: PageSpot, *, first: bool) -> str:
    if spot.clicked:
        return "" if first else "> "
    return "    " if spot.group else "  "


_STYLES = {
    CheckStatus.OK: Style.SAFE,
    CheckStatus.WARNING: Style.WARNING,
    CheckStatus.ERROR: Style.ERROR,
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
    said = wrap(inert(check.message), width - indent)
    standing = paint(_STYLES[check.standing], pad(check.standing.value, STANDING_ROOM))
    yield f"{standing}{pad(inert(check.topic), room)}{said[0]}"
    yield from (" " * indent + line for line in said[1:])
    if check.remedy:
        remedy = wrap(f"= help: {inert(check.remedy)}", width - indent, hang=8)
        yield from (paint(Style.DIM, " " * indent + line) for line in remedy)
    yield from page_map_lines(check.spots, paint, width)


def _summary(checks: Sequence[Check], paint: Paint) -> str:
    counts = Counter(check.standing for check in checks)
    return ", ".join(
        paint(_STYLES[standing], _counted(standing, counts[standing]))
        for standing in CheckStatus
        if counts[standing]
    )


def _counted(standing: CheckStatus, count: int) -> str:
    if standing is CheckStatus.OK:
        return f"{count} ok"
    return many(count, standing.value)
