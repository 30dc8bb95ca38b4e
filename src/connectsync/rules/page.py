"""A rule's docstring is its page: parsed here, strictly."""

from __future__ import annotations

from functools import cache
from inspect import cleandoc
from textwrap import dedent
from typing import Any

from connectsync.domain.rule_page import RulePage
from connectsync.errors import Bug
from connectsync.rules.engine import Rule

LONGEST_SUMMARY = 88
INDENT = "    "


@cache
def page_of(rule: Rule[Any]) -> RulePage:
    """
    Give the page of a rule.

    A page has a summary of one line, a reason, then ``Bad:`` and ``Good:``, each with
    indented YAML below it. Raises ``Bug`` if a page has another form.
    """
    summary, why, bad, good = _parts(rule)
    return RulePage(
        name=rule.name,
        severity=rule.severity,
        subject=rule.subject,
        summary=_summary(rule, summary),
        why=_text(rule, "reason", why),
        bad=_yaml(rule, "Bad", bad),
        good=_yaml(rule, "Good", good),
        source=rule.source,
        inferred=rule.inferred,
        allowable=rule.allowable,
    )


def _parts(rule: Rule[Any]) -> tuple[str, list[str], list[str], list[str]]:
    lines = cleandoc(rule.page).splitlines()
    if lines.count("Bad:") != 1 or lines.count("Good:") != 1:
        raise _malformed(rule, "has not exactly one 'Bad:' and one 'Good:'")
    bad, good = lines.index("Bad:"), lines.index("Good:")
    if good < bad:
        raise _malformed(rule, "shows 'Good:' before 'Bad:'")
    if len(lines[:bad]) < 3 or lines[1]:  # noqa: PLR2004 - summary, blank line, reason
        raise _malformed(rule, "has no blank line and reason after its first line")
    return lines[0], lines[2:bad], lines[bad + 1 : good], lines[good + 1 :]


def _summary(rule: Rule[Any], line: str) -> str:
    if len(line) > LONGEST_SUMMARY:
        raise _malformed(rule, f"opens with more than {LONGEST_SUMMARY} characters")
    if not line.endswith("."):
        raise _malformed(rule, "opens with a line that is no sentence")
    return line


def _text(rule: Rule[Any], part: str, lines: list[str]) -> str:
    text = "\n".join(lines).strip()
    if not text:
        raise _malformed(rule, f"has no {part}")
    return text


def _yaml(rule: Rule[Any], part: str, lines: list[str]) -> str:
    if any(line and not line.startswith(INDENT) for line in lines):
        raise _malformed(rule, f"has text below '{part}:' that is not indented")
    text = dedent("\n".join(lines)).strip("\n")
    if not text:
        raise _malformed(rule, f"has nothing below '{part}:'")
    return f"{text}\n"


def _malformed(rule: Rule[Any], how: str) -> Bug:
    return Bug(f"the page of rule {rule.name!r} {how}")
