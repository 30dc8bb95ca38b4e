"""The map of a page as people read it: a line a label, indented by its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectsync.domain.page_map import Found, Spot
from connectsync.report.columns import padded, wrapped
from connectsync.report.style import Paint, Style, inert

_STYLES = {
    Found.THERE: Style.SAFE,
    Found.MISSING: Style.ERROR,
    Found.DOUBLED: Style.ERROR,
    Found.DISABLED: Style.ERROR,
    Found.NOT_REACHED: Style.DIM,
}

MARGIN = "  "
STANDING_ROOM = max(len(found.value) for found in Found) + 2


def page_map_lines(spots: Sequence[Spot], paint: Paint, width: int) -> Iterator[str]:
    """Give the clicks one below the other, and then the form below the last one."""
    for place, spot in enumerate(spots):
        indent = _indent(spot, first=place == 0)
        shown = f" (shown as '{inert(spot.shown_as)}')" if spot.shown_as else ""
        room = width - len(MARGIN) - STANDING_ROOM - len(indent)
        label, *more = wrapped(f"{inert(spot.label)}{shown}", room, hang=2)
        standing = padded(spot.standing.value, STANDING_ROOM)
        yield f"{MARGIN}{paint(_STYLES[spot.standing], standing)}{indent}{label}"
        under = MARGIN + " " * (STANDING_ROOM + len(indent))
        yield from (f"{under}{line}" for line in more)


def _indent(spot: Spot, *, first: bool) -> str:
    if spot.clicked:
        return "" if first else "> "
    return "    " if spot.group else "  "
