"""
The seam to a provider: what it says of a district, by the district's own token.

Duties of every provider: the token goes to the one address that was configured and
nowhere else; an answer that is not understood is an error, never "no such district";
nothing about a child, a parent or a member of staff is asked for, but by
``PeopleSource``, which hands it on and keeps none of it: neither an error nor anything
else that comes back names a person, or quotes what Clever said beside people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from connectsync.values import dataclass

STUDENT, CONTACT, TEACHER, STAFF = "student", "contact", "teacher", "staff"


PAUSED = "paused"
USUAL = frozenset(["", "running", "success"])
"""States of a district at Clever that are nothing to look at."""


@dataclass(frozen=True, slots=True)
class RosterDistrict:
    """
    A district as its provider knows it.

    ``state`` is the provider's own word, empty where it says none; times have a zone
    and are None where the provider says none.
    """

    id: str
    name: str
    state: str = ""
    pause_start: datetime | None = None
    pause_end: datetime | None = None
    last_sync: datetime | None = None


class Roster(Protocol):
    """Reads what a provider says; it has no way to write."""

    @property
    def described(self) -> str:
        """Name the provider and its address, without any secret."""

    async def district(self, token: str) -> RosterDistrict:
        """
        Give the one district that a token belongs to.

        Raises ``CredentialsRefused`` if the token is refused, ``Unreachable`` if
        nothing came that can be understood.
        """


Take = Callable[[str, str], None]
"""Takes a role and one page of its people, as the provider spells it, in JSON."""


@dataclass(frozen=True, slots=True)
class RosterReading:
    """
    What is known of a roster that was read; its people went to who took the pages.

    ``came`` counts people by role. ``missing`` says of a role of which no one came why
    that may be, and what to do. ``renewed`` says that the provider took in a newer
    roster while this one was read.
    """

    source: str
    read_at: datetime
    district: RosterDistrict
    came: Mapping[str, int]
    missing: Mapping[str, tuple[str, str]]
    renewed: bool = False

    def notes(self) -> Iterator[str]:
        """Say what a reader of the figures has to know of the roster."""
        yield from (f"{why}: {remedy}" for why, remedy in self.missing.values())
        there = self.district
        if there.state.casefold() == PAUSED:
            since = f" since {there.pause_start:%Y-%m-%d}" if there.pause_start else ""
            until = f" until {there.pause_end:%Y-%m-%d}" if there.pause_end else ""
            yield f"paused at Clever{since}{until}: its roster may be an old one"
        elif there.state.casefold() not in USUAL:
            yield f"its state at Clever is {there.state!r}: check it there"
        if there.last_sync is None:
            yield "Clever does not say when it took the roster in"
        else:
            yield f"Clever took the roster in on {there.last_sync:%Y-%m-%d %H:%M %Z}"
        if self.renewed:
            yield (
                "Clever renewed the roster while it was read, so that figures may mix"
                " both: run this once more"
            )


class PeopleSource(Protocol):
    """Reads the people of a district, a page at a time."""

    @property
    def described(self) -> str:
        """Name the provider and its address, without any secret."""

    async def read(self, token: str, district_id: str, take: Take) -> RosterReading:
        """
        Hand every page of students, contacts, teachers and staff to ``take``.

        ``district_id`` is the one that the district's file states; empty if it states
        none. Raises ``CredentialsRefused`` and ``Unreachable``, also for a token of
        another district, and what ``take`` raises.
        """
