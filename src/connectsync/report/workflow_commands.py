"""
Annotations of GitHub Actions: lines that its runner shows beside the files.

A line is ``::error file=F,line=N,title=T::MESSAGE``. The runner takes every line that
begins with ``::`` for a command, so nothing of ours may begin one but these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectsync.domain.counting import many
from connectsync.domain.finding import Place, Severity
from connectsync.report.style import inert

MOST = 10
"""How many annotations of each level GitHub shows of one step."""

_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """
    What is shown beside a file, or above all of them where ``place`` is None.

    ``lines`` are the message; a place that knows no line is one at line 0. Texts need
    not be inert. ``stands_for`` is more than 1 for one that only counts others.
    """

    severity: Severity
    title: str
    lines: tuple[str, ...]
    place: Place | None = None
    stands_for: int = 1


def workflow_commands(found: Sequence[Annotation], *, summary: str) -> str:
    """
    Write at most ten annotations of each level, in the order given, and a summary.

    What is left out is counted by a notice, which is one of the ten: GitHub would not
    show an eleventh. ``summary`` is a line of our own words.
    """
    room = dict.fromkeys(Severity, MOST)
    counts = Counter(one.severity for one in found)
    if any(counts[severity] > MOST for severity in Severity):
        room[Severity.INFO] -= 1
    shown = list(_fitting(found, room))
    left = _counted(found) - _counted(shown)
    lines = [_command(one) for one in shown]
    if left:
        lines.append(_command(Annotation(Severity.INFO, "connectsync", (_left(left),))))
    return "\n".join([*lines, summary]) + "\n"


def _counted(found: Sequence[Annotation]) -> Counter[Severity]:
    counts = Counter[Severity]()
    for one in found:
        counts[one.severity] += one.stands_for
    return counts


def _fitting(
    found: Sequence[Annotation], room: dict[Severity, int]
) -> Iterator[Annotation]:
    taken: Counter[Severity] = Counter()
    for one in found:
        taken[one.severity] += 1
        if taken[one.severity] <= room[one.severity]:
            yield one


def _left(left: Counter[Severity]) -> str:
    counted = [
        many(left[severity], word)
        for severity, word in _LEVELS.items()
        if left[severity]
    ]
    return (
        f"not shown here: {', '.join(counted)}, for GitHub shows {MOST} of each;"
        " `--format markdown` tells more"
    )


def _command(one: Annotation) -> str:
    where = dict(_where(one.place)) if one.place else {}
    properties = where | {"title": one.title}
    spelled = ",".join(f"{key}={_property(text)}" for key, text in properties.items())
    message = "%0A".join(map(_data, one.lines))
    return f"::{_LEVELS[one.severity]} {spelled}::{message}"


def _where(place: Place) -> Iterator[tuple[str, str]]:
    yield "file", place.file
    if not place.line:
        return
    yield "line", str(place.line)
    # GitHub refuses columns of a place on several lines
    if place.end_line > place.line:
        yield "endLine", str(place.end_line)
        return
    yield "col", str(place.column)
    if place.end_line == place.line and place.end_column > place.column:
        yield "endColumn", str(place.end_column)


def _data(text: str) -> str:
    # inert text holds no line ends: what is left to escape is the escape itself
    return inert(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
