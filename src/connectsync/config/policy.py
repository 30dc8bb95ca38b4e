"""The guards' figures, as the project file spells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import time, timedelta
from functools import cache
from typing import Any

from connectsync.config.document import Document
from connectsync.config.profiles import days_of
from connectsync.config.schema_check import mistaken_zone, zones_here
from connectsync.config.source import error, quote_text
from connectsync.domain.calendar import Calendar, Freeze, HolidayFile, Window, hour_of
from connectsync.domain.finding import Finding, KeyPath, Severity
from connectsync.domain.policy import (
    LAST,
    Approval,
    Policy,
    Rollout,
    Wave,
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
OF_HOURS = ("windows", "nightly_sync")
OF_DAYS = ("freezes",)

TAKEN_BY = ("label", "profile", "paths")
"""What a calendar takes districts by."""


def windows_of(
    entries: Iterable[Mapping[str, Any]], zone: str = "UTC"
) -> tuple[Window, ...]:
    """Read spans of hours; one that names no days is of every day."""
    return tuple(
        Window(
            weekdays=frozenset(map(WEEKDAYS.index, entry.get("days", WEEKDAYS))),
            opens=time.fromisoformat(entry["from"]),
            closes=hour_of(entry["to"]),
            timezone=entry.get("timezone", zone),
        )
        for entry in entries
    )


def calendars_in(document: Document) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Give what states freezes and hours: the file itself, then each calendar."""
    yield (), document.data
    for position, entry in enumerate(document.data.get("calendars", ())):
        yield ("calendars", position), entry


def mistaken_hours(document: Document) -> Iterator[Finding]:
    """Find hours and days that no schema can refuse, in a document that passed it."""
    zones = cache(zones_here)
    names: set[str] = set()
    for place, stated in calendars_in(document):
        yield from mistaken_zone(document, stated, place, zones)
        yield from _mistaken_spans(document, place, stated, zones)
        if place:
            yield from _mistaken_calendar(document, place, stated, names)
            names.add(stated["name"])


def _mistaken_spans(
    document: Document,
    place: KeyPath,
    stated: Mapping[str, Any],
    zones: Callable[[], frozenset[str]],
) -> Iterator[Finding]:
    for section in (*OF_HOURS, *OF_DAYS):
        for position, span in enumerate(stated.get(section, ())):
            here = (*place, section, position)
            yield from mistaken_zone(document, span, here, zones)
            if section in OF_HOURS and span["from"] == span["to"]:
                said = f"the hours end at {quote_text(span['to'])}, when they begin"
                todo = (
                    "write another hour for one of them, or '24:00' for the end of"
                    " the day"
                )
                yield _wrong(document, (*here, "to"), said, todo)
            if section in OF_HOURS and not _zone_of(document, stated, span):
                said = "the hours do not say in which time zone they are meant"
                todo = "write `timezone: America/Chicago`, or your own, in the calendar"
                yield _wrong(document, here, said, todo)


def _zone_of(
    document: Document, stated: Mapping[str, Any], span: Mapping[str, Any]
) -> str:
    every = (one.get("timezone", "") for one in (span, stated, document.data))
    return next((zone for zone in every if zone), "")


def _mistaken_calendar(
    document: Document, place: KeyPath, stated: Mapping[str, Any], names: set[str]
) -> Iterator[Finding]:
    name = quote_text(stated["name"])
    if stated["name"] in names:
        said = f"there are two calendars {name}"
        yield _wrong(document, (*place, "name"), said, "give each its own name")
    if not stated.keys() & set(TAKEN_BY):
        said = f"the calendar {name} does not say which districts it takes"
        todo = "give it a label, a profile or paths; what is for all districts stands"
        yield _wrong(document, (*place, "name"), said, f"{todo} at the top of the file")


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
        freezes=_freezes(data, data.get("timezone", "UTC")),
        windows=windows_of(data.get("windows", ())),
        nightly_syncs=windows_of(data.get("nightly_sync", ())),
        rollout=rollout_of(data.get("rollout", {})),
        approval=_approval(data.get("approval", {})),
        unattended=Risk(data.get("reconcile", {}).get("at_most", usual.unattended)),
        impact=impact_limits_of(data.get("impact", {})),
        calendars=tuple(_calendars(data)),
        holidays=_holidays(data, data.get("timezone", "UTC")),
    )


def _freezes(data: Mapping[str, Any], zone: str) -> tuple[Freeze, ...]:
    return tuple(
        Freeze(days_of(entry), entry["reason"], entry.get("timezone", zone))
        for entry in data.get("freezes", ())
    )


def _holidays(data: Mapping[str, Any], zone: str) -> tuple[HolidayFile, ...]:
    return tuple(HolidayFile(name, zone) for name in data.get("holidays", ()))


def _calendars(data: Mapping[str, Any]) -> Iterator[Calendar]:
    for entry in data.get("calendars", ()):
        zone = entry.get("timezone", data.get("timezone", "UTC"))
        yield Calendar(
            name=entry["name"],
            label=entry.get("label", ""),
            profile=entry.get("profile", ""),
            paths=tuple(entry.get("paths", ())),
            timezone=entry.get("timezone", ""),
            rollover=days_of(entry["rollover"]) if "rollover" in entry else None,
            freezes=_freezes(entry, zone),
            windows=windows_of(entry.get("windows", ()), zone),
            nightly_syncs=windows_of(entry.get("nightly_sync", ()), zone),
            holidays=_holidays(entry, zone),
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


MOST_ENTRIES, MOST_PATTERNS, MOST_STARS = 500, 500, 20
"""Of all entries under `rules`; so many stars has one pattern. Each takes its time."""


def mistaken_rules(document: Document) -> Iterator[Finding]:
    """Find entries about rules that would take very long to go by."""
    patterns, entries = 0, document.data.get("rules", ())
    for position, entry in enumerate(entries):
        paths = entry.get("paths", ())
        patterns += len(paths)
        starred = next((at for at, one in enumerate(paths) if _is_starred(one)), None)
        path: KeyPath = ("rules", position)
        if starred is not None:
            path = (*path, "paths", starred)
            said = f"a pattern has more than {MOST_STARS} stars"
        elif position >= MOST_ENTRIES:
            said = f"there are more than {MOST_ENTRIES} entries about rules"
        elif patterns > MOST_PATTERNS:
            said = f"the entries about rules have more than {MOST_PATTERNS} paths"
        else:
            continue
        hint = "name a folder, or give the districts a label"
        yield error("wrong-format", said, document.locate(path), hint=hint)
        return


def _is_starred(pattern: str) -> bool:
    return pattern.count("*") > MOST_STARS


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
