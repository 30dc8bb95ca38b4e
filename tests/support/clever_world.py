"""A stand-in for Clever on a real socket: it knows tokens, and keeps what it saw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from served_app import listening_at
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VERSION = "/v3.1"

ID = "58da8a43cc70ab00017a1a87"


def district(**members: object) -> dict[str, object]:
    """Give a district as Clever would; what is not named has a usual value."""
    usual: dict[str, object] = {
        "id": ID,
        "name": "Lakeview Unified School District",
        "sis_type": "sftp",
        "launch_date": "2026-08-01",
        "state": "running",
        "pause_start": None,
        "pause_end": None,
        "last_sync": "2027-01-15T04:12:33.123Z",
    }
    return usual | members


def listed(*districts: dict[str, object]) -> Response:
    """Answer with districts as Clever lists them."""
    address = f"{VERSION}/districts"
    rows = [{"data": one, "uri": f"{address}/{one['id']}"} for one in districts]
    links = [{"rel": "self", "uri": address}]
    return answer(200, json.dumps({"data": rows, "links": links}))


def answer(
    status: int, text: str, content_type: str = "application/json", **headers: str
) -> Response:
    """Give an answer with the headers that every one of Clever's has."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    limits = {"x-ratelimit-limit": "1200", "x-ratelimit-remaining": "1199"}
    return Response(text, status, limits | spelled, content_type)


@dataclass
class Clever:
    """
    What Clever answers to each token; the last answer to a token stands.

    ``seen`` are the requests that arrived: method, path and headers.
    """

    answers: dict[str, list[Response]] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def app(self) -> Starlette:
        """Give the application."""
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(
            routes=[Route("/{path:path}", self._answered, methods=methods)]
        )

    async def _answered(self, request: Request) -> Response:
        path = request.url.path
        self.seen.append((request.method, path, dict(request.headers)))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        left = self.answers.get(token)
        if path != f"{VERSION}/districts":
            return answer(404, "<html>no such page</html>", "text/html")
        if not left:
            return answer(401, json.dumps({"message": "Unauthorized"}))
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving(clever: Clever) -> Iterator[Clever]:
    """Serve it on a socket of its own; its address is in ``url`` then."""
    with listening_at(clever.app()) as address:
        clever.url = f"{address}{VERSION}"
        yield clever
