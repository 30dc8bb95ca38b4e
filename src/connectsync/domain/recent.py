"""What was saved lately, so that one big change in ten parts is still one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LATELY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Recent:
    """
    What the journal holds of the last 24 hours on one backend.

    ``districts`` are those with a save that was confirmed, or that may have happened,
    and those that a run began in that time has yet to end.
    """

    districts: frozenset[str] = frozenset()
