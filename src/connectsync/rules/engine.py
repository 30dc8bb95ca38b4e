"""One engine for every rule: a rule yields problems, the engine adds the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from connectsync.domain.finding import Problem, Severity

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
