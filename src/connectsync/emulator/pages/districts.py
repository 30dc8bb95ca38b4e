"""The pages between the sign-in and the form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectsync.emulator import reach
from connectsync.emulator.pages.site import Site

ON_A_PAGE = 25
"""How many districts the search lists at once."""

_PAGE = re.compile("[1-9][0-9]{0,5}")
_SYNC_HOUR = 3


@dataclass(frozen=True, slots=True)
class Districts:
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
            found = reach.listed(
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
        synced_at = _last_sync(self.site.clock())
        return self._about_a_district("rostering.html", request, synced_at=synced_at)

    def _about_a_district(
        self, template: str, request: Request, **values: object
    ) -> Response:
        visit = self.site.visit(request)
        row = self.site.district(visit, request)
        return self.site.page(template, visit, row, values={"district": row, **values})


def _page_number(spelled: str) -> int:
    return int(spelled) if _PAGE.fullmatch(spelled) else 1


def _last_sync(now: datetime) -> str:
    night = now.replace(hour=_SYNC_HOUR, minute=0)
    return f"{night if night <= now else night - timedelta(days=1):%Y-%m-%d %H:%M}"
