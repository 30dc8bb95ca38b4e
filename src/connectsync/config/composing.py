"""
YAML text to a tree of nodes, by libyaml, without its traps.

libyaml composes by recursion in C and keeps a list of possible keys for every open
bracket: ten thousand levels overflow the stack, and a hundred thousand take minutes.
So the depth is bounded first: by counting where the count is small, which costs
almost nothing, and otherwise by a pass over the events that stops at the limit.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from yaml import Node, ScalarNode, YAMLError
from yaml._yaml import CParser, Mark
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


class Marked(NamedTuple):
    """A stretch of a file; ``text`` is what stands there, where that is known."""

    start: Mark
    end: Mark
    text: str = ""


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """Something that may not be in a file: which rule, where, and how often more."""

    rule: str
    marks: tuple[Marked, ...]
    more: int = 0


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
        root = composer.get_node()
        _refuse_another(composer)
    finally:
        composer.dispose()
    return root


def _refuse_another(composer: _Composer) -> None:
    if not composer.check_event(StreamEndEvent):
        event = composer.peek_event()
        raise Refusal("several-documents", (_marked(event, "---"),))


def _needs_survey(raw: bytes) -> bool:
    if b"&" in raw or b"*" in raw:
        return True
    return raw.count(b"[") + raw.count(b"{") > _BRACKETS or bool(_INDENT.search(raw))


def _survey(raw: bytes) -> None:
    """Refuse anchors and depth, event by event, in constant memory."""
    parser = _Composer(raw)
    depth = 0
    anchored: list[Marked] = []
    while (event := parser.get_event()) is not None:
        depth += _step(event)
        if depth > DEPTH_LIMIT:
            raise Refusal("nesting-too-deep", (_marked(event),))
        if isinstance(event, NodeEvent) and event.anchor is not None:
            anchored.append(_anchor(event))
        if len(anchored) >= MOST_FINDINGS or isinstance(event, StreamEndEvent):
            break
    if anchored:
        raise Refusal("yaml-alias", tuple(anchored), _more_anchors(parser, depth))


def _more_anchors(parser: _Composer, depth: int) -> int:
    """Count anchors and aliases to the end, or to where it cannot be read any more."""
    count = 0
    with suppress(YAMLError):
        while (event := parser.get_event()) is not None:
            depth += _step(event)
            if depth > DEPTH_LIMIT or isinstance(event, StreamEndEvent):
                break
            count += isinstance(event, NodeEvent) and event.anchor is not None
    return count


def _step(event: Event) -> int:
    if isinstance(event, CollectionStartEvent):
        return 1
    return -1 if isinstance(event, CollectionEndEvent) else 0


def _anchor(event: NodeEvent) -> Marked:
    sign = "*" if isinstance(event, AliasEvent) else "&"
    return _marked(event, f"{sign}{event.anchor}")


def _marked(event: Event | None, text: str = "") -> Marked:
    assert event is not None  # noqa: S101 - the stream has not ended
    start, end = event.start_mark, event.end_mark
    assert isinstance(start, Mark)  # noqa: S101 - libyaml marks every event
    assert isinstance(end, Mark)  # noqa: S101 - as above
    return Marked(start, end, text)
