"""The stand-in as one ASGI application."""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.faults import NO_FAULTS, DroppedAnswer, Faults, FaultState
from connectsync.emulator.gateway import FaultsRoute, GatewayRoutes
from connectsync.emulator.http import ProblemAnswer, UvicornMissing
from connectsync.emulator.pages import site as looks
from connectsync.emulator.pages.districts import (
    DailySyncPage,
    DistrictPages,
    SignInPage,
)
from connectsync.emulator.pages.site import HANDLERS, Site, answer_problem
from connectsync.emulator.store import FormSaver, open_store
from connectsync.emulator.users import Behavior


def page_routes(site: Site) -> list[Route]:
    """Give the route table."""
    return [
        *SignInPage(site).routes(),
        *DistrictPages(site).routes(),
        *DailySyncPage(site).routes(),
        *looks.routes(),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    store_path: Path | str,
    *,
    token: str | None = None,
    clock: Callable[[], datetime] = _now,
    faults: Faults = NO_FAULTS,
    manners: Behavior = Behavior(),  # noqa: B008 - a frozen value
) -> Starlette:
    """
    Make the stand-in over the store at ``store_path``; the file is made if missing.

    ``token`` is the bearer token that the gateway and the route of faults ask for;
    None asks for nothing. Pages ask for a user of ``add_user``. ``faults`` are put on
    from the start, and can be changed at ``/emulator/faults``. Raises
    ``StoreUnusable``.
    """
    store = open_store(store_path)
    weather = FaultState(faults)
    saver = FormSaver(store, clock, weather)
    site = Site(store, saver, clock, manners, weather)
    door = [] if token is None else [Middleware(BearerAuth, token=token)]
    return Starlette(
        routes=[
            *GatewayRoutes(store, saver).routes(),
            *FaultsRoute(weather).routes(),
            *page_routes(site),
        ],
        middleware=[Middleware(FaultMiddleware, weather=weather), *door],
        exception_handlers=HANDLERS,
    )


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
