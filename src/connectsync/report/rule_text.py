"""Rules and keys explained, at a terminal and in the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectsync.domain.finding import Described, RulePage
from connectsync.report.terminal import (
    INDENT,
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    breadth,
    example,
    inert,
    paragraphs,
    style_of,
)

RULES_PAGE = "docs/reference/rules.md"
SOURCES_PAGE = "docs/reference/sources.md"

OWN_DESIGN = "design"
"""The source of rules that make no claim about Connect or Clever."""


def rule_link(rule: str) -> str:
    """Give the place where a rule is explained."""
    return f"{RULES_PAGE}#{rule}"


def source_link(source: str) -> str:
    """Give the place where a source is listed."""
    return f"{SOURCES_PAGE}#{source.lower()}"


ROSTER = "roster"
SUBJECTS: Mapping[str, str] = {
    "file": "one file, before it is read as a district",
    "district": "one district, with its profiles applied",
    "fleet": "all districts together",
    "plan": "a plan, before anything is saved",
    ROSTER: "roster files, before they are sent",
}
"""What each family of rules looks at, in the order of reading."""

READABLE = 40
"""Columns that a summary needs to stand beside a rule's name."""


def explain(
    page: RulePage, *, colour: bool, width: int, here: Sequence[str] = ()
) -> str:
    """
    Explain one rule: what it looks at, why, Bad, Good, source, how to allow it.

    ``here`` are sentences on what the project makes of it.
    """
    paint = Paint(colour)
    blocks = [
        _head(page, paint, width),
        paragraphs(page.why, width=width),
        *_examples(page, paint),
        _source(page, paint, width),
        _allowing(page, paint, width),
        _here(here, paint, width),
    ]
    return "\n\n".join(text for block in blocks if (text := "\n".join(block))) + "\n"


def list_rules(pages: Iterable[RulePage], *, colour: bool, width: int) -> str:
    """
    List rules by subject, then name, each with its severity and summary.

    A summary stands beside the name where all are readable there, or else below it.
    """
    paint = Paint(colour)
    groups = by_subject(pages)
    names = [TableRow(_name(page)) for group in groups.values() for page in group]
    layout = _beside if breadth(names, indent=2) + READABLE <= width else _below
    blocks = [
        "\n".join([_title(subject, paint), *layout(group, names, paint, width)])
        for subject, group in groups.items()
    ]
    return "\n\n".join([*blocks, _count_text(groups)]) + "\n"


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
    yield from paragraphs(_source_text(page), width=width, indent=2)


def _source_text(page: RulePage) -> str:
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


def _here(said: Sequence[str], paint: Paint, width: int) -> Iterator[str]:
    if said:
        yield paint(Style.BOLD, "In this project")
    for one in said:
        yield from paragraphs(one, width=width, indent=2)


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
    pages: Sequence[RulePage], names: Sequence[TableRow], paint: Paint, width: int
) -> Iterator[str]:
    table = [TableRow((*_name(page), TableCell(page.summary))) for page in pages]
    like = [TableRow((*row.cells, TableCell(""))) for row in names]
    yield from align_rows(table, paint=paint, width=width, indent=2, like=like)


def _below(
    pages: Sequence[RulePage], names: Sequence[TableRow], paint: Paint, width: int
) -> Iterator[str]:
    for page in pages:
        row = [TableRow(_name(page))]
        yield from align_rows(row, paint=paint, width=width, indent=2, like=names)
        for line in paragraphs(page.summary, width=width, indent=4):
            yield paint(Style.DIM, line)


def _name(page: RulePage) -> tuple[TableCell, TableCell]:
    severity = TableCell(page.severity.value, style_of(page.severity))
    return (TableCell(page.name), severity)


def _count_text(groups: Mapping[str, tuple[RulePage, ...]]) -> str:
    count = sum(map(len, groups.values()))
    rules = "rule" if count == 1 else "rules"
    return f"{count} {rules}; for details: `connectsync explain RULE`"


def explain_setting(described: Described, *, colour: bool, width: int) -> str:
    """Explain one key: its title, its meaning, what it may hold, examples."""
    paint = Paint(colour)
    blocks = [
        _setting_head(described, paint),
        paragraphs(described.description, width=width),
        align_rows(_facts(described), paint=paint, width=width),
        _setting_examples(described, paint),
    ]
    return "\n\n".join(text for block in blocks if (text := "\n".join(block))) + "\n"


def _setting_head(described: Described, paint: Paint) -> Iterator[str]:
    yield paint(Style.BOLD, inert(described.path))
    if described.title:
        yield paint(Style.DIM, inert(described.title))


def _facts(described: Described) -> tuple[TableRow, ...]:
    facts = [("kind", described.kind)]
    if described.labels:
        facts.append(("allowed", " · ".join(described.labels)))
    if described.default is not None:
        facts.append(("default", described.default))
    return tuple(
        TableRow((TableCell(name, Style.BOLD), TableCell(text))) for name, text in facts
    )


def _setting_examples(described: Described, paint: Paint) -> Iterator[str]:
    if not described.examples:
        return
    key = described.path.rpartition(".")[2]
    text = "\n".join(_spell_example(key, value) for value in described.examples)
    title = "Example" if len(described.examples) == 1 else "Examples"
    yield from example(text, title=title, style=Style.ADDED, paint=paint)


def _spell_example(key: str, value: str) -> str:
    if "\n" not in value:
        return f"{key}: {value}"
    inner = "\n".join(f"{' ' * (INDENT // 2)}{line}" for line in value.split("\n"))
    return f"{key}:\n{inner}"


def explain_rule(page: RulePage) -> Iterator[str]:
    """Give what a rule's page says, block by block, without its head."""
    language = "text" if page.subject == ROSTER else "yaml"
    yield page.summary
    if page.why.strip():
        yield page.why.strip()
    if page.bad:
        yield f"Bad:\n\n{_fence(page.bad, language)}"
    if page.good:
        yield f"Good:\n\n{_fence(page.good, language)}"
    yield _rule_allowing(page)


def _rule_allowing(page: RulePage) -> str:
    if page.allowable:
        with_district = (
            ", and check with `--district`" if page.subject == ROSTER else ""
        )
        return f"To allow it{with_district}:\n\n{_fence(allow_snippet(page.name))}"
    if page.subject == "plan":
        if not page.accept:
            return "It stops nothing: it is there to be read."
        return f"To accept it: `connectsync apply {page.accept}`."
    return "It cannot be allowed."


def _fence(text: str, language: str = "yaml") -> str:
    body = text.strip("\n")
    return f"```{language}\n{body}\n```"
