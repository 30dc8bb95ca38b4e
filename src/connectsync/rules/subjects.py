"""What rules look at: a district on a day, a fleet on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectsync.domain.district import (
    Allow,
    Credentials,
    District,
    Facts,
    Provider,
)
from connectsync.domain.settings import Settings


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
    def allow(self) -> tuple[Allow, ...]:
        """The accepted findings."""
        return self.district.allow


@dataclass(frozen=True, slots=True)
class FleetOnDay:
    """
    All districts as a fleet rule sees them.

    ``profiles`` maps every profile file's stem to the stems it builds on.
    """

    districts: tuple[District, ...]
    profiles: Mapping[str, tuple[str, ...]]
    today: date
