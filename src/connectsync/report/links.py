"""Where the documentation of a rule and of a source stands."""

from __future__ import annotations

REPOSITORY = "https://github.com/connectsync/connectsync"
"""Where the project lives."""

RULES_PAGE = "docs/reference/rules.md"
SOURCES_PAGE = "docs/reference/sources.md"

OWN_DESIGN = "design"
"""The source of rules that make no claim about Connect or Clever."""


def rule_link(rule: str) -> str:
    """Give the place where a rule is explained."""
    return f"{RULES_PAGE}#{rule}"


def rule_address(rule: str) -> str:
    """Give the address at which a rule is explained, for readers without the code."""
    return f"{REPOSITORY}/blob/main/{rule_link(rule)}"


def source_link(source: str) -> str:
    """Give the place where a source is listed."""
    return f"{SOURCES_PAGE}#{source.lower()}"
