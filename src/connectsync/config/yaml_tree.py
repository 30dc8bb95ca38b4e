"""YAML text to a tree of nodes with positions, without YAML's traps."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from yaml import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode, YAMLError
from yaml import Mark as PythonMark
from yaml._yaml import CParser, Mark
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    NodeEvent,
    StreamEndEvent,
)

from connectsync.config.decode import invisible
from connectsync.config.source import MOST_FINDINGS, Point, Source, lines_of, quote_text
from connectsync.domain.finding import KeyPath, Place
from connectsync.values import dataclass

PLAIN = "plain"
TEXT = "text"
COLLECTION = "collection"
"""What an untagged node is resolved to; compared by identity, so no tag spells it."""

DEPTH_LIMIT = 32
_BRACKETS = 200
_INDENT = re.compile(rb"(?:^|[\r\n])[ ?:\t-]{100}")


class MarkedText(NamedTuple):
    """A stretch of a file; ``text`` is what stands there, where that is known."""

    start: Mark
    end: Mark
    text: str = ""


@dataclass(frozen=True, slots=True)
class YamlRefusal(Exception):
    """Something that may not be in a file: which rule, where, and how often more."""

    rule: str
    marks: tuple[MarkedText, ...]
    more: int = 0


class _Composer(CParser):
    """libyaml's composer with PyYAML's resolver, half of its time, left out."""

    def resolve(self, kind: type[Node], _value: object, implicit: object) -> str:
        if kind is not ScalarNode:
            return COLLECTION if implicit else "!"
        return PLAIN if implicit == (True, False) else TEXT

    # no path has a tag of its own; these do nothing, and calling Python for it at each
    # node would take a tenth of composing
    descend_resolver = {}.get  # type: ignore[var-annotated]
    ascend_resolver = [].clear


def compose(raw: bytes) -> Node | None:
    """
    Compose the one document of a file; None if it holds nothing.

    Raises Refusal for what may not be in a file, and YAMLError for a syntax error.
    """
    if _needs_survey(raw):
        _survey(raw)
    composer = _Composer(raw)
    try:
        if not composer.check_node():
            return None
        root = composer.get_node()
        _refuse_another(composer)
    finally:
        composer.dispose()
    return root


def _refuse_another(composer: _Composer) -> None:
    if not composer.check_event(StreamEndEvent):
        event = composer.peek_event()
        raise YamlRefusal("several-documents", (_marked(event, "---"),))


def _needs_survey(raw: bytes) -> bool:
    if b"&" in raw or b"*" in raw:
        return True
    return raw.count(b"[") + raw.count(b"{") > _BRACKETS or bool(_INDENT.search(raw))


def _survey(raw: bytes) -> None:
    """Refuse anchors and depth, event by event, in constant memory."""
    parser = _Composer(raw)
    depth = 0
    anchored: list[MarkedText] = []
    while (event := parser.get_event()) is not None:
        depth += step_of(event)
        if depth > DEPTH_LIMIT:
            raise YamlRefusal("nesting-too-deep", (_marked(event),))
        if isinstance(event, NodeEvent) and event.anchor is not None:
            anchored.append(_anchor(event))
        if len(anchored) >= MOST_FINDINGS or isinstance(event, StreamEndEvent):
            break
    if anchored:
        raise YamlRefusal("yaml-alias", tuple(anchored), _more_anchors(parser, depth))


def _more_anchors(parser: _Composer, depth: int) -> int:
    """Count anchors and aliases to the end, or to where it cannot be read any more."""
    count = 0
    with suppress(YAMLError):
        while (event := parser.get_event()) is not None:
            depth += step_of(event)
            if depth > DEPTH_LIMIT or isinstance(event, StreamEndEvent):
                break
            count += isinstance(event, NodeEvent) and event.anchor is not None
    return count


def step_of(event: Event) -> int:
    """Give by how much what follows an event lies deeper."""
    if isinstance(event, CollectionStartEvent):
        return 1
    return -1 if isinstance(event, CollectionEndEvent) else 0


def _anchor(event: NodeEvent) -> MarkedText:
    sign = "*" if isinstance(event, AliasEvent) else "&"
    return _marked(event, f"{sign}{event.anchor}")


def _marked(event: Event | None, text: str = "") -> MarkedText:
    assert event is not None  # noqa: S101 - the stream has not ended
    start, end = event.start_mark, event.end_mark
    assert isinstance(start, Mark)  # noqa: S101 - libyaml marks every event
    assert isinstance(end, Mark)  # noqa: S101 - as above
    return MarkedText(start, end, text)


Scalar = str | int | float | bool | None

_WORDS: Mapping[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FRACTION = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII
)
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)
_MOST_DIGITS = 18
_MOST_EXACT = 2.0**53

BEYOND = sys.float_info.max
"""Stands for numbers that JSON cannot hold; messages show the source text."""


def plain(text: str) -> Scalar:
    """Read a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_STARTS:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else BEYOND
    if _BASED.fullmatch(text):
        return int(text, 0) if len(text) <= _MOST_DIGITS else BEYOND
    if _FRACTION.fullmatch(text):
        value = float(text)
        # 20.0 and 2e1 are whole numbers, as they are in JSON Schema
        if abs(value) <= _MOST_EXACT and value.is_integer():
            return int(value)
        return value if abs(value) <= BEYOND else BEYOND
    return BEYOND if _NO_NUMBER.fullmatch(text) else text


