"""What a run writes down, before and after each save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectsync.domain.settings import Form


class Settled(StrEnum):
    """How a save ended."""

    INTENDED = "intended"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Intent:
    """
    One save that is about to be made.

    ``phase`` counts a district's saves from 1. ``before`` and ``after`` are the whole
    form; ``expected_version`` is the live version the save insists on.
    """

    district: str
    phase: int
    before: Form
    after: Form
    expected_version: str


class Journal(Protocol):
    """Keeps what happened. Every call is on disk before it returns."""

    def begin(
        self, *, plan: str, backend: str, districts: Sequence[str], at: datetime
    ) -> int:
        """Open a run for the plan with this digest; give its number."""

    def intend(self, run: int, intent: Intent, *, at: datetime) -> int:
        """Write down a save before it is made; give the row's number."""

    def settle(
        self, row: int, settled: Settled, *, at: datetime, note: str = ""
    ) -> None:
        """Write down how the save ended."""

    def record_baseline(
        self, backend: str, district: str, form: Form, *, running: bool, at: datetime
    ) -> None:
        """Remember the managed values as they are now confirmed on Connect."""

    def end(self, run: int, *, at: datetime) -> None:
        """Close a run."""
