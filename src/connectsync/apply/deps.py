"""What a run works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from connectsync.apply.journal import Journal
from connectsync.connect.seam import Reader, Writer
from connectsync.domain.event import Event

Observe = Callable[[Event], None]
"""Told of everything that happens, as it happens."""


def ignored(event: Event) -> None:
    """Watch, and say nothing."""
    del event


Rest = Callable[[int], Awaitable[bool]]
"""Waits before the next try, given the tries so far; False: there is to be none."""


async def never(tried: int) -> bool:
    """Try nothing twice."""
    del tried
    return False


@dataclass(frozen=True, slots=True)
class RunDeps:
    """
    A way to read and to save, a journal, a clock, and somebody who watches.

    ``rest`` waits before a save is sent again that was seen not to have been made.
    """

    reader: Reader
    writer: Writer
    journal: Journal
    clock: Callable[[], datetime]
    observe: Observe = ignored
    rest: Rest = never
