"""How the stand-in says no: a page for a browser, JSON for a program."""

from __future__ import annotations

import sqlite3
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from connectsync.emulator.errors import JinjaMissing
from connectsync.emulator.faults import NO_FAULTS
from connectsync.emulator.pages.rendering import rendered
from connectsync.emulator.pages.surface import Surface
from connectsync.emulator.problem import Problem, problem_of


class SignInNeeded(Exception):
    """Nobody is signed in, or not any more; afterwards they come back to ``path``."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def answered(request: Request, problem: Problem) -> Response:
    """Answer a problem in the form that the client reads."""
    for_a_program = request.url.path.startswith(("/v1/", "/emulator/"))
    if for_a_program or "text/html" not in request.headers.get("Accept", ""):
        return problem.response()
    try:
        page = _page(problem)
    except JinjaMissing:
        return problem.response()
    page.headers.update(problem.headers)
    return page


def _page(problem: Problem) -> Response:
    surface = Surface(NO_FAULTS)
    values = {"problem": problem.body, "surface": surface, "frame": None}
    return rendered("failure.html", problem.status, **values)


async def _said(request: Request, error: Exception) -> Response:
    return answered(request, problem_of(error))


async def _extra_missing(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 501)


async def _to_sign_in(_: Request, error: Exception) -> Response:
    if not isinstance(error, SignInNeeded):  # pragma: no cover - registered for it
        raise error
    return RedirectResponse(f"/sign-in?next={quote(error.path, safe='/')}", 303)


HANDLERS = {
    Problem: _said,
    HTTPException: _said,
    sqlite3.Error: _said,
    JinjaMissing: _extra_missing,
    SignInNeeded: _to_sign_in,
}
"""Which exception of a route becomes which answer."""
