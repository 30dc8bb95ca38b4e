"""Signing in and out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectsync.emulator import sessions
from connectsync.emulator.pages.site import Site, submission
from connectsync.emulator.received import last
from connectsync.emulator.sessions import COOKIE
from connectsync.emulator.users import signed_in

_OF_THIS_SITE = re.compile(r"/(?![/\\])[!-~]*")


@dataclass(frozen=True, slots=True)
class Signing:
    """The sign-in page, and what its buttons do."""

    site: Site

    def routes(self) -> list[Route]:
        """Give the route table."""
        return [
            Route("/sign-in", self.ask, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask for an email address and a password."""
        way_back = _local(request.query_params.get("next", "/"))
        session = self.site.session(request)
        if session is not None and self.site.user(session) is not None:
            return RedirectResponse(way_back, 303)
        secret = ""
        if session is None:
            secret, session = self._begun("")
        values = {"csrf": session.csrf, "next": way_back, "email": "", "refused": False}
        page = self.site.page("sign_in.html", None, values=values)
        return _carrying(page, request, secret) if secret else page

    async def sign_in(self, request: Request) -> Response:
        """Sign in whose password it is, and go where they wanted to go."""
        session = self.site.session(request)
        form = await submission(request, session)
        email, way_back = last(form, "email"), _local(last(form, "next"))
        with self.site.store.reading() as connection:
            user = signed_in(connection, email, last(form, "password"))
        if user is None or session is None:
            csrf = last(form, "csrf")
            values = {"csrf": csrf, "next": way_back, "email": email, "refused": True}
            return self.site.page("sign_in.html", None, status=422, values=values)
        self._ended(session)
        secret, _ = self._begun(user.email)
        return _carrying(RedirectResponse(way_back, 303), request, secret)

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        visit = self.site.visit(request)
        await submission(request, visit.session)
        self._ended(visit.session)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    def _begun(self, email: str) -> tuple[str, sessions.Session]:
        lifetime = self.site.manners.session_seconds
        with self.site.store.writing() as connection:
            return sessions.begin(
                connection, email, now=self.site.now(), lifetime_seconds=lifetime
            )

    def _ended(self, session: sessions.Session) -> None:
        with self.site.store.writing() as connection:
            sessions.end(connection, session)


def _carrying(answer: Response, request: Request, secret: str) -> Response:
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, secret, httponly=True, samesite="lax", secure=secure)
    return answer


def _local(path: str) -> str:
    # anything else would send who signs in here to another site
    return path if _OF_THIS_SITE.fullmatch(path) else "/"
