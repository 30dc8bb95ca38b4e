"""
Clever's Data API, so far as connectsync asks it: one district a token, its users.

Written from Clever's public pages and recorded answers, not from our client.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.emulator.app import HANG_UP
from connectsync.emulator.seed import ROLES, MadeUpRoster, user_id

VERSION = "/v3.1"

LARGEST_LIMIT = 10_000
USUAL_LIMIT = 100

_ELSEWHERE = {"away": "http://127.0.0.1:9", "unspelled": "http://;xn--a"}
"""What a link begins with that misleads to another address."""

WINDOW_CALLS = 1200
WINDOW_SECONDS = 60

Headers: TypeAlias = dict[str, str]
Row: TypeAlias = dict[str, object]


class CleverRefusal(Exception):
    """An answer other than the one asked for."""

    def __init__(self, status: int, said: str, headers: Headers) -> None:
        super().__init__(said)
        self.status, self.said, self.headers = status, said, headers

    def response(self, shape: str) -> Response:
        """Give the answer in one of the shapes that are seen of Clever."""
        media, text = "application/json", json.dumps({"message": self.said})
        match shape:
            case "html":
                media = "text/html; charset=utf-8"
                text = f"<!DOCTYPE html><html><pre>{self.said}</pre></html>"
            case "text":
                media, text = "text/plain", self.said
            case "error":
                text = json.dumps({"error": "refused", "error_description": self.said})
            case _:
                pass
        return Response(text, self.status, self.headers, media)


@dataclass(frozen=True, slots=True)
class CleverDistrict:
    """
    A district as Clever knows it, with its roster.

    ``unshared`` are roles whose list is empty, since the district shares none;
    ``hidden`` are roles that are answered as if there were no such object.
    """

    id: str
    name: str
    roster: MadeUpRoster
    state: str = "running"
    pause_start: str | None = None
    pause_end: str | None = None
    last_sync: str = "2027-01-15T04:12:33.123Z"
    unshared: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CleverFaults:
    """
    What goes wrong at Clever. Requests for users are numbered from 1, per token.

    ``cursor`` is how the link to the next page misleads: ``still`` (it names the page
    that is there), ``circle`` (from the third page on it leads back to the second),
    ``repeat`` (ever new cursors to the first page), ``empty`` (ever new cursors to
    pages without a row), ``away`` (it leads to another host), ``unspelled`` (to one
    whose ``xn--`` spells nothing), ``lost`` (it names no place to go on at).
    ``body`` is the shape of an error: ``message``, ``error``, ``text`` or ``html``.
    """

    cursor: str = ""
    body: str = "message"
    statuses: Mapping[int, int] = field(default_factory=dict)
    """Which request meets which status instead of its answer."""
    status: int = 0
    """The status that every request for users meets; 0 for none."""
    said: str = "as asked for"
    """What stands beside such a status."""
    cut: frozenset[int] = frozenset()
    """The numbers of the requests whose answer breaks off in the middle."""
    held: frozenset[int] = frozenset()
    """The numbers of the requests whose answer comes half, and then no further."""
    replaced: Mapping[int, str] = field(default_factory=dict)
    """Which request gets which text, with status 200, instead of its answer."""
    largest_limit: int = LARGEST_LIMIT
    resyncs_after: int = 0
    """The number of requests after which the roster counts as renewed; 0 for never."""


@dataclass(slots=True)
class _Caller:
    """What Clever keeps of a token: how much of its window is left."""

    began: float = -math.inf
    calls: int = 0
    asked: int = 0


class CleverApi:
    """
    The endpoints, over the districts of the tokens that are known.

    ``clock`` gives seconds since the epoch. ``refused`` counts the answers 429 that a
    used-up window gave, and ``largest`` is the largest limit that was asked for.
    """

    def __init__(
        self,
        districts: Mapping[str, CleverDistrict],
        *,
        faults: CleverFaults = CleverFaults(),
        clock: Callable[[], float] = time.time,
        window_calls: int = WINDOW_CALLS,
        prefix: str = "",
    ) -> None:
        self._districts = districts
        self._faults = faults
        self._clock = clock
        self._window_calls = window_calls
        self._prefix = f"{prefix}{VERSION}"
        self._callers: dict[str, _Caller] = {}
        self.refused = 0
        self.largest = 0
        self.asked: list[str] = []

    def app(self) -> Starlette:
        """Give the application."""
        return Starlette(
            routes=[
                Route(f"{self._prefix}/districts", self._list_districts),
                Route(f"{self._prefix}/users", self._list_users),
                Route("/{path:path}", self._nothing_there),
            ],
            exception_handlers={CleverRefusal: self._refuse},
        )

    async def _list_districts(self, request: Request) -> Response:
        """Answer the one district of a token."""
        district, caller, headers = self._let_in(request)
        later = self._faults.resyncs_after
        renewed = bool(later) and caller.asked >= later
        about = {
            "id": district.id,
            "name": district.name,
            "sis_type": "sftp",
            "state": district.state,
            "error": "",
            "launch_date": "2026-08-01",
            "pause_start": district.pause_start,
            "pause_end": district.pause_end,
            "last_sync": "2027-01-15T07:00:00.000Z" if renewed else district.last_sync,
        }
        path = f"{self._prefix}/districts"
        row: Row = {"data": about, "uri": f"{path}/{district.id}"}
        return _listed([row], [{"rel": "self", "uri": path}], headers)

    async def _list_users(self, request: Request) -> Response:
        """Answer a page of the users of one role."""
        district, caller, headers = self._let_in(request)
        caller.asked += 1
        faults = self._faults
        if caller.asked in faults.replaced:
            text = faults.replaced[caller.asked]
            return Response(text, 200, headers, "application/json")
        if status := faults.statuses.get(caller.asked, faults.status):
            raise CleverRefusal(status, faults.said, headers)
        role = request.query_params.get("role", "")
        if role not in ROLES:
            raise CleverRefusal(400, "role is not one of Clever's", headers)
        if role in district.hidden:
            raise CleverRefusal(404, "Resource not found", headers)
        limit = self._limit(request, headers)
        rows, links = self._page(district, role, limit, request)
        answer = _listed(rows, links, headers)
        if caller.asked in faults.cut | faults.held:
            return CutAnswer(answer, hangs_up=caller.asked in faults.cut)
        return answer

    def _limit(self, request: Request, headers: Headers) -> int:
        spelled = request.query_params.get("limit", str(USUAL_LIMIT))
        if not spelled.isascii() or not spelled.isdigit() or int(spelled) < 1:
            raise CleverRefusal(400, "limit is no number", headers)
        self.largest = max(self.largest, int(spelled))
        if int(spelled) > self._faults.largest_limit:
            raise CleverRefusal(413, "Payload too large", headers)
        return int(spelled)

    async def _nothing_there(self, request: Request) -> Response:
        text = f"<!DOCTYPE html><pre>Cannot GET {request.url.path[:100]}</pre>"
        return Response(text, 404, media_type="text/html")

    async def _refuse(self, _: Request, error: Exception) -> Response:
        if not isinstance(error, CleverRefusal):  # pragma: no cover - registered for it
            raise error
        return error.response(self._faults.body)

    def _let_in(self, request: Request) -> tuple[CleverDistrict, _Caller, Headers]:
        """Find the district of a token, and count the call in the token's window."""
        self.asked.append(f"{request.url.path}?{request.url.query}")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        district = self._districts.get(token)
        if district is None:
            raise CleverRefusal(401, "Unauthorized", {})
        caller = self._callers.setdefault(token, _Caller())
        now = self._clock()
        if now >= caller.began + WINDOW_SECONDS:
            caller.began, caller.calls = float(math.floor(now)), 0
        caller.calls += 1
        headers = {
            "x-ratelimit-bucket": "bearer",
            "x-ratelimit-limit": str(self._window_calls),
            "x-ratelimit-remaining": str(max(0, self._window_calls - caller.calls)),
            "x-ratelimit-reset": str(int(caller.began) + WINDOW_SECONDS),
        }
        if caller.calls > self._window_calls:
            self.refused += 1
            raise CleverRefusal(429, "Too many requests", headers)
        return district, caller, headers

    def _page(
        self, district: CleverDistrict, role: str, limit: int, request: Request
    ) -> tuple[list[Row], list[dict[str, str]]]:
        after = request.query_params.get("starting_after", "")
        first = district.roster.number_after(role, after) if after else 0
        misleads = self._faults.cursor
        if misleads in {"repeat", "empty"}:
            first = 0
        if first is None:
            raise CleverRefusal(400, "starting_after is no id of this list", {})
        count = 0 if role in district.unshared else district.roster.count(role)
        last = min(first + limit, count)
        wanted = range(first, first if misleads == "empty" else last)
        people = district.roster.people(role, wanted.start, wanted.stop)
        path = f"{self._prefix}/users"
        rows: list[Row] = [
            {"data": one, "uri": f"{path}/{one['id']}"} for one in people
        ]
        links = [{"rel": "self", "uri": f"{path}?{request.url.query}"}]
        if last < count or misleads in {"circle", "repeat", "empty"}:
            asked = dict(request.query_params)
            at = self._next_cursor(after, str(_last_id(rows)), limit, role)
            following = {**asked, "starting_after": at} if at else {"role": role}
            uri = f"{_ELSEWHERE.get(misleads, '')}{path}?{urlencode(following)}"
            links.append({"rel": "next", "uri": uri})
        return rows, links

    def _next_cursor(self, after: str, last: str, limit: int, role: str) -> str:
        begun = user_id(role, limit - 1)
        match self._faults.cursor:
            case "still":
                return after or last
            case "circle":
                return begun if after not in {"", begun} else last
            case "repeat" | "empty":
                return f"{len(self.asked):024}"
            case "lost":
                return ""
            case _:
                return last


