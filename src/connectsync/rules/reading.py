"""Pages of what reading a file can find; ``reading.md`` holds their text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectsync.domain.finding import Severity
from connectsync.rules.engine import Rule


def reading_pages() -> Iterator[Rule[object]]:
    """Give a rule for each page; it finds nothing, for reading a file has found it."""
    text = Path(__file__).with_suffix(".md").read_text("utf-8")
    for part in text.split("\n# ")[1:]:
        heading, _, page = part.partition("\n")
        name, severity, source = heading.split(" | ")
        yield Rule(
            name=name,
            severity=Severity(severity),
            source=source,
            page=page,
            check=lambda _: (),
            subject="file",
            refused=True,
        )
