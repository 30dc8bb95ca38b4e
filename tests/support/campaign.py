"""What campaigns tell of themselves at the end of a test run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

CRASH = "crash"
"""The property of a report that tells of one crash."""

MEASURED = "measured"
"""The property of a report that tells a figure in a sentence."""

_ROW = "{:<32} {:<12} {:>8} {:>8} {:>8} {:>8}"


@dataclass(frozen=True)
class Told:
    """Every crash that the reports of a test run tell of."""

    crashes: tuple[tuple[str, str, str, str, bool, bool], ...]

    def table(self) -> Iterator[str]:
        """Give a line for every kind of point and store, and one for all."""
        heading = ("point", "state in", "crashed", "applied", "resumed", "true")
        yield _ROW.format(*heading)
        for place in sorted({(one[2], one[0]) for one in self.crashes}):
            found = [one for one in self.crashes if (one[2], one[0]) == place]
            yield _ROW.format(*place, *_counted(found))
        yield _ROW.format("all", "", *_counted(self.crashes))
        twice = sum(one[4] for one in self.crashes)
        lost = sum(one[1] != "calm" for one in self.crashes)
        yield f"{twice} of them were killed again while resuming;"
        yield f"{lost} of them while every answer to a save was lost"


def told(properties: Iterable[tuple[str, Any]]) -> Told:
    """Gather what reports tell of crashes."""
    return Told(tuple(tuple(value) for name, value in properties if name == CRASH))


def _counted(crashes: Iterable[tuple[Any, ...]]) -> tuple[int, ...]:
    crashes = list(crashes)
    ways = Counter(one[3] for one in crashes)
    true = sum(one[5] for one in crashes)
    return len(crashes), ways["apply"], ways["resume"], true
