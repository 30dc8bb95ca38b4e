"""What a check of the project, its state and its backend found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.page_map import Spot


class Standing(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that was checked: what was seen, and what to do about it.

    ``topic`` is one or two words. Neither text ever holds a secret. ``spots`` are
    what there is to show of a page.
    """

    topic: str
    standing: Standing
    message: str
    remedy: str = ""
    spots: tuple[Spot, ...] = ()


def ok(topic: str, message: str) -> Check:
    """Report that something is as it should be."""
    return Check(topic, Standing.OK, message)


def warn(topic: str, message: str, remedy: str = "") -> Check:
    """Report something that a person should look at."""
    return Check(topic, Standing.WARNING, message, remedy)


def fail(topic: str, message: str, remedy: str = "") -> Check:
    """Report that something does not work."""
    return Check(topic, Standing.ERROR, message, remedy)
