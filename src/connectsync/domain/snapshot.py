"""A snapshot: live forms of many districts as they were at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectsync.domain.live import Live


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who said that a form was saved by hand, in words, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A district of a snapshot: its name on Connect and its form.

    ``confirmed`` is there once a person saved the form by hand and said so.
    """

    name: str
    live: Live
    confirmed: Confirmed | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Live forms as they were at one time, sorted by key.

    ``taken`` has a time zone; ``source`` names the backend they were read from.
    ``options`` are the labels that were offered, by setting, where they were asked
    for; ``unread`` says by district why it is missing though it was asked for.
    """

    taken: datetime
    source: str
    entries: tuple[Entry, ...]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
