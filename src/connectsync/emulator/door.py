"""The door for programs: who carries no valid bearer token stays outside."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.problem import Problem

GUARDED = ("/v1/", "/emulator/")
"""What programs ask for; pages have a sign-in of their own."""


class Door:
    """Ask for one bearer token on every address under a guarded one."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it at the door."""
        if scope["type"] != "http" or self._lets_in(scope):
            await self._app(scope, receive, send)
            return
        problem = Problem(
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
