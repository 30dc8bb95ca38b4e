"""Between client and emulator: authentication and injected faults."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.faults import DroppedAnswer, FaultState
from connectsync.emulator.http import ProblemAnswer
from connectsync.emulator.pages.site import answer_problem

HANG_UP = "connectsync.hang_up"
"""The extension of a scope that closes the connection without an answer."""

SPARED = ("/emulator/", "/static/")
"""Addresses that no fault meets: those that switch faults, and the pages' looks."""


class FaultMiddleware:
    """Put the weather's faults before an application."""

    def __init__(self, app: ASGIApp, *, weather: FaultState) -> None:
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
            await answer_problem(Request(scope), problem)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except DroppedAnswer:
            await _hung_up(scope, receive)


async def _hung_up(scope: Scope, receive: Receive) -> None:
    hang_up: Callable[[], None] | None = scope.get("extensions", {}).get(HANG_UP)
    if hang_up is None:
        raise DroppedAnswer
    hang_up()
    while (await receive())["type"] != "http.disconnect":
        pass  # the server must see the end before this returns, or it answers 500


GUARDED = ("/v1/", "/emulator/")
"""What programs ask for; pages have a sign-in of their own."""


class BearerAuth:
    """Ask for one bearer token on every address under a guarded one."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it at the door."""
        if scope["type"] != "http" or self._lets_in(scope):
            await self._app(scope, receive, send)
            return
        problem = ProblemAnswer(
            401,
            "credentials-refused",
            "the bearer token is missing or wrong",
            headers={"WWW-Authenticate": "Bearer"},
        )
        await problem.response()(scope, receive, send)

    def _lets_in(self, scope: Scope) -> bool:
        given = Headers(scope=scope).get("Authorization", "").encode()
        open_to_all = not scope["path"].startswith(GUARDED)
        return open_to_all or hmac.compare_digest(given, self._expected)
