"""The patience of a run: when a read is made again, and how long it may wait."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

RETRIED = frozenset({429, 500, 502, 503, 504})
"""The statuses that another attempt may mend."""

Attempt = Callable[[], Awaitable[httpx2.Response]]


class WithinBudget:
    """
    Repeat reads while the run's budget of waiting lasts; see ``exchange.Patience``.

    One object is shared by all calls of a run: a Connect that is down costs the budget
    once, not once a district. Waits double from half a second, with jitter so that
    many runners do not come back together. ``Retry-After`` is honoured up to
    ``longest_wait_seconds``; who asks for more gets no further call.
    """

    def __init__(
        self,
        *,
        budget_seconds: float = 120.0,
        attempts: int = 5,
        longest_wait_seconds: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._left = budget_seconds
        self._attempts = attempts
        self._longest = longest_wait_seconds
        self._sleep = sleep
        self._now = now

    async def __call__(self, attempt: Attempt) -> httpx2.Response:
        """Give the last answer, or raise the last ``httpx2.RequestError``."""
        for made in range(1, self._attempts):
            outcome = await _tried(attempt)
            if not _worth_another(outcome):
                return _settled(outcome)
            wait = self._wait(outcome, made)
            if wait > min(self._left, self._longest):
                return _settled(outcome)
            self._left -= wait
            await self._sleep(wait)
        return await attempt()

    def _wait(self, outcome: httpx2.Response | httpx2.RequestError, made: int) -> float:
        asked = self._asked(outcome)
        # jitter needs no secrecy
        return asked or 0.5 * 2 ** (made - 1) * random.uniform(0.5, 1.0)  # noqa: S311

    def _asked(self, outcome: httpx2.Response | httpx2.RequestError) -> float:
        """Give the seconds that ``Retry-After`` asks for; 0 if it asks for none."""
        if isinstance(outcome, httpx2.RequestError):
            return 0.0
        spelled: str = outcome.headers.get("Retry-After", "").strip()
        if spelled.isascii() and spelled.isdigit():
            return float(spelled)
        try:
            date = parsedate_to_datetime(spelled)
        except ValueError:
            return 0.0
        in_utc = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (in_utc - self._now()).total_seconds())


async def _tried(attempt: Attempt) -> httpx2.Response | httpx2.RequestError:
    try:
        return await attempt()
    except httpx2.RequestError as error:
        return error


def _worth_another(outcome: httpx2.Response | httpx2.RequestError) -> bool:
    if isinstance(outcome, httpx2.Response):
        return outcome.status_code in RETRIED
    return isinstance(outcome, httpx2.TransportError)


def _settled(outcome: httpx2.Response | httpx2.RequestError) -> httpx2.Response:
    if isinstance(outcome, httpx2.RequestError):
        raise outcome
    return outcome
