"""HTML from small pieces: whatever is not a piece itself is inert text in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from connectsync.report.style import inert

_CODE = re.compile("`([^`]+)`")
_EMPTY = frozenset(["br", "col", "input", "meta"])
"""Elements that hold nothing and are not closed."""


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of a page. Only this module makes one of text."""

    text: str


Child = Html | str


def element(name: str, *children: Child, **attributes: str) -> Html:
    """
    Make an element of pieces and of text, which is shown as it is.

    Attributes are spelled as Python can: ``class_`` and ``aria_label``.
    """
    start = f"<{name}{''.join(map(_attribute, attributes.items()))}>"
    if name in _EMPTY:
        return Html(start)
    return Html(f"{start}{joined(children).text}</{name}>")


def joined(children: Iterable[Child]) -> Html:
    """Put pieces and text after each other."""
    return Html("".join(map(_inside, children)))


def lines(children: Iterable[Child]) -> Html:
    """Put pieces and text after each other, each on a line of its own."""
    return Html("".join(f"{_inside(child)}\n" for child in children))


def with_code(sentence: str) -> Html:
    """Make code of what stands in backquotes."""
    parts = _CODE.split(sentence)
    return joined(
        element("code", part) if position % 2 else part
        for position, part in enumerate(parts)
    )


def _inside(child: Child) -> str:
    return child.text if isinstance(child, Html) else escape(inert(child))


def _attribute(attribute: tuple[str, str]) -> str:
    name, value = attribute
    spelled = name.rstrip("_").replace("_", "-")
    return f' {spelled}="{escape(inert(value))}"'
