"""What a check-up of the set-up found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.page_map import Spot


class Standing(StrEnum):
    """How a check ended."""

    FINE = "fine"
    LOOK = "look"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that was looked at: what was seen, and what to do about it.

    ``topic`` is one or two words. Neither text ever holds a secret. ``spots`` are
    what there is to show of a page.
    """

    topic: str
    standing: Standing
    message: str
    remedy: str = ""
    spots: tuple[Spot, ...] = ()


def fine(topic: str, message: str) -> Check:
    """Say that something is as it should be."""
    return Check(topic, Standing.FINE, message)


def look(topic: str, message: str, remedy: str = "") -> Check:
    """Say that somebody should have a look."""
    return Check(topic, Standing.LOOK, message, remedy)


def failed(topic: str, message: str, remedy: str = "") -> Check:
    """Say that something does not work."""
    return Check(topic, Standing.FAILED, message, remedy)