def _last_id(rows: list[Row]) -> object:
    person = rows[-1]["data"] if rows else {}
    return person.get("id", "") if isinstance(person, dict) else ""


def _listed(rows: list[Row], links: list[dict[str, str]], headers: Headers) -> Response:
    body = json.dumps({"links": links, "data": rows}, separators=(",", ":"))
    return Response(body, 200, headers, "application/json; charset=utf-8")


class CutAnswer(Response):
    """An answer whose second half never comes."""

    def __init__(self, whole: Response, *, hangs_up: bool) -> None:
        super().__init__(bytes(whole.body), whole.status_code)
        self._hangs_up = hangs_up
        self.raw_headers = whole.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, then hang up or wait for the end."""
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        half = self.body[: len(self.body) // 2]
        part = {"type": "http.response.body", "body": half, "more_body": True}
        await send(part)
        await asyncio.sleep(0)
        hang_up = scope.get("extensions", {}).get(HANG_UP)
        if hang_up is not None and self._hangs_up:
            hang_up()
        while (await receive())["type"] != "http.disconnect":
            pass  # the server must see the end before this returns


CLEVER_PATH = "/clever"
"""Where Clever stands beside Connect in one server."""


def made_up_token(key: str) -> str:
    """Give the token of a district at the stand-in; it opens nothing else."""
    return f"made-up-token-of-{key}"


def made_up_clever(
    districts: Iterable[tuple[str, str, str]], prefix: str = ""
) -> CleverApi:
    """Give Clever with a made-up roster for each district: a key, an id and a name."""
    known = {
        made_up_token(key): CleverDistrict(
            identifier,
            name,
            MadeUpRoster(_STUDENTS, zlib.crc32(key.encode()), identifier),
        )
        for key, identifier, name in districts
    }
    return CleverApi(known, prefix=prefix)


def beside(app: ASGIApp, districts: Iterable[tuple[str, str, str]]) -> ASGIApp:
    """
    Serve Clever beside an application, with a made-up roster for each district.

    Each district is a key, an id and a name; ``made_up_token`` gives its token.
    """
    clever = made_up_clever(districts, CLEVER_PATH).app()

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        asked = clever if path.startswith(f"{CLEVER_PATH}/") else app
        await asked(scope, receive, send)

    return either


_STUDENTS = 640
"""Children of a made-up district: enough to see shares of them."""
