"""The patience of a run: when a read is made again, and how long it may wait."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Protocol

import httpx2

from connectsync.domain.wording import many
from connectsync.errors import Unreachable
from connectsync.web.http import Limits

TOO_MANY = 429
"""The status of a service that got too many requests."""

RETRIED = frozenset({TOO_MANY, 500, 502, 503, 504})
"""The statuses that another attempt may get past."""

ATTEMPTS = 5
"""How often a call is made at most."""

LONGEST_ASKED_SECONDS = 86_400.0
"""Who asks to wait longer than a day is not understood."""

_DIGITS = 9

EARNED_SECONDS = 0.5
"""How much waiting an answer earns that was fine."""

Attempt = Callable[[], Awaitable[httpx2.Response]]

Asked = Callable[[httpx2.Response, datetime], float]
"""Reads how many seconds an answer asks to wait from now; 0 if it asks for none."""


class RetryPolicy(Protocol):
    """Decides whether and when a call that may be repeated is made again."""

    async def __call__(self, attempt: Attempt) -> httpx2.Response:
        """Give the last answer, or raise the last ``httpx2.RequestError``."""


async def once(attempt: Attempt) -> httpx2.Response:
    """Have no patience: one attempt."""
    return await attempt()


def retry_after(answer: httpx2.Response, now: datetime) -> float:
    """Read what ``Retry-After`` asks for, in seconds from now."""
    return seconds_asked(answer.headers.get("Retry-After", ""), now)


def seconds_asked(header: str, now: datetime) -> float:
    """Read a ``Retry-After``, which is in seconds or a date; 0 if it says nothing."""
    spelled = header.strip()
    if spelled.isascii() and spelled.isdigit():
        return plausible(float(spelled[:_DIGITS]))
    try:
        date = parsedate_to_datetime(spelled)
        in_utc = date if date.tzinfo else date.replace(tzinfo=UTC)
        return plausible((in_utc - now).total_seconds())
    except (ValueError, OverflowError, TypeError):
        # a zone or a year that no clock has
        return 0.0


def plausible(seconds: float) -> float:
    """Give a wait that a service may mean; 0 for one that is none, or of days."""
    return seconds if 0.0 < seconds <= LONGEST_ASKED_SECONDS else 0.0


def too_many_requests(about: str, said: str, wait: float = 0.0) -> Unreachable:
    """
    Make the error of a status 429 that is given up on.

    ``about`` begins the sentence and ends with the address, ``said`` is what came with
    the status, and ``wait`` the seconds that the answer asks to wait; 0 if it does not.
    """
    asks = f"; it asks to wait {_spell_wait(wait)}" if wait else ""
    reason = f": {said}" if said else ""
    return Unreachable(
        f"{about} got too many requests and takes no more for now"
        f" (status {TOO_MANY}){reason}{asks}",
        remedy=f"{when_to_try(wait)}; if it stays, run fewer commands at a time",
    )


def when_to_try(wait: float) -> str:
    """Say when to try again, after a wait in seconds; 0 if none is known."""
    if wait:
        return f"try again in {_spell_wait(wait)}"
    return "wait a few minutes, then try again"


_MINUTE, _HOUR = 60, 3600

_UNTIL = 1.5
"""So many minutes or hours are still told in the smaller unit."""


def _spell_wait(seconds: float) -> str:
    """Spell a wait, rounded up: who comes too early is refused again."""
    if seconds <= _UNTIL * _MINUTE:
        return many(math.ceil(seconds), "second")
    if seconds <= _UNTIL * _HOUR:
        return many(math.ceil(seconds / _MINUTE), "minute")
    return many(math.ceil(seconds / _HOUR), "hour")


class RetryBudget:
    """
    Repeat reads while the run's budget of waiting lasts.

    One object is shared by all calls of a run: a Connect that is down costs the budget
    once, not once a district; every answer that is fine earns a little of it back, so
    that a long run outlasts many small faults. Waits double from half a second, with
    jitter so that many runners do not come back together. What an answer asks for is
    honoured up to ``longest_wait_seconds``; who asks for more gets no further call.
    An attempt that fails costs what it took. ``limits`` are those of every answer.
    """

    def __init__(  # noqa: PLR0913 - each is named, and has its default
        self,
        *,
        budget_seconds: float = 120.0,
        longest_wait_seconds: float = 60.0,
        asked: Asked = retry_after,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        limits: Limits | None = None,
    ) -> None:
        self.limits = Limits() if limits is None else limits
        self._budget = budget_seconds
        self._left = budget_seconds
        self._longest = longest_wait_seconds
        self._asked = asked
        self._sleep = sleep
        self._now = now

    async def __call__(self, attempt: Attempt) -> httpx2.Response:
        """Give the last answer, or raise the last ``httpx2.RequestError``."""
        for made in range(1, ATTEMPTS):
            began = monotonic()
            outcome = await _try_once(attempt)
            if not _worth_another(outcome):
                self._left = min(self._budget, self._left + EARNED_SECONDS)
                return _settle_outcome(outcome)
            self._left -= monotonic() - began
            wait = self._wait(outcome, made)
            if wait > min(self._left, self._longest):
                return _settle_outcome(outcome)
            self._left -= wait
            await self._sleep(wait)
        return await attempt()

    async def rest(self, made: int) -> bool:
        """Wait before another try at what is no call; False if nothing is left."""
        wait = _backoff_seconds(made)
        if made >= ATTEMPTS or wait > self._left:
            return False
        self._left -= wait
        await self._sleep(wait)
        return True

    def _wait(self, outcome: httpx2.Response | httpx2.RequestError, made: int) -> float:
        asked = 0.0
        if isinstance(outcome, httpx2.Response):
            asked = self._asked(outcome, self._now())
        return asked or _backoff_seconds(made)


def limits_of(patience: RetryPolicy) -> Limits:
    """Give the limits of every answer of a run: those that go with its patience."""
    return patience.limits if isinstance(patience, RetryBudget) else Limits()


def _backoff_seconds(made: int) -> float:
    # jitter needs no secrecy
    return 0.5 * 2.0 ** (made - 1) * random.uniform(0.5, 1.0)  # noqa: S311


async def _try_once(attempt: Attempt) -> httpx2.Response | httpx2.RequestError:
    try:
        return await attempt()
    except httpx2.RequestError as error:
        return error


def _worth_another(outcome: httpx2.Response | httpx2.RequestError) -> bool:
    if isinstance(outcome, httpx2.Response):
        return outcome.status_code in RETRIED
    return isinstance(outcome, httpx2.TransportError)


def _settle_outcome(outcome: httpx2.Response | httpx2.RequestError) -> httpx2.Response:
    if isinstance(outcome, httpx2.RequestError):
        raise outcome
    return outcome
