"""Signs of life while a district is in hand, whatever the event loop waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectsync.apply.journal import Claim, Journal
from connectsync.errors import LeaseLost, StateError

BEATS = 3
"""Signs of life while a lease lasts."""


@asynccontextmanager
async def kept_alive(journal: Journal, claim: Claim) -> AsyncIterator[None]:
    """
    Hold on to a district: a page may take its time, and so may a lock of the store.

    The signs of life are given in a thread, over a connection of its own.
    """
    ended = threading.Event()
    thread = threading.Thread(
        target=_beat, args=(journal, claim, ended), name="lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # it may wait for the store: the other districts need not
        await asyncio.shield(asyncio.to_thread(thread.join))


def _beat(journal: Journal, claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(journal.lease_seconds / BEATS):
        try:
            journal.renew(claim)
        except LeaseLost:
            # that is found out at the next thing that is written down
            return
        except StateError:
            # the store was busy for long: the next sign may get through
            continue
