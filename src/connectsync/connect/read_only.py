"""What a reader sends through: it lets nothing pass that could change anything."""

from __future__ import annotations

import httpx2

from connectsync.connect.contract import BULK_READ
from connectsync.errors import Bug


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
