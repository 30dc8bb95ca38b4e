"""Rules for people at a terminal: one explained, or all of them listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectsync.domain.rule_page import RulePage
from connectsync.report.links import OWN_DESIGN, SOURCES_PAGE
from connectsync.report.prose import example, paragraphs
from connectsync.report.style import Paint, Style, inert, style_of
from connectsync.report.table import Cell, Row, aligned, breadth

SUBJECTS: Mapping[str, str] = {
    "file": "one file, before it is read as a district",
    "district": "one district, with its profiles applied",
    "fleet": "all districts together",
    "plan": "a plan, before anything is saved",
}
"""What each family of rules looks at, in the order of reading."""

READABLE = 40
"""Columns that a summary needs to stand beside a rule's name."""


def explain(page: RulePage, *, colour: bool, width: int) -> str:
    """Explain one rule: what it looks at, why, Bad, Good, source, how to allow it."""
    paint = Paint(colour)
    blocks = [
        _head(page, paint, width),
        paragraphs(page.why, width=width),
        *_examples(page, paint),
        _source(page, paint, width),
        _allowing(page, paint, width),
    ]
    return "\n\n".join(text for block in blocks if (text := "\n".join(block))) + "\n"


def listing(pages: Iterable[RulePage], *, colour: bool, width: int) -> str:
    """
    List rules by subject, then name, each with its severity and summary.

    A summary stands beside the name where all are readable there, or else below it.
    """
    paint = Paint(colour)
    groups = by_subject(pages)
    names = [Row(_name(page)) for group in groups.values() for page in group]
    layout = _beside if breadth(names, indent=2) + READABLE <= width else _below
    blocks = [
        "\n".join([_title(subject, paint), *layout(group, names, paint, width)])
        for subject, group in groups.items()
    ]
    return "\n\n".join([*blocks, _counted(groups)]) + "\n"


def by_subject(pages: Iterable[RulePage]) -> dict[str, tuple[RulePage, ...]]:
    """Group pages by what they look at, sorted by name within."""
    ordered = sorted(pages, key=lambda page: page.name)
    subjects = [*SUBJECTS, *sorted({page.subject for page in ordered} - set(SUBJECTS))]
    groups = {
        subject: tuple(page for page in ordered if page.subject == subject)
        for subject in subjects
    }
    return {subject: group for subject, group in groups.items() if group}


def allow_snippet(rule: str) -> str:
    """Give the YAML that allows a rule; its date must be filled in to be valid."""
    return f"allow:\n  - rule: {rule}\n    reason: say why\n    until: YYYY-MM-DD"


def looks_at(page: RulePage) -> str:
    """Say what a rule looks at."""
    return SUBJECTS.get(page.subject, page.subject)


def _head(page: RulePage, paint: Paint, width: int) -> Iterator[str]:
    severity = paint(style_of(page.severity), page.severity.value)
    yield f"{paint(Style.BOLD, inert(page.name))}  {severity}"
    yield paint(Style.DIM, f"looks at {looks_at(page)}")
    yield ""
    for line in paragraphs(page.summary, width=width):
        yield paint(Style.BOLD, line)


def _examples(page: RulePage, paint: Paint) -> Iterator[Iterator[str]]:
    if page.bad:
        yield example(page.bad, title="Bad", style=Style.REMOVED, paint=paint)
    if page.good:
        yield example(page.good, title="Good", style=Style.ADDED, paint=paint)


def _source(page: RulePage, paint: Paint, width: int) -> Iterator[str]:
    if not page.source:
        return
    yield paint(Style.BOLD, "Source")
    yield from paragraphs(_sourced(page), width=width, indent=2)


def _sourced(page: RulePage) -> str:
    if page.source == OWN_DESIGN:
        return "connectsync itself: a safeguard, not a claim about Connect or Clever."
    doubt = " Inferred: no published page states it." if page.inferred else ""
    return f"{page.source} in {SOURCES_PAGE}.{doubt}"


def _allowing(page: RulePage, paint: Paint, width: int) -> Iterator[str]:
    if not page.allowable:
        title, text = _why_not(page)
        yield paint(Style.BOLD, title)
        yield from paragraphs(text, width=width, indent=2)
        return
    yield from example(
        allow_snippet(page.name), title="To allow it", style=Style.BOLD, paint=paint
    )


def _why_not(page: RulePage) -> tuple[str, str]:
    if page.subject == "plan":
        if not page.accept:
            return "Nothing to accept", "It stops nothing: it is there to be read."
        return "To accept it, once", f"connectsync apply {page.accept}"
    text = "Connect would refuse it, or the file has no clear meaning with it."
    return "Cannot be allowed", text


def _title(subject: str, paint: Paint) -> str:
    meaning = SUBJECTS.get(subject, "")
    title = f"{paint(Style.BOLD, inert(subject))}  {paint(Style.DIM, meaning)}"
    return title.rstrip(" ")


def _beside(
    pages: Sequence[RulePage], names: Sequence[Row], paint: Paint, width: int
) -> Iterator[str]:
    table = [Row((*_name(page), Cell(page.summary))) for page in pages]
    like = [Row((*row.cells, Cell(""))) for row in names]
    yield from aligned(table, paint=paint, width=width, indent=2, like=like)


def _below(
    pages: Sequence[RulePage], names: Sequence[Row], paint: Paint, width: int
) -> Iterator[str]:
    for page in pages:
        row = [Row(_name(page))]
        yield from aligned(row, paint=paint, width=width, indent=2, like=names)
        for line in paragraphs(page.summary, width=width, indent=4):
            yield paint(Style.DIM, line)


def _name(page: RulePage) -> tuple[Cell, Cell]:
    severity = Cell(page.severity.value, style_of(page.severity))
    return (Cell(page.name), severity)


def _counted(groups: Mapping[str, tuple[RulePage, ...]]) -> str:
    count = sum(map(len, groups.values()))
    rules = "rule" if count == 1 else "rules"
    return f"{count} {rules}; for details: `connectsync explain RULE`"
