"""The reference page of the rules, and the table of exit statuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from schema_pages import GENERATED, table

from connectsync.domain.finding import RulePage
from connectsync.report.rule_text import (
    OWN_DESIGN,
    SUBJECTS,
    by_subject,
    explain_rule,
    looks_at,
    source_link,
)

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
    meanings = table(("Status", "Meaning"), rows)
    return f"{GENERATED}\n\n# Exit statuses\n\n{meanings}\n"


def _contents(subject: str, pages: Iterable[RulePage]) -> str:
    rows = [
        (f"[`{page.name}`](#{page.name})", page.severity.value, page.summary)
        for page in pages
    ]
    title = f"Rules about {SUBJECTS.get(subject, subject)}:"
    return f"{title}\n\n{table(('Rule', 'Severity', 'Mistake'), rows)}"


def _rule(page: RulePage) -> Iterator[str]:
    yield f"## {page.name}"
    yield f"**{page.severity}** · looks at {looks_at(page)}{_rule_source(page)}"
    yield from explain_rule(page)


def _rule_source(page: RulePage) -> str:
    if not page.source:
        return ""
    if page.source == OWN_DESIGN:
        return " · a safeguard of connectsync itself"
    # The page stands beside the list of sources, so the link is relative.
    target = source_link(page.source).removeprefix("docs/reference/")
    inferred = ", inferred" if page.inferred else ""
    return f" · source [{page.source}]({target}){inferred}"
