"""
The gateway backend: the contract over HTTPS, as an operator provides it.

Certificates are verified, redirects are not followed, and the token goes to the one
address that was given.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from connectsync.connect.clients import ReadOnly, client
from connectsync.connect.contract import Clock, ContractReader, ContractWriter, utc_now
from connectsync.connect.exchange import Exchange, Patience
from connectsync.connect.retry import WithinBudget
from connectsync.errors import ProjectError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Gateway:
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
    gateway: Gateway, *, patience: Patience | None = None, clock: Clock = utc_now
) -> AsyncIterator[ContractReader]:
    """
    Open a reader; share one ``patience`` between all that a run opens.

    Raises ``ProjectError`` if the address cannot be used.
    """
    async with _client(gateway, ReadOnly) as reading:
        exchange = Exchange(reading, patience or WithinBudget())
        yield ContractReader(exchange, described=gateway.described, clock=clock)


@asynccontextmanager
async def open_writer(
    gateway: Gateway, *, patience: Patience | None = None, clock: Clock = utc_now
) -> AsyncIterator[ContractWriter]:
    """Open a writer, which reads back over a reader of its own; see above."""
    async with (
        open_reader(gateway, patience=patience, clock=clock) as reader,
        _client(gateway, lambda transport: transport) as writing,
    ):
        yield ContractWriter(Exchange(writing), reader)


def _client(
    gateway: Gateway,
    through: Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncBaseTransport],
) -> httpx2.AsyncClient:
    _check(gateway.base_url)
    transport = httpx2.AsyncHTTPTransport(verify=_trust(gateway), proxy=gateway.proxy)
    return client(
        through(transport),
        base_url=gateway.base_url,
        token=gateway.token,
        timeout_seconds=gateway.timeout_seconds,
    )


def _trust(gateway: Gateway) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=gateway.ca_file)
    except OSError as error:
        raise ProjectError(
            f"the certificates in {gateway.ca_file} cannot be used: {error}"
        ) from error


def _check(base_url: str) -> None:
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise ProjectError(f"the gateway's address is not one: {error}") from error
    if url.userinfo:
        raise ProjectError("the gateway's address must not hold a user or password")
    if url.query or url.fragment:
        raise ProjectError("the gateway's address must end before any ? or #")
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise ProjectError(
            f"the gateway's address {base_url} must start with https://:"
            " the token would travel in the clear"
        )
    if not url.host:
        raise ProjectError("the gateway's address names no host")
