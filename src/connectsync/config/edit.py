"""Edit values in a YAML file, or order its keys; every other character stays."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from yaml import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from connectsync.config.document import data_of_text, read_document
from connectsync.config.schemas import order_keys, schema, spell_entry, spell_flow
from connectsync.config.source import lines_of
from connectsync.config.yaml_tree import BLOCK_SCALARS, end_of, point, tree_of
from connectsync.domain.finding import pointer
from connectsync.errors import Bug, InvalidFiles

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, from the top of a file to a value."""

_SECTIONS = ("credentials", "facts", "settings")
_KEPT = re.compile(r"[|>][1-9]?\+")
_BREAK = re.compile(r"\r\n|\n|\r")
_COMMENT = re.compile(r"(?:^|\s)(#[^\r\n]*)")
_MODELINE = "yaml-language-server:"


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
    order = _order(wanted, name)
    for path, value in changes.items():
        data: Any = wanted
        for key in path[:-1]:
            data = data[key] if isinstance(key, int) else data.setdefault(key, {})
            if not isinstance(data, dict | list):
                raise _by_hand(path)
        data[path[-1]] = _arrange_list(data.get(path[-1]), value)
        text = _with(text, path, data[path[-1]], order)
        if data_of_text(text) != wanted:
            raise _by_hand(path)
    return text


def remove_value(text: str, path: KeyPath) -> str:
    """
    Give the text without the key at a path; as it is where nothing states it.

    Comments stay, also the one behind what goes. A section that would be left without
    a key goes as well. Raises ``InvalidFiles`` as `edit_values` does.
    """
    wanted: dict[Any, Any] = copy.deepcopy(dict(data_of_text(text)))
    held = [wanted]
    for key in path[:-1]:
        inside = held[-1].get(key)
        if not isinstance(inside, dict):
            return text
        held.append(inside)
    if path[-1] not in held[-1]:
        return text
    while len(path) > 1 and len(held[-1]) == 1:
        held.pop()
        path = path[: len(held)]
    del held[-1][path[-1]]
    after = _without(text, path)
    if data_of_text(after) != wanted:
        raise _by_hand(path)
    return after


def _without(text: str, path: KeyPath) -> str:
    node: Node = tree_of(text)
    header = node
    for key in path:
        if not isinstance(node, MappingNode) or node.flow_style:
            raise _by_hand(path)
        header, node = next(pair for pair in node.value if pair[0].value == key)
    lines, rows = lines_of(text), _rows(text)
    if not _has_own_line(lines, header):
        raise _by_hand(path)
    first, last = header.start_mark.line, _last_row(lines, header, node)
    indent = " " * header.start_mark.column
    kept = []
    for row in range(first, last + 1):
        # what is quoted may hold a sign of a comment that is none
        found = _COMMENT.search(rows[row])
        if found and not {"'", '"', "|", ">"} & set(rows[row][: found.start()]):
            kept.append(f"{indent}{found[1]}{_line_end(text)}")
    rows[first : last + 1] = kept
    return _joined(text, rows)


def _by_hand(path: KeyPath) -> InvalidFiles:
    return InvalidFiles(
        f"{pointer(path)} is written in a way that cannot be changed without losing"
        " something",
        remedy="write it on one line, or change it by hand",
    )


