"""The client of Clever's Data API."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2

from connectsync.domain.foreign_text import foreign_text, one_line, repeats_secret
from connectsync.domain.plan_shape import BadJson, read_json
from connectsync.errors import ConnectError, CredentialsRefused, Unreachable
from connectsync.roster.seam import RosterDistrict
from connectsync.web.http import (
    MEBIBYTE,
    TOO_MANY,
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
        raise _not_understood("it repeats the token")
    body = _object(parsed, "the answer")
    entries = body.get("data")
    if not isinstance(entries, list):
        raise _not_understood("it holds no list 'data'")
    if len(entries) != 1:
        raise _not_understood(f"it names {len(entries)} districts, not one")
    found = _object(_object(entries[0], "its entry").get("data"), "its district")
    district_id = _text(found, "id")
    if not _ID.fullmatch(district_id):
        raise _not_understood("its id does not look like one")
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


def _quote_reason(answer: httpx2.Response, token: str) -> str:
    """Quote why, if it says: Clever gives JSON of two shapes, plain text, or a page."""
    text = answer.content.decode("utf-8", "replace").strip()
    if text.startswith("<") or "html" in answer.headers.get("Content-Type", ""):
        return "a web page came"
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
        raise _not_understood(str(error)) from error


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _not_understood(f"{what} is not an object")
    return value


def _text(members: Mapping[str, object], name: str) -> str:
    """Read a text; absent and null are as good as empty."""
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise _not_understood(f"{name} is not text")
    return value or ""


def _time(members: Mapping[str, object], name: str) -> datetime | None:
    spelled = _text(members, name)
    if not spelled:
        return None
    try:
        time = datetime.fromisoformat(spelled)
    except ValueError as error:
        raise _not_understood(f"{name} is not a time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _not_understood(why: str) -> Unreachable:
    return Unreachable(
        f"Clever's answer is not understood: {why}",
        remedy="check roster.clever.url; if it is right, Clever may have changed",
    )


LONGEST_WAIT_SECONDS = 75.0
"""A little more than a window: Clever counts the calls of a token by the minute."""

_OK = 200


class CleverRoster:
    """Asks Clever; see ``seam.Roster``. ``url`` is everything before ``/districts``."""

    def __init__(
        self, client_: httpx2.AsyncClient, url: str, patience: RetryPolicy
    ) -> None:
        self._client = client_
        self._url = url.rstrip("/")
        self._patience = patience
        self._limits = limits_of(patience)

    @property
    def described(self) -> str:
        """Name Clever by its address."""
        return f"Clever at {self._url}"

    async def district(self, token: str) -> RosterDistrict:
        """Give the one district that a token belongs to. Raises ``ConnectError``."""
        headers = bearer(token)
        try:
            answer = await self._patience(lambda: self._asked(headers))
        except httpx2.RequestError as error:
            why, remedy = what_failed(error, [token])
            raise Unreachable(
                f"{self.described}: {why}", remedy=remedy or TRY_AGAIN
            ) from error
        if answer.status_code != _OK:
            here = foreign_text(self.described, [token])
            raise refusal(answer, token, here, datetime.now(UTC))
        return district_of(answer.content, token)

    async def _asked(self, headers: Mapping[str, str]) -> httpx2.Response:
        url = f"{self._url}/districts"
        request = self._client.build_request("GET", url, headers=dict(headers))
        return await fetch(self._client, request, self._limits)


@asynccontextmanager
async def open_roster(
    url: str, *, patience: RetryPolicy | None = None, timeout_seconds: float = 30.0
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
        yield CleverRoster(asking, url, patience or usual_patience())


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
