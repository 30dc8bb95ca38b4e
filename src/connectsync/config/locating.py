"""From a path in the data to the nodes that hold it, and to their place."""

from __future__ import annotations

from functools import lru_cache

from yaml import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode
from yaml import Mark as PythonMark
from yaml._yaml import Mark

from connectsync.config.composing import compose
from connectsync.config.source import Point, Source, lines_of
from connectsync.domain.finding import Path, Place

_BLOCK_SCALARS = ("|", ">")


@lru_cache(maxsize=8)
def tree_of(text: str) -> Node:
    """
    Compose a text that was composed before.

    Trees are not kept with the documents: a fleet's would take a gigabyte, and only
    a finding needs one.
    """
    root = compose(text.encode())
    assert root is not None  # noqa: S101 - only texts with data become documents
    return root


def locate(source: Source, path: Path, *, on_key: bool = False) -> Place:
    """
    Give the place of a value, or of its key; of its nearest ancestor if it is absent.

    An absent value is shown at its parent's key, where it would have to be added.
    """
    return place_of(source, _find(tree_of(source.text), path, on_key=on_key))


def place_of(source: Source, node: Node) -> Place:
    """Give the place of a node, without the blank lines libyaml counts to it."""
    return source.place(point(node.start_mark), end_of(source, node))


def point(mark: Mark | PythonMark) -> Point:
    """Give a mark's line and column."""
    return mark.line, mark.column


def end_of(source: Source, node: Node) -> Point:
    """Give the end of what is written of a node."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return _scalar_end(node, source)
    last = node.value[-1]
    ends = [last] if isinstance(last, Node) else [last[0], last[1]]
    return max(end_of(source, child) for child in ends)


def _scalar_end(node: Node, source: Source) -> Point:
    end = point(node.end_mark)
    if getattr(node, "style", None) in _BLOCK_SCALARS:
        return _block_end(node, source)
    return max(end, point(node.start_mark))


def _block_end(node: Node, source: Source) -> Point:
    """Give the end of a block scalar's last line that is not blank."""
    lines = lines_of(source.text)
    row = node.end_mark.line - (node.end_mark.column == 0)
    while row > node.start_mark.line and not lines[row].strip():
        row -= 1
    return row, len(lines[row])


def _find(node: Node, path: Path, *, on_key: bool) -> Node:
    if not path:
        return _head(node)
    key: Node | None = None
    for position, part in enumerate(path):
        found = _child(node, part)
        if found is None:
            return key if position and key is not None else _head(node)
        key, node = found
    return key if on_key and key is not None else node


def _child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, MappingNode):
        return _pairs(node).get(part)
    if isinstance(node, SequenceNode) and isinstance(part, int):
        items = node.value
        return (items[part], items[part]) if part < len(items) else None
    return None


@lru_cache(maxsize=8)
def _pairs(node: MappingNode) -> dict[str | int, tuple[Node, Node]]:
    """Give the pairs of a mapping by key: of two equal keys the last."""
    return {
        key.value: (key, value)
        for key, value in node.value
        if isinstance(key, ScalarNode)
    }


def _head(node: Node) -> Node:
    """Give the first key of a mapping: the whole of it would be no help."""
    return node.value[0][0] if isinstance(node, MappingNode) and node.value else node
