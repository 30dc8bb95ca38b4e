"""
Change values in a file and leave every other letter as people wrote it.

A value is replaced where it stands; what is not there yet is written at its place in
the order of the schema. Comments stay, also those of what goes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import reduce
from typing import Any

from yaml import MappingNode, Node, SequenceNode

from connectsync.config.document import data_of_text
from connectsync.config.inserting import Home, added
from connectsync.config.locating import end_of, point, tree_of
from connectsync.config.relisting import relisted
from connectsync.config.rendering import spell_flow
from connectsync.config.rows import Rows
from connectsync.config.schemas import schema
from connectsync.config.source import Source
from connectsync.domain.finding import pointer
from connectsync.errors import InvalidFiles

KeyPath = tuple[str, ...]
"""Keys from the top of a file to a value."""


def edited(text: str, changes: Mapping[KeyPath, Any], *, name: str = "") -> str:
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
        arranged = _arranged(_value_at(wanted, path), value)
        text = _with(text, path, arranged, _order(text, name))
        _put(wanted, path, arranged)
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


def _arranged(old: Any, new: Any) -> Any:
    """Keep what stays in a list where it is, and put what is new behind it."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return new
    kept = [item for item in old if item in new]
    return kept + [item for item in new if item not in old]


def _put(data: dict[str, Any], path: KeyPath, value: Any) -> None:
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
            return added(Home(text, node, header, order), key, below)
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
    rows = Rows(text)
    if key is not None and isinstance(node, SequenceNode) and not node.flow_style:
        return relisted(rows, key, node, value)
    start, end = point(node.start_mark), end_of(Source("", text), node)
    written = rows.between(start, end)
    if "#" in written and ("\n" in written or "\r" in written):
        return None
    gap = " " if start == end and rows.before(start).endswith(":") else ""
    return rows.replaced(start, end, gap + spell_flow(value))
