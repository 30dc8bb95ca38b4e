"""The weather: the faults that are on, and which request or save they meet."""

from __future__ import annotations

import random

from connectsync.emulator.faults import NO_FAULTS, Faults
from connectsync.emulator.problem import Problem


class Dropped(ConnectionResetError):
    """
    A save was made and its answer is not sent.

    Over a socket the connection is closed; over ASGI, which has no connection, the
    client meets this error itself.
    """


class Weather:
    """The faults of one stand-in; they can be changed while it runs."""

    def __init__(self, faults: Faults = NO_FAULTS) -> None:
        self.change(faults)

    def change(self, faults: Faults) -> None:
        """Put other faults on, and count requests and saves anew."""
        self.faults = faults
        self.requests = 0
        self.saves = 0

    def next_request(self) -> Problem | None:
        """Count a request; give the problem that it meets instead of its answer."""
        self.requests += 1
        faults = self.faults
        if self._meets("too many", self.requests, faults.too_many_requests):
            return Problem(
                429,
                "too-many-requests",
                "too many requests; this is a fault that was asked for",
                headers={"Retry-After": str(faults.retry_after_seconds)},
            )
        if self._meets("error", self.requests, faults.server_errors):
            return Problem(
                500, "server-error", "this is a fault that was asked for; nothing done"
            )
        return None

    def next_save(self) -> int:
        """Count a save and give its number."""
        self.saves += 1
        return self.saves

    def edits_before(self, save: int) -> bool:
        """Say whether a person saves the same form just before this save."""
        return save in self.faults.edit_before_saves

    def drops_after(self, save: int) -> bool:
        """Say whether this save is made and never answered."""
        faults = self.faults
        chance = self._meets("drop", save, faults.drop_after_commit)
        return chance or save in faults.drop_saves

    def _meets(self, kind: str, number: int, share: float) -> bool:
        # drawn by number, so that no fault moves when another is put on
        drawn = random.Random(f"{self.faults.seed} {kind} {number}")  # noqa: S311 - no secret
        return drawn.random() < share
