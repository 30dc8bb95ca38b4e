"""The catalog: every rule, by what it looks at and by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from connectsync.domain.finding import RulePage, Severity
from connectsync.domain.policy import WAVES
from connectsync.domain.rule_settings import RuleSettings
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ProjectError, UsageError
from connectsync.rules import (
    accounts,
    allow_entries,
    contacts,
    fleet,
    guardians,
    guardians_file,
    guards,
    hours,
    identity,
    launch,
    limits,
    scheduled,
    sharing,
    threshold,
    untouched,
)
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.engine import (
    DistrictOnDay,
    FleetOnDay,
    PlanAtHour,
    Rule,
    page_of,
)
from connectsync.rules.guards import DISRUPTIVE, DISRUPTIVE_GUARDS
from connectsync.rules.hours import HOUR_GUARDS
from connectsync.rules.limits import TIMED_GUARDS
from connectsync.values import replace


def _rules_of(*modules: ModuleType) -> tuple[Rule[Any], ...]:
    """Give the rules that modules write, in the order of their lines."""
    return tuple(
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, Rule)
    )


def _pages_in(file: str, subject: str) -> Iterator[Rule[object]]:
    """
    Give a rule for each page of a file; it finds nothing, for reading has found it.

    A heading is the rule's name, severity and source, and *inferred* where it is.
    """
    text = Path(__file__).with_name(file).read_text("utf-8")
    for part in text.split("\n# ")[1:]:
        heading, _, page = part.partition("\n")
        name, severity, source, *inferred = heading.split(" | ")
        yield Rule(
            name=name,
            severity=Severity(severity),
            source=source,
            page=page,
            check=lambda _: (),
            subject=subject,
            refused=subject == "file" or severity == Severity.ERROR,
            inferred=bool(inferred),
        )


DISTRICT_RULES: tuple[Rule[DistrictOnDay], ...] = _rules_of(
    identity,
    launch,
    guardians,
    guardians_file,
    sharing,
    contacts,
    threshold,
    accounts,
    scheduled,
)
ALLOW_RULES: tuple[Rule[AllowOnDay], ...] = _rules_of(allow_entries)
FLEET_RULES: tuple[Rule[FleetOnDay], ...] = _rules_of(fleet)
READING_PAGES: tuple[Rule[object], ...] = tuple(_pages_in("reading.md", "file"))
ROSTER_PAGES: tuple[Rule[object], ...] = tuple(_pages_in("roster.md", "roster"))
PLAN_RULES: tuple[Rule[PlanAtHour], ...] = _rules_of(guards, limits, hours, untouched)
ALL: tuple[Rule[Any], ...] = (
    *READING_PAGES,
    *DISTRICT_RULES,
    *ALLOW_RULES,
    *FLEET_RULES,
    *PLAN_RULES,
    *ROSTER_PAGES,
)
BY_NAME: Mapping[str, Rule[Any]] = {rule.name: rule for rule in ALL}


ADJUSTABLE: Mapping[str, Severity] = {
    rule.name: rule.severity
    for rule in ALL
    if rule.subject in {"file", "district", "fleet"}
}
"""The rules of files, with their severities: a project may set those of no others."""


def insist_adjustable(settings: RuleSettings) -> None:
    """
    Refuse what a project says of rules where it would have no effect.

    Raises ``ProjectError`` naming the first such entry, with its place.
    """
    for one in settings.entries:
        usual, hint = ADJUSTABLE.get(one.rule), ""
        if one.rule not in BY_NAME:
            said = f"there is no rule {one.rule!r}"
            hint = did_you_mean(one.rule, ADJUSTABLE) or "`connectsync rules` lists all"
        elif usual is None:
            said = f"{one.rule!r} is no rule of files, so it is not set here"
            hint = f"take this entry out; `connectsync explain {one.rule}` says more"
        elif usual is Severity.ERROR and one.severity is not Severity.ERROR:
            said = f"{one.rule!r} is an error, which no project can turn off or lower"
            hint = "take this entry out"
            if BY_NAME[one.rule].allowable:
                hint += ", and allow it in a district's file, with a last day"
        else:
            continue
        place = f"connectsync.yaml:{one.line}:{one.column}"
        raise ProjectError(f"{place}: {said}", remedy=hint)


def by_name(name: str) -> Rule[Any]:
    """Give the rule of that name. Raises ``UsageError`` if there is none."""
    rule = BY_NAME.get(name)
    if rule is None:
        raise UsageError(
            f"there is no rule {name!r}",
            remedy=did_you_mean(name, BY_NAME) or "`connectsync rules` lists them",
        )
    return rule


def insist_acceptable(name: str) -> None:
    """Refuse a name that `--accept` does not take. Raises ``UsageError``."""
    names = acceptable()
    if name in names:
        return
    if name in {rule.name for rule in DISRUPTIVE_GUARDS}:
        raise UsageError(
            f"{name!r} is not accepted by its own name",
            remedy=f"accept it with --accept {DISRUPTIVE}=COUNT",
        )
    if name in overridable():
        raise UsageError(
            f"{name!r} is not accepted by number",
            remedy=f"override it with a reason: --override {name}=REASON",
        )
    raise UsageError(
        f"there is no guard {name!r} to accept",
        remedy=f"{did_you_mean(name, names)} guards: {', '.join(names)}".strip(),
    )


def acceptable() -> tuple[str, ...]:
    """Give every name that `--accept` may be given, sorted."""
    own = {
        rule.name
        for rule in PLAN_RULES
        if rule.severity is Severity.ERROR
        and rule not in (*DISRUPTIVE_GUARDS, *HOUR_GUARDS)
    }
    return tuple(sorted({DISRUPTIVE, *own}))


def lasting() -> frozenset[str]:
    """
    Name what is accepted of a plan itself, and not of the hour or the day.

    It holds for what is left of the plan as well: the part is never more than the
    whole. What depends on when a plan is applied has to be accepted again.
    """
    timed = {rule.name for rule in TIMED_GUARDS}
    return frozenset(acceptable()) - timed


def insist_overridable(name: str) -> None:
    """Refuse a name that `--override` does not take. Raises ``UsageError``."""
    names = overridable()
    if name in names:
        return
    if name in acceptable():
        raise UsageError(
            f"{name!r} is not overridden with a reason",
            remedy=f"accept it by number: --accept {name}=COUNT",
        )
    raise UsageError(
        f"there is no guard {name!r} to override",
        remedy=f"{did_you_mean(name, names)} guards: {', '.join(names)}".strip(),
    )


def overridable() -> tuple[str, ...]:
    """Give every name that `--override` may be given, sorted."""
    return tuple(sorted([*(rule.name for rule in HOUR_GUARDS), WAVES]))


def pages() -> tuple[RulePage, ...]:
    """Give the page of every rule, sorted by name."""
    return tuple(
        replace(page_of(rule), accept=_accepting(rule))
        for _, rule in sorted(BY_NAME.items())
    )


def _accepting(rule: Rule[Any]) -> str:
    """Spell the flag that accepts a guard; empty for one that stops nothing."""
    if rule not in PLAN_RULES or rule.severity is not Severity.ERROR:
        return ""
    if rule in HOUR_GUARDS:
        return f"--override {rule.name}=REASON"
    name = DISRUPTIVE if rule in DISRUPTIVE_GUARDS else rule.name
    return f"--accept {name}=COUNT"
