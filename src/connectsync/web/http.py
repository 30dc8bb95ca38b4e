"""
HTTP: which addresses are allowed, how long an answer may take, how much may come.

A limit for each read of a socket is no limit for an answer: a service that sends one
byte now and then, or never stops, or sends a little that unpacks to very much, would
hold a run forever. Every call is made through ``fetch``.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from time import monotonic

import httpx2

from connectsync.domain.foreign_text import SECRETS, foreign_text
from connectsync.errors import CredentialsRefused, ProjectError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def insist_safe(address: str, whose: str) -> None:
    """
    Refuse an address over which a token would be read on the way, or is in it.

    ``whose`` begins the sentence, e.g. ``the gateway's address``. Raises
    ``ProjectError``.
    """
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise ProjectError(f"{whose} is not one: {error}") from error
    if url.userinfo:
        raise ProjectError(f"{whose} must not hold a user or password")
    if url.query or url.fragment:
        raise ProjectError(f"{whose} must end before any ? or #")
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise ProjectError(
            f"{whose} {address} must start with https://:"
            " the token would travel in the clear"
        )
    if not url.host:
        raise ProjectError(f"{whose} names no host")


def trusted(ca_file: Path | None = None) -> ssl.SSLContext:
    """
    Trust the system's certificates, or those of a file instead.

    Raises ``ProjectError`` if the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ProjectError(
            f"the certificates in {ca_file} cannot be used: {error}"
        ) from error


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
    why = foreign_text(str(error), secrets) or type(error).__name__
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
