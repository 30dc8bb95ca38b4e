"""
The gateway backend: the contract over HTTPS, as an operator provides it.

Certificates are verified, redirects are not followed, and the token goes to the one
address that was given.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from pathlib import Path

import httpx2

from connectsync.backends.contract import (
    Clock,
    ContractReader,
    ContractWriter,
    ReadOnly,
    Tokens,
    nowhere,
    utc_now,
)
from connectsync.backends.exchange import Exchange
from connectsync.errors import Bug
from connectsync.values import dataclass, field
from connectsync.web.http import (
    RetryBudget,
    RetryPolicy,
    client,
    insist_safe,
    limits_of,
    trusted,
)


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """
    Where a gateway is and how to get in.

    ``base_url`` is everything before ``/v1``. ``ca_file`` names certificates to trust
    instead of the system's; ``proxy`` is the address of an HTTP proxy.
    """

    base_url: str
    token: str = field(repr=False)
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout_seconds: float = 60.0

    @property
    def described(self) -> str:
        """Name the gateway by its address."""
        return f"gateway {self.base_url.rstrip('/')}"


@asynccontextmanager
async def open_reader(
    gateway: GatewayAddress,
    *,
    patience: RetryPolicy | None = None,
    clock: Clock = utc_now,
) -> AsyncIterator[ContractReader]:
    """
    Open a reader; share one ``patience`` between all that a run opens.

    Raises ``ProjectError`` if the address cannot be used.
    """
    patience = RetryBudget() if patience is None else patience
    async with _client(gateway, ReadOnly) as reading:
        exchange = Exchange(reading, patience, limits=limits_of(patience))
        yield ContractReader(exchange, described=gateway.described, clock=clock)


@asynccontextmanager
async def open_writer(
    gateway: GatewayAddress,
    *,
    patience: RetryPolicy | None = None,
    tokens: Tokens = nowhere,
    clock: Clock = utc_now,
) -> AsyncIterator[ContractWriter]:
    """Open a writer, which reads back over a reader of its own; see above."""
    patience = RetryBudget() if patience is None else patience
    async with (
        open_reader(gateway, patience=patience, clock=clock) as reader,
        _client(gateway, lambda transport: transport) as writing,
    ):
        exchange = Exchange(writing, limits=limits_of(patience))
        yield ContractWriter(exchange, reader, tokens=tokens)


def _client(
    gateway: GatewayAddress,
    through: Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncBaseTransport],
) -> httpx2.AsyncClient:
    insist_safe(gateway.base_url, "the gateway's address")
    verify = _trusted(gateway.ca_file)

    def connect() -> httpx2.AsyncBaseTransport:
        return httpx2.AsyncHTTPTransport(
            verify=verify, proxy=gateway.proxy, limits=_ONE
        )

    return client(
        through(Connections(connect)),
        base_url=gateway.base_url,
        token=gateway.token,
        timeout_seconds=gateway.timeout_seconds,
    )


@lru_cache(maxsize=1)
def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Read certificates once for all clients of a run: a system has hundreds."""
    return trusted(ca_file)


_ONE = httpx2.Limits(max_connections=1)


class Connections(httpx2.AsyncBaseTransport):
    """
    As many connections as there are requests at a time, each in a pool of its own.

    A pool looks at the sockets of all connections that no request has, before and after
    each request.
    """

    def __init__(self, connect: Callable[[], httpx2.AsyncBaseTransport]) -> None:
        self._connect = connect
        self.made: list[httpx2.AsyncBaseTransport] = []
        self.free: list[httpx2.AsyncBaseTransport] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request over a connection that no other one has."""
        if not self.free:
            self.free.append(self._connect())
            self.made += self.free
        # the one that was used last is the least likely to be closed meanwhile
        taken = self.free.pop()
        try:
            answer = await taken.handle_async_request(request)
        except BaseException:
            self.free.append(taken)
            raise
        answer.stream = _Content(answer.stream, partial(self.free.append, taken))
        return answer

    async def aclose(self) -> None:
        """Close all connections."""
        for one in self.made:
            await one.aclose()


class _Content(httpx2.AsyncByteStream):
    """The content of an answer; its connection is free for others once it is closed."""

    def __init__(self, content: object, free: Callable[[], None]) -> None:
        if not isinstance(content, httpx2.AsyncByteStream):
            raise Bug("an answer came over a connection that does not wait")
        self._content = content
        self._free: Callable[[], None] | None = free

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._content.__aiter__()

    async def aclose(self) -> None:
        free, self._free = self._free, None
        try:
            await self._content.aclose()
        finally:
            if free:
                free()
