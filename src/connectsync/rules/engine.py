"""The engine of every rule, and the page that its docstring makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from textwrap import dedent
from typing import Any, Generic, TypeVar

from connectsync.domain.finding import Problem, RulePage, Severity
from connectsync.errors import Bug

Subject = TypeVar("Subject")
Check = Callable[[Subject], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """
    A named mistake: how to find it, how bad it is, and where the claim comes from.

    ``refused`` marks what Connect itself would not take, or what leaves the file
    without a clear meaning: such a finding cannot be allowed. ``source`` is a key of
    ``docs/reference/sources.md``; ``inferred`` marks claims that no page states.
    """

    name: str
    severity: Severity
    source: str
    page: str
    check: Check[Subject]
    subject: str
    refused: bool = False
    inferred: bool = False

    @property
    def allowable(self) -> bool:
        """
        Say whether a district file may allow a finding of this rule for a while.

        A finding that stops a file from being read cannot be allowed, and a finding
        about a plan is accepted on the command line, by the person who applies it.
        """
        return not self.refused and self.subject in {"district", "fleet"}


Found = tuple[Rule[Any], Problem]
"""A problem, with the rule that found it."""


@dataclass(frozen=True, slots=True)
class Scope(Generic[Subject]):
    """What a group of rules looks at: a file, one district, all of them, a plan."""

    name: str

    def rule(
        self,
        severity: Severity,
        *,
        source: str,
        refused: bool = False,
        inferred: bool = False,
    ) -> Callable[[Check[Subject]], Rule[Subject]]:
        """Make a rule of a function; its name in kebab-case is the rule's name."""

        def make(check: Check[Subject]) -> Rule[Subject]:
            return Rule(
                name=kebab(check.__name__),
                severity=severity,
                source=source,
                page=check.__doc__ or "",
                check=check,
                subject=self.name,
                refused=refused,
                inferred=inferred,
            )

        return make

    def page(
        self, severity: Severity, *, source: str, inferred: bool = False
    ) -> Callable[[Callable[[], None]], Rule[Subject]]:
        """Make the page of a mistake that is found while a file is read."""

        def make(described: Callable[[], None]) -> Rule[Subject]:
            return Rule(
                name=kebab(described.__name__),
                severity=severity,
                source=source,
                page=described.__doc__ or "",
                check=_nothing,
                subject=self.name,
                refused=True,
                inferred=inferred,
            )

        return make


def kebab(name: str) -> str:
    """Spell a function's name as a rule's name."""
    return name.replace("_", "-")


def problems(
    rules: Iterable[Rule[Subject]], subject: Subject
) -> Iterator[tuple[Rule[Subject], Problem]]:
    """Run the rules over one subject, in the order given."""
    for rule in rules:
        for problem in rule.check(subject):
            yield rule, problem


def _nothing(_: object) -> Iterable[Problem]:
    return ()


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
