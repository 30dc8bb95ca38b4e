"""
Clever's Data API, as far as it is asked whose a token is.

``GET /districts`` gives the one district that a bearer token belongs to. One client
serves the tokens of all districts, and keeps none of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import httpx2

from connectsync.domain.foreign_text import foreign_text
from connectsync.errors import Unreachable
from connectsync.roster.clever_answers import TRY_AGAIN, district_of, refusal
from connectsync.roster.seam import RosterDistrict
from connectsync.web.addresses import insist_safe, trusted
from connectsync.web.clients import bearer, client
from connectsync.web.limits import MEBIBYTE, Limits, fetched
from connectsync.web.patience import Patience, WithinBudget, limits_of, plausible

LONGEST_WAIT_SECONDS = 75.0
"""A little more than a window: Clever counts the calls of a token by the minute."""

_OK = 200
_TOO_MANY = 429


class CleverRoster:
    """Asks Clever; see ``seam.Roster``. ``url`` is everything before ``/districts``."""

    def __init__(
        self, client_: httpx2.AsyncClient, url: str, patience: Patience
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
            why = foreign_text(str(error), [token]) or type(error).__name__
            raise Unreachable(
                f"{self.described}: no answer: {why}", remedy=TRY_AGAIN
            ) from error
        if answer.status_code != _OK:
            raise refusal(answer, token)
        return district_of(answer.content, token)

    async def _asked(self, headers: Mapping[str, str]) -> httpx2.Response:
        url = f"{self._url}/districts"
        request = self._client.build_request("GET", url, headers=dict(headers))
        return await fetched(self._client, request, self._limits)


@asynccontextmanager
async def open_roster(
    url: str, *, patience: Patience | None = None, timeout_seconds: float = 30.0
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


def usual_patience() -> WithinBudget:
    """Wait as Clever asks to: until the window that a token has used up is over."""
    return WithinBudget(
        longest_wait_seconds=LONGEST_WAIT_SECONDS,
        asked=until_reset,
        limits=Limits(answer_seconds=40.0, answer_bytes=MEBIBYTE),
    )


def until_reset(answer: httpx2.Response, now: datetime) -> float:
    """Read how many seconds are left of a window without calls; 0 if it has some."""
    if answer.status_code != _TOO_MANY:
        return 0.0
    try:
        left = float(answer.headers.get("x-ratelimit-reset", "")) - now.timestamp()
    except ValueError:
        return 0.0
    return plausible(left)
