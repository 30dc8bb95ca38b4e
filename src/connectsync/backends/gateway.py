"""
The gateway backend: the contract over HTTPS, as an operator provides it.

Certificates are verified, redirects are not followed, and the token goes to the one
address that was given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
    verify = trusted(gateway.ca_file)
    transport = httpx2.AsyncHTTPTransport(verify=verify, proxy=gateway.proxy)
    return client(
        through(transport),
        base_url=gateway.base_url,
        token=gateway.token,
        timeout_seconds=gateway.timeout_seconds,
    )
