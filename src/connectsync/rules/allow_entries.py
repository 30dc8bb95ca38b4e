"""Rules about accepted findings: known, allowable, in force, and still needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from connectsync.domain.district import Allow
from connectsync.domain.finding import Problem, Severity
from connectsync.domain.suggest import did_you_mean
from connectsync.domain.visible import foreign_letters, looks
from connectsync.rules.engine import Rule, Scope

LONGEST = timedelta(days=400)
"""Our own bound: to the end of the next school year and a little more."""


@dataclass(frozen=True, slots=True)
class AllowOnDay:
    """
    A district's accepted findings on a day, next to what its rules found.

    ``rules`` are all there are, by name; ``ran`` names those that looked at the
    district this time, ``occurred`` those that found something.
    """

    allow: tuple[Allow, ...]
    today: date
    rules: Mapping[str, Rule[Any]]
    ran: frozenset[str]
    occurred: frozenset[str]

    def in_force(self, entry: Allow) -> bool:
        """Say whether an entry accepts findings: allowable, and not expired."""
        rule = self.rules.get(entry.rule)
        return rule is not None and rule.allowable and self.today <= entry.until


ALLOW: Scope[AllowOnDay] = Scope("district")


@ALLOW.rule(Severity.ERROR, source="design", refused=True)
def allow_unknown_rule(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is accepted under a name that no rule has.

    The entry accepts nothing, and whoever reads the file believes that it does.

    Bad:

        allow:
          - rule: home-phone-for-text
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Home]

    Good:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Home]
    """
    for position, entry in enumerate(allowances.allow):
        if entry.rule not in allowances.rules:
            yield Problem(
                ("allow", position, "rule"),
                f"no rule is called {entry.rule!r}",
                hint=_meant(entry.rule, allowances.rules),
            )


def _meant(rule: str, rules: Mapping[str, Rule[Any]]) -> str:
    """Say which rule was meant; letters that only look right are named."""
    if looks(rule) in rules:
        letters = ", ".join(foreign_letters(rule))
        return f"did you mean {looks(rule)!r}? {letters} only looks like a Latin letter"
    return did_you_mean(rule, rules) or "`connectsync rules` lists them"


@ALLOW.rule(Severity.ERROR, source="design", refused=True)
def allow_not_allowable(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is accepted that nobody can accept in a file.

    Some mistakes Connect's form itself refuses, and some leave the file without a
    meaning: to accept them would only hide that families get something else than
    what is written. A finding about a plan is accepted when the plan is applied.

    Bad:

        allow:
          - rule: two-phone-types
            reason: Families gave us both
            until: 2027-06-30
        settings:
          phone_types: [Cell, Home]

    Good:

        settings:
          phone_types: [Cell]
    """
    for position, entry in enumerate(allowances.allow):
        rule = allowances.rules.get(entry.rule)
        if rule is not None and not rule.allowable:
            on_plan = rule.subject == "plan"
            yield Problem(
                ("allow", position, "rule"),
                f"{entry.rule!r} cannot be allowed in a file",
                hint=f"accept it when you apply: --accept {entry.rule}=COUNT"
                if on_plan
                else "mend what it found, and remove this entry",
            )


@ALLOW.rule(Severity.ERROR, source="design", refused=True)
def allow_expired(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding was accepted until a day that is over.

    Every acceptance has a last day, so that somebody looks again at what it means for
    families. That day has come; until it is renewed the finding counts again.

    Bad:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2026-12-31
        settings:
          phone_types: [Home]

    Good:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Home]
    """
    for position, entry in enumerate(allowances.allow):
        if entry.until < allowances.today:
            yield Problem(
                ("allow", position, "until"),
                f"{entry.rule!r} was allowed until {entry.until}",
                hint="look again: mend what it found, or set a new day and reason",
            )


@ALLOW.rule(Severity.WARNING, source="design", refused=True)
def allow_too_far_ahead(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is accepted for longer than a school year.

    By then other people run the district and other families are in it. What is
    accepted for years is accepted forever.

    Bad:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2035-06-30
        settings:
          phone_types: [Home]

    Good:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Home]
    """
    for position, entry in enumerate(allowances.allow):
        if entry.until - allowances.today > LONGEST:
            latest = allowances.today + LONGEST
            yield Problem(
                ("allow", position, "until"),
                f"{entry.rule!r} is allowed until {entry.until}",
                hint=f"choose a day up to {latest}, and look again then",
            )


@ALLOW.rule(Severity.WARNING, source="design", refused=True)
def allow_twice(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    The same finding is accepted by two entries.

    One of them has the older reason and the other day. Whoever removes one believes
    that the finding counts again.

    Bad:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
          - rule: home-phone-for-texts
            reason: Mobile numbers are being collected
            until: 2027-03-31
        settings:
          phone_types: [Home]

    Good:

        allow:
          - rule: home-phone-for-texts
            reason: Mobile numbers are being collected
            until: 2027-03-31
        settings:
          phone_types: [Home]
    """
    first: dict[str, int] = {}
    for position, entry in enumerate(allowances.allow):
        earlier = first.setdefault(entry.rule, position)
        if earlier != position:
            yield Problem(
                ("allow", position, "rule"),
                f"{entry.rule!r} is already allowed by entry {earlier + 1}",
                hint="keep the entry whose reason and day are right",
            )


@ALLOW.rule(Severity.WARNING, source="design", refused=True)
def allow_unused(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is accepted that does not occur.

    The mistake was mended, or never made. Left in place, the entry accepts the next
    mistake of that kind before anybody has seen it.

    Bad:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Cell]

    Good:

        settings:
          phone_types: [Cell]
    """
    for position, entry in enumerate(allowances.allow):
        idle = entry.rule in allowances.ran - allowances.occurred
        if idle and allowances.in_force(entry):
            yield Problem(
                ("allow", position, "rule"),
                f"{entry.rule!r} is allowed, and does not occur",
                hint="remove the entry",
            )
