"""Write a key that is not there yet, at its place in the order of the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yaml import MappingNode, Node

from connectsync.config.canonical import ordered
from connectsync.config.locating import end_of, point
from connectsync.config.rendering import spell_flow, spell_scalar
from connectsync.config.rows import Rows, indent_of
from connectsync.config.source import Source


@dataclass(frozen=True, slots=True)
class Home:
    """
    The mapping that a key goes to, and the key above it, None at the top.

    ``order`` has the keys of the mapping in the order of the schema.
    """

    text: str
    node: MappingNode
    header: Node | None
    order: Mapping[str, Any]


def added(home: Home, key: str, value: Any) -> str:
    """Give the text with a key more; mappings are written as the mapping around."""
    rows = Rows(home.text)
    if home.node.flow_style:
        return _in_flow(rows, home.node, f"{spell_scalar(key)}: {spell_flow(value)}")
    column = home.node.value[0][0].start_mark.column
    lines = [f"{' ' * column}{line}" for line in _spelled(key, value)]
    return rows.relined({}, after=_row_above(rows, home, key), added=lines)


def _in_flow(rows: Rows, node: MappingNode, pair: str) -> str:
    if not node.value:
        return rows.replaced(
            point(node.start_mark), point(node.end_mark), f"{{{pair}}}"
        )
    end = end_of(Source("", rows.text), node.value[-1][1])
    return rows.replaced(end, end, f", {pair}")


def _spelled(key: str, value: Any) -> Sequence[str]:
    if isinstance(value, Mapping):
        below = (line for inner in value for line in _spelled(inner, value[inner]))
        return [f"{spell_scalar(key)}:", *(f"  {line}" for line in below)]
    return [f"{spell_scalar(key)}: {spell_flow(value)}"]


def _row_above(rows: Rows, home: Home, key: str) -> int:
    """Find the line below which a key belongs, -1 for the top."""
    pairs = {name.value: (name, value) for name, value in home.node.value}
    names = ordered({**dict.fromkeys(pairs), key: None}, home.order)
    if above := names[: names.index(key)]:
        return _last_row(rows, *pairs[above[-1]])
    if home.header is not None:
        return int(home.header.start_mark.line)
    return int(home.node.value[0][0].start_mark.line) - 1


def _last_row(rows: Rows, key: Node, value: Node) -> int:
    row, column = end_of(Source("", rows.text), value)
    row = max(key.start_mark.line, row - (column == 0))
    while row + 1 < len(rows.lines) and _is_within(rows.lines[row + 1], key):
        row += 1
    return row


def _is_within(line: str, key: Node) -> bool:
    """Say whether a line is a comment that stands within the value of a key."""
    return line.lstrip().startswith("#") and indent_of(line) > key.start_mark.column
