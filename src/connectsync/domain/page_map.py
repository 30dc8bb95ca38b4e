"""Where on Connect's page every label stands that we rest on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Found(StrEnum):
    """What came of looking for a label."""

    THERE = "found"
    MISSING = "missing"
    DOUBLED = "duplicate"
    """It stands there more than once, and nobody knows which one is meant."""
    DISABLED = "disabled"
    NOT_REACHED = "not reached"
    """What leads to it is not there, so nobody could look."""


@dataclass(frozen=True, slots=True)
class Spot:
    """
    One label, and the place on the page where it was looked for.

    ``path`` are our labels from the first click to this one, which comes last.
    ``clicked`` says that it leads on; ``group`` is the group of the form that it is
    in, if any. ``shown_as`` is what the page shows instead, as the project says; empty
    where the page shows the label itself.
    """

    path: tuple[str, ...]
    standing: Found
    shown_as: str = ""
    group: str = ""
    clicked: bool = False

    @property
    def label(self) -> str:
        """Give the label, as we know it."""
        return self.path[-1]
