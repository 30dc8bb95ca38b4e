"""Serving the stand-in over a socket; needs the extra ``emulator``."""

from __future__ import annotations

import socket
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.errors import UvicornMissing
from connectsync.emulator.interference import HANG_UP

LOOPBACK = "127.0.0.1"
"""This machine alone: a stand-in has no business on a network."""


class Server(Protocol):
    """What is used of a uvicorn server."""

    should_exit: bool

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until interrupted."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until ``should_exit``."""


class HangingUp:
    """Let an application close a connection without an answer, as a fault."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what closes the connection, where uvicorn lets go of it."""
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] == "http" and transport is not None:
            extensions = scope.get("extensions", {})
            scope["extensions"] = {**extensions, HANG_UP: transport.close}
        await self._app(scope, receive, send)


def server(app: ASGIApp, host: str, port: int) -> Server:
    """Make a server. Raises ``UvicornMissing`` where the extra is not installed."""
    try:
        import uvicorn  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UvicornMissing from error
    config = uvicorn.Config(
        HangingUp(app), host, port, log_level="warning", ws="none", lifespan="off"
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, host: str = LOOPBACK, port: int = 8765) -> None:
    """Serve until interrupted. Raises ``UvicornMissing``."""
    server(app, host, port).run()
