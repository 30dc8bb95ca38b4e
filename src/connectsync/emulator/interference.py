"""Faults between a client and the stand-in: slow, refused, failed, cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.pages.failure import answered
from connectsync.emulator.weather import Dropped, Weather

HANG_UP = "connectsync.hang_up"
"""The extension of a scope that closes the connection without an answer."""

SPARED = ("/emulator/", "/static/")
"""Addresses that no fault meets: those that switch faults, and the pages' looks."""


class Interference:
    """Put the weather's faults before an application."""

    def __init__(self, app: ASGIApp, *, weather: Weather) -> None:
        self._app = app
        self._weather = weather

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or let it meet its fault."""
        if scope["type"] != "http" or scope["path"].startswith(SPARED):
            await self._app(scope, receive, send)
            return
        problem = self._weather.next_request()
        await asyncio.sleep(self._weather.faults.latency_seconds)
        if problem is not None:
            await answered(Request(scope), problem)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Dropped:
            await _hung_up(scope, receive)


async def _hung_up(scope: Scope, receive: Receive) -> None:
    hang_up: Callable[[], None] | None = scope.get("extensions", {}).get(HANG_UP)
    if hang_up is None:
        raise Dropped
    hang_up()
    while (await receive())["type"] != "http.disconnect":
        pass  # the server must see the end before this returns, or it answers 500
