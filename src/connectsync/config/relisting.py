"""Change a list that has a line for each item, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yaml import Node, ScalarNode, SequenceNode

from connectsync.config.locating import point
from connectsync.config.rendering import spell_flow
from connectsync.config.rows import Rows

_BLOCK = ("|", ">")


def relisted(rows: Rows, key: Node, node: SequenceNode, value: Any) -> str | None:
    """
    Give the text with another list below a key, or with a value that is none.

    An item that goes leaves its comment. Gives None where items do not have a line
    each.
    """
    if not _line_each(node):
        return None
    wanted: Sequence[Any] = value if isinstance(value, list) else ()
    lines: dict[int, str | None] = {
        item.start_mark.line: rows.comment(point(item.end_mark))
        for item in node.value
        if item.value not in wanted
    }
    there = [item.value for item in node.value]
    dash = " " * node.start_mark.column + "- "
    added = [f"{dash}{spell_flow(item)}" for item in wanted if item not in there]
    if not wanted:
        row, column = point(key.end_mark)
        head = rows.lines[row]
        colon = head.index(":", column) + 1
        lines[row] = f"{head[:colon]} {spell_flow(value)}{head[colon:]}"
    return rows.relined(lines, after=node.value[-1].start_mark.line, added=added)


def _line_each(node: SequenceNode) -> bool:
    rows = [item.start_mark.line for item in node.value]
    whole = all(
        isinstance(item, ScalarNode)
        and item.style not in _BLOCK
        and item.start_mark.line == item.end_mark.line
        for item in node.value
    )
    return whole and len(set(rows)) == len(rows)
