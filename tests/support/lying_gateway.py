"""A stand-in's gateway on real sockets that is watched, and that may lie."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.app import LOOPBACK, create_app, server

READS = frozenset([("GET", ""), ("POST", "/v1/districts:read")])
"""What asks for something and changes nothing; any address for GET."""

Lie = Callable[[Request, bytes], Response | bytes | None]
"""
Answers instead of the stand-in, or changes what it is asked; None leaves both alone.

It is handed a request and its body.
"""


def honest(request: Request, body: bytes) -> None:
    """Tell no lie."""
    del request, body


@dataclass
class LyingGateway:
    """What was asked of it, and the lie that it tells at the moment."""

    url: str = ""
    lie: Lie = honest
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Give every request that was not for reading."""
        return [
            (method, path)
            for method, path in self.asked
            if (method, "") not in READS and (method, path) not in READS
        ]

    def around(self, app: ASGIApp) -> ASGIApp:
        """Stand between a client and the stand-in."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            self.asked.append((request.method, request.url.path))
            body = await request.body()
            told = self.lie(request, body)
            if isinstance(told, Response):
                await told(scope, receive, send)
                return
            await app(scope, _sent(body if told is None else told), send)

        return watched


def _sent(body: bytes) -> Receive:
    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive  # type: ignore[return-value]


@contextmanager
def lying(store: Path, token: str) -> Iterator[LyingGateway]:
    """Serve a store's districts through a gateway that may lie."""
    gateway = LyingGateway()
    app = Starlette()
    app.router.default = gateway.around(create_app(store, token=token))
    with socket.create_server((LOOPBACK, 0)) as listening:
        port = listening.getsockname()[1]
        gateway.url = f"http://{LOOPBACK}:{port}"
        serving = server(app, LOOPBACK, port)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        try:
            yield gateway
        finally:
            serving.should_exit = True
            thread.join()


def json_answer(body: object, status: int = 200, **headers: str) -> Response:
    """Answer JSON."""
    return Response(
        json.dumps(body), status, {**headers}, media_type="application/json"
    )
