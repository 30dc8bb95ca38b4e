"""Settings that hold for a time: periods, the day in a zone, what returns when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from connectsync.domain.settings import is_same, spell, value_data, value_of
from connectsync.errors import ProjectError
from connectsync.providers.clever import Settings
from connectsync.providers.form import Value
from connectsync.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Days:
    """A span of days, both ends included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Period:
    """
    Days on which some settings have other values, and why.

    A value of None means that the setting is not managed meanwhile.
    """

    days: Days
    settings: Mapping[str, Value]
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """
    A setting whose value changes by itself: ``now`` up to a day, ``then`` after it.

    A value of None means that it is not managed. ``zone`` is where the days are meant.
    """

    setting: str
    now: Value
    until: date
    then: Value
    reason: str
    zone: str

    def __str__(self) -> str:
        now, then = spell_managed(self.now), spell_managed(self.then)
        return f"{now} until {self.until}, then {then} ({self.reason})"

    def is_over(self, at: datetime) -> bool:
        """Say whether the last day of the value is over. Raises ``ProjectError``."""
        return local_time(at, self.zone).date() > self.until


def turn_data(turn: Turn) -> dict[str, Any]:
    """Give a value that changes by itself as JSON data."""
    return {
        "setting": turn.setting,
        "now": value_data(turn.now),
        "until": turn.until.isoformat(),
        "then": value_data(turn.then),
        "reason": turn.reason,
        "timezone": turn.zone,
    }


def turn_of(data: Mapping[str, Any]) -> Turn:
    """Give a value that changes by itself from JSON data."""
    setting = data["setting"]
    return Turn(
        setting,
        value_of(setting, data["now"]),
        date.fromisoformat(data["until"]),
        value_of(setting, data["then"]),
        data["reason"],
        data["timezone"],
    )


