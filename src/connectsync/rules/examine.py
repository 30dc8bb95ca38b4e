"""Run the chosen rules over a district or a fleet."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from connectsync.rules.catalogue import ALLOW_RULES, DISTRICT_RULES, FLEET_RULES
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
    """Run the fleet rules; ``subjects.placed`` says which file a problem is in."""
    return tuple(problems(_chosen(FLEET_RULES, select, ignore), subject))


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
    return _chosen(DISTRICT_RULES, select, ignore)


def _chosen(
    rules: tuple[Rule[Subject], ...],
    select: frozenset[str] | None,
    ignore: frozenset[str],
) -> tuple[Rule[Subject], ...]:
    return tuple(
        rule
        for rule in rules
        if (select is None or rule.name in select) and rule.name not in ignore
    )
