"""Hours in which plans are applied, or are not, as the project file spells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from typing import Any

from connectsync.config.document import Document
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding, Path
from connectsync.domain.policy import END_OF_DAY, Window
from connectsync.domain.suggest import did_you_mean

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


def mistaken_hours(document: Document) -> Iterator[Finding]:
    """Find hours and days that no schema can refuse, in a document that passed it."""
    yield from _mistaken_zone(document, document.data, ())
    for section in (*OF_HOURS, *OF_DAYS):
        for position, span in enumerate(document.data.get(section, ())):
            yield from _mistaken_zone(document, span, (section, position))
            if section in OF_HOURS and span["from"] == span["to"]:
                yield error(
                    "wrong-format",
                    f"the hours end at {quoted(span['to'])}, when they begin",
                    document.locate((section, position, "to")),
                    hint="write another hour for one of them, or '24:00' for the end of"
                    " the day",
                )


def _mistaken_zone(
    document: Document, span: Mapping[str, Any], path: Path
) -> Iterator[Finding]:
    name = span.get("timezone", "UTC")
    if _known_zone(name):
        return
    from zoneinfo import available_timezones  # noqa: PLC0415 - as below

    place = document.locate((*path, "timezone"))
    zones = available_timezones()
    if not zones:
        yield error(
            "wrong-format",
            f"this machine has no time zone data, so {quoted(name)} cannot be checked",
            place,
            hint="install it: `pip install tzdata`, or the package tzdata of the"
            " system",
        )
        return
    meant = _OFTEN_MEANT.get(name.strip().casefold())
    yield error(
        "wrong-format",
        f"{quoted(name)} is not a time zone",
        place,
        hint=(f"did you mean {meant!r}?" if meant else did_you_mean(name, zones))
        or "write a name of the IANA database, such as 'America/Chicago'",
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
