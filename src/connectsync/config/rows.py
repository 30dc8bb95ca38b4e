"""A text as lines that can be changed one by one, line ends kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from connectsync.config.source import Point, lines_of

_BREAK = re.compile(r"\r\n|\n|\r")
_COMMENT = re.compile(r"[ \t]*(#.*)")


@dataclass(frozen=True)
class Rows:
    """A text, its lines without their ends, and changes to it as other texts."""

    text: str

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines as editors count them."""
        return lines_of(self.text)

    @cached_property
    def _starts(self) -> Sequence[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.text))]

    def between(self, start: Point, end: Point) -> str:
        """Give what stands between two points."""
        return self.text[self._offset(start) : self._offset(end)]

    def before(self, spot: Point) -> str:
        """Give what stands before a point on its line."""
        return self.lines[spot[0]][: spot[1]]

    def comment(self, spot: Point) -> str | None:
        """Give the comment behind a point as a line of its own, if there is one."""
        found = _COMMENT.match(self.lines[spot[0]], spot[1])
        return f"{' ' * indent_of(self.lines[spot[0]])}{found[1]}" if found else None

    def replaced(self, start: Point, end: Point, written: str) -> str:
        """Give the text with something else between two points."""
        return (
            self.text[: self._offset(start)] + written + self.text[self._offset(end) :]
        )

    def relined(
        self, changed: Mapping[int, str | None], *, after: int, added: Sequence[str]
    ) -> str:
        """Give the text with some lines changed, taken out (None) or added."""
        ends = [*(found[0] for found in _BREAK.finditer(self.text)), ""]
        usual = ends[0] or "\n"
        out = [f"{line}{usual}" for line in added] if after < 0 else []
        for row, line in enumerate(self.lines):
            now = changed.get(row, line)
            out += [] if now is None else [now + ends[row]]
            if row == after and added:
                out += [] if ends[row] or now is None else [usual]
                out += [f"{one}{usual}" for one in added]
        text = "".join(out)
        return (
            text if ends[-2:] == [""] or self.lines[-1] == "" else text.rstrip("\r\n")
        )

    def _offset(self, spot: Point) -> int:
        return self._starts[spot[0]] + spot[1]


def indent_of(line: str) -> int:
    """Count the blanks a line begins with."""
    return len(line) - len(line.lstrip())
