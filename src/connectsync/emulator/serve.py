"""Serving the stand-in over a socket; needs the extra ``emulator``."""

from __future__ import annotations

import socket
from typing import Protocol

from starlette.applications import Starlette

from connectsync.emulator.errors import UvicornMissing

LOOPBACK = "127.0.0.1"
"""This machine alone: a stand-in has no business on a network."""


class Server(Protocol):
    """What is used of a uvicorn server."""

    should_exit: bool

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until interrupted."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until ``should_exit``."""


def server(app: Starlette, host: str, port: int) -> Server:
    """Make a server. Raises ``UvicornMissing`` where the extra is not installed."""
    try:
        import uvicorn  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UvicornMissing from error
    config = uvicorn.Config(
        app, host, port, log_level="warning", ws="none", lifespan="off"
    )
    return uvicorn.Server(config)


def serve(app: Starlette, host: str = LOOPBACK, port: int = 8765) -> None:
    """Serve until interrupted. Raises ``UvicornMissing``."""
    server(app, host, port).run()
