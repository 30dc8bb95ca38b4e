"""Rules for people at a terminal: one explained, or all of them listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectsync.domain.rule_page import RulePage
from connectsync.report.links import SOURCES_PAGE
from connectsync.report.prose import example, paragraphs
from connectsync.report.style import Paint, Style, inert, style_of
from connectsync.report.table import Cell, Row, aligned, breadth

SUBJECTS: Mapping[str, str] = {
    "file": "one file, before it is read as a district",
    "district": "one district, with its profiles laid under it",
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
    """List rules by subject, then name, each with its severity and summary."""
    paint = Paint(colour)
    groups = by_subject(pages)
    narrow = _too_narrow(groups, width)
    like = [_row(page, narrow=narrow) for group in groups.values() for page in group]
    blocks = []
    for subject, group in groups.items():
        table = [_row(page, narrow=narrow) for page in group]
        lines = aligned(table, paint=paint, width=width, indent=2, like=like)
        blocks.append("\n".join([_title(subject, paint), *lines]))
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
    return f'allow:\n  - {{rule: {rule}, reason: "say why", until: YYYY-MM-DD}}'


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
    doubt = ". Inferred: no page says it in so many words" if page.inferred else ""
    text = f"{page.source} in {SOURCES_PAGE}{doubt}."
    yield paint(Style.BOLD, "Source")
    yield from paragraphs(text, width=width, indent=2)


def _allowing(page: RulePage, paint: Paint, width: int) -> Iterator[str]:
    if not page.allowable:
        yield paint(Style.BOLD, "Cannot be allowed")
        yield from paragraphs(_why_not(page), width=width, indent=2)
        return
    yield from example(
        allow_snippet(page.name), title="To allow it", style=Style.BOLD, paint=paint
    )


def _why_not(page: RulePage) -> str:
    if page.subject == "plan":
        return (
            "A plan is accepted when it is applied, by name and count:"
            f" --accept {page.name}=COUNT."
        )
    return "Connect would refuse it, or the file means nothing while it stands."


def _too_narrow(groups: Mapping[str, tuple[RulePage, ...]], width: int) -> bool:
    rows = [Row(_name(page)) for group in groups.values() for page in group]
    return breadth(rows, indent=2) + READABLE > width


def _title(subject: str, paint: Paint) -> str:
    meaning = SUBJECTS.get(subject, "")
    title = f"{paint(Style.BOLD, inert(subject))}  {paint(Style.DIM, meaning)}"
    return title.rstrip(" ")


def _row(page: RulePage, *, narrow: bool) -> Row:
    if narrow:
        return Row(_name(page), under=Cell(page.summary, Style.DIM))
    return Row((*_name(page), Cell(page.summary)))


def _name(page: RulePage) -> tuple[Cell, Cell]:
    severity = Cell(page.severity.value, style_of(page.severity))
    return (severity, Cell(page.name))


def _counted(groups: Mapping[str, tuple[RulePage, ...]]) -> str:
    count = sum(map(len, groups.values()))
    rules = "rule" if count == 1 else "rules"
    return f"{count} {rules}; `connectsync explain RULE` says why one is there"
