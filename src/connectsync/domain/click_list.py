"""A click list: what a person does on the page to make a plan true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectsync.domain.risk import Risk


@dataclass(frozen=True, slots=True)
class Click:
    """
    One control to change.

    ``control`` is its name on the page and ``option`` the box among several, if it
    is one. ``verb`` says what to do with it; ``before`` and ``after`` are what the
    page shows, as a person would say it.
    """

    control: str
    option: str
    verb: str
    before: str
    after: str
    risk: Risk
    effect: str


@dataclass(frozen=True, slots=True)
class DistrictClicks:
    """One district: the clicks before each press of Save, in order."""

    district: str
    name: str
    file: str
    read_at: datetime
    saves: tuple[tuple[Click, ...], ...]


@dataclass(frozen=True, slots=True)
class ClickList:
    """
    All that a plan needs a person for.

    ``path`` is what to click on to come to the form, ``save`` the name of its button;
    ``plan`` is the plan's digest and ``backend`` where its live settings came from.
    """

    plan: str
    backend: str
    created: datetime
    path: tuple[str, ...]
    save: str
    districts: tuple[DistrictClicks, ...]

    @property
    def clicks(self) -> int:
        """Count the controls to change."""
        return sum(len(save) for one in self.districts for save in one.saves)
