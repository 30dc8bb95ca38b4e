"""Rules as SARIF describes them: what a code-scanning page tells of a rule."""

from __future__ import annotations

from typing import Any

from connectsync.domain.finding import Severity
from connectsync.domain.rule_page import RulePage
from connectsync.report.reference import explained
from connectsync.report.rule_text import explain

LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}

_WIDTH = 88
_LONGEST = 1000
"""Characters of a full description: GitHub shows no more than 1,024."""

_PROBLEM = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "recommendation",
}
"""What GitHub calls the severity of a rule that is not about security."""


def sarif_rule(page: RulePage) -> dict[str, Any]:
    """Describe one rule: its page is its help, as text and as Markdown."""
    why, *_ = page.why.strip().split("\n\n")
    return {
        "id": page.name,
        "name": _pascal(page.name),
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": _cut(" ".join(why.split()) or page.summary)},
        "help": {
            "text": explain(page, colour=False, width=_WIDTH),
            "markdown": "\n\n".join(explained(page)),
        },
        "defaultConfiguration": {"level": LEVELS[page.severity]},
        "properties": {
            "tags": [page.subject],
            "problem.severity": _PROBLEM[page.severity],
            "source": page.source,
            "inferred": page.inferred,
            "allowable": page.allowable,
        },
    }


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].rpartition(" ")[0] + " …"
