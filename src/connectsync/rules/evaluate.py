"""Run the chosen rules and apply the accepted findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any

from connectsync.domain.district import Allow
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.catalogue import (
    ALLOW_RULES,
    BY_NAME,
    DISTRICT_RULES,
    FLEET_RULES,
)
from connectsync.rules.engine import Found, Rule, Subject, problems
from connectsync.rules.subjects import DistrictOnDay, FleetOnDay

NONE: frozenset[str] = frozenset()


def examine_district(
    subject: DistrictOnDay,
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
) -> tuple[Found, ...]:
    """
    Run the district rules on one district, in the catalog's order.

    ``select`` names the rules to run, or None for all; ``ignore`` names those to leave
    out. Names are not checked here: ``catalogue.by_name`` does that.
    """
    return tuple(problems(_district_rules(select, ignore), subject))


def examine_fleet(
    subject: FleetOnDay,
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
) -> tuple[Found, ...]:
    """Run the fleet rules; ``place_problem`` says which file a problem is in."""
    return tuple(problems(_choose_rules(FLEET_RULES, select, ignore), subject))


@lru_cache(maxsize=8)
def names_that_run(
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
    with_fleet: bool,
) -> frozenset[str]:
    """Name the rules that run on a district this time; ``settle`` asks for them."""
    rules: tuple[Rule[Any], ...] = (*DISTRICT_RULES, *ALLOW_RULES)
    if with_fleet:
        rules += FLEET_RULES
    names = frozenset(rule.name for rule in rules)
    return (names if select is None else names & select) - ignore


@lru_cache(maxsize=8)
def _district_rules(
    select: frozenset[str] | None, ignore: frozenset[str]
) -> tuple[Rule[DistrictOnDay], ...]:
    """Select once for a whole fleet: selecting costs more than running a rule."""
    return _choose_rules(DISTRICT_RULES, select, ignore)


def _choose_rules(
    rules: tuple[Rule[Subject], ...],
    select: frozenset[str] | None,
    ignore: frozenset[str],
) -> tuple[Rule[Subject], ...]:
    return tuple(
        rule
        for rule in rules
        if (select is None or rule.name in select) and rule.name not in ignore
    )


MOST_PROBLEMS = 100
"""A district with more wrong entries than this is not helped by hearing of them all."""


@dataclass(frozen=True, slots=True)
class AcceptedFinding:
    """A finding that the district allows, with the entry that says so."""

    found: Found
    by: Allow


@dataclass(frozen=True, slots=True)
class AllowResult:
    """
    What counts, what is allowed, and what is wrong with the `allow` entries.

    Every finding that went in is in ``kept`` or in ``accepted``, in the same order.
    """

    kept: tuple[Found, ...]
    accepted: tuple[AcceptedFinding, ...]
    problems: tuple[Found, ...]


def settle(
    found: Iterable[Found],
    allow: tuple[Allow, ...],
    today: date,
    ran: frozenset[str],
) -> AllowResult:
    """
    Separate a district's findings from those that it allows.

    ``found`` are the findings in the district's file, including those of fleet rules
    (``place_problem`` gives their path inside the file). ``ran`` names all rules that
    were selected and ran on the district: an entry for a rule that did not run is not
    reported as unused, and an allow rule that is not among them does not run.
    """
    everything = tuple(found)
    if not allow:
        return AllowResult(everything, (), ())
    occurred = frozenset(rule.name for rule, _ in everything)
    subject = AllowOnDay(allow, today, BY_NAME, ran, occurred)
    entries = {
        entry.rule: entry for entry in reversed(allow) if subject.in_force(entry)
    }
    return AllowResult(
        kept=tuple(one for one in everything if one[0].name not in entries),
        accepted=tuple(
            AcceptedFinding(one, entries[one[0].name])
            for one in everything
            if one[0].name in entries
        ),
        problems=_first(
            problems((rule for rule in ALLOW_RULES if rule.name in ran), subject)
        ),
    )


def _first(found: Iterator[Found]) -> tuple[Found, ...]:
    """Give so many problems, and behind the last how many more there are."""
    shown = tuple(islice(found, MOST_PROBLEMS))
    left = sum(1 for _ in found)
    if not left:
        return shown
    rule, last = shown[-1]
    message = f"and {left:,} more wrong {'entry' if left == 1 else 'entries'}"
    hint = "fix those that are shown, then validate again"
    counted = replace(last, message=message, hint=hint, stands_for=left)
    return (*shown, (rule, counted))