def _arrange_list(old: Any, new: Any) -> Any:
    """Keep what stays in a list where it is, and put what is new behind it."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return new
    kept = [item for item in old if item in new]
    return kept + [item for item in new if item not in old]


def _order(data: Mapping[str, Any], name: str = "") -> Mapping[str, Any]:
    held = "district" if "district" in data else "profile"
    properties: Mapping[str, Any] = schema(name or held)["properties"]
    return properties


def _with(text: str, path: KeyPath, value: Any, order: Mapping[str, Any]) -> str:
    """Write one value; the nearest mapping that is there takes what is missing."""
    node, header = tree_of(text), None
    for depth, key in enumerate(path):
        if isinstance(key, int) and isinstance(node, SequenceNode):
            node, header, order = node.value[key], None, {}
            continue
        if isinstance(key, int) or not isinstance(node, MappingNode):
            raise _by_hand(path)
        pairs = {name.value: (name, below) for name, below in node.value}
        if key not in pairs:
            below = reduce(lambda inner, name: {name: inner}, path[:depth:-1], value)
            if node.flow_style:
                return _add_in_braces(text, node, {key: below})
            names = order_keys({**dict.fromkeys(pairs), key: None}, order)
            row = node.start_mark.line - 1 if header is None else header.start_mark.line
            if above := names[: names.index(key)]:
                row = _last_row(lines_of(text), *pairs[above[-1]])
            indent = " " * node.value[0][0].start_mark.column
            return _add_lines(text, row, spell_entry(key, below, {}, indent))
        header, node = pairs[key]
        order = order.get(key, {}).get("properties", {})
    written = _rewritten(text, header, node, value) if header else None
    if written is None:
        raise _by_hand(path)
    return written


def _add_in_braces(text: str, node: MappingNode, pair: Mapping[str, Any]) -> str:
    start, end, spelled = node.start_mark.index, node.end_mark.index, spell_flow(pair)
    if node.value:
        start = end = node.value[-1][1].end_mark.index
        spelled = f", {spelled[1:-1]}"
    return text[:start] + spelled + text[end:]


def _add_lines(text: str, row: int, added: Iterable[str]) -> str:
    """Give the text with more lines below a row, -1 for the top."""
    rows = _rows(text)
    rows[row + 1 : row + 1] = [line + _line_end(text) for line in added]
    return _joined(text, rows)


def _rewritten(text: str, key: Node, node: Node, value: Any) -> str | None:
    """Write another value where one stands; None if a comment would be lost."""
    if isinstance(node, SequenceNode) and not node.flow_style:
        return _rewritten_list(text, key, node, value)
    start = node.start_mark.index
    # the blank lines below a block scalar are no part of what is replaced
    written = text[start : node.end_mark.index].rstrip(" \t\r\n")
    if "#" in written and ("\n" in written or "\r" in written):
        return None
    gap = " " if not written and text[:start].endswith(":") else ""
    return text[:start] + gap + spell_flow(value) + text[start + len(written) :]


def _rewritten_list(text: str, key: Node, node: SequenceNode, value: Any) -> str | None:
    """
    Write another list, or a value that is none, where a list of lines stands.

    An item that goes leaves its comment. None where items do not have a line each.
    """
    whole = all(
        isinstance(item, ScalarNode)
        and item.style not in BLOCK_SCALARS
        and item.start_mark.line == item.end_mark.line
        for item in node.value
    )
    places = {item.start_mark.line: item for item in node.value}
    if not whole or len(places) < len(node.value):
        return None
    wanted: Sequence[Any] = value if isinstance(value, list) else ()
    there = [item.value for item in node.value]
    rows = _rows(text)
    for row, item in places.items():
        if item.value not in wanted:
            rest = rows[row][item.end_mark.column :].lstrip(" \t")
            comment = " " * _width(rows[row]) + rest
            rows[row] = comment if rest.startswith("#") else ""
    dash, end = " " * node.start_mark.column + "- ", _line_end(text)
    rows[node.value[-1].start_mark.line] += "".join(
        f"{dash}{spell_flow(item)}{end}" for item in wanted if item not in there
    )
    if not wanted:
        row, column = point(key.end_mark)
        colon = rows[row].index(":", column) + 1
        rows[row] = f"{rows[row][:colon]} {spell_flow(value)}{rows[row][colon:]}"
    return _joined(text, rows)


def canonical(text: str) -> str:
    """
    Order the keys of a district or profile file, at the top and in its sections.

    Line endings, comments and the last line's end are kept, and so is a part that is
    not written as one key a line. Raises InvalidFiles if the text is not YAML that
    `validate` would read.
    """
    before = data_of_text(text)
    rows = _rows(text)
    ordered = _ordered(lines_of(text), tree_of(text), range(len(rows)), _order(before))
    if sorted(ordered) != list(range(len(rows))):
        raise Bug("ordering a file's keys lost or repeated a line")
    after = _joined(text, [rows[row] for row in ordered])
    if after == text or _is_same(before, after):
        return after
    if _KEPT.search(text) or not text.endswith(("\n", "\r")):
        # a block scalar may own the blank lines below it, or lack its line end
        return text
    raise Bug("ordering a file's keys would have changed what it says")


def _is_same(before: Mapping[str, Any], after: str) -> bool:
    reading = read_document("the file", after.encode())
    return reading.document is not None and reading.document.data == before


def _ordered(
    lines: Sequence[str], node: Node, rows: range, order: Mapping[str, Any]
) -> list[int]:
    """Order the rows of a mapping by its keys; as they are if keys share lines."""
    if not isinstance(node, MappingNode) or node.flow_style:
        return list(rows)
    starts = [key.start_mark.line for key, _ in node.value]
    if not all(_has_own_line(lines, key) for key, _ in node.value):
        return list(rows)
    ends = [_last_row(lines, key, value) + 1 for key, value in node.value]
    firsts = [
        _first_row(lines, start, floor)
        for start, floor in zip(starts, [rows.start, *ends], strict=False)
    ]
    firsts[0] = _after_head(lines, firsts[0], starts[0])
    blocks: dict[str, list[int]] = {}
    for (key, value), first, stop in zip(
        node.value, firsts, [*firsts[1:], ends[-1]], strict=True
    ):
        below = order.get(key.value, {}).get("properties", {})
        inner = value if key.value in _SECTIONS and below else key
        blocks[key.value] = _ordered(lines, inner, range(first, stop), below)
    keyed = (row for key in order_keys(blocks, order) for row in blocks[key])
    return [*range(rows.start, firsts[0]), *keyed, *range(ends[-1], rows.stop)]


def _has_own_line(lines: Sequence[str], key: Node) -> bool:
    before = lines[key.start_mark.line][: key.start_mark.column]
    return isinstance(key, ScalarNode) and not before.strip()


def _last_row(lines: Sequence[str], key: Node, value: Node) -> int:
    """Find the last row of a key, with the deeper comments right below its value."""
    row, column = end_of(lines, value)
    last = value
    while isinstance(last, CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1] if isinstance(last, SequenceNode) else last.value[-1][1]
    if _KEPT.match(lines[last.start_mark.line], last.start_mark.column):
        # the blank lines below are part of this text
        row, column = point(last.end_mark)
    row = max(key.start_mark.line, row - (column == 0))
    while row + 1 < len(lines) and _is_deeper(lines[row + 1], key.start_mark.column):
        row += 1
    return row


def _is_deeper(line: str, column: int) -> bool:
    return line.lstrip().startswith("#") and _width(line) > column


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


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _line_end(text: str) -> str:
    found = _BREAK.search(text)
    return found[0] if found else "\n"


def _rows(text: str) -> list[str]:
    """Give the lines with their ends; a last one without gets the usual one."""
    rows = text.splitlines(keepends=True)
    rows[-1] += "" if rows[-1].endswith(("\n", "\r")) else _line_end(text)
    return rows


def _joined(text: str, rows: Iterable[str]) -> str:
    """Join rows; where the text has no end of its last line, neither have they."""
    whole = "".join(rows)
    ended = text.endswith(("\n", "\r"))
    return whole if ended else whole.removesuffix(_line_end(text))
