"""One call over HTTP: sent, repeated where that is harmless, and understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import httpx2

from connectsync.backends.answers import Members, not_understood, refusal
from connectsync.domain.foreign_text import foreign_text, repeats_secret
from connectsync.domain.plan_shape import BadJson, kind_of, read_json
from connectsync.errors import ConnectError, NeverSent, Unreachable
from connectsync.values import dataclass, field
from connectsync.web.http import (
    Limits,
    RetryPolicy,
    fetch,
    once,
    retry_after,
    what_failed,
)

JSON = "application/json"
PROBLEM = "application/problem+json"

_OK = 200


@dataclass(frozen=True, slots=True)
class GatewayCall:
    """
    A request of the contract.

    ``about`` says in a sentence what is asked for, e.g. ``district 'x'``; ``body``
    is None where there is none, and never shown: it may hold a token. ``secrets`` are
    what the call sends that no answer may repeat.
    """

    method: str
    path: str
    about: str
    query: Mapping[str, str] | None = None
    body: Members | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """A successful answer: its members, and its ETag as it was sent."""

    body: Members
    etag: str | None


class Exchange:
    """
    Makes calls through one HTTP client.

    ``patience`` repeats reads; it is shared by all exchanges of a run, so that they
    wait within one budget; so are ``limits``. A save is sent once, whatever happens to
    it. What comes is searched for what was sent: a service that repeats a secret is
    not believed, and never quoted.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        patience: RetryPolicy = once,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._client = client
        self._base_url = str(client.base_url).rstrip("/")
        self._patience = patience
        self._limits = Limits() if limits is None else limits

    @property
    def address(self) -> str:
        """Give the address that is called, as it may be shown."""
        return foreign_text(str(self._client.base_url).rstrip("/"))

    async def read(self, call: GatewayCall) -> GatewayAnswer:
        """Make a call that changes nothing. Raises ``ConnectError``."""
        return await self._understood(call, self._patience)

    async def save(self, call: GatewayCall) -> GatewayAnswer:
        """Make a call that changes something. Raises ``ConnectError``."""
        return await self._understood(call, once)

    async def _understood(
        self, call: GatewayCall, patience: RetryPolicy
    ) -> GatewayAnswer:
        try:
            response = await patience(lambda: self._sent(call))
        except httpx2.RequestError as error:
            why, remedy = what_failed(error, call.secrets, self._client.base_url.host)
            # who was never connected has sent nothing: no save can arrive late
            unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise (NeverSent if unsent else Unreachable)(
                f"{call.about}: {why}", remedy=remedy or None
            ) from error
        if response.status_code != _OK:
            raise _refusal_of(response, call, self.address)
        try:
            body = _members(response, JSON)
        except BadJson as error:
            raise not_understood(f"{call.about}: {error}") from error
        etag = response.headers.get("ETag")
        if repeats_secret(f"{_text_of(response, body)}\n{etag}", call.secrets):
            raise not_understood(f"{call.about}: it repeats a secret that was sent")
        return GatewayAnswer(body, etag)

    async def _sent(self, call: GatewayCall) -> httpx2.Response:
        headers = dict(call.headers or {})
        content = None
        if call.body is not None:
            # ASCII: any text can be sent, and the other side judges it
            content = json.dumps(call.body).encode("ascii")
            headers["Content-Type"] = JSON
        # joined here: the library would take each address apart three times
        url = f"{self._base_url}{call.path}"
        request = self._client.build_request(
            call.method, url, params=call.query, content=content, headers=headers
        )
        return await fetch(self._client, request, self._limits)


def _refusal_of(
    response: httpx2.Response, call: GatewayCall, address: str
) -> ConnectError:
    about, problem = call.about, None
    with suppress(BadJson):
        problem = _members(response, PROBLEM)
    if problem is None and response.is_redirect:
        return Unreachable(
            f"{about}: the address redirects elsewhere, which is not followed",
            remedy="give the address that the redirect leads to, if you trust it",
        )
    return refusal(
        response.status_code,
        problem or {},
        about=about,
        address=address,
        secrets=call.secrets,
        wait=retry_after(response, datetime.now(UTC)),
    )


def _members(response: httpx2.Response, media_type: str) -> Members:
    """Read an answer that is a JSON object. Raises ``BadJson``."""
    came = _media_type(response)
    if came != media_type:
        shown = foreign_text(came) or "of no stated type"
        raise BadJson(f"it is {shown}, not {media_type}")
    body = read_json(response.content)
    if not isinstance(body, dict):
        raise BadJson(f"it is {kind_of(body)}, not a JSON object")
    return body


def _text_of(response: httpx2.Response, body: Members) -> str:
    """Give an answer as text in which no character is spelled with a backslash."""
    raw = response.content
    if b"\\" in raw or not raw.isascii() or b"\0" in raw:
        return json.dumps(body, ensure_ascii=False)
    # spelling all forms of a country again takes as long as reading them
    return raw.decode("ascii")


def _media_type(response: httpx2.Response) -> str:
    spelled: str = response.headers.get("Content-Type", "")
    return spelled.partition(";")[0].strip().lower()
