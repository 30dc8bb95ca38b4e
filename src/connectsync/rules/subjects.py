"""What rules look at: a file, a district on a day, a fleet on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectsync.domain.district import (
    Allow,
    CleverShares,
    Credentials,
    Days,
    District,
    Facts,
    Provider,
)
from connectsync.domain.finding import Path, Problem
from connectsync.domain.settings import Settings
from connectsync.errors import Bug
from connectsync.rules.engine import Scope


@dataclass(frozen=True, slots=True)
class DistrictOnDay:
    """
    A district as a rule sees it.

    ``options`` holds the labels that drop-downs were seen to offer, by setting;
    a setting that is missing there was never read from a live page.
    ``stem`` is the stem of the file that holds the district.
    """

    district: District
    today: date
    stem: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self.district.settings

    @property
    def facts(self) -> Facts:
        """The effective facts."""
        return self.district.facts

    @property
    def credentials(self) -> Credentials:
        """The effective credentials."""
        return self.district.credentials

    @property
    def provider(self) -> Provider:
        """Where the roster comes from."""
        return self.district.provider

    @property
    def rollover_now(self) -> Days | None:
        """The rollover that today is in; None outside of it."""
        rollover = self.facts.rollover
        return rollover if rollover is not None and self.today in rollover else None

    @property
    def allow(self) -> tuple[Allow, ...]:
        """The accepted findings."""
        return self.district.allow


@dataclass(frozen=True, slots=True)
class FleetOnDay:
    """
    All districts as a fleet rule sees them.

    ``profiles`` maps every profile file's stem to the stems it builds on. ``files``
    holds the file of each district, in the order of ``districts``; leave it empty
    where files are not known. ``root`` is the project's folder, and
    ``idle_nulls`` are nulls of profiles that undo nothing: the profile's stem, section
    and key. Two districts may have the same key by mistake, so a problem of a fleet
    names its district by
    position: see ``in_district``.
    """

    districts: tuple[District, ...]
    profiles: Mapping[str, tuple[str, ...]]
    today: date
    files: tuple[str, ...] = ()
    root: str = ""
    idle_nulls: tuple[tuple[str, str, str], ...] = ()

    def named(self, position: int) -> str:
        """Name a district for a message: by its file, or by its key in quotes."""
        if self.files:
            return self.files[position]
        return repr(self.districts[position].key)


@dataclass(frozen=True, slots=True)
class Placed:
    """
    A problem of a fleet, taken apart: which file, and the problem inside of it.

    Exactly one of ``district`` (a position in ``FleetOnDay.districts``) and
    ``profile`` (a stem) is given; the problem's path starts inside that file.
    """

    problem: Problem
    district: int | None = None
    profile: str | None = None


def shares_of(district: DistrictOnDay) -> CleverShares:
    """Give what the facts say that Clever shares; nothing stated if they do not."""
    return district.facts.clever_shares or NOTHING_STATED


NOTHING_STATED = CleverShares()

DISTRICT: Scope[DistrictOnDay] = Scope("district")
FLEET: Scope[FleetOnDay] = Scope("fleet")
READING: Scope[object] = Scope("file")


def in_district(position: int, *path: str | int) -> Path:
    """Give the path of a fleet's problem that points into a district's file."""
    return ("districts", position, *path)


def in_profile(stem: str, *path: str | int) -> Path:
    """Give the path of a fleet's problem that points into a profile's file."""
    return ("profiles", stem, *path)


def placed(problem: Problem) -> Placed:
    """Take the path of a fleet's problem apart into a file and a path inside."""
    inside = Problem(problem.path[2:], problem.message, problem.hint, problem.on_key)
    match problem.path:
        case ("districts", int(position), *_):
            return Placed(inside, district=position)
        case ("profiles", str(stem), *_):
            return Placed(inside, profile=stem)
        case _:
            raise Bug(f"a fleet rule points at {problem.path!r}, which is no file")
