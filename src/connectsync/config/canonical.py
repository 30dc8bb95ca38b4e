"""
Put the keys of a file in the order of its schema, moving whole lines.

Nothing is written anew, so comments, quotes and spacing stay as people made them. A
comment belongs to the key below it; a first paragraph of comments belongs to the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yaml import CollectionNode, MappingNode, Node, ScalarNode

from connectsync.config.document import data_of_text, read
from connectsync.config.locating import end_of, tree_of
from connectsync.config.schemas import schema
from connectsync.config.source import Source, lines_of
from connectsync.errors import Bug

_SECTIONS = ("credentials", "facts", "settings")
_KEPT = re.compile(r"[|>][1-9]?\+")
_MODELINE = "yaml-language-server:"

Rows = list[int]
"""Line numbers from zero, in the order in which they are written."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A key with its value and the comments above, as lines."""

    key: str
    value: Node
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A mapping as lines: what comes before all keys, the keys, what comes after."""

    head: Rows
    blocks: list[_Block]
    tail: Rows


def canonical(text: str) -> str:
    """
    Order the keys of a district or profile file, at the top and in its sections.

    Line endings, comments and the last line's end are kept, and so is a part that is
    not written as one key a line. Raises InvalidFiles if the text is not YAML that
    `validate` would read.
    """
    before = data_of_text(text)
    order = _order(before)
    source = Source("", text)
    root = _blocks(source, tree_of(text), list(range(len(_rows(text)))))
    if root is None:
        return text
    rows = _written(source, root, order)
    after = _joined(text, rows)
    if after == text or _same(before, after):
        return after
    if _KEPT.search(text) or not text.endswith(("\n", "\r")):
        # a block scalar may own the blank lines below it, or lack its line end
        return text
    raise Bug("ordering a file's keys would have changed what it says")


def ordered(data: Mapping[str, Any], order: Mapping[str, Any]) -> list[str]:
    """Give the keys of data in the order of a schema's properties, others last."""
    rank = {key: position for position, key in enumerate(order)}
    return sorted(data, key=lambda key: rank.get(key, len(rank)))


def _order(data: Mapping[str, Any]) -> Mapping[str, Any]:
    name = "district" if "district" in data else "profile"
    properties: Mapping[str, Any] = schema(name)["properties"]
    return properties


def _same(before: Mapping[str, Any], after: str) -> bool:
    reading = read("the file", after.encode())
    return reading.document is not None and reading.document.data == before


def _written(source: Source, whole: _Blocks, order: Mapping[str, Any]) -> Rows:
    keys = ordered({block.key: None for block in whole.blocks}, order)
    by_key = {block.key: block for block in whole.blocks}
    rows = list(whole.head)
    for key in keys:
        rows += _section(source, by_key[key], order)
    return rows + whole.tail


def _section(source: Source, block: _Block, order: Mapping[str, Any]) -> Rows:
    below: Mapping[str, Any] = order.get(block.key, {}).get("properties", {})
    if block.key not in _SECTIONS or not below:
        return block.rows
    inner = _blocks(source, block.value, block.rows)
    return block.rows if inner is None else _written(source, inner, below)


def _blocks(source: Source, node: Node, rows: Rows) -> _Blocks | None:
    """Split the lines of a mapping by its keys; None if keys share lines."""
    if not isinstance(node, MappingNode) or node.flow_style:
        return None
    lines = lines_of(source.text)
    starts = [_own_line(lines, key) for key, _ in node.value]
    if None in starts:
        return None
    begins = [start for start in starts if start is not None]
    ends = [_last_row(source, key, value) for key, value in node.value]
    after = [rows[0], *(end + 1 for end in ends)]
    firsts = [
        _first_row(lines, begin, floor)
        for begin, floor in zip(begins, after, strict=False)
    ]
    firsts[0] = _after_head(lines, firsts[0], begins[0])
    stops = [*firsts[1:], _stop(lines, ends[-1], begins[0], rows)]
    blocks = [
        _Block(key.value, value, list(range(first, stop)))
        for (key, value), first, stop in zip(node.value, firsts, stops, strict=True)
    ]
    head, tail = range(rows[0], firsts[0]), range(stops[-1], rows[-1] + 1)
    return _Blocks(list(head), blocks, list(tail))


def _own_line(lines: Sequence[str], key: Node) -> int | None:
    row, column = key.start_mark.line, key.start_mark.column
    alone = isinstance(key, ScalarNode) and not lines[row][:column].strip()
    return row if alone else None


def _last_row(source: Source, key: Node, value: Node) -> int:
    row, column = end_of(source, value)
    last = _last_scalar(value)
    header = lines_of(source.text)[last.start_mark.line][last.start_mark.column :]
    if header.startswith(("|+", ">+")) or header[2:3] == "+":
        # the blank lines below are part of this text
        row, column = last.end_mark.line, last.end_mark.column
    return max(key.start_mark.line, row - (column == 0))


def _last_scalar(node: Node) -> Node:
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last if isinstance(last, Node) else last[1]
    return node


def _first_row(lines: Sequence[str], begin: int, floor: int) -> int:
    """Take the comments and blank lines above a key that belong to it."""
    column = _width(lines[begin])
    row = begin
    while row > floor and _is_comment(lines[row - 1], column):
        row -= 1
    return row


def _is_comment(line: str, column: int) -> bool:
    bare = line.strip()
    return not bare or (bare.startswith("#") and _width(line) <= column)


def _after_head(lines: Sequence[str], first: int, begin: int) -> int:
    """Leave the comments that speak of the whole file at its head."""
    for row in range(begin - 1, first - 1, -1):
        if not lines[row].strip() or _MODELINE in lines[row]:
            return row + 1
    return first


def _stop(lines: Sequence[str], end: int, begin: int, rows: Rows) -> int:
    """Take the deeper comments below the last key with it."""
    column = _width(lines[begin])
    stop = end + 1
    while stop <= rows[-1] and lines[stop].strip() and _width(lines[stop]) > column:
        stop += 1
    return stop


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _rows(text: str) -> list[str]:
    rows = text.splitlines(keepends=True)
    return [*rows, ""] if not rows or rows[-1].endswith(("\n", "\r")) else rows


def _joined(text: str, order: Rows) -> str:
    """Join lines in another order; each keeps its line end, the text its last one."""
    rows = _rows(text)
    if sorted(order) != list(range(len(rows))):
        raise Bug("ordering a file's keys lost or repeated a line")
    if rows[-1]:
        end = "\r\n" if "\r\n" in text else "\n"
        rows[-1] += end
        return "".join(rows[row] for row in order).removesuffix(end)
    return "".join(rows[row] for row in order)
