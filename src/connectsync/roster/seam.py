"""
The seam to a provider: what it says of a district, by the district's own token.

Duties of every provider: the token goes to the one address that was configured and
nowhere else; an answer that is not understood is an error, never "no such district";
nothing about a child, a parent or a member of staff is asked for here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


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
