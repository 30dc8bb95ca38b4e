"""HTTP clients: one that can only read, one that can save."""

from __future__ import annotations

import re

import httpx2

from connectsync.connect.contract import BULK_READ
from connectsync.errors import Bug, CredentialsRefused

_BEARER = re.compile("[!-~]+")


class ReadOnly(httpx2.AsyncBaseTransport):
    """Let through what reads: GET, and the bulk read; anything else is a bug."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request that reads."""
        bulk = request.method == "POST" and request.url.path.endswith(BULK_READ)
        if request.method != "GET" and not bulk:
            raise Bug(f"a reader tried to {request.method} {request.url.path}")
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the transport beneath."""
        await self._transport.aclose()


def client(
    transport: httpx2.AsyncBaseTransport,
    *,
    base_url: str,
    token: str | None = None,
    timeout_seconds: float = 60.0,
) -> httpx2.AsyncClient:
    """
    Make a client that sends ``token`` as bearer and follows no redirect.

    Environment and netrc do not reach it: what it sends is what it was given. Raises
    ``CredentialsRefused`` if the token is not one.
    """
    credentials = {} if token is None else {"Authorization": f"Bearer {_sound(token)}"}
    return httpx2.AsyncClient(
        transport=transport,
        base_url=base_url,
        headers={"Accept": "application/json, application/problem+json"} | credentials,
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
    )


def _sound(token: str) -> str:
    # checked here, since the error of the HTTP library would quote the token
    if not _BEARER.fullmatch(token):
        raise CredentialsRefused(
            "the token is empty, or holds spaces, line breaks or letters outside ASCII"
        )
    return token
