"""A rule asks for a fact only where the settings leave the answer open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from itertools import product
from typing import Any, cast, get_args, get_type_hints

import pytest

from connectsync.domain.district import (
    CleverShares,
    Credentials,
    District,
    Facts,
)
from connectsync.domain.live import Live
from connectsync.domain.schedule import Days
from connectsync.operations.audit import AuditScope, FormAudit
from connectsync.providers.clever import Settings
from connectsync.rules.catalogue import DISTRICT_RULES
from connectsync.rules.engine import DistrictOnDay
from connectsync.values import replace

TODAY = date(2027, 1, 15)
AROUND = [
    Days(TODAY + timedelta(first), TODAY + timedelta(last))
    for first, last in ((-9, 9), (30, 60), (-60, -30), (-400, -380))
]
LABELS = {
    "contact_types": ["Parent/Guardian", "Primary", "Other"],
    "contact_relationships": ["Parent", "Self", "Other"],
}

FORMS: list[dict[str, Any]] = [
    {
        "enable_daily_sync": on,
        "manage_guardians": on,
        "update_active_users": on,
        "unarchive_classrooms": on,
        "deletion_threshold": threshold,
        "contact_types": frozenset(types),
        "contact_relationships": frozenset(["Parent"]),
        "phone_types": frozenset(["Cell"]),
        "archived_students": "(placeholder) Restore",
        "student_id": "STUDENT NUMBER" if on else "STUDENT ID",
        "permissions": frozenset(["Family Access"]),
        "district_id": f"{7:024x}",
    }
    for on, threshold, types in product(
        (True, False), (5, 15, 45, 70), ((), ("Parent/Guardian",))
    )
]


def values(name: str) -> list[Any]:
    """Give what a fact may be, as far as it can make a difference to a rule."""
    if name == "clever_shares":
        shared = [
            CleverShares(None, frozenset(types), frozenset(related))
            for types, related in product(
                ([], *([one] for one in LABELS["contact_types"])),
                ([], ["Other"], ["Parent"]),
            )
        ]
        return [CleverShares(contacts=False), CleverShares(contacts=True), *shared]
    hint = get_type_hints(Facts)[name]
    (kind,) = [one for one in get_args(hint) if one is not type(None)]
    if name == "tried_to_archive_on":
        return [TODAY.isoformat(), (TODAY - timedelta(days=200)).isoformat()]
    if kind is bool:
        return [True, False]
    if kind is int:
        return [*range(10), 30, 50, 100]
    if kind is Days:
        return AROUND
    assert issubclass(kind, StrEnum), name
    return list(kind)


def speaks(rule: Any, settings: Settings, facts: Facts) -> bool:
    district = District(
        "a", "A", credentials=Credentials(f"{7:024x}"), settings=settings, facts=facts
    )
    return any(rule.check(DistrictOnDay(district, TODAY, "a")))


def unsure(form: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    scope = AuditScope({}, {}, (), whole=True, today=TODAY)
    live = Live("a", "1", form, cast("Any", None))
    for one in FormAudit(live, None, "A", scope).run()[1]:
        yield one.rule, one.needs


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
def test_a_fact_that_is_asked_for_makes_a_difference(form: dict[str, Any]) -> None:
    """Some value of what a rule lacks lets it speak, or else it had its answer."""
    settings = Settings(**{k: v for k, v in form.items() if k != "district_id"})
    rules = {rule.name: rule for rule in DISTRICT_RULES}
    for name, needs in unsure(form):
        facts = [one.removeprefix("facts.") for one in needs if "facts." in one]
        assert facts, (name, needs)
        # a second fact may be asked for only where the first has a certain value
        rest = [
            one for one in get_type_hints(Facts) if one not in {*facts, "guardians_csv"}
        ]
        tries = (
            replace(Facts(), **dict(zip(facts, chosen, strict=True)))
            for chosen in product(*map(values, facts))
        )
        found = any(
            speaks(rules[name], settings, one)
            or any(
                speaks(rules[name], settings, replace(one, **{other: value}))
                for other in rest
                for value in values(other)
            )
            for one in tries
        )
        assert found, (name, needs)


def test_a_rule_that_speaks_is_never_called_unsure() -> None:
    for form in FORMS:
        settings = Settings(**{k: v for k, v in form.items() if k != "district_id"})
        quiet = {name for name, _ in unsure(form)}
        for rule in DISTRICT_RULES:
            if speaks(rule, settings, Facts()):
                assert rule.name not in quiet
