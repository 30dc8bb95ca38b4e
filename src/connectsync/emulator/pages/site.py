"""What every page has: who visits, what they submitted, and the frame around it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from connectsync.emulator import reach, sessions
from connectsync.emulator.manners import Manners
from connectsync.emulator.pages.failure import SignInNeeded
from connectsync.emulator.pages.rendering import rendered
from connectsync.emulator.pages.surface import Surface
from connectsync.emulator.problem import Problem, district_not_found
from connectsync.emulator.received import Submitted, last, submitted
from connectsync.emulator.saver import Saver
from connectsync.emulator.sessions import Session
from connectsync.emulator.store import Row, Store
from connectsync.emulator.users import User, find_user
from connectsync.emulator.weather import Weather

IN_THE_MENU = 8
"""How many districts the drop-down lists before it refers to the search."""


_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in asks for a page."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of a page: who is signed in, where they are, where they can go."""

    visit: Visit
    here: Row | None
    menu: list[Row]
    total: int


@dataclass(frozen=True, slots=True)
class Site:
    """The pages over one store."""

    store: Store
    saver: Saver
    clock: Callable[[], datetime]
    manners: Manners
    weather: Weather

    def now(self) -> float:
        """Give the time in seconds since the epoch."""
        return self.clock().timestamp()

    def session(self, request: Request) -> Session | None:
        """Give the session of a request, signed in or not."""
        secret = request.cookies.get(sessions.COOKIE, "")
        with self.store.reading() as connection:
            return sessions.find(connection, secret, now=self.now())

    def visit(self, request: Request) -> Visit:
        """Let in who is signed in. Raises ``SignInNeeded``."""
        session = self.session(request)
        user = None if session is None else self.user(session)
        if session is None or user is None or not self._goes_on(session):
            raise SignInNeeded(_way_back(request))
        return Visit(session, user)

    def user(self, session: Session) -> User | None:
        """Give who is signed in, or None; who was taken away is not."""
        with self.store.reading() as connection:
            return find_user(connection, session.email)

    def district(self, visit: Visit, request: Request) -> Row:
        """Give the district of an address. Raises ``Problem``: 404, also if hidden."""
        key = request.path_params["district"]
        with self.store.reading() as connection:
            row = reach.reached(connection, visit.user, key)
        if row is None:
            raise district_not_found(key)
        return row

    def page(
        self,
        template: str,
        visit: Visit | None,
        here: Row | None = None,
        *,
        status: int = 200,
        values: Mapping[str, object] = _NOTHING,
    ) -> Response:
        """Give a page, in its frame if somebody is signed in."""
        frame = None if visit is None else self._frame(visit, here)
        surface = Surface(self.weather.faults)
        return rendered(template, status, frame=frame, surface=surface, **values)

    def _frame(self, visit: Visit, here: Row | None) -> Frame:
        with self.store.reading() as connection:
            found = reach.listed(connection, visit.user, limit=IN_THE_MENU)
        others = [row for row in found.districts if here is None or row.key != here.key]
        menu = others if here is None else [here, *others]
        return Frame(visit, here, menu, found.total)

    def _goes_on(self, session: Session) -> bool:
        most = self.weather.faults.expire_session_after
        if most is None:
            return True
        with self.store.writing() as connection:
            return sessions.visit(connection, session, most=most)


async def submission(request: Request, session: Session | None) -> Submitted:
    """
    Give what a page of this session submitted.

    Raises ``Problem``: 403 if the page was not of this session, 400, or 415.
    """
    form = await submitted(request)
    expected = "" if session is None else session.csrf
    given = last(form, "csrf").encode("utf-8", "surrogatepass")
    if not expected or not hmac.compare_digest(given, expected.encode()):
        raise Problem(
            403,
            "not-from-this-page",
            "this did not come from a page of your session",
            "Nothing was done. Go back, load the page again, and repeat it.",
        )
    return form


def _way_back(request: Request) -> str:
    query = request.url.query if request.method == "GET" else ""
    return f"{request.url.path}?{query}" if query else request.url.path
