"""A setting, or any other key of a file, explained at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.described import Described
from connectsync.report.prose import INDENT, example, paragraphs
from connectsync.report.style import Paint, Style, inert
from connectsync.report.table import Cell, Row, aligned


def explain(described: Described, *, colour: bool, width: int) -> str:
    """Explain one key: its title, its meaning, what it may hold, examples."""
    paint = Paint(colour)
    blocks = [
        _head(described, paint),
        paragraphs(described.description, width=width),
        aligned(_facts(described), paint=paint, width=width),
        _examples(described, paint),
    ]
    return "\n\n".join(text for block in blocks if (text := "\n".join(block))) + "\n"


def _head(described: Described, paint: Paint) -> Iterator[str]:
    yield paint(Style.BOLD, inert(described.path))
    if described.title:
        yield paint(Style.DIM, inert(described.title))


def _facts(described: Described) -> tuple[Row, ...]:
    facts = [("kind", described.kind)]
    if described.labels:
        facts.append(("allowed", " · ".join(described.labels)))
    if described.default is not None:
        facts.append(("default", described.default))
    return tuple(Row((Cell(name, Style.BOLD), Cell(text))) for name, text in facts)


def _examples(described: Described, paint: Paint) -> Iterator[str]:
    if not described.examples:
        return
    key = described.path.rpartition(".")[2]
    text = "\n".join(_spelled(key, value) for value in described.examples)
    title = "Example" if len(described.examples) == 1 else "Examples"
    yield from example(text, title=title, style=Style.ADDED, paint=paint)


def _spelled(key: str, value: str) -> str:
    if "\n" not in value:
        return f"{key}: {value}"
    inner = "\n".join(f"{' ' * (INDENT // 2)}{line}" for line in value.split("\n"))
    return f"{key}:\n{inner}"
