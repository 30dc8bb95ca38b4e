"""The pages of a district: the way to its form, and the form itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectsync.emulator import store, users
from connectsync.emulator.form import FilledForm, fields_of, last
from connectsync.emulator.http import ProblemAnswer
from connectsync.emulator.pages.site import Site, Visit, submission
from connectsync.emulator.store import SaveRequest
from connectsync.emulator.users import COOKIE, SavedMeanwhile, signed_in

ON_A_PAGE = 25
"""How many districts the search lists at once."""

_PAGE = re.compile("[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class DistrictPages:
    """The way to the form, page by page."""

    site: Site

    def routes(self) -> list[Route]:
        """Give the route table."""
        return [
            Route("/", self.start, methods=["GET"]),
            Route("/districts", self.search, methods=["GET"]),
            Route("/districts/{district}", self.home, methods=["GET"]),
            Route("/districts/{district}/settings", self.settings, methods=["GET"]),
            Route(
                "/districts/{district}/settings/sis-rostering",
                self.rostering,
                methods=["GET"],
            ),
        ]

    async def start(self, request: Request) -> Response:
        """Show where a person is after the sign-in: nowhere yet."""
        return self.site.page("start.html", self.site.visit(request))

    async def search(self, request: Request) -> Response:
        """Show the districts that match, a page at a time."""
        visit = self.site.visit(request)
        wanted = request.query_params.get("q", "").strip()
        number = _page_number(request.query_params.get("page", ""))
        skip = (number - 1) * ON_A_PAGE
        with self.site.store.reading() as connection:
            found = users.list_reachable(
                connection, visit.user, wanted=wanted, skip=skip, limit=ON_A_PAGE
            )
        values = {
            "wanted": wanted,
            "number": number,
            "skip": skip,
            "found": found,
            "more": found.total > skip + ON_A_PAGE,
        }
        return self.site.page("districts.html", visit, values=values)

    async def home(self, request: Request) -> Response:
        """Show the District Home Page, with the three dots."""
        return self._about_a_district("home.html", request)

    async def settings(self, request: Request) -> Response:
        """Show the settings, at whose end is SIS Rostering."""
        return self._about_a_district("settings.html", request)

    async def rostering(self, request: Request) -> Response:
        """Show SIS Rostering: the status of the sync, and the way to its form."""
        return self._about_a_district("rostering.html", request)

    def _about_a_district(self, template: str, request: Request) -> Response:
        visit = self.site.visit(request)
        row = self.site.district(visit, request)
        return self.site.page(template, visit, row, values={"district": row})


def _page_number(spelled: str) -> int:
    return int(spelled) if _PAGE.fullmatch(spelled) else 1


_OF_THIS_SITE = re.compile(r"/(?![/\\])[!-~]*")


@dataclass(frozen=True, slots=True)
class SignInPage:
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

    def _begun(self, email: str) -> tuple[str, users.BrowserSession]:
        lifetime = self.site.manners.session_seconds
        with self.site.store.writing() as connection:
            return users.begin(
                connection, email, now=self.site.now(), lifetime_seconds=lifetime
            )

    def _ended(self, session: users.BrowserSession) -> None:
        with self.site.store.writing() as connection:
            users.end(connection, session)


def _carrying(answer: Response, request: Request, secret: str) -> Response:
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, secret, httponly=True, samesite="lax", secure=secure)
    return answer


def _local(path: str) -> str:
    # anything else would send who signs in here to another site
    return path if _OF_THIS_SITE.fullmatch(path) else "/"


PATH = "/districts/{district}/settings/sis-rostering/daily-sync"


@dataclass(frozen=True, slots=True)
class DailySyncPage:
    """The page with the form, and its Save."""

    site: Site

    def routes(self) -> list[Route]:
        """Give the route table."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.save, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the form as it is saved."""
        visit = self.site.visit(request)
        row = self.site.district(visit, request)
        filled_in = FilledForm(row.form, row.version)
        just_saved = request.query_params.get("saved") == row.version
        return self._page(visit, row, filled_in, just_saved=just_saved)

    async def save(self, request: Request) -> Response:
        """Save what was submitted, or show it again with what is wrong with it."""
        visit = self.site.visit(request)
        form = await submission(request, visit.session)
        row = self.site.district(visit, request)
        fields, version = fields_of(form), last(form, "version")
        try:
            saved = self.site.saver.save(
                SaveRequest(row.key, fields, self._from(version))
            )
        except ProblemAnswer as problem:
            if problem.status not in {412, 422}:
                raise
            return self._refused(visit, row, FilledForm(fields, version), problem)
        return RedirectResponse(f"{request.url.path}?saved={saved}", 303)

    def _from(self, version: str) -> str | None:
        last_wins = self.site.manners.saved_meanwhile is SavedMeanwhile.LAST_WINS
        return None if last_wins else version

    def _refused(
        self,
        visit: Visit,
        row: store.DistrictRow,
        typed: FilledForm,
        problem: ProblemAnswer,
    ) -> Response:
        shown = typed.over(row.form)
        if problem.status == 412:  # noqa: PLR2004 - of RFC 9110: the version moved
            return self._page(visit, row, shown, status=409)
        return self._page(visit, row, shown.with_refusals(problem.refusals), status=422)

    def _page(
        self,
        visit: Visit,
        row: store.DistrictRow,
        filled_in: FilledForm,
        *,
        status: int = 200,
        just_saved: bool = False,
    ) -> Response:
        with self.site.store.reading() as connection:
            offered = store.options(connection)
        values: Mapping[str, object] = {
            "district": row,
            "form": filled_in,
            "offered": offered,
            "token_shown": self.site.manners.saved_token.value,
            "saved_meanwhile": status == 409,  # noqa: PLR2004 - as above
            "just_saved": just_saved,
        }
        return self.site.page(
            "daily_sync.html", visit, row, status=status, values=values
        )