class TreeMistake(NamedTuple):
    """One mistake of the walk: rule, node, sentence, hint."""

    rule: str
    node: Node
    message: str
    hint: str


class Blunders(list[TreeMistake]):
    """The first mistakes of the walk; ``more`` counts those that are not kept."""

    more = 0

    @property
    def is_full(self) -> bool:
        """Say whether one more is only counted."""
        return len(self) >= MOST_FINDINGS


def data_of(root: Node) -> tuple[Any, Blunders]:
    """
    Give the data of a tree as JSON knows it, and the mistakes met on the way.

    Data are given even where there are mistakes, so that one file can report all of
    them at once: of two equal keys the last stays, a tagged value counts as untagged,
    and what is nested too deep is null.
    """
    blunders = Blunders()
    return _value(root, 1, blunders), blunders


def _value(node: Node, depth: int, blunders: Blunders) -> Any:
    if isinstance(node, ScalarNode):
        return _scalar(node, blunders)
    if node.tag is not COLLECTION:
        _report(blunders, node, *_TAG)
    if depth > DEPTH_LIMIT:
        _report(blunders, node, *NESTED_TOO_DEEP)
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, depth, blunders)
    return [_value(item, depth + 1, blunders) for item in node.value]


def _scalar(node: ScalarNode, blunders: Blunders) -> Any:
    text: str = node.value
    if node.tag is PLAIN:
        return plain(text)
    if node.tag is not TEXT or not node.style:
        _report(blunders, node, *_TAG)
    if not text.isprintable() and (character := invisible(text)):
        message = f"the text holds {character}, a character that cannot be seen"
        _report(blunders, node, "control-character", message, "leave it out")
    return text


def _mapping(node: MappingNode, depth: int, blunders: Blunders) -> dict[str, Any]:
    data: dict[str, Any] = {}
    first: Mapping[str, int] = {}
    for key_node, value_node in node.value:
        key = _key(key_node, blunders)
        value = _value(value_node, depth + 1, blunders)
        if key is None:
            continue
        if key in data:
            first = first or _first_lines(node)
            _report(blunders, key_node, *_duplicate(key, first.get(key, 0)))
        data[key] = value
    return data


def _key(node: Node, blunders: Blunders) -> str | None:
    if not isinstance(node, ScalarNode):
        hint = "quote it if it begins with a bracket, or write `key: value`"
        _report(blunders, node, "key-not-text", "a key is a single word of text", hint)
        return None
    if node.tag is not PLAIN:
        return str(_scalar(node, blunders))
    key = plain(node.value)
    if key == "<<":
        _report(blunders, node, *_MERGE)
        return None
    if not isinstance(key, str):
        _report(blunders, node, *_not_text(node.value, key))
        return None
    return key


