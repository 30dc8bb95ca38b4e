"""Where the documentation of a rule and of a source stands."""

from __future__ import annotations

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
