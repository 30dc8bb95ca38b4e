"""The guards' figures, as the project file spells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import time, timedelta
from functools import cache
from typing import Any

from connectsync.config.document import Document
from connectsync.config.profiles import days_of
from connectsync.config.schema_check import mistaken_zone, zones_here
from connectsync.config.source import error, quote_text
from connectsync.domain.finding import Finding, KeyPath, Severity
from connectsync.domain.policy import (
    END_OF_DAY,
    LAST,
    Approval,
    Freeze,
    Policy,
    Rollout,
    Wave,
    Window,
    impact_limits_of,
)
from connectsync.domain.rule_settings import OFF, RuleSetting, RuleSettings
from connectsync.providers.form import Risk

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_END = "24:00"

OF_HOURS = ("windows", "nightly_sync")
OF_DAYS = ("freezes",)


def windows_of(entries: Iterable[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Read spans of hours; one that names no days is of every day."""
    return tuple(
        Window(
            weekdays=frozenset(map(WEEKDAYS.index, entry.get("days", WEEKDAYS))),
            opens=time.fromisoformat(entry["from"]),
            closes=_end(entry["to"]),
            timezone=entry["timezone"],
        )
        for entry in entries
    )


def _end(spelled: str) -> time:
    return END_OF_DAY if spelled == _END else time.fromisoformat(spelled)


def mistaken_hours(document: Document) -> Iterator[Finding]:
    """Find hours and days that no schema can refuse, in a document that passed it."""
    zones = cache(zones_here)
    yield from mistaken_zone(document, document.data, (), zones)
    for section in (*OF_HOURS, *OF_DAYS):
        for position, span in enumerate(document.data.get(section, ())):
            yield from mistaken_zone(document, span, (section, position), zones)
            if section in OF_HOURS and span["from"] == span["to"]:
                yield error(
                    "wrong-format",
                    f"the hours end at {quote_text(span['to'])}, when they begin",
                    document.locate((section, position, "to")),
                    hint="write another hour for one of them, or '24:00' for the end of"
                    " the day",
                )


TAKES = ("districts", "label", "percent")


def rollout_of(data: Mapping[str, Any]) -> Rollout:
    """
    Read the roll-out.

    Where there are waves, one failure stops the next wave unless the file says how
    many do not: a canary whose death is not heeded is none.
    """
    waves = tuple(_wave(entry) for entry in data.get("waves", ()))
    stated = data.get("max_failures_percent", 0 if waves else None)
    return Rollout(waves, None if stated is None else int(stated))


def _wave(entry: Mapping[str, Any]) -> Wave:
    label = entry.get("label")
    return Wave(
        name=entry["name"],
        districts=frozenset(entry.get("districts", ())),
        labels=frozenset() if label is None else frozenset([label]),
        percent=int(entry.get("percent", 0)),
    )


def mistaken_waves(document: Document) -> Iterator[Finding]:
    """Find waves that no schema can refuse, in a document that passed it."""
    names: set[str] = set()
    for position, wave in enumerate(waves_in(document)):
        name, place = wave["name"], ("rollout", "waves", position)
        if name == LAST:
            message = (
                f"{quote_text(name)} is the wave of the districts that no wave takes"
            )
            yield _wrong(document, (*place, "name"), message, "give it another name")
        if name in names:
            message = f"there are two waves {quote_text(name)}"
            yield _wrong(document, (*place, "name"), message, "give each its own name")
        if not wave.keys() & set(TAKES):
            message = f"the wave {quote_text(name)} takes no district"
            todo = "give it districts, a label or a percent"
            yield _wrong(document, (*place, "name"), message, todo)
        names.add(name)


HOOKS = ("webhooks", "mail")


