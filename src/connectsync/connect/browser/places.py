"""Addresses of forms that were clicked to, so that no form is clicked to twice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a district's form, and what the drop-down shows on that page."""

    address: str
    shown: tuple[str, ...]


class Places:
    """
    What the tabs of a run know of addresses.

    Where two districts have one address it is the session that knows which of them is
    meant: then none is loaded by its address any more.
    """

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._districts: dict[str, str] = {}
        self._distinct = True

    def find(self, key: str) -> Place | None:
        """Give where a district's form is, if that is known."""
        return self._places.get(key) if self._distinct else None

    def note(self, key: str, place: Place) -> None:
        """Remember where a district's form was found."""
        self._places[key] = place
        if self._districts.setdefault(place.address, key) != key:
            self._distinct = False
