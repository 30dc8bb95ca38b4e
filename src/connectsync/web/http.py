"""
HTTP: which addresses are allowed, how long an answer may take, how much may come.

A limit for each read of a socket is no limit for an answer: a service that sends one
byte now and then, or never stops, or sends a little that unpacks to very much, would
hold a run forever. Every call is made through ``fetch``.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from time import monotonic
from typing import Protocol

import httpx2

from connectsync.domain.foreign_text import SECRETS, foreign_text
from connectsync.domain.wording import many
from connectsync.errors import CredentialsRefused, ProjectError, Unreachable
from connectsync.values import dataclass, field

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def insist_safe(address: str, whose: str) -> None:
    """
    Refuse an address over which a token would be read on the way, or is in it.

    ``whose`` begins the sentence: ``the gateway's address``. Raises ``ProjectError``.
    """
    try:
        url = httpx2.URL(address)
        host = url.host
    except (httpx2.InvalidURL, UnicodeError):  # the latter where xn-- is none
        # what is said of it quotes it, and it may hold a password
        raise ProjectError(f"{whose} is not one", remedy="write https://HOST") from None
    if url.userinfo:
        raise ProjectError(f"{whose} must not hold a user or password")
    if url.query or url.fragment:
        raise ProjectError(f"{whose} must end before any ? or #")
    if url.scheme != "https" and not (url.scheme == "http" and host in _LOOPBACK):
        said = "must start with https://: the token would travel in the clear"
        raise ProjectError(f"{whose} {address} {said}")
    if not host:
        raise ProjectError(f"{whose} names no host")
    authority = address.partition("://")[2].partition("/")[0]
    if not authority.isascii():  # of which another program makes another host
        said = f"{whose} names a host with letters beyond a to z"
        raise ProjectError(said, remedy=f"write it as {url.raw_host.decode('ascii')}")
    if not re.fullmatch(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]*)?", authority):
        raise ProjectError(f"{whose} names a host with signs that no host has")


def trusted(ca_file: Path | None = None) -> ssl.SSLContext:
    """
    Trust the system's certificates, or those of a file instead.

    Raises ``ProjectError`` if the file cannot be used.
    """
    try:
        # made by hand: the usual one writes the keys of each call to the file that
        # SSLKEYLOGFILE names, with which all that is sent can be read
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if sys.version_info >= (3, 13):
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.verify_flags |= ssl.VERIFY_X509_STRICT
        if ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca_file)
    except OSError as error:
        raise ProjectError(
            f"the certificates in {ca_file} cannot be used: {error}"
        ) from error
    return context


_BEARER = re.compile("[!-~]+")


def client(
    transport: httpx2.AsyncBaseTransport,
    *,
    base_url: str,
    token: str | None = None,
    timeout_seconds: float = 60.0,
) -> httpx2.AsyncClient:
    """
    Make a client that sends ``token`` as bearer and follows no redirect.

    Environment, netrc and cookies do not reach it: what it sends is what it was given.
    Raises ``CredentialsRefused`` if the token is not one.
    """
    credentials = {} if token is None else bearer(token)
    return httpx2.AsyncClient(
        transport=transport,
        base_url=base_url,
        headers={
            "Accept": "application/json, application/problem+json",
            # a proxy that compresses changes or drops the ETag of an answer
            "Accept-Encoding": "identity",
        }
        | credentials,
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
        # what one answer sets must not go along with the next call, nor its token
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


def bearer(token: str) -> dict[str, str]:
    """Give the header that carries a token. Raises ``CredentialsRefused``."""
    # checked here, since the error of the HTTP library would quote the token
    if not _BEARER.fullmatch(token):
        raise CredentialsRefused(
            "the token is empty, or holds spaces, line breaks or letters outside ASCII"
        )
    SECRETS.learn(token)
    return {"Authorization": f"Bearer {token}"}


MEBIBYTE = 2**20

_ONE_ENCODING = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


class BeyondLimits(httpx2.RequestError):
    """An answer took too long or was too large; another attempt would not help."""


@dataclass(slots=True)
class Limits:
    """
    What one answer may take, and what all answers of a run may take together.

    A call may take ``answer_seconds``, of which all that is beyond ``usual_seconds``
    comes out of ``run_seconds``: once these are used up, a call has the usual time
    only. Bytes are counted unpacked, and likewise.
    """

    answer_seconds: float = 60.0
    answer_bytes: int = 64 * MEBIBYTE
    usual_seconds: float = 10.0
    usual_bytes: int = MEBIBYTE
    run_seconds: float = 600.0
    run_bytes: int = 1024 * MEBIBYTE
    _seconds_over: float = field(default=0.0, init=False)
    _bytes_over: int = field(default=0, init=False)

    @property
    def seconds(self) -> float:
        """Give the time that the next answer may take."""
        left = max(0.0, self.run_seconds - self._seconds_over)
        return min(self.answer_seconds, self.usual_seconds + left)

    @property
    def bytes(self) -> int:
        """Give how many bytes the next answer may have."""
        left = max(0, self.run_bytes - self._bytes_over)
        return min(self.answer_bytes, self.usual_bytes + left)

    def count(self, *, seconds: float, size: int) -> None:
        """Count what an answer took beyond what is usual."""
        self._seconds_over += max(0.0, seconds - self.usual_seconds)
        self._bytes_over += max(0, size - self.usual_bytes)


_UNPACKED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


async def fetch(
    client: httpx2.AsyncClient, request: httpx2.Request, limits: Limits
) -> httpx2.Response:
    """
    Send a request and read the whole answer, unpacked.

    Raises ``BeyondLimits``, and other ``httpx2.RequestError``.
    """
    began, seconds = monotonic(), limits.seconds
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            response = await client.send(request, stream=True)
            try:
                _insist_one_encoding(response)
                async for part in response.aiter_bytes():
                    content += part
                    _insist_size(len(content), limits, request)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise BeyondLimits(
            f"no whole answer came within {seconds:g} seconds", request=request
        ) from error
    finally:
        limits.count(seconds=monotonic() - began, size=len(content))
    # as bytes: a proxy may have put any of them into a header
    headers = [
        (name, value)
        for name, value in response.headers.raw
        if name.lower() not in _UNPACKED
    ]
    return httpx2.Response(
        response.status_code, headers=headers, content=bytes(content), request=request
    )


def _insist_one_encoding(response: httpx2.Response) -> None:
    """Refuse what is packed twice: it can grow a millionfold before it is counted."""
    packed = response.headers.get("Content-Encoding", "").strip().lower()
    if packed not in _ONE_ENCODING:
        raise BeyondLimits(
            "it is packed in a way that is not unpacked",
            request=response.request,
        )


def _insist_size(size: int, limits: Limits, request: httpx2.Request) -> None:
    if size > limits.bytes:
        most = limits.bytes / MEBIBYTE
        raise BeyondLimits(
            f"it is larger than {most:g} MiB and was not read to its end",
            request=request,
        )


def what_failed(
    error: httpx2.RequestError, secrets: Iterable[str], host: str = ""
) -> tuple[str, str]:
    """
    Say what a call brought instead of an answer, and what to do about it, if known.

    An answer that came and cannot be used is not called no answer.
    """
    # what stands on a connection may be left over from an answer about people
    told = str(error).partition(": bytearray(")[0]
    why = foreign_text(told, secrets) or type(error).__name__
    whose = f" from {host}" if host else ""
    if isinstance(error, httpx2.DecodingError):
        return f"the answer{whose} could not be decoded: {why}", _CHECK_THE_ENCODING
    if isinstance(error, BeyondLimits) and not isinstance(
        error.__cause__, TimeoutError
    ):
        return f"the answer{whose} cannot be used: {why}", ""
    return f"no answer{whose}: {why}", ""


_CHECK_THE_ENCODING = (
    "check the service and any proxy before it: the answer is not packed as its"
    " Content-Encoding says"
)


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
