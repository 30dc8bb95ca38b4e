"""The generated reference pages, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectsync.domain.rule_page import RulePage
from connectsync.report.links import OWN_DESIGN, source_link
from connectsync.report.rule_text import SUBJECTS, allow_snippet, by_subject, looks_at

GENERATED = "<!-- Generated from the code by `make reference`. Do not edit. -->"

INTRODUCTION = (
    "Each rule is named for the mistake it finds. `connectsync explain RULE` shows the"
    " same text at a terminal."
)


def rules_page(pages: Iterable[RulePage]) -> str:
    """
    Write ``docs/reference/rules.md``: a table of contents, then every rule.

    Each rule's heading is its name, so its anchor is too.
    """
    groups = by_subject(pages)
    blocks = [
        GENERATED,
        "# Rules",
        INTRODUCTION,
        "## Contents",
        *(_contents(subject, group) for subject, group in groups.items()),
        *(
            block
            for group in groups.values()
            for page in group
            for block in _rule(page)
        ),
    ]
    return "\n\n".join(blocks) + "\n"


def exit_statuses_page(statuses: Mapping[int, str]) -> str:
    """Write the table of exit statuses, by number."""
    rows = [(f"`{status}`", meaning) for status, meaning in sorted(statuses.items())]
    table = _table(("Status", "Meaning"), rows)
    return f"{GENERATED}\n\n# Exit statuses\n\n{table}\n"


def explained(page: RulePage) -> Iterator[str]:
    """Give what a rule's page says, block by block, without its head."""
    yield page.summary
    if page.why.strip():
        yield page.why.strip()
    if page.bad:
        yield f"Bad:\n\n{_yaml(page.bad)}"
    if page.good:
        yield f"Good:\n\n{_yaml(page.good)}"
    yield _allowing(page)


def _contents(subject: str, pages: Iterable[RulePage]) -> str:
    rows = [
        (f"[`{page.name}`](#{page.name})", page.severity.value, page.summary)
        for page in pages
    ]
    title = f"Rules about {SUBJECTS.get(subject, subject)}:"
    return f"{title}\n\n{_table(('Rule', 'Severity', 'Mistake'), rows)}"


def _rule(page: RulePage) -> Iterator[str]:
    yield f"## {page.name}"
    yield f"**{page.severity}** · looks at {looks_at(page)}{_source(page)}"
    yield from explained(page)


def _source(page: RulePage) -> str:
    if not page.source:
        return ""
    if page.source == OWN_DESIGN:
        return " · a safeguard of connectsync itself"
    # The page stands beside the list of sources, so the link is relative.
    target = source_link(page.source).removeprefix("docs/reference/")
    inferred = ", inferred" if page.inferred else ""
    return f" · source [{page.source}]({target}){inferred}"


def _allowing(page: RulePage) -> str:
    if page.allowable:
        return f"To allow it:\n\n{_yaml(allow_snippet(page.name))}"
    if page.subject == "plan":
        if not page.accept:
            return "It stops nothing: it is there to be read."
        return f"To accept it: `connectsync apply {page.accept}`."
    return "It cannot be allowed."


def _yaml(text: str) -> str:
    body = text.strip("\n")
    return f"```yaml\n{body}\n```"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
