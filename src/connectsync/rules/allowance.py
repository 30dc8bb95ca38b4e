"""Separate what was found in a district from what its file allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from connectsync.domain.district import Allow
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.catalogue import ALL, ALLOW_RULES
from connectsync.rules.engine import Found, problems

MOST_PROBLEMS = 100
"""A district with more wrong entries than this is not helped by hearing of them all."""

RULES_BY_NAME = {rule.name: rule for rule in ALL}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that the district allows, with the entry that says so."""

    found: Found
    by: Allow


@dataclass(frozen=True, slots=True)
class Settled:
    """
    What counts, what is allowed, and what is wrong with the `allow` entries.

    Every finding that went in is in ``kept`` or in ``accepted``, in the same order.
    """

    kept: tuple[Found, ...]
    accepted: tuple[Accepted, ...]
    problems: tuple[Found, ...]


def settle(
    found: Iterable[Found],
    allow: tuple[Allow, ...],
    today: date,
    ran: frozenset[str],
) -> Settled:
    """
    Separate a district's findings from those that it allows.

    ``found`` are the findings in the district's file, including those of fleet rules
    (``subjects.placed`` gives their path inside the file). ``ran`` names all rules that
    were selected and ran on the district: an entry for a rule that did not run is not
    reported as unused, and an allow rule that is not among them does not run.
    """
    everything = tuple(found)
    if not allow:
        return Settled(everything, (), ())
    occurred = frozenset(rule.name for rule, _ in everything)
    subject = AllowOnDay(allow, today, RULES_BY_NAME, ran, occurred)
    entries = {
        entry.rule: entry for entry in reversed(allow) if subject.in_force(entry)
    }
    return Settled(
        kept=tuple(one for one in everything if one[0].name not in entries),
        accepted=tuple(
            Accepted(one, entries[one[0].name])
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
