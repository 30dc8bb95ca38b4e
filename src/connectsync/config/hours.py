"""Hours in which plans are applied, or are not, as the project file spells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from typing import Any

from connectsync.config.document import Document
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding
from connectsync.domain.policy import Window

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


def windows_of(entries: Iterable[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Read spans of hours; one that names no days is of every day."""
    return tuple(
        Window(
            weekdays=frozenset(map(WEEKDAYS.index, entry.get("days", WEEKDAYS))),
            opens=time.fromisoformat(entry["from"]),
            closes=time.fromisoformat(entry["to"]),
            timezone=entry["timezone"],
        )
        for entry in entries
    )


def mistaken_hours(document: Document) -> Iterator[Finding]:
    """Find hours and days that no schema can refuse, in a document that passed it."""
    for section in (*OF_HOURS, *OF_DAYS):
        for position, span in enumerate(document.data.get(section, ())):
            if not _known_zone(span.get("timezone", "UTC")):
                yield error(
                    "wrong-format",
                    f"{quoted(span['timezone'])} is not a time zone",
                    document.locate((section, position, "timezone")),
                    hint="write a name of the IANA database, such as 'America/Chicago'",
                )
            if section in OF_HOURS and span["from"] == span["to"]:
                yield error(
                    "wrong-format",
                    f"the hours end at {quoted(span['to'])}, when they begin",
                    document.locate((section, position, "to")),
                    hint="write another hour for one of them",
                )


def _known_zone(name: str) -> bool:
    from zoneinfo import (  # noqa: PLC0415 - slow, and few have windows
        ZoneInfo,
        ZoneInfoNotFoundError,
    )

    if name == "UTC":
        return True
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
