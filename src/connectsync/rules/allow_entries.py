"""Rules about `allow` entries: known, allowable, in force, and still needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from connectsync.domain.district import Allow
from connectsync.domain.finding import Problem, Severity
from connectsync.domain.wording import did_you_mean, foreign_letters, looks
from connectsync.rules.engine import Rule, Scope
from connectsync.values import dataclass

LONGEST = timedelta(days=400)
"""Our own bound: to the end of the next school year and a little more."""


@dataclass(frozen=True, slots=True)
class AllowOnDay:
    """
    A district's `allow` entries on a day, and what its rules found.

    ``rules`` are all rules by name; ``ran`` names those that ran on the district this
    time, ``occurred`` those that found something.
    """

    allow: tuple[Allow, ...]
    today: date
    rules: Mapping[str, Rule[Any]]
    ran: frozenset[str]
    occurred: frozenset[str]

    def in_force(self, entry: Allow) -> bool:
        """Say whether an entry has effect: allowable, and not expired."""
        rule = self.rules.get(entry.rule)
        return rule is not None and rule.allowable and self.today <= entry.until


ALLOW: Scope[AllowOnDay] = Scope("district")


@ALLOW.rule(Severity.ERROR, source="design", refused=True)
def allow_unknown_rule(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is allowed under a name that no rule has.

    The entry has no effect, but a reader of the file would believe that it does.

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
                f"there is no rule {entry.rule!r}",
                hint=_meant(entry.rule, allowances.rules),
            )


def _meant(rule: str, rules: Mapping[str, Rule[Any]]) -> str:
    """Say which rule was meant; letters that only look right are named."""
    if looks(rule) in rules:
        letters = ", ".join(foreign_letters(rule))
        return f"did you mean {looks(rule)!r}? {letters} only looks like a Latin letter"
    listed = "remove this entry; `connectsync rules` lists the rules"
    return did_you_mean(rule, rules) or listed


@ALLOW.rule(Severity.ERROR, source="design", refused=True)
def allow_not_allowable(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is allowed that cannot be allowed in a file.

    Connect's form itself refuses some mistakes, and others leave the file without a
    clear meaning: allowing them would only hide that families get something other than
    what the file says. A finding about a plan is accepted when the plan is applied.

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
                hint="remove this entry, and accept it when you apply: --accept"
                f" {entry.rule}=COUNT"
                if on_plan
                else "fix what it found, and remove this entry",
            )


@ALLOW.rule(Severity.ERROR, source="design", refused=True)
def allow_expired(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding was allowed until a day that has passed.

    Every allowance has a last day, so that a person looks again at what it means for
    families. That day has passed: the finding counts again until the entry is renewed.

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
                hint="fix what it found and remove this entry, or give a reason and a"
                f" new day up to {allowances.today + LONGEST}",
            )


@ALLOW.rule(Severity.WARNING, source="design", refused=True)
def allow_too_far_ahead(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is allowed for much longer than a school year.

    By then other people may run the district, and other families are in it. A finding
    that is allowed for years is never looked at again.

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
                hint=f"use a day up to {latest}, and check again then",
            )


@ALLOW.rule(Severity.WARNING, source="design", refused=True)
def allow_twice(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    The same finding is allowed by two entries.

    Their reasons and days differ. A person who removes one entry expects the finding to
    count again, and it does not.

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
                hint="remove this entry or the other one, whichever is out of date",
            )


@ALLOW.rule(Severity.WARNING, source="design", refused=True)
def allow_unused(allowances: AllowOnDay) -> Iterator[Problem]:
    """
    A finding is allowed that does not occur.

    The mistake was fixed, or never made. If the entry stays, it hides the next mistake
    of that kind before anyone has seen it.

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
                f"{entry.rule!r} is allowed, but does not occur",
                hint="remove this entry",
            )
