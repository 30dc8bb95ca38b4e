"""Titles, paragraphs and YAML as blocks of lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.report.columns import wrapped
from connectsync.report.style import Paint, Style, inert

WIDEST = 88
"""Columns of prose: longer lines are hard to read, however wide the terminal."""

INDENT = 4


def paragraphs(text: str, *, width: int, indent: int = 0) -> Iterator[str]:
    """
    Wrap paragraphs apart by empty lines; list items keep lines of their own.

    Gives lines; an empty one between paragraphs.
    """
    room = min(width, WIDEST) - indent
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ""
        for item in _items(paragraph):
            for line in wrapped(inert(item), room, hang=_hang(item)):
                yield " " * indent + line


def example(text: str, *, title: str, style: Style, paint: Paint) -> Iterator[str]:
    """Give a titled block of YAML, beside a bar in the title's style."""
    yield paint(style, title)
    bar = paint(style, "|")
    for line in text.strip("\n").split("\n"):
        yield f"{' ' * (INDENT - 2)}{bar} {inert(line)}".rstrip(" ")


def _items(paragraph: str) -> Iterator[str]:
    item = ""
    for line in map(str.strip, paragraph.split("\n")):
        if item and line.startswith(("- ", "* ")):
            yield item
            item = line
        else:
            item = f"{item} {line}".strip()
    yield item


def _hang(item: str) -> int:
    return 2 if item.startswith(("- ", "* ")) else 0