def _first_lines(node: MappingNode) -> Mapping[str, int]:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, ScalarNode):
            lines.setdefault(key.value, key.start_mark.line + 1)
    return lines


def _report(blunders: Blunders, node: Node, rule: str, message: str, hint: str) -> None:
    if blunders.is_full:
        blunders.more += 1
    else:
        blunders.append(TreeMistake(rule, node, message, hint))


def _duplicate(key: str, line: int) -> tuple[str, str, str]:
    message = (
        f"key {quote_text(key)} is written a second time; the first is on line {line}"
    )
    return "duplicate-key", message, "keep one of the two"


_TAG = (
    "yaml-tag",
    # its name is not repeated: a pasted token can begin with an exclamation mark
    "a YAML tag means nothing here",
    "leave the tag out; put quotes around text",
)
NESTED_TOO_DEEP = (
    "nesting-too-deep",
    f"the file is nested more than {DEPTH_LIMIT} levels deep",
    "a district file needs five",
)
_MERGE = (
    "merge-key",
    "the merge key '<<' is not part of YAML 1.2",
    "share values through a profile in `_profiles`",
)


def _not_text(source: str, key: object) -> tuple[str, str, str]:
    kind = "a boolean" if isinstance(key, bool) else "a number"
    if key is None:
        message = "a key is missing before the colon, or reads as null"
        return "key-not-text", message, "write `key: value`"
    message = f"the key {quote_text(source)} is {kind}, not text"
    return "key-not-text", message, f'if it is meant as text, write "{source[:40]}"'


BLOCK_SCALARS = ("|", ">")


_LATEST: dict[str, Node] = {}
"""The tree of the text that was composed last: its findings are placed next."""


def keep_tree(text: str, root: Node) -> None:
    """Keep the tree of a text until that of another one is kept."""
    _LATEST.clear()
    _LATEST[text] = root


def tree_of(text: str) -> Node:
    """
    Give the tree of a text that was composed before.

    Trees are not kept with the documents: a fleet's would take a gigabyte, and only
    a finding needs one.
    """
    return _LATEST.get(text) or _compose_again(text)


@lru_cache(maxsize=8)
def _compose_again(text: str) -> Node:
    root = compose(text.encode())
    assert root is not None  # noqa: S101 - only texts with data become documents
    return root


def locate(source: Source, path: KeyPath, *, on_key: bool = False) -> Place:
    """
    Give the place of a value, or of its key; of its nearest ancestor if it is absent.

    An absent value is shown at its parent's key, where it would have to be added.
    """
    return place_of(source, _find(tree_of(source.text), path, on_key=on_key))


def line_of(source: Source, path: KeyPath) -> int:
    """Give the line on which a value begins, without what a place tells of it."""
    return int(_find(tree_of(source.text), path, on_key=False).start_mark.line) + 1


def place_of(source: Source, node: Node) -> Place:
    """Give the place of a node, without the blank lines libyaml counts to it."""
    return source.place(point(node.start_mark), end_of(lines_of(source.text), node))


def point(mark: Mark | PythonMark) -> Point:
    """Give a mark's line and column."""
    return mark.line, mark.column


def end_of(lines: Sequence[str], node: Node) -> Point:
    """Give the end of what is written of a node in these lines."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        children = [last] if isinstance(last, Node) else last
        return max(end_of(lines, child) for child in children)
    if getattr(node, "style", None) not in BLOCK_SCALARS:
        return max(point(node.end_mark), point(node.start_mark))
    # a block scalar ends with its last line that is not blank
    row = node.end_mark.line - (node.end_mark.column == 0)
    while row > node.start_mark.line and not lines[row].strip():
        row -= 1
    return row, len(lines[row])


def _find(node: Node, path: KeyPath, *, on_key: bool) -> Node:
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