@dataclass(frozen=True, slots=True)
class OverdueReturn:
    """A value of a period that is over, and that was the last to be applied."""

    setting: str
    applied: Value
    wanted: Value
    period: int
    days: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    What a district sets outside of its periods, and its periods as its file lists them.

    ``zone`` is the one in which its days begin and end; ``is_named`` says whether its
    layers or the project name it.
    """

    usual: Settings = field(default_factory=Settings)
    periods: tuple[Period, ...] = ()
    zone: str = "UTC"
    is_named: bool = False

    def settings_on(self, day: date) -> Settings:
        """Give what is wanted of the form on a day: periods lie over the rest."""
        over: dict[str, Value] = {}
        for period in self.periods:
            if day in period.days:
                over |= period.settings
        return replace(self.usual, **over) if over else self.usual

    def in_force(self, setting: str, day: date) -> int | None:
        """Give the position of the period that sets a setting on a day."""
        for position, period in enumerate(self.periods):
            if setting in period.settings and day in period.days:
                return position
        return None

    def settings(self) -> tuple[str, ...]:
        """Name the settings that any period sets, each once."""
        return tuple(
            dict.fromkeys(name for one in self.periods for name in one.settings)
        )

    def turns(self, day: date) -> Iterator[Turn]:
        """Say of each setting of a period when its value changes after a day."""
        edges = sorted({edge for edge in self._edges() if edge > day})
        for name in self.settings():
            now, since = self._value(name, day), day
            for edge in edges:
                then = self._value(name, edge)
                if then != now:
                    reason = self._reason(name, since, edge)
                    yield Turn(name, now, edge - DAY, then, reason, self.zone)
                    now, since = then, edge

    def later(self, name: str, day: date) -> str:
        """Spell the values of a setting on a day and on all days after it."""
        value, said = self._value(name, day), list[str]()
        for edge in sorted({edge for edge in self._edges() if edge > day}):
            then = self._value(name, edge)
            if then != value:
                said.append(f"{spell_managed(value)}{UNTIL}{edge - DAY}")
                value = then
        return ", then ".join([*said, spell_managed(value)])

    def ahead(self, day: date) -> bool:
        """Say whether a value changes by itself after a day."""
        return any(self.turns(day))

    def overdue(
        self, day: date, applied: Mapping[str, Value]
    ) -> Iterator[OverdueReturn]:
        """
        Find values of periods that are over and that were the last to be ``applied``.

        What is wanted now may be another value than the one before the period. A
        return of this very day is not late.
        """
        for name in self.settings():
            wanted = self._value(name, day)
            if (
                wanted is None
                or name not in applied
                or is_same(name, applied[name], wanted)
            ):
                continue
            ended = [
                (period.days.last, position)
                for position, period in enumerate(self.periods)
                if period.days.last < day
                and name in period.settings
                and is_same(name, period.settings[name], applied[name])
            ]
            if ended:
                last, position = max(ended)
                late = (day - last).days - 1
                if late:
                    yield OverdueReturn(name, applied[name], wanted, position, late)

    def looked_at(self, after: date) -> Iterator[tuple[date, str]]:
        """
        Give the days on both sides of every edge that come after a day, in order.

        Each comes once, with words that name its period.
        """
        found: dict[date, str] = {}
        for period in self.periods:
            first, last = period.days.first, period.days.last
            span = f"the period from {first} to {last}"
            for day, words in (
                (first, f"in {span}"),
                (last, f"in {span}"),
                (before(first), f"the day before {span}"),
                (following(last), f"the day after {span}"),
            ):
                if day is not None and day > after:
                    found.setdefault(day, words)
        yield from sorted(found.items())

    def _edges(self) -> Iterator[date]:
        for period in self.periods:
            yield period.days.first
            if (end := following(period.days.last)) is not None:
                yield end

    def _value(self, name: str, day: date) -> Value:
        position = self.in_force(name, day)
        if position is not None:
            return self.periods[position].settings[name]
        usual: Value = getattr(self.usual, name)
        return usual

    def _reason(self, name: str, *days: date) -> str:
        at = next(one for day in days if (one := self.in_force(name, day)) is not None)
        return self.periods[at].reason


UNTIL = " until "


def spell_managed(value: Value) -> str:
    """Spell a value that files want; None is one that they leave to the page."""
    return "not managed" if value is None else spell(value)


DAY = timedelta(days=1)


def following(day: date) -> date | None:
    """Give the next day; None behind the last one of the calendar."""
    return day + DAY if day < date.max else None


def before(day: date) -> date | None:
    """Give the day before; None before the first one of the calendar."""
    return day - DAY if day > date.min else None


def is_skipped(day: date, zone: str) -> bool:
    """
    Say whether the clocks of a zone leave a whole day out.

    Samoa had no 30 December 2011. A day whose midnight alone is left out begins later.
    """
    if zone == "UTC":
        return False
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - slow, and few have periods

    place = ZoneInfo(zone)
    for hour in range(24):
        try:
            wall = datetime.combine(day, time(hour), place)
            again = wall.astimezone(UTC).astimezone(place)
        except OverflowError:  # at an end of the calendar
            return False
        if again.date() == day:
            return False
    return True


def local_time(at: datetime, timezone: str) -> datetime:
    """
    Give the local time of a time zone, by its IANA name.

    ``at`` has a time zone. Raises ``ProjectError`` if this machine has no usable data
    of the zone.
    """
    # UTC is known even where no time zones are installed
    if timezone == "UTC":
        return at.astimezone(UTC)
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - slow, and few have windows

    try:
        return at.astimezone(ZoneInfo(timezone))
    except Exception as error:  # damaged data fails in many ways, also as struct.error
        raise ProjectError(damaged_zone(timezone), remedy=ZONES_AGAIN) from error


_OF_ONE_MACHINE = ("localtime", "posixrules", "Factory", "posix/", "right/")


def is_of_all_machines(timezone: str) -> bool:
    """Say whether a name means the same wherever it is: not the zone of this clock."""
    return not timezone.startswith(_OF_ONE_MACHINE)


def is_known_zone(timezone: str) -> bool:
    """Say whether a name is one of a zone that this machine has usable data of."""
    try:
        local_time(_SOME_TIME, timezone)
    except ProjectError:
        return False
    return is_of_all_machines(timezone)


_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


ZONES_AGAIN = (
    "install the time zone data again: the package tzdata of the system, or `pip"
    " install --force-reinstall tzdata`"
)


def damaged_zone(timezone: str) -> str:
    """Say that the data of a time zone cannot be used, and which file it is in."""
    from zoneinfo import TZPATH  # noqa: PLC0415 - as above

    files = (Path(folder, timezone) for folder in TZPATH)
    found = next((file for file in files if file.is_file()), None)
    place = found or "its file in the Python package tzdata"
    return (
        f"the time zone data of {timezone!r} on this machine cannot be used:"
        f" {place} is damaged or not readable"
    )
