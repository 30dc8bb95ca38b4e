"""
YAML text to a tree of nodes, by libyaml, without its traps.

libyaml composes by recursion in C and keeps a list of possible keys for every open
bracket: ten thousand levels overflow the stack, and a hundred thousand take minutes.
So the depth is bounded first: by counting where the count is small, which costs
almost nothing, and otherwise by a pass over the events that stops at the limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml import Mark, Node, ScalarNode
from yaml.cyaml import CParser
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    NodeEvent,
    StreamEndEvent,
)

from connectsync.config.rule_names import MOST_FINDINGS

PLAIN = "plain"
TEXT = "text"
COLLECTION = "collection"
"""What an untagged node is resolved to; compared by identity, so no tag spells it."""

DEPTH_LIMIT = 32
_BRACKETS = 200
_INDENT = re.compile(rb"(?:^|[\r\n])[ ?:\t-]{100}")


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - it is caught at once and becomes findings
    """Something that may not be in a file at all: which rule, and where."""

    rule: str
    marks: tuple[tuple[Mark, Mark, str], ...]


class _Composer(CParser):
    """libyaml's composer with PyYAML's resolver, half of its time, left out."""

    def resolve(self, kind: type[Node], _value: object, implicit: object) -> str:
        if kind is not ScalarNode:
            return COLLECTION if implicit else "!"
        return PLAIN if implicit == (True, False) else TEXT

    def descend_resolver(self, *_: object) -> None:
        """Do nothing: no path has a tag of its own."""

    def ascend_resolver(self) -> None:
        """Do nothing, as above."""


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
        root: Node = composer.get_node()
        _refuse_another(composer)
    finally:
        composer.dispose()
    return root


def _refuse_another(composer: _Composer) -> None:
    if not composer.check_event(StreamEndEvent):
        event = composer.peek_event()
        span = (event.start_mark, event.end_mark, "---")
        raise Refusal("several-documents", (span,))


def _needs_survey(raw: bytes) -> bool:
    if b"&" in raw or b"*" in raw:
        return True
    return raw.count(b"[") + raw.count(b"{") > _BRACKETS or bool(_INDENT.search(raw))


def _survey(raw: bytes) -> None:
    """Refuse anchors and depth, event by event, in constant memory."""
    parser = _Composer(raw)
    depth = 0
    anchored: list[tuple[Mark, Mark, str]] = []
    while (event := parser.get_event()) is not None:
        depth += _step(event)
        if depth > DEPTH_LIMIT:
            raise Refusal("nesting-too-deep", ((event.start_mark, event.end_mark, ""),))
        if isinstance(event, NodeEvent) and event.anchor is not None:
            anchored.append(_anchor(event))
        if len(anchored) >= MOST_FINDINGS or isinstance(event, StreamEndEvent):
            break
    if anchored:
        raise Refusal("yaml-alias", tuple(anchored))


def _step(event: Event) -> int:
    if isinstance(event, CollectionStartEvent):
        return 1
    return -1 if isinstance(event, CollectionEndEvent) else 0


def _anchor(event: NodeEvent) -> tuple[Mark, Mark, str]:
    sign = "*" if isinstance(event, AliasEvent) else "&"
    return event.start_mark, event.end_mark, f"{sign}{event.anchor}"

