"""
Markdown for comments and summaries: foreign text that stays text, pages that fit.

A page is cut between rows of its tables, never inside one, and says how many rows
are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectsync.domain.counting import many
from connectsync.report.columns import cut
from connectsync.report.style import inert

LIMIT = 65_536
"""The characters that GitHub takes in one comment; others take more."""

FOLDED = 20
"""Rows of a table beyond which it is folded: a comment is one among many."""

_LONGEST = 600
"""Columns of one foreign text: a row must not be longer than a page."""

_SIGNS = re.compile(r"[\\`*_\[\]<>#|~&!$]")
_ADDRESS = re.compile(r"www\.|://", re.IGNORECASE)
_NUMBERED = re.compile(r"(?<=[#!])(?=\d)|(?<=GH-)(?=\d)", re.IGNORECASE)
_NOTHING = "<!-- -->"
"""Is not seen, and keeps apart what would be a mention, an address or a reference."""

_TAME = re.compile(r"[\w./:=+,()'-]+( [\w./:=+,()'-]+)*", re.ASCII)
"""Text that can do nothing between backticks."""


@dataclass(frozen=True, slots=True)
class Table:
    """
    A titled table; cells are Markdown already.

    ``count`` is how many ``rows`` there are: they are taken one by one, and not all of
    them where a page must be short. ``noun`` is what a row is, for counting. Where it
    is ``folded``, readers click the title to see it.
    """

    title: str
    head: tuple[str, ...]
    rows: Iterable[tuple[str, ...]]
    count: int
    noun: str
    folded: bool = False


Block = str | Table


def plain(text: str) -> str:
    """Give foreign text so that Markdown, and HTML within it, can only show it."""
    escaped = _SIGNS.sub(r"\\\g<0>", inert(text))
    parted = _NUMBERED.sub(_NOTHING, escaped.replace("@", f"@{_NOTHING}"))
    return _ADDRESS.sub(_apart, parted)


def short(text: str) -> str:
    """Give foreign text as `plain` does, and no more of it than is read."""
    return plain(cut(inert(text), _LONGEST))


def code(text: str) -> str:
    """Give a name or a path as code, if that is safe, or else as plain text."""
    tame = len(text) <= _LONGEST and _TAME.fullmatch(text)
    return f"`{text}`" if tame else short(text)


def page(blocks: Sequence[Block], *, limit: int | None = None) -> str:
    """
    Put blocks together, in ``limit`` characters if one is given.

    What stands outside of tables is never cut. Raises ``ValueError`` if that alone is
    longer than the limit.
    """
    fixed = sum(_least(block) + len("\n\n") for block in blocks)
    if limit is not None and fixed > limit:
        raise ValueError(f"{limit} characters do not hold a page of {fixed} and more")
    room = None if limit is None else limit - fixed
    texts = []
    for block in blocks:
        if isinstance(block, Table):
            rows = list(_fitting(block, room))
            room = room if room is None else room - sum(len(row) + 1 for row in rows)
            texts.append(_table(block, rows, left=block.count - len(rows)))
        else:
            texts.append(block)
    return "\n\n".join(texts) + "\n"


def _least(block: Block) -> int:
    """Count the characters of a block of which every row is left out."""
    if isinstance(block, Table):
        return len(_table(block, [], left=block.count))
    return len(block)


def _fitting(table: Table, room: int | None) -> Iterator[str]:
    left = room
    for cells in table.rows:
        row = _row(cells)
        if left is not None:
            left -= len(row) + 1
            if left < 0:
                return
        yield row


def _table(table: Table, rows: Sequence[str], *, left: int) -> str:
    lines = [_row(table.head), _row(["---"] * len(table.head)), *rows]
    parts = [_title(table), "\n".join(lines)]
    if left:
        parts.append(f"*Left out here: {many(left, table.noun)}.*")
    if table.folded:
        parts.append("</details>")
    return "\n\n".join(parts)


def _title(table: Table) -> str:
    if table.folded:
        counted = many(table.count, table.noun)
        return f"<details><summary>{table.title} ({counted})</summary>"
    return f"### {table.title}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _apart(address: re.Match[str]) -> str:
    return address[0].replace(".", "\\.").replace(":", "\\:")