def mistaken_hooks(document: Document) -> Iterator[Finding]:
    """Find what no schema can refuse of telling people, in a document that passed."""
    notify = document.data.get("notify", {})
    names: set[str] = set()
    for section in HOOKS:
        for position, hook in enumerate(notify.get(section, ())):
            place: KeyPath = ("notify", section, position)
            if hook["name"] in names:
                message = f"there are two hooks {quote_text(hook['name'])}"
                yield _wrong(
                    document, (*place, "name"), message, "give each its own name"
                )
            names.add(hook["name"])
            if "token" in hook and hook.get("format", "json") != "json":
                message = f"{hook['format']} takes no token: its address is the secret"
                yield _wrong(document, (*place, "token"), message, "take the token out")
            if ("user" in hook) != ("password" in hook):
                message = "a user and a password go together"
                yield _wrong(document, place, message, "give both, or neither")
    quiet = notify.get("quiet_hours")
    if quiet is None:
        return
    place = ("notify", "quiet_hours")
    if quiet["from"] == quiet["to"]:
        message = f"the hours end at {quote_text(quiet['to'])}, when they begin"
        yield _wrong(document, (*place, "to"), message, "write another hour")
    if "timezone" not in document.data:
        message = "quiet hours need a zone, and the project names none"
        hint = "write timezone: America/Chicago, or your own zone, at the top"
        yield _wrong(document, place, message, hint)


def waves_in(document: Document) -> tuple[Mapping[str, Any], ...]:
    """Give the waves that a project file states, as it states them."""
    return tuple(document.data.get("rollout", {}).get("waves", ()))


def _wrong(document: Document, path: KeyPath, message: str, todo: str) -> Finding:
    return error("wrong-format", message, document.locate(path), path=path, hint=todo)


def policy_of(data: Mapping[str, Any]) -> Policy:
    """
    Read what a project allows; every key has a default.

    A figure of a day that is not stated is that of a plan.
    """
    usual = Policy()
    guards = data.get("guards", {})
    districts = int(guards.get("max_districts", usual.max_districts))
    percent = int(guards.get("max_percent", usual.max_percent))
    hours = guards.get("max_live_age_hours")
    return Policy(
        max_districts=districts,
        max_percent=percent,
        max_live_age=timedelta(hours=hours) if hours else usual.max_live_age,
        max_districts_a_day=int(guards.get("max_districts_a_day", districts)),
        max_percent_a_day=int(guards.get("max_percent_a_day", percent)),
        freezes=_freezes(data),
        windows=windows_of(data.get("windows", ())),
        nightly_syncs=windows_of(data.get("nightly_sync", ())),
        rollout=rollout_of(data.get("rollout", {})),
        approval=_approval(data.get("approval", {})),
        unattended=Risk(data.get("reconcile", {}).get("at_most", usual.unattended)),
        impact=impact_limits_of(data.get("impact", {})),
    )


def _freezes(data: Mapping[str, Any]) -> tuple[Freeze, ...]:
    entries, usual = data.get("freezes", ()), data.get("timezone", "UTC")
    return tuple(
        Freeze(days_of(entry), entry["reason"], entry.get("timezone", usual))
        for entry in entries
    )


def _approval(data: Mapping[str, Any]) -> Approval:
    usual = Approval()
    return Approval(
        names=int(data.get("names", usual.names)), at=Risk(data.get("at", usual.at))
    )


def rules_of(document: Document) -> RuleSettings:
    """Read what a project file, which passed its schema, says of rules."""
    return RuleSettings(
        tuple(
            _rule_setting(document, position, entry)
            for position, entry in enumerate(document.data.get("rules", ()))
        )
    )


def _rule_setting(
    document: Document, position: int, entry: Mapping[str, Any]
) -> RuleSetting:
    place = document.locate(("rules", position, "rule"))
    severity = entry["severity"]
    return RuleSetting(
        rule=entry["rule"],
        severity=None if severity == OFF else Severity(severity),
        reason=entry["reason"],
        paths=tuple(entry.get("paths", ())),
        label=entry.get("label", ""),
        line=place.line,
        column=place.column,
    )
