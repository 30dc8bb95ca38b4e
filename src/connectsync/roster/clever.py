"""The client of Clever's Data API."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2

from connectsync.domain.foreign_text import foreign_text, one_line, repeats_secret
from connectsync.domain.plan_shape import BadJson, read_json
from connectsync.errors import ConnectError, CredentialsRefused, Unreachable
from connectsync.roster.seam import CONTACT, STAFF, STUDENT, TEACHER, RosterDistrict
from connectsync.values import dataclass
from connectsync.web.http import (
    MEBIBYTE,
    TOO_MANY,
    BeyondLimits,
    Limits,
    RetryBudget,
    RetryPolicy,
    bearer,
    client,
    fetch,
    insist_safe,
    limits_of,
    plausible,
    retry_after,
    too_many_requests,
    trusted,
    what_failed,
    when_to_try,
)

TRY_AGAIN = "try again; if it stays, look at Clever by hand"

_ID = re.compile("[!-~]{1,31}")
_UNAUTHORIZED = 401


def district_of(content: bytes, token: str) -> RosterDistrict:
    """Read the one district of ``{"data": [{"data": {...}}]}``; ``token`` asked."""
    parsed = _parse_json(content)
    if repeats_secret(json.dumps(parsed, ensure_ascii=False), [token]):
        raise not_understood("it repeats the token")
    body = _object(parsed, "the answer")
    entries = body.get("data")
    if not isinstance(entries, list):
        raise not_understood("it holds no list 'data'")
    if len(entries) != 1:
        raise not_understood(f"it names {len(entries)} districts, not one")
    found = _object(_object(entries[0], "its entry").get("data"), "its district")
    district_id = _text(found, "id")
    if not _ID.fullmatch(district_id):
        raise not_understood("its id does not look like one")
    return RosterDistrict(
        id=district_id,
        name=one_line(_text(found, "name")),
        state=one_line(_text(found, "state")),
        pause_start=_time(found, "pause_start"),
        pause_end=_time(found, "pause_end"),
        last_sync=_time(found, "last_sync"),
    )


def refusal(
    answer: httpx2.Response, token: str, described: str, now: datetime
) -> ConnectError:
    """
    Give the error for an answer that is not 200; ``token`` is what it must hide.

    ``described`` names Clever with its address, ``now`` is the time that a wait which
    the answer asks for begins at.
    """
    reason = _quote_reason(answer, token)
    said = f"{reason or 'no reason given'} (status {answer.status_code})"
    wait = until_reset(answer, now) or retry_after(answer, now)
    if answer.status_code == TOO_MANY:
        return too_many_requests(described, reason, wait)
    if answer.is_redirect:
        return Unreachable(
            f"Clever's address redirects elsewhere, which is not followed: {said}",
            remedy="give the address that the redirect leads to, if you trust it",
        )
    if answer.status_code == _UNAUTHORIZED:
        return CredentialsRefused(
            f"Clever refused the token: {said}",
            remedy="see that the district's token reference gives its present token",
        )
    return Unreachable(
        f"Clever did not say: {said}",
        remedy=when_to_try(wait) if wait else TRY_AGAIN,
    )


PEOPLE = {
    STUDENT: "students",
    CONTACT: "contacts",
    TEACHER: "teachers",
    STAFF: "members of staff",
}
"""The roles that are asked for, in their order, and how people call them."""


class NotGiven(Unreachable):
    """Clever does not give the people of a role to this token."""

    default_remedy = (
        "in Clever, look at what the district shares with the app of this token"
    )


_NOT_FOUND = 404
TOO_LARGE = 413
_FAILING = 500

_Said = tuple[type[ConnectError], str, str | None]

_SAID: Mapping[int, _Said] = {
    _UNAUTHORIZED: (
        CredentialsRefused,
        "Clever refused the token at its list of {people}",
        "see that the district's token reference gives its present token",
    ),
    403: (NotGiven, "Clever does not let this token read {people}", None),
    _NOT_FOUND: (
        NotGiven,
        "Clever has no {people} for this token, as it says of what is not shared",
        None,
    ),
    TOO_LARGE: (
        Unreachable,
        "Clever finds a page of {limit} {people} too large, as it did one of twice it",
        "Clever may have changed what a page may hold: use an export of the roster",
    ),
}

_NO_SUCH_ADDRESS: _Said = (
    Unreachable,
    "no list of {people} is at this address: a web page says that nothing is there",
    "check roster.clever.url: it ends with the version of the API, such as /v3.1",
)


def page_refusal(
    answer: httpx2.Response, role: str, limit: int, described: str, now: datetime
) -> ConnectError:
    """
    Give the error for a page of users that is not 200, ``limit`` of them at most.

    What Clever says beside people is not quoted: it may name one of them.
    """
    status, people = answer.status_code, PEOPLE[role]
    if status == TOO_MANY:
        wait = until_reset(answer, now) or retry_after(answer, now)
        return too_many_requests(described, "", wait)
    if status in _SAID:
        nowhere = status == _NOT_FOUND and _is_page(answer)
        kind, sentence, remedy = _NO_SUCH_ADDRESS if nowhere else _SAID[status]
        said = sentence.format(people=people, limit=f"{limit:,}")
        return kind(f"{said} (status {status})", remedy=remedy)
    if status >= _FAILING:
        return Unreachable(
            f"Clever failed at its list of {people} (status {status})",
            remedy="try again in some minutes; if it stays, see whether Clever reports"
            " a disturbance",
        )
    return Unreachable(
        f"Clever did not give its list of {people} (status {status})",
        remedy="check roster.clever.url; if it is right, Clever may have changed",
    )


def _is_page(answer: httpx2.Response) -> bool:
    kind = answer.headers.get("Content-Type", "").lower()
    return "html" in kind or answer.content.lstrip().startswith(b"<")


def broken_page(error: httpx2.RequestError, role: str) -> Unreachable:
    """Say what a call brought instead of an answer, in no word of the answer."""
    people = PEOPLE[role]
    if isinstance(error, BeyondLimits):
        return Unreachable(
            f"a page of {people} from Clever cannot be used: {error}", remedy=TRY_AGAIN
        )
    if isinstance(error, httpx2.TimeoutException):
        why = "no page of {} came in time"
    elif isinstance(error, httpx2.ConnectError):
        why = "no connection for a page of {}"
    else:
        why = "a page of {} did not come whole, or not as HTTP"
    kind = type(error).__name__
    return Unreachable(f"Clever: {why.format(people)} ({kind})", remedy=TRY_AGAIN)


def _quote_reason(answer: httpx2.Response, token: str) -> str:
    """Quote why, if it says: Clever gives JSON of two shapes, plain text, or a page."""
    if _is_page(answer):
        return "a web page came"
    text = answer.content.decode("utf-8", "replace").strip()
    return foreign_text(_reason(text) or text, [token])


def _reason(text: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    members = body if isinstance(body, dict) else {}
    told = (members.get(name) for name in ("message", "error", "error_description"))
    return ": ".join(one for one in told if isinstance(one, str) and one)


def _parse_json(content: bytes) -> object:
    try:
        return read_json(content)
    except BadJson as error:
        raise not_understood(str(error)) from error


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise not_understood(f"{what} is not an object")
    return value


def _text(members: Mapping[str, object], name: str) -> str:
    """Read a text; absent and null are as good as empty."""
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise not_understood(f"{name} is not text")
    return value or ""


def _time(members: Mapping[str, object], name: str) -> datetime | None:
    spelled = _text(members, name)
    if not spelled:
        return None
    try:
        time = datetime.fromisoformat(spelled)
    except ValueError as error:
        raise not_understood(f"{name} is not a time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def not_understood(why: str) -> Unreachable:
    """Give the error for an answer with status 200 that makes no sense."""
    return Unreachable(
        f"Clever's answer is not understood: {why}",
        remedy="check roster.clever.url; if it is right, Clever may have changed",
    )


LONGEST_WAIT_SECONDS = 75.0
"""A little more than a window: Clever counts the calls of a token by the minute."""

OK = 200


@dataclass(slots=True)
class TokenWindow:
    """How many calls a token has left, and until when, as Clever said last."""

    left: int = 1
    ends: float = 0.0

    def note(self, answer: httpx2.Response) -> None:
        """Read what an answer says; one that says nothing leaves it as it was."""
        try:
            left = int(answer.headers.get("x-ratelimit-remaining", ""))
            ends = float(answer.headers.get("x-ratelimit-reset", ""))
        except ValueError:
            return
        self.left, self.ends = left, ends

    def wait(self, now: datetime) -> float:
        """Give the seconds until the next call is not refused; 0 if it is not now."""
        if self.left > 0:
            return 0.0
        # a clock that is wrong on either side must not hold us longer than a window
        return min(plausible(self.ends - now.timestamp()), LONGEST_WAIT_SECONDS)


class CleverRoster:
    """Asks Clever; see ``seam.Roster``. ``url`` is everything before ``/districts``."""

    def __init__(
        self,
        client_: httpx2.AsyncClient,
        url: str,
        patience: RetryPolicy,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client_
        self.url = url.rstrip("/")
        self.now = now
        self.began = asyncio.Event()
        """Set once people are asked for."""
        self._sleep = sleep
        self._patience = patience
        self._limits = limits_of(patience)
        self._windows: defaultdict[bytes, TokenWindow] = defaultdict(TokenWindow)

    @property
    def described(self) -> str:
        """Name Clever by its address."""
        return f"Clever at {self.url}"

    async def district(self, token: str) -> RosterDistrict:
        """Give the one district that a token belongs to. Raises ``ConnectError``."""
        answer = await self._of_district(token)
        if answer.status_code != OK:
            here = foreign_text(self.described, [token])
            raise refusal(answer, token, here, self.now())
        return district_of(answer.content, token)

    async def _of_district(self, token: str) -> httpx2.Response:
        try:
            return await self.get("/districts", token)
        except httpx2.RequestError as error:
            why, remedy = what_failed(error, [token])
            said = f"{self.described}: {why}"
            problem = Unreachable(said, remedy=remedy or TRY_AGAIN)
        # raised here: the cause may quote people, see `what_failed`
        raise problem

    async def get(
        self,
        path: str,
        token: str,
        asked: Mapping[str, str] | None = None,
        *,
        limits: Limits | None = None,
        sent: asyncio.Event | None = None,
    ) -> httpx2.Response:
        """
        Ask for a path with patience, once the token has a call left.

        ``sent`` is set once the request is on its way. Raises ``CredentialsRefused``
        and ``httpx2.RequestError``.
        """
        headers = bearer(token)
        # by digest: a token is kept no longer than its call takes
        window = self._windows[hashlib.sha256(token.encode("ascii")).digest()]

        async def tell(step: str, _: Mapping[str, object]) -> None:
            if sent is not None and step.endswith("send_request_body.complete"):
                sent.set()
                self.began.set()

        async def attempt() -> httpx2.Response:
            request = self._client.build_request(
                "GET", f"{self.url}{path}", params=asked, headers=headers
            )
            if sent is not None:
                request.extensions = {**request.extensions, "trace": tell}
            answer = await fetch(self._client, request, limits or self._limits)
            window.note(answer)
            return answer

        if wait := window.wait(self.now()):
            await self._sleep(wait)
        return await self._patience(attempt)


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """What reading one district may take; the largest one there is takes a fifth."""

    seconds: float = 7200.0
    pages: int = 100_000
    size: int = 8192 * MEBIBYTE
    answer_seconds: float = 120.0

    def limits(self) -> Limits:
        """Give those of answers: what is beyond the usual comes out of the whole."""
        return Limits(
            answer_seconds=self.answer_seconds,
            answer_bytes=64 * MEBIBYTE,
            run_seconds=self.seconds,
            run_bytes=self.size,
        )


@asynccontextmanager
async def open_roster(
    url: str,
    *,
    patience: RetryPolicy | None = None,
    timeout_seconds: float = 30.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[CleverRoster]:
    """
    Open Clever at an address; all its calls share one ``patience``.

    Raises ``ProjectError`` if a token must not be sent to that address.
    """
    insist_safe(url, "Clever's address")
    transport = httpx2.AsyncHTTPTransport(verify=trusted())
    async with client(
        transport, base_url=url, timeout_seconds=timeout_seconds
    ) as asking:
        patience = patience or usual_patience()
        yield CleverRoster(asking, url, patience, now=now, sleep=sleep)


def usual_patience() -> RetryBudget:
    """Wait as Clever asks to: until the window that a token has used up is over."""
    return RetryBudget(
        longest_wait_seconds=LONGEST_WAIT_SECONDS,
        asked=until_reset,
        limits=Limits(answer_seconds=40.0, answer_bytes=MEBIBYTE),
    )


def until_reset(answer: httpx2.Response, now: datetime) -> float:
    """Read how many seconds are left of a window without calls; 0 if it has some."""
    if answer.status_code != TOO_MANY:
        return 0.0
    try:
        left = float(answer.headers.get("x-ratelimit-reset", "")) - now.timestamp()
    except ValueError:
        return 0.0
    return plausible(left)
