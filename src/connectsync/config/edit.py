"""Edit values in a YAML file and keep every other character as written."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from connectsync.config.document import data_of_text
from connectsync.config.schemas import order_keys, schema, spell_flow, spell_scalar
from connectsync.config.source import Point, Source, lines_of
from connectsync.config.yaml_tree import end_of, point, tree_of
from connectsync.domain.finding import pointer
from connectsync.errors import InvalidFiles

_BREAK = re.compile(r"\r\n|\n|\r")
_COMMENT = re.compile(r"[ \t]*(#.*)")


@dataclass(frozen=True)
class TextLines:
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


@dataclass(frozen=True, slots=True)
class ParentMapping:
    """
    The mapping that a key goes to, and the key above it, None at the top.

    ``order`` has the keys of the mapping in the order of the schema.
    """

    text: str
    node: MappingNode
    header: Node | None
    order: Mapping[str, Any]


def add_key(home: ParentMapping, key: str, value: Any) -> str:
    """Give the text with a key more; mappings are written as the mapping around."""
    rows = TextLines(home.text)
    if home.node.flow_style:
        return _in_flow(rows, home.node, f"{spell_scalar(key)}: {spell_flow(value)}")
    column = home.node.value[0][0].start_mark.column
    lines = [f"{' ' * column}{line}" for line in _spell_entry(key, value)]
    return rows.relined({}, after=_row_above(rows, home, key), added=lines)


def _in_flow(rows: TextLines, node: MappingNode, pair: str) -> str:
    if not node.value:
        return rows.replaced(
            point(node.start_mark), point(node.end_mark), f"{{{pair}}}"
        )
    end = end_of(Source("", rows.text), node.value[-1][1])
    return rows.replaced(end, end, f", {pair}")


def _spell_entry(key: str, value: Any) -> Sequence[str]:
    if isinstance(value, Mapping):
        below = (line for inner in value for line in _spell_entry(inner, value[inner]))
        return [f"{spell_scalar(key)}:", *(f"  {line}" for line in below)]
    return [f"{spell_scalar(key)}: {spell_flow(value)}"]


def _row_above(rows: TextLines, home: ParentMapping, key: str) -> int:
    """Find the line below which a key belongs, -1 for the top."""
    pairs = {name.value: (name, value) for name, value in home.node.value}
    names = order_keys({**dict.fromkeys(pairs), key: None}, home.order)
    if above := names[: names.index(key)]:
        return _last_row(rows, *pairs[above[-1]])
    if home.header is not None:
        return int(home.header.start_mark.line)
    return int(home.node.value[0][0].start_mark.line) - 1


def _last_row(rows: TextLines, key: Node, value: Node) -> int:
    row, column = end_of(Source("", rows.text), value)
    row = max(key.start_mark.line, row - (column == 0))
    while row + 1 < len(rows.lines) and _is_within(rows.lines[row + 1], key):
        row += 1
    return row


def _is_within(line: str, key: Node) -> bool:
    """Say whether a line is a comment that stands within the value of a key."""
    return line.lstrip().startswith("#") and indent_of(line) > key.start_mark.column


_BLOCK = ("|", ">")


def replace_list(
    rows: TextLines, key: Node, node: SequenceNode, value: Any
) -> str | None:
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


KeyPath = tuple[str, ...]
"""Keys from the top of a file to a value."""


def edit_values(text: str, changes: Mapping[KeyPath, Any], *, name: str = "") -> str:
    """
    Give the text with other values at these paths.

    ``name`` is the schema whose order new keys are put in: by what the text holds,
    ``district`` or ``profile``, unless it is told. Values are plain data; a list
    keeps the order of what stays in it. Raises
    ``InvalidFiles`` if the text is no YAML that we read, or if a value is written in
    a way that cannot be changed without losing something.
    """
    wanted = copy.deepcopy(dict(data_of_text(text)))
    for path, value in changes.items():
        arranged = _arrange_list(_value_at(wanted, path), value)
        text = _with(text, path, arranged, _order(text, name))
        _put_value(wanted, path, arranged)
        if data_of_text(text) != wanted:
            raise _by_hand(path)
    return text


def _by_hand(path: KeyPath) -> InvalidFiles:
    return InvalidFiles(
        f"{pointer(path)} is written in a way that cannot be changed without losing"
        " something",
        remedy="write it on one line, or change it by hand",
    )


def _value_at(data: Mapping[str, Any], path: KeyPath) -> Any:
    value: Any = data
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _arrange_list(old: Any, new: Any) -> Any:
    """Keep what stays in a list where it is, and put what is new behind it."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return new
    kept = [item for item in old if item in new]
    return kept + [item for item in new if item not in old]


def _put_value(data: dict[str, Any], path: KeyPath, value: Any) -> None:
    for key in path[:-1]:
        data = data.setdefault(key, {})
    data[path[-1]] = value


def _with(text: str, path: KeyPath, value: Any, order: Mapping[str, Any]) -> str:
    """Write one value; the nearest mapping that is there takes what is missing."""
    node, header = tree_of(text), None
    for depth, key in enumerate(path):
        if not isinstance(node, MappingNode):
            raise _by_hand(path)
        pair = next((pair for pair in node.value if pair[0].value == key), None)
        if pair is None:
            below = reduce(lambda inner, name: {name: inner}, path[:depth:-1], value)
            return add_key(ParentMapping(text, node, header, order), key, below)
        header, node = pair
        order = order.get(key, {}).get("properties", {})
    written = _rewritten(text, header, node, value)
    if written is None:
        raise _by_hand(path)
    return written


def _order(text: str, name: str) -> Mapping[str, Any]:
    held = "district" if "district" in data_of_text(text) else "profile"
    properties: Mapping[str, Any] = schema(name or held)["properties"]
    return properties


def _rewritten(text: str, key: Node | None, node: Node, value: Any) -> str | None:
    """Write another value where one stands; None if a comment would be lost."""
    rows = TextLines(text)
    if key is not None and isinstance(node, SequenceNode) and not node.flow_style:
        return replace_list(rows, key, node, value)
    start, end = point(node.start_mark), end_of(Source("", text), node)
    written = rows.between(start, end)
    if "#" in written and ("\n" in written or "\r" in written):
        return None
    gap = " " if start == end and rows.before(start).endswith(":") else ""
    return rows.replaced(start, end, gap + spell_flow(value))
