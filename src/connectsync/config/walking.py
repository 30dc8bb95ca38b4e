"""A tree of nodes to plain data, and the mistakes that no schema can see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from connectsync.config.composing import COLLECTION, DEPTH_LIMIT, PLAIN, TEXT
from connectsync.config.intake import invisible
from connectsync.config.rule_names import MOST_FINDINGS
from connectsync.config.scalars import plain
from connectsync.config.source import quoted


class Blunder(NamedTuple):
    """One mistake of the walk: rule, node, sentence, hint."""

    rule: str
    node: Node
    message: str
    hint: str


class Blunders(list[Blunder]):
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
        _report(blunders, node, *_tag())
    if depth > DEPTH_LIMIT:
        _report(blunders, node, *_deep())
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, depth, blunders)
    return [_value(item, depth + 1, blunders) for item in _items(node)]


def _scalar(node: ScalarNode, blunders: Blunders) -> Any:
    text: str = node.value
    if node.tag is PLAIN:
        return plain(text)
    if node.tag is not TEXT or not node.style:
        _report(blunders, node, *_tag())
    if not text.isprintable() and (character := invisible(text)):
        message = f"the text holds {character}, a character that cannot be seen"
        _report(blunders, node, "control-character", message, "leave it out")
    return text


def _mapping(node: MappingNode, depth: int, blunders: Blunders) -> dict[str, Any]:
    data: dict[str, Any] = {}
    first: Callable[[str], int] | None = None
    for key_node, value_node in node.value:
        key = _key(key_node, blunders)
        value = _value(value_node, depth + 1, blunders)
        if key is None:
            continue
        if key in data:
            first = first or _first_lines(node)
            line = 0 if blunders.is_full else first(key)
            _report(blunders, key_node, *_duplicate(key, line))
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
        _report(blunders, node, *_merge())
        return None
    if not isinstance(key, str):
        _report(blunders, node, *_not_text(node.value, key))
        return None
    return key


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node, SequenceNode) else []


def _first_lines(node: MappingNode) -> Callable[[str], int]:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, ScalarNode):
            lines.setdefault(key.value, key.start_mark.line + 1)
    return lambda key: lines.get(key, 0)


def _report(blunders: Blunders, node: Node, rule: str, message: str, hint: str) -> None:
    if blunders.is_full:
        blunders.more += 1
    else:
        blunders.append(Blunder(rule, node, message, hint))


def _duplicate(key: str, line: int) -> tuple[str, str, str]:
    message = f"key {quoted(key)} is written a second time; the first is on line {line}"
    return "duplicate-key", message, "keep one of the two"


def _tag() -> tuple[str, str, str]:
    # its name is not repeated: a pasted token can begin with an exclamation mark
    message = "a YAML tag means nothing here"
    return "yaml-tag", message, "leave the tag out; put quotes around text"


def _deep() -> tuple[str, str, str]:
    message = f"the file is nested more than {DEPTH_LIMIT} levels deep"
    return "nesting-too-deep", message, "a district file needs five"


def _merge() -> tuple[str, str, str]:
    message = "the merge key '<<' is not part of YAML 1.2"
    return "merge-key", message, "share values through a profile in `_profiles`"


def _not_text(source: str, key: object) -> tuple[str, str, str]:
    kind = "a boolean" if isinstance(key, bool) else "a number"
    if key is None:
        message = "a key is missing before the colon, or reads as null"
        return "key-not-text", message, "write `key: value`"
    message = f"the key {quoted(source)} is {kind}, not text"
    return "key-not-text", message, f'if it is meant as text, write "{source[:40]}"'
