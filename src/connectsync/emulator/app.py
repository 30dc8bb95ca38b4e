"""The stand-in as one ASGI application: its gateway, and what stands before it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator import store
from connectsync.emulator.form import names_all
from connectsync.emulator.http import (
    NO_FAULTS,
    DroppedAnswer,
    Faults,
    FaultsRefused,
    FaultState,
    ProblemAnswer,
    UvicornMissing,
    district_not_found,
    faults_of,
    json_object,
    json_response,
    not_understood,
    spell_json,
    spelled_of,
    tag_response,
)
from connectsync.emulator.pages import site as looks
from connectsync.emulator.pages.districts import (
    DailySyncPage,
    DistrictPages,
    SignInPage,
)
from connectsync.emulator.pages.site import HANDLERS, Site, answer_problem
from connectsync.emulator.store import FormSaver, SaveRequest, open_store
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
        HangingUp(app),
        host,
        port,
        log_level="warning",
        ws="none",
        lifespan="off",
        # else a variable says how many, or what is no number
        workers=1,
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


LONGEST_PAGE = 1000
USUAL_PAGE = 100
LARGEST_BULK = 500

_STRONG_TAG = re.compile(r'"([!#-~]+)"')


@dataclass(frozen=True, slots=True)
class GatewayRoutes:
    """The operations of the contract over one store."""

    store: store.EmulatorStore
    saver: FormSaver

    def routes(self) -> list[Route]:
        """Give the route table."""
        return [
            Route("/v1/districts", self.list_districts, methods=["GET"]),
            Route("/v1/districts:read", self.read_many, methods=["POST"]),
            Route("/v1/districts/{district}", self.read, methods=["GET"]),
            Route("/v1/districts/{district}/settings", self.save, methods=["PATCH"]),
            Route("/v1/options/{setting}", self.options, methods=["GET"]),
        ]

    async def list_districts(self, request: Request) -> Response:
        """Answer one page of keys and names."""
        limit = _limit(request.query_params.get("limit", str(USUAL_PAGE)))
        cursor = request.query_params.get("cursor")
        after = "" if cursor is None else _after(cursor)
        with self.store.reading() as connection:
            rows = store.page(connection, after, limit + 1)
        items = [{"district": row.key, "name": row.name} for row in rows[:limit]]
        following = _cursor(rows[limit - 1].key) if len(rows) > limit else None
        return json_response({"items": items, "next": following})

    async def read_many(self, request: Request) -> Response:
        """Answer many forms, and a problem for each key that is no district."""
        keys = _keys(await json_object(request))
        with self.store.reading() as connection:
            found = store.find_kept(connection, keys)
        missing = sorted(set(keys) - {row.key for row, *_ in found})
        errors = [
            {"district": key, "problem": district_not_found(key).body}
            for key in missing
        ]
        items = ",".join(_district_text(*one) for one in found)
        content = f'{{"items":[{items}],"errors":{spell_json(errors)}}}'
        return Response(content, media_type="application/json")

    async def read(self, request: Request) -> Response:
        """Answer one form."""
        key = request.path_params["district"]
        with self.store.reading() as connection:
            row = store.find(connection, key)
        if row is None:
            raise district_not_found(key)
        return tag_response({**_district_body(row), "settings": row.form}, row.version)

    async def save(self, request: Request) -> Response:
        """Save some fields of one form at the version the request expects."""
        save = SaveRequest(
            district=request.path_params["district"],
            expected_version=_expected_version(request),
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            fields=await json_object(request),
        )
        version = self.saver.save(save)
        return tag_response({"district": save.district, "version": version}, version)

    async def options(self, request: Request) -> Response:
        """Answer the labels of one drop-down or box group."""
        setting = request.path_params["setting"]
        with self.store.reading() as connection:
            offered = store.options(connection).get(setting)
        if offered is None:
            raise ProblemAnswer(
                404, "setting-not-found", f"'{setting}' offers no labels"
            )
        labels = [
            {"label": choice.label, "placeholder": choice.placeholder}
            for choice in offered
        ]
        return json_response({"setting": setting, "options": labels})


def _district_body(row: store.DistrictRow) -> dict[str, object]:
    """Give what is said of a district beside its form."""
    return {
        "district": row.key,
        "name": row.name,
        "version": row.version,
        "lastSync": _sync_body(row.synced),
    }


def _district_text(row: store.DistrictRow, kept: str | None) -> str:
    """Spell a district as JSON, its form as it is kept: there are 13,318 of them."""
    if kept is None or not names_all(kept):
        kept = spell_json(store.read_form(row.key, kept))
    return f'{spell_json(_district_body(row))[:-1]},"settings":{kept}}}'


def _sync_body(synced: store.SyncReport | None) -> dict[str, object] | None:
    if synced is None:
        return None
    body: dict[str, object] = {
        "status": synced.status,
        "at": synced.at,
        "triedToArchive": synced.tried,
    }
    if synced.schools:
        body["schools"] = [
            {"school": one.school, "status": one.status, "triedToArchive": one.tried}
            for one in synced.schools
        ]
    return body


def _limit(spelled: str) -> int:
    if not re.fullmatch("[0-9]{1,4}", spelled) or not 1 <= int(spelled) <= LONGEST_PAGE:
        raise not_understood(f"limit must be a whole number 1-{LONGEST_PAGE}")
    return int(spelled)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode("ascii")


def _after(cursor: str) -> str:
    try:
        key = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        key = ""
    if not key:
        raise not_understood("cursor must be one that a page gave")
    return key


def _keys(body: dict[str, object]) -> list[str]:
    keys = body.get("districts")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise not_understood("districts must be a list of keys")
    if not 1 <= len(keys) <= LARGEST_BULK:
        raise not_understood(f"districts must hold 1-{LARGEST_BULK} keys")
    return keys


def _expected_version(request: Request) -> str:
    spelled = request.headers.get("If-Match")
    if spelled is None:
        raise ProblemAnswer(428, "version-required", "a save needs If-Match")
    tag = _STRONG_TAG.fullmatch(spelled)
    if tag is None:
        raise not_understood("If-Match must be the one ETag that was read")
    return tag[1]


@dataclass(frozen=True, slots=True)
class FaultsRoute:
    """Read, replace and clear the faults of one stand-in."""

    weather: FaultState

    def routes(self) -> list[Route]:
        """Give the route table."""
        path = "/emulator/faults"
        return [
            Route(path, self.read, methods=["GET"]),
            Route(path, self.replace, methods=["PUT"]),
            Route(path, self.clear, methods=["DELETE"]),
        ]

    async def read(self, _: Request) -> Response:
        """Answer the faults that are on, and what was counted since."""
        return self._said()

    async def replace(self, request: Request) -> Response:
        """Put the faults of the body on; what it does not name is off."""
        try:
            faults = faults_of(await json_object(request))
        except FaultsRefused as error:
            title = "these faults cannot be put on"
            raise ProblemAnswer(422, "faults-refused", title, str(error)) from error
        self.weather.change(faults)
        return self._said()

    async def clear(self, _: Request) -> Response:
        """Put all faults off."""
        self.weather.change(NO_FAULTS)
        return self._said()

    def _said(self) -> Response:
        weather = self.weather
        return json_response(
            {
                "faults": spelled_of(weather.faults),
                "requests": weather.requests,
                "saves": weather.saves,
            }
        )
