"""What every page shares: visitor, submitted form, frame and static files."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connectsync.emulator import form, users
from connectsync.emulator.form import MASK, Submitted, last, qualified
from connectsync.emulator.http import (
    NO_FAULTS,
    Faults,
    FaultState,
    ProblemAnswer,
    district_not_found,
    problem_of,
    read_submission,
)
from connectsync.emulator.store import DistrictRow, EmulatorStore, FormSaver
from connectsync.emulator.users import Behavior, BrowserSession, User, find_user

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every page: nothing from elsewhere, nothing inline, nothing kept."""


def render_page(template: str, status: int = 200, **values: object) -> Response:
    """Give a page."""
    content = environment().get_template(template).render(values)
    return HTMLResponse(content, status, HEADERS)


@cache
def environment() -> Any:
    """Give what renders templates."""
    import jinja2  # noqa: PLC0415 - the gateway shows no pages

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("connectsync.emulator.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["L"] = form
    environment.globals["MASK"] = MASK
    return environment


@dataclass(frozen=True, slots=True)
class ControlView:
    """One control as it stands on the page."""

    label: str
    id: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class FaultView:
    """The look of every control under some faults."""

    faults: Faults

    def named(self, label: str, group: str = "") -> str:
        """Give what stands on the page where ``label`` belongs."""
        renamed = self.faults.renamed
        return renamed.get(qualified(label, group), renamed.get(label, label))

    def shown(self, label: str, ident: str, group: str = "") -> list[ControlView]:
        """Give the controls that stand where one belongs: usually exactly one."""
        faults = self.faults
        if _names(faults.missing, label, group):
            return []
        name = self.named(label, group)
        disabled = _names(faults.disabled, label, group)
        one = ControlView(name, ident, disabled)
        if _names(faults.doubled, label, group):
            return [one, ControlView(name, f"{ident}-again", disabled)]
        return [one]


def _names(labels: Collection[str], label: str, group: str) -> bool:
    return label in labels or qualified(label, group) in labels


class SignInNeeded(Exception):
    """No one is signed in, or no longer; afterward they come back to ``path``."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def answer_problem(request: Request, problem: ProblemAnswer) -> Response:
    """Answer a problem in the form that the client reads."""
    for_a_program = request.url.path.startswith(("/v1/", "/emulator/"))
    if for_a_program or "text/html" not in request.headers.get("Accept", ""):
        return problem.response()
    page = _page(problem)
    page.headers.update(problem.headers)
    return page


def _page(problem: ProblemAnswer) -> Response:
    surface = FaultView(NO_FAULTS)
    values = {"problem": problem.body, "surface": surface, "frame": None}
    return render_page("failure.html", problem.status, **values)


async def _answer_error(request: Request, error: Exception) -> Response:
    return answer_problem(request, problem_of(error))


async def _to_sign_in(_: Request, error: Exception) -> Response:
    if not isinstance(error, SignInNeeded):  # pragma: no cover - registered for it
        raise error
    return RedirectResponse(f"/sign-in?next={quote(error.path, safe='/')}", 303)


HANDLERS = {
    ProblemAnswer: _answer_error,
    HTTPException: _answer_error,
    sqlite3.Error: _answer_error,
    SignInNeeded: _to_sign_in,
}
"""Which exception of a route becomes which answer."""


IN_THE_MENU = 8
"""How many districts the drop-down lists before it refers to the search."""


_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """Someone who is signed in asks for a page."""

    session: BrowserSession
    user: User


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of a page: who is signed in, where they are, where they can go."""

    visit: Visit
    here: DistrictRow | None
    menu: list[DistrictRow]
    total: int


@dataclass(frozen=True, slots=True)
class Site:
    """The pages over one store."""

    store: EmulatorStore
    saver: FormSaver
    clock: Callable[[], datetime]
    manners: Behavior
    weather: FaultState

    def now(self) -> float:
        """Give the time in seconds since the epoch."""
        return self.clock().timestamp()

    def session(self, request: Request) -> BrowserSession | None:
        """Give the session of a request, signed in or not."""
        secret = request.cookies.get(users.COOKIE, "")
        with self.store.reading() as connection:
            return users.find(connection, secret, now=self.now())

    def visit(self, request: Request) -> Visit:
        """Let in who is signed in. Raises ``SignInNeeded``."""
        session = self.session(request)
        user = None if session is None else self.user(session)
        if session is None or user is None or not self._goes_on(session):
            raise SignInNeeded(_way_back(request))
        return Visit(session, user)

    def user(self, session: BrowserSession) -> User | None:
        """Give who is signed in, or None; who was taken away is not."""
        with self.store.reading() as connection:
            return find_user(connection, session.email)

    def district(self, visit: Visit, request: Request) -> DistrictRow:
        """Give the district of an address. Raises ``Problem``: 404, also if hidden."""
        key = request.path_params["district"]
        with self.store.reading() as connection:
            row = users.find_reachable(connection, visit.user, key)
        if row is None:
            raise district_not_found(key)
        return row

    def page(
        self,
        template: str,
        visit: Visit | None,
        here: DistrictRow | None = None,
        *,
        status: int = 200,
        values: Mapping[str, object] = _NOTHING,
    ) -> Response:
        """Give a page, in its frame if someone is signed in."""
        frame = None if visit is None else self._frame(visit, here)
        surface = FaultView(self.weather.faults)
        return render_page(template, status, frame=frame, surface=surface, **values)

    def _frame(self, visit: Visit, here: DistrictRow | None) -> Frame:
        with self.store.reading() as connection:
            found = users.list_reachable(connection, visit.user, limit=IN_THE_MENU)
        others = [row for row in found.districts if here is None or row.key != here.key]
        menu = others if here is None else [here, *others]
        return Frame(visit, here, menu, found.total)

    def _goes_on(self, session: BrowserSession) -> bool:
        most = self.weather.faults.expire_session_after
        if most is None:
            return True
        with self.store.writing() as connection:
            return users.visit(connection, session, most=most)


async def submission(request: Request, session: BrowserSession | None) -> Submitted:
    """
    Give what a page of this session submitted.

    Raises ``Problem``: 403 if the page was not of this session, 400, or 415.
    """
    form = await read_submission(request)
    expected = "" if session is None else session.csrf
    given = last(form, "csrf").encode("utf-8", "surrogatepass")
    if not expected or not hmac.compare_digest(given, expected.encode()):
        raise ProblemAnswer(
            403,
            "not-from-this-page",
            "this did not come from a page of your session",
            "Nothing was done. Go back, load the page again, and repeat it.",
        )
    return form


def _way_back(request: Request) -> str:
    query = request.url.query if request.method == "GET" else ""
    return f"{request.url.path}?{query}" if query else request.url.path


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
        raise ProblemAnswer(404, "no-such-operation", "there is no such file")
    content = files("connectsync.emulator.pages").joinpath("static", name).read_bytes()
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(content, 200, headers, TYPES[name])
