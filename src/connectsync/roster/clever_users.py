"""The people of a district at Clever, a page at a time, in bounded time and size."""

from __future__ import annotations

import asyncio
from asyncio import Event
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from time import monotonic
from typing import Self

import httpx2

from connectsync.domain.wording import many
from connectsync.errors import Unreachable
from connectsync.roster.clever import (
    OK,
    PEOPLE,
    TOO_LARGE,
    CleverRoster,
    NotGiven,
    ReadBounds,
    broken_page,
    page_refusal,
)
from connectsync.roster.clever_pages import UserPage, cursor_ahead, page_of
from connectsync.roster.seam import (
    STUDENT,
    RosterDistrict,
    RosterReading,
    Take,
)
from connectsync.web.http import MEBIBYTE

PAGE = 5_000
"""
How many people one answer may hold: 1.7 million take fewer calls than a token has in a
minute, and one page few megabytes. Clever's own bound is 10,000.
"""

MOST_EMPTY = 20
"""So many pages in a row may be empty though more is to follow."""


class CleverPeople:
    """Reads the people of districts at Clever; see ``seam.PeopleSource``."""

    def __init__(
        self,
        roster: CleverRoster,
        *,
        page: int = PAGE,
        bounds: ReadBounds | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._roster = roster
        self._page = page
        self._bounds = ReadBounds() if bounds is None else bounds
        self._clock = clock

    @property
    def described(self) -> str:
        """Name Clever by its address."""
        return self._roster.described

    async def read(self, token: str, district_id: str, take: Take) -> RosterReading:
        """Read everyone; see ``seam.PeopleSource``."""
        began = self._roster.now()
        there = await self._roster.district(token)
        _insist_same(there, district_id)
        listing = UserListing(
            self._roster, token, self._page, self._bounds, self._clock
        )
        came: dict[str, int] = {}
        missing: dict[str, tuple[str, str]] = {}
        async with listing:
            for role in PEOPLE:
                try:
                    came[role] = await _hand_on(listing.pages(role), role, take)
                except NotGiven as error:
                    if role == STUDENT:
                        raise
                    came[role] = 0
                    missing[role] = (error.message, error.remedy)
                else:
                    if not came[role]:
                        missing[role] = (_none_came(role), _LOOK_AT_SHARING)
        renewed = (await self._roster.district(token)).last_sync != there.last_sync
        return RosterReading(self.described, began, there, came, missing, renewed)


_LOOK_AT_SHARING = NotGiven.default_remedy


def _none_came(role: str) -> str:
    return (
        f"no {PEOPLE[role]} came: Clever gives an empty list where there are none and"
        " where the district shares none"
    )


def _insist_same(there: RosterDistrict, district_id: str) -> None:
    if district_id and there.id.casefold() != district_id.casefold():
        raise Unreachable(
            f"the token is of another district at Clever: of {there.id} ({there.name}),"
            f" while the file states {district_id}",
            remedy="correct district_id or oauth_token; nobody of that roster was read",
        )


async def _hand_on(pages: AsyncIterator[UserPage], role: str, take: Take) -> int:
    """Hand pages on, each while the next one is on its way; count the people."""
    count = 0
    handing: asyncio.Task[None] | None = None
    try:
        async for page in pages:
            if handing is not None:
                await handing
            count += page.count
            handing = asyncio.create_task(asyncio.to_thread(take, role, page.text))
    finally:
        if handing is not None:
            await handing
    return count


class UserListing:
    """
    Reads one district, a role after another, within one set of bounds.

    Where Clever finds a page too large, half of it is asked for from then on, once.
    The next page is on its way while one is looked at; what is asked, and in which
    order, is the same. Leave it as a context, so that none is left on its way.
    """

    def __init__(
        self,
        roster: CleverRoster,
        token: str,
        page: int,
        bounds: ReadBounds,
        clock: Callable[[], float],
    ) -> None:
        self._roster = roster
        self._token = token
        self._page = page
        self._whole = page
        self._bounds = bounds
        self._limits = bounds.limits()
        self._clock = clock
        self._ends = clock() + bounds.seconds
        self._read = 0
        self._size = 0
        self._ahead: dict[tuple[str, str], asyncio.Task[bytes]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        left = list(self._ahead.values())
        for one in left:
            one.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def pages(self, role: str) -> AsyncIterator[UserPage]:
        """
        Give the pages of a role. Raises ``CredentialsRefused`` and ``Unreachable``.

        A cursor or a page that comes again is an error: the list would never end, and
        people would count twice.
        """
        seen: set[str] = set()
        cursor, empty = "", 0
        while True:
            ahead = self._ahead.pop((role, cursor), None)
            content = await (ahead or self._ask(role, cursor, Event()))
            following = cursor_ahead(content, self._users)
            if following and f"cursor {following}" not in seen:
                await self._ask_ahead(role, following)
            elif following == "" and (then := _AFTER.get(role)):
                await self._ask_ahead(then, "")
            page = await asyncio.to_thread(
                page_of, content, role, self._token, self._users
            )
            again = {f"page {page.first}", f"cursor {page.cursor}"} & seen
            if (page.first or page.cursor) and again:
                raise _misled(f"its list of {PEOPLE[role]} comes to a page again")
            seen |= {f"page {page.first}"} if page.first else set()
            seen |= {f"cursor {page.cursor}"} if page.cursor else set()
            empty = 0 if page.count else empty + 1
            if empty > MOST_EMPTY:
                raise _misled(f"{empty} pages of {PEOPLE[role]} in a row are empty")
            yield page
            if not page.cursor:
                return
            cursor = page.cursor

    async def _ask_ahead(self, role: str, cursor: str) -> None:
        sent = Event()
        asked = asyncio.create_task(self._ask(role, cursor, sent))
        asked.add_done_callback(lambda _: sent.set())
        self._ahead[role, cursor] = asked
        # who looks at a page holds the interpreter: the line would stand still
        await sent.wait()

    @property
    def _users(self) -> httpx2.URL:
        return httpx2.URL(f"{self._roster.url}/users")

    def _insist_bounds(self) -> None:
        self._read += 1
        over = {
            many(round(self._bounds.seconds / 60), "minute"): (
                self._clock() > self._ends
            ),
            many(self._bounds.pages, "page"): self._read > self._bounds.pages,
            f"{self._bounds.size / MEBIBYTE:g} MiB": self._size > self._bounds.size,
        }
        for bound, is_over in over.items():
            if is_over:
                raise Unreachable(
                    f"the roster at Clever was not read to its end: it takes more than"
                    f" {bound}",
                    remedy="try again at another hour; use an export if it stays",
                )

    async def _ask(self, role: str, cursor: str, sent: Event) -> bytes:
        """Ask for a page; what is too large is asked for by the half, once."""
        self._insist_bounds()
        answer = await self._get(role, cursor, sent)
        if answer.status_code == TOO_LARGE and self._page == self._whole:
            self._page = max(1, self._whole // 2)
            answer = await self._get(role, cursor, sent)
        if answer.status_code != OK:
            here = self._roster.described
            raise page_refusal(answer, role, self._page, here, self._roster.now())
        self._size += len(answer.content)
        return answer.content

    async def _get(self, role: str, cursor: str, sent: Event) -> httpx2.Response:
        asked = {"role": role, "limit": str(self._page)}
        asked |= {"starting_after": cursor} if cursor else {}
        try:
            return await self._roster.get(
                "/users", self._token, asked, limits=self._limits, sent=sent
            )
        except httpx2.RequestError as error:
            problem = broken_page(error, role)
        # raised here: what the HTTP library said may quote a person, and would come
        # along as the context
        raise problem


_AFTER = dict(pairwise(PEOPLE))
"""The role that is asked for after each one."""


def _misled(why: str) -> Unreachable:
    return Unreachable(
        f"Clever's answer leads nowhere: {why}",
        remedy="try again: the list may have changed while it was read; if it stays,"
        " use an export of the roster",
    )
