"""The engine of every rule, and the page that its docstring makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Generic, TypeVar

from connectsync.domain.finding import Problem, RulePage, Severity
from connectsync.errors import Bug
from connectsync.values import dataclass

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
        return not self.refused and self.subject in {"district", "fleet", "roster"}


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


_YAML = r"(?:(?:    .*)?\n)+"
_PAGE = (
    rf"(.{{1,87}}\.)\n\n((?:(?!(?:Bad|Good):\n).*\n)+)"
    rf"Bad:\n({_YAML})Good:\n({_YAML})"
)


@cache
def page_of(rule: Rule[Any]) -> RulePage:
    """
    Give the page of a rule.

    Raises ``Bug`` if its docstring is not a sentence of at most 88 characters, a
    reason, then ``Bad:`` and ``Good:``, each with indented YAML below it.
    """
    # only pages are made of them, and a commit hook would wait for their import
    from inspect import cleandoc  # noqa: PLC0415
    from textwrap import dedent  # noqa: PLC0415

    found = re.fullmatch(_PAGE, f"{cleandoc(rule.page)}\n")
    texts = found.groups() if found else ("", "", "", "")
    summary, why, bad, good = (dedent(text).strip("\n") for text in texts)
    if not (why and bad and good):
        raise Bug(
            f"the page of rule {rule.name!r} is not a sentence of at most 88"
            " characters, a blank line, a reason, then 'Bad:' and 'Good:', each with"
            " YAML below it that is indented by four spaces"
        )
    return RulePage(
        name=rule.name,
        severity=rule.severity,
        subject=rule.subject,
        summary=summary,
        why=why,
        bad=f"{bad}\n",
        good=f"{good}\n",
        source=rule.source,
        inferred=rule.inferred,
        allowable=rule.allowable,
    )
