"""The form itself: District-Level Daily Sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectsync.emulator import store
from connectsync.emulator.form import FilledForm, fields_of, last
from connectsync.emulator.http import ProblemAnswer
from connectsync.emulator.pages.site import Site, Visit, submission
from connectsync.emulator.store import SaveRequest
from connectsync.emulator.users import SavedMeanwhile

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
