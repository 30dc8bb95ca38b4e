"""
The seam to Connect: who reads may not write.

Duties of every backend: an empty, partial or unreadable answer is an error, never
an empty form; labels come back in the page's own spelling; the token never comes
back at all; a save is whole, made once, and its result is what was read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from connectsync.domain.live import ListedDistrict, Live, PageSpot
from connectsync.domain.settings import Form
from connectsync.domain.sync import SyncOutcome
from connectsync.errors import ConnectError


class Reader(Protocol):
    """Reads Connect and cannot do anything else."""

    @property
    def described(self) -> str:
        """Name the backend and its address, without any secret."""

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        """
        Give every district the credentials reach, sorted by key.

        Raises ``ConnectError``.
        """

    async def read(self, key: str) -> Live:
        """Read one district's form. Raises ``ConnectError``."""

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        """
        Read many forms; every key asked for is answered, by a form or an error.

        Raises ``ConnectError`` only where nothing at all could be read.
        """

    async def options(self, setting: str) -> tuple[str, ...]:
        """
        Give the labels that a drop-down or box group offers, in the page's order.

        Raises ``ConnectError``.
        """


@runtime_checkable
class Mapper(Protocol):
    """Reads a page that people see, and can say where on it everything stands."""

    async def page_map(self) -> tuple[PageSpot, ...]:
        """
        Look for every label that we know, on the way to a form and in it.

        One that is not there stops nothing: it is what the map is for. Raises
        ``ConnectError`` only where the page cannot be looked at.
        """


Visit = tuple[Live | ConnectError, SyncOutcome | ConnectError]
"""What was read of a district at once: its form, and its last nightly sync."""


def whole_visits(found: Mapping[str, Visit | ConnectError]) -> dict[str, Visit]:
    """Let the error of a whole visit stand for both that was to be read."""
    return {
        key: (one, one) if isinstance(one, ConnectError) else one
        for key, one in found.items()
    }


@runtime_checkable
class OutcomeReader(Protocol):
    """Sees what became of the last nightly sync; not every way to Connect does."""

    async def outcomes(
        self, keys: Sequence[str]
    ) -> Mapping[str, SyncOutcome | ConnectError]:
        """
        Give the last nightly sync of each district; ``NotOffered`` where none is shown.

        Every key asked for is answered. A time that is yet to come is an error, never
        a sync. Raises ``ConnectError`` only where nothing at all could be read.
        """

    async def read_with_outcomes(self, keys: Sequence[str]) -> Mapping[str, Visit]:
        """
        Give forms and last nightly syncs, asking for each district once.

        What is wrong with a sync does not touch the form. Raises as ``read_many``.
        """


class Writer(Protocol):
    """Saves a district's form; only a run that was approved ever holds one."""

    async def save(
        self,
        key: str,
        desired: Form,
        *,
        expected_version: str,
        set_token: bool = False,
    ) -> Live:
        """
        Save the settings in ``desired`` and leave all others as they are.

        ``set_token`` saves the district's token along, also where nothing else is
        saved; it is found at the moment it is typed, and ``ProjectError`` is raised,
        with nothing saved, where the district names none or none is there. That it
        arrived cannot be read back: no backend ever gives a token.

        Gives the form as it was read back. Raises ``VersionMoved`` if the form is
        no longer at ``expected_version``, ``FormRefused`` if Connect does not take
        it, and other ``ConnectError``; after ``Unreachable`` the save may or may not
        have happened: settle it by reading.
        """
