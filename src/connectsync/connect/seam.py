"""
The seam to Connect: who reads may not write.

Duties of every backend: an empty, partial or unreadable answer is an error, never
an empty form; labels come back in the page's own spelling; the token never comes
back at all; a save is whole, made once, and its result is what was read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from connectsync.domain.live import Listed, Live
from connectsync.domain.settings import Form
from connectsync.errors import ConnectError


class Reader(Protocol):
    """Reads Connect and cannot do anything else."""

    @property
    def described(self) -> str:
        """Name the backend and its address, without any secret."""

    async def list_districts(self) -> tuple[Listed, ...]:
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


class Writer(Protocol):
    """Saves a district's form; only a run that was approved ever holds one."""

    async def save(self, key: str, desired: Form, *, expected_version: str) -> Live:
        """
        Save the settings in ``desired`` and leave all others as they are.

        Gives the form as it was read back. Raises ``VersionMoved`` if the form is
        no longer at ``expected_version``, ``FormRefused`` if Connect does not take
        it, and other ``ConnectError``; after ``Unreachable`` the save may or may not
        have happened: settle it by reading.
        """
