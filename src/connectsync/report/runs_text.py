"""The list of runs as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from connectsync.domain.counting import few, many
from connectsync.domain.run import RunLine, RunList, RunState
from connectsync.report.columns import wrapped
from connectsync.report.run_words import (
    STATES,
    counted,
    going_on,
    kind_of,
    moment,
    stopped,
    took,
)
from connectsync.report.style import Paint, Style, inert
from connectsync.report.table import Cell, Row, aligned

PLAIN = Paint(colour=False)
DIGITS = 12
"""How much of a plan's digest tells it from every other."""

MINUTES = len("2027-01-15 10:00")
"""How much of a moment tells the minute."""

_HEADINGS = ("run", "began (UTC)", "took", "state", "what")


def runs_text(
    found: RunList, *, colour: bool, width: int, by_hand: bool = False
) -> str:
    """
    Give the runs, newest first, how many are not shown, and what to do next.

    ``by_hand``: a person saves on the backend at hand.
    """
    if not found.lines:
        return "No run yet: `connectsync apply` begins one\n"
    paint = Paint(colour)
    headings = Row(tuple(Cell(heading, Style.DIM) for heading in _HEADINGS))
    room = max(len(_HEADINGS[0]), *(len(str(one.head.number)) for one in found.lines))
    rows = [headings, *(_row(one, room) for one in found.lines)]
    last = [
        paint(Style.DIM, line)
        for said in _closing(found, by_hand=by_hand)
        for line in wrapped(said, width, hang=2)
    ]
    gap = [""] if last else []
    return "\n".join([*aligned(rows, paint=paint, width=width), *gap, *last]) + "\n"


def closed_text(run: int, left: Sequence[str]) -> str:
    """Say that a run is closed, and what it leaves as it is."""
    return (
        f"Run {run} is closed; {many(len(left), 'district')} left as it was:"
        f" {few([inert(one) for one in left])}\n"
        "`connectsync plan` says what is still to do\n"
    )


def digits_of(plan: str) -> str:
    """Give the first digits of a plan's digest."""
    return plan.partition(":")[2][:DIGITS]


def _row(line: RunLine, room: int) -> Row:
    head = line.head
    cells = (
        Cell(f"{head.number:>{room}}", Style.BOLD),
        Cell(moment(head.began)[:MINUTES]),
        Cell(took(head.seconds)),
        Cell(head.state.value, STATES[head.state]),
        Cell(f"{kind_of(head)} on {head.backend}"),
    )
    said = [f"plan {digits_of(head.plan)}: {counted(line.tally, PLAIN)}", stopped(head)]
    return Row(cells, under=Cell("; ".join(filter(None, said)), _style(line)))


def _style(line: RunLine) -> Style:
    if line.tally.failed or line.tally.conflict:
        return Style.ERROR
    return Style.DIM


def _closing(found: RunList, *, by_hand: bool) -> list[str]:
    said = []
    if found.total > len(found.lines):
        said.append(
            f"{len(found.lines)} of {found.total} runs;"
            f" `--limit {found.total}` shows them all"
        )
    if (unended := newest_unended(found)) is not None:
        said.append(going_on(unended.head, by_hand=by_hand))
    return said


def newest_unended(found: RunList) -> RunLine | None:
    """Give the run that people continue next, if there is one."""
    unended = (one for one in found.lines if one.head.state is not RunState.ENDED)
    return next(unended, None)
