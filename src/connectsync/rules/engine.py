"""One engine for every rule: a rule yields problems, the engine adds the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectsync.domain.finding import Problem, Severity

Subject = TypeVar("Subject")
Check = Callable[[Subject], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """
    A named mistake: how to find it, how bad it is, and what the claim rests on.

    ``refused`` marks what Connect itself would not take, or what makes the file
    meaningless: such a finding cannot be allowed. ``source`` is a key of
    ``docs/reference/sources.md``; ``inferred`` marks claims no page states.
    """

    name: str
    severity: Severity
    source: str
    page: str
    check: Check[Subject]
    subject: str
    refused: bool = False
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Scope(Generic[Subject]):
    """What a family of rules looks at: one district, all of them, or a plan."""

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
                name=check.__name__.replace("_", "-"),
                severity=severity,
                source=source,
                page=check.__doc__ or "",
                check=check,
                subject=self.name,
                refused=refused,
                inferred=inferred,
            )

        return make


def problems(
    rules: Iterable[Rule[Subject]], subject: Subject
) -> Iterator[tuple[Rule[Subject], Problem]]:
    """Run the rules over one subject, in the order given."""
    for rule in rules:
        for problem in rule.check(subject):
            yield rule, problem
