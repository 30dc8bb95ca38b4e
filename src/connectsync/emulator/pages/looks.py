"""The style sheet, the script and the icon of the pages."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectsync.emulator.problem import Problem

TYPES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Every file there is, and its media type."""


def routes() -> list[Route]:
    """Give the route table."""
    return [Route("/static/{name}", look, methods=["GET"])]


async def look(request: Request) -> Response:
    """Answer one file."""
    name = request.path_params["name"]
    if name not in TYPES:
        raise Problem(404, "no-such-operation", "there is no such file")
    content = files("connectsync.emulator.pages").joinpath("static", name).read_bytes()
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(content, 200, headers, TYPES[name])
