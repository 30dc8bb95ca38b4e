"""The guards' figures, as the project file spells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

from connectsync.config.document import Document
from connectsync.config.profiles import days_of
from connectsync.config.source import error, quote_text
from connectsync.domain.finding import Finding, KeyPath
from connectsync.domain.policy import (
    END_OF_DAY,
    LAST,
    ZONES_AGAIN,
    Approval,
    Freeze,
    Policy,
    Rollout,
    Wave,
    Window,
    damaged_zone,
    local_time,
)
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ProjectError
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
_OFTEN_MEANT = {
    **dict.fromkeys(("eastern", "eastern time", "edt", "et"), "America/New_York"),
    **dict.fromkeys(
        ("central", "central time", "cst", "cdt", "ct", "chicago"), "America/Chicago"
    ),
    **dict.fromkeys(("mountain", "mountain time", "mdt", "mt"), "America/Denver"),
    **dict.fromkeys(
        ("pacific", "pacific time", "pst", "pdt", "pt"), "America/Los_Angeles"
    ),
}
"""How people in schools name their zones, and what the IANA database calls them."""

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


ZonesHere = Callable[[], frozenset[str]]
"""Names the time zones of this machine, which takes a walk over the disk."""


def mistaken_hours(document: Document) -> Iterator[Finding]:
    """Find hours and days that no schema can refuse, in a document that passed it."""
    zones = cache(_zones_here)
    yield from _mistaken_zone(document, document.data, (), zones)
    for section in (*OF_HOURS, *OF_DAYS):
        for position, span in enumerate(document.data.get(section, ())):
            yield from _mistaken_zone(document, span, (section, position), zones)
            if section in OF_HOURS and span["from"] == span["to"]:
                yield error(
                    "wrong-format",
                    f"the hours end at {quote_text(span['to'])}, when they begin",
                    document.locate((section, position, "to")),
                    hint="write another hour for one of them, or '24:00' for the end of"
                    " the day",
                )


def _mistaken_zone(
    document: Document, span: Mapping[str, Any], path: KeyPath, zones: ZonesHere
) -> Iterator[Finding]:
    name = span.get("timezone", "UTC")
    if not _is_known_zone(name):
        message, hint = _about_zone(name, zones())
        place = document.locate((*path, "timezone"))
        yield error("wrong-format", message, place, hint=hint)


def _about_zone(name: str, zones: frozenset[str]) -> tuple[str, str]:
    """Say what is wrong with a time zone that cannot be used, and what to do."""
    if not zones:
        message = f"this machine has no time zone data, so {quote_text(name)} cannot"
        return (
            f"{message} be checked",
            "install it: `pip install tzdata`, or the package tzdata of the system",
        )
    if name in zones:
        return damaged_zone(name), ZONES_AGAIN
    if name != name.strip() and _is_known_zone(name.strip()):
        end = "beginning" if name[:1].isspace() else "end"
        return (
            f"{quote_text(name)} has a blank at the {end}, so it is not a time zone",
            f"write {name.strip()!r}",
        )
    meant = _OFTEN_MEANT.get(name.strip().casefold())
    hint = f"did you mean {meant!r}?" if meant else did_you_mean(name, zones)
    return (
        f"{quote_text(name)} is not a time zone",
        hint or "write a name of the IANA database, such as 'America/Chicago'",
    )


def _zones_here() -> frozenset[str]:
    """Name the time zones that this machine has data of, even damaged data."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - slow, and rarely asked

    try:
        return frozenset(available_timezones())
    except (OSError, ValueError):  # the list that comes with tzdata is damaged
        return frozenset()


def _is_known_zone(name: str) -> bool:
    try:
        local_time(_SOME_TIME, name)
    except ProjectError:
        return False
    return True


_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


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
