"""Calendars: days and hours at which nothing is applied, and for which districts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Protocol

from connectsync.domain.schedule import Days, local_time
from connectsync.domain.wording import fits_pattern
from connectsync.values import dataclass, replace

END_OF_DAY = time.max
"""How ``closes`` says that a window lasts until the day is over."""

_END = "24:00"


@dataclass(frozen=True, slots=True)
class Freeze:
    """
    Days on which nothing is applied, and why.

    ``timezone`` is an IANA name: where the days begin and end.
    """

    days: Days
    reason: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Window:
    """
    Hours in which plans may be applied.

    ``weekdays`` are 0 (Monday) to 6; ``timezone`` is an IANA name. A window whose
    ``closes`` is before its ``opens`` runs past midnight; one that closes at
    ``END_OF_DAY`` ends with the day.
    """

    weekdays: frozenset[int]
    opens: time
    closes: time
    timezone: str


@dataclass(frozen=True, slots=True)
class HolidayFile:
    """
    An iCalendar file of the project whose events are freezes.

    ``name`` is its path from the project's folder, ``timezone`` is where its whole
    days are meant.
    """

    name: str
    timezone: str = "UTC"


class CalendarMember(Protocol):
    """A district, as far as calendars look at it."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def labels(self) -> frozenset[str]:
        """The project's own words for it."""

    @property
    def file(self) -> str:
        """Its own file, from the project's folder."""

    @property
    def builds_on(self) -> frozenset[str]:
        """The stems of every profile below it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """
    Freezes, hours and a rollover of some districts.

    It takes the districts with its ``label``, that build on its ``profile``, and whose
    file is in one of its ``paths``; what it does not state takes all. ``members`` are
    its districts by key, once that is settled: a plan keeps it so. ``timezone`` is that
    of its districts, and ``rollover`` is theirs, where they state none themselves.
    """

    name: str
    label: str = ""
    profile: str = ""
    paths: tuple[str, ...] = ()
    timezone: str = ""
    rollover: Days | None = None
    freezes: tuple[Freeze, ...] = ()
    windows: tuple[Window, ...] = ()
    nightly_syncs: tuple[Window, ...] = ()
    holidays: tuple[HolidayFile, ...] = ()
    members: frozenset[str] | None = None

    def takes(
        self, labels: Collection[str], builds_on: Collection[str], file: str
    ) -> bool:
        """Say whether it is of a district: all that it states has to hold."""
        return (
            (not self.label or self.label in labels)
            and (not self.profile or self.profile in builds_on)
            and (not self.paths or any(fits_pattern(file, one) for one in self.paths))
        )

    def settled(
        self, districts: Iterable[CalendarMember], planned: Collection[str] = ()
    ) -> Calendar:
        """
        Give it with its districts by key.

        One that is ``planned`` and of which no file is known is taken as well: that it
        is not meant cannot be told.
        """
        if self.members is not None:
            return self
        members, known = set(), set()
        for one in districts:
            known.add(one.key)
            if self.takes(one.labels, one.builds_on, one.file):
                members.add(one.key)
        return replace(self, members=frozenset(members | (set(planned) - known)))

    def of(self, keys: Collection[str]) -> Calendar:
        """Give it with no other districts than these."""
        return replace(self, members=(self.members or frozenset()).intersection(keys))

    @property
    def whom(self) -> str:
        """Say in a few words which districts it takes."""
        said = [f"label {self.label}"] if self.label else []
        said += [f"profile {self.profile}"] if self.profile else []
        said += [f"files {', '.join(self.paths)}"] if self.paths else []
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Moment:
    """
    The time at which files are read; ``zone`` is the one that the project names.

    It has a time zone of its own, which does not count. ``calendars`` are those of the
    project: some name the zone, or the rollover, of their districts.
    """

    now: datetime
    zone: str = ""
    calendars: tuple[Calendar, ...] = ()

    def day_in(self, zone: str) -> date:
        """Give the day of a zone, by its IANA name. Raises ``ProjectError``."""
        return local_time(self.now, zone).date()

    def of(
        self, labels: Collection[str], builds_on: Collection[str], file: str
    ) -> tuple[str, Days | None]:
        """
        Give the zone and the rollover of a district that states none itself.

        Of several calendars that take it the last one says it, as with profiles.
        """
        zone, rollover = self.zone, None
        for one in self.calendars:
            if (one.timezone or one.rollover) and one.takes(labels, builds_on, file):
                zone, rollover = one.timezone or zone, one.rollover or rollover
        return zone, rollover

    def dated_by_place(self, file: str) -> tuple[str, ...]:
        """Name the calendars that may say a zone or a rollover because of a path."""
        return tuple(
            one.name
            for one in self.calendars
            if one.paths and (one.timezone or one.rollover)
            if any(fits_pattern(file, path) for path in one.paths)
        )


def calendars_data(calendars: Iterable[Calendar]) -> list[dict[str, Any]]:
    """
    Give settled calendars as JSON data, each once.

    One that takes no district is left out.
    """
    data = (
        {
            "name": one.name,
            "districts": sorted(one.members),
            "freezes": [freeze_data(freeze) for freeze in one.freezes],
            "windows": [window_data(window) for window in one.windows],
            "nightly_sync": [window_data(window) for window in one.nightly_syncs],
        }
        for one in calendars
        if one.members
    )
    told: list[dict[str, Any]] = []
    for one in data:
        told += [] if one in told else [one]
    return told


def calendars_of(data: Iterable[Mapping[str, Any]]) -> tuple[Calendar, ...]:
    """Read what `calendars_data` gave."""
    return tuple(
        Calendar(
            one["name"],
            freezes=tuple(map(freeze_of, one["freezes"])),
            windows=tuple(map(window_of, one["windows"])),
            nightly_syncs=tuple(map(window_of, one["nightly_sync"])),
            members=frozenset(one["districts"]),
        )
        for one in data
    )


def freeze_data(freeze: Freeze) -> dict[str, Any]:
    """Give a freeze as JSON data."""
    return {
        "from": freeze.days.first.isoformat(),
        "to": freeze.days.last.isoformat(),
        "reason": freeze.reason,
        "timezone": freeze.timezone,
    }


def freeze_of(data: Mapping[str, str]) -> Freeze:
    """Read what `freeze_data` gave."""
    first, last = (date.fromisoformat(data[end]) for end in ("from", "to"))
    return Freeze(Days(first, last), data["reason"], data["timezone"])


def window_data(window: Window) -> dict[str, Any]:
    """Give a span of hours as JSON data."""
    return {
        "days": sorted(window.weekdays),
        "from": spell_hour(window.opens),
        "to": spell_hour(window.closes),
        "timezone": window.timezone,
    }


def window_of(data: Mapping[str, Any]) -> Window:
    """Read what `window_data` gave."""
    opens, closes = (hour_of(data[end]) for end in ("from", "to"))
    return Window(frozenset(data["days"]), opens, closes, timezone=data["timezone"])


def spell_hour(hour: time) -> str:
    """Spell an hour as ``HH:MM``; the end of the day is ``24:00``."""
    return _END if hour == END_OF_DAY else hour.isoformat("minutes")


def hour_of(spelled: str) -> time:
    """Read what `spell_hour` spelled."""
    return END_OF_DAY if spelled == _END else time.fromisoformat(spelled)


class DateKind(StrEnum):
    """What a date is about; ``hours`` kinds come back every week."""

    FREEZE = "freeze"
    WINDOW = "window"
    NIGHTLY_SYNC = "nightly sync"
    ROLLOVER = "rollover"
    PAUSE = "pause at Clever"
    PERIOD = "period"
    RETURN = "return"
    ALLOWANCE = "exception ends"


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """
    Something with a date, of one district or of several alike.

    ``districts`` are empty where it is of all. ``hours`` come back every week in all of
    the days. ``reason`` is the operator's own sentence, and ``file`` the calendar file
    that says it.
    """

    kind: DateKind
    days: Days
    zone: str
    says: str
    reason: str = ""
    calendar: str = ""
    districts: tuple[str, ...] = ()
    hours: Window | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class CalendarReport:
    """All that has a date within some days, in order; ``total`` counts districts."""

    within: Days
    total: int
    dates: tuple[CalendarDate, ...]
