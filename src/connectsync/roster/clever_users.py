"""The people of a district at Clever, a page at a time, in bounded time and size."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio import Event
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from time import monotonic
from typing import Self

import httpx2

from connectsync.domain.foreign_text import repeats_secret
from connectsync.domain.plan_shape import BadJson, read_json
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
    not_understood,
    page_refusal,
)
from connectsync.roster.seam import (
    CONTACT,
    STAFF,
    STUDENT,
    TEACHER,
    RosterDistrict,
    RosterReading,
    Take,
)
from connectsync.values import dataclass
from connectsync.web.http import MEBIBYTE

PAGE = 5_000
"""
How many people one answer may hold: 1.7 million take fewer calls than a token has in a
minute, and one page few megabytes. Clever's own bound is 10,000.
"""

MOST_EMPTY = 20
"""So many pages in a row may be empty though more is to follow."""


@dataclass(frozen=True, slots=True)
class UserPage:
    """
    A page that was understood, as text. ``cursor`` leads on; empty on the last one.

    ``first`` is the id of its first person, by which a page is known again.
    """

    text: str
    count: int
    first: str
    cursor: str


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


def page_of(content: bytes, role: str, token: str, asked: httpx2.URL) -> UserPage:
    """
    Understand a page of users, or raise ``Unreachable``.

    ``asked`` is the address of the list without its query. Nobody is left out: who is
    not understood makes the page an error, and no value is quoted.
    """
    problem = ""
    text, body = "", None
    try:
        text = content.decode("utf-8-sig")
        body = read_json(content)
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except BadJson as error:
        problem = str(error)
    if problem:
        # raised here, so that the page does not come along as the context
        raise not_understood(problem)
    if not isinstance(body, dict):
        raise not_understood("the answer is not an object")
    users = list(_users_of(body, role))
    words = {word for user in users for word in _shown_words(user, role)}
    if token in text or repeats_secret("\n".join(sorted(words)), [token]):
        raise not_understood("it repeats the token")
    if "\\u" in text and _HALF_LETTER.search(text):
        text = json.dumps(body, ensure_ascii=False)
        text = text.encode("utf-8", "replace").decode("utf-8")
    first = str(users[0]["id"]) if users else ""
    return UserPage(text, len(users), first, _cursor_of(body, asked))


_ID = re.compile("[!-~]{1,64}")
_CURSOR = re.compile("[!-~]{1,200}")
_HALF_LETTER = re.compile(r"\\u[dD][89a-fA-F]")

_TEXTS: Mapping[str, tuple[str, ...]] = {
    STUDENT: ("sis_id", "student_number", "school"),
    CONTACT: ("sis_id", "phone", "phone_type"),
    TEACHER: (),
    STAFF: (),
}
"""What is read of each role, beside the lists below."""


def _users_of(body: Mapping[str, object], role: str) -> Iterator[dict[str, object]]:
    """Give the users of a page, each looked at so far as it is read later."""
    rows = body.get("data")
    if not isinstance(rows, list):
        raise not_understood("it holds no list 'data'")
    for row in rows:
        user = row.get("data") if isinstance(row, dict) else None
        if not isinstance(user, dict):
            raise not_understood("one of its rows is not a user")
        identifier = user.get("id")
        if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
            raise not_understood("a user has no id that looks like one")
        told = _role_of(user, role)
        _insist_plain(user, ("email",), "user")
        _insist_plain(told, _TEXTS[role], role)
        _insist_plain(user.get("name") or {}, ("first", "middle", "last"), "name")
        if role == STUDENT:
            _insist_plain_list(told.get("schools"), "schools")
        for link in _links_of(told):
            _insist_plain(link, ("student", "type", "relationship"), "relationship")
        yield user


def _role_of(user: Mapping[str, object], role: str) -> Mapping[str, object]:
    roles = user.get("roles")
    told = roles.get(role) if isinstance(roles, dict) else None
    if not isinstance(told, dict):
        raise not_understood(f"it lists someone who is no {role}")
    return told


def _links_of(told: Mapping[str, object]) -> list[object]:
    links = told.get("student_relationships")
    if links is not None and not isinstance(links, list):
        raise not_understood("student_relationships is not a list")
    return links or []


def _insist_plain(members: object, names: Iterable[str], whose: str) -> None:
    if not isinstance(members, dict):
        raise not_understood(f"a {whose} is not an object")
    for name in names:
        if isinstance(members.get(name), dict | list):
            raise not_understood(f"{name} of a {whose} is not text")


def _insist_plain_list(value: object, name: str) -> None:
    parts = [] if value is None else value
    if not isinstance(parts, list) or any(isinstance(p, dict | list) for p in parts):
        raise not_understood(f"{name} is not a list of texts")


def _shown_words(user: Mapping[str, object], role: str) -> Iterator[str]:
    """Give what of a user may be shown one day: words of lists, and schools."""
    told = _role_of(user, role)
    schools = told.get("schools")
    words = [told.get("school"), told.get("phone_type")]
    words += schools if isinstance(schools, list) else []
    for link in _links_of(told):
        if isinstance(link, dict):
            words += [link.get("type"), link.get("relationship")]
    return (word for word in words if isinstance(word, str))


def _cursor_of(body: Mapping[str, object], asked: httpx2.URL) -> str:
    """
    Read where the list goes on: of the link only the cursor is used.

    So nothing that an answer says leads to another address, or asks for more.
    """
    links = body.get("links")
    if not isinstance(links, list) or not all(isinstance(one, dict) for one in links):
        raise not_understood("it holds no list 'links'")
    following = [one.get("uri") for one in links if one.get("rel") == "next"]
    if not following:
        return ""
    if len(following) > 1 or not isinstance(following[0], str):
        raise not_understood("it does not lead to one next page")
    problem = ""
    try:
        link = asked.join(following[0])
    except (httpx2.InvalidURL, ValueError):
        problem = "the address of its next page is none"
        link = asked
    # behind a proxy Clever does not know the folder that its address begins with
    if _origin(link) != _origin(asked) or not asked.path.endswith(link.path):
        problem = "its next page is at another address"
    cursor = link.params.get_list("starting_after")
    if not problem and (len(cursor) != 1 or not _CURSOR.fullmatch(cursor[0])):
        problem = "its next page begins at no id"
    if problem:
        raise not_understood(problem)
    return str(cursor[0])


_LINKS = rb'"links"\s*:\s*(\[[^\[\]]{0,4096}\])\s*'
_FIRST = re.compile(rb"\s*\{\s*" + _LINKS + rb",")
_LAST = re.compile(_LINKS + rb"\}\s*")


def cursor_ahead(content: bytes, asked: httpx2.URL) -> str | None:
    """
    Look where the list goes on after a page, empty if it does not: first or last in it.

    None where it cannot be told without the whole of it. It only says what to ask for
    ahead: what counts is the page itself.
    """
    last = max(0, content.rfind(b'"links"'))
    found = _FIRST.match(content) or _LAST.fullmatch(content, last)
    try:
        links = json.loads(found[1]) if found else None
        return _cursor_of({"links": links}, asked)
    except (ValueError, RecursionError, Unreachable):
        return None


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
