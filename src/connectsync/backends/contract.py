"""The client of the gateway contract, schema/gateway.openapi.yaml."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import httpx2

from connectsync import errors
from connectsync.backends import answers
from connectsync.backends.exchange import Exchange, GatewayCall
from connectsync.backends.names import TOKEN_JSON, setting_named, to_json
from connectsync.backends.seam import Visit, whole_visits
from connectsync.domain.foreign_text import SECRETS, foreign_text
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.settings import (
    BY_NAME,
    LABELED,
    Form,
    form_spelled_as,
    labels_in,
)
from connectsync.domain.sync import SyncOutcome
from connectsync.domain.wording import many
from connectsync.providers.form import Kind
from connectsync.values import replace

Tokens = Callable[[str], str | None]
"""
Finds a district's token, by the district's key.

Gives None where the district names no reference. Raises ``ProjectError`` where the
reference gives nothing here.
"""

_TELLING = 8
"""So many characters of a token are taken for a quotation; what is cut is one too."""


def nowhere(key: str) -> None:
    """Find no token: no district names one."""
    del key


def needed(tokens: Tokens, key: str) -> str:
    """Give a token that was asked for. Raises ``ProjectError`` if there is none."""
    token = tokens(key)
    if token:
        # it is about to be sent: no text of others may show it from here on
        SECRETS.learn(token)
    if token is None:
        raise errors.ProjectError(
            f"district {key!r} names no token that could be set",
            remedy="state credentials.oauth_token in its file: env:NAME, file:PATH or"
            " command:ARGV",
        )
    return token


@contextmanager
def unquoted(key: str, token: str | None) -> Iterator[None]:
    """Keep a token out of what Connect says when it refuses it."""
    try:
        yield
    except errors.ConnectError as error:
        if token is None or token[:_TELLING] not in error.message:
            raise
        said = f"district {key!r}: what Connect says quotes the token: it is not shown"
        raise type(error)(said, remedy=error.remedy) from None


DISTRICTS = "/v1/districts"
BULK_READ = "/v1/districts:read"
LONGEST_PAGE = 1000
LARGEST_BULK = 500
BULKS_AT_ONCE = 4
"""So many answers of forms are waited for at a time: most of a reading is waiting."""
MOST_PAGES = 2_000
MOST_DISTRICTS = 200_000
"""More than ten times the districts of the country: such a list never ends."""

SETTLE = "read the district: its form tells whether the save was made"

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


Clock = Callable[[], datetime]
"""Tells the time, with its zone."""


def utc_now() -> datetime:
    """Give the time of the clock on the wall, in UTC."""
    return datetime.now(UTC)


T = TypeVar("T", Live, SyncOutcome, Visit)


class BulkReading(Protocol[T]):
    """Reads an answer of many districts, each by itself."""

    def __call__(
        self,
        body: answers.Members,
        *,
        keys: Sequence[str],
        read_at: datetime,
        address: str,
    ) -> dict[str, T | errors.ConnectError]:
        """Give what the answer says of each key."""


class ContractReader:
    """Reads through the contract; it has no way to write. See ``seam.Reader``."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        described: str,
        clock: Clock = utc_now,
    ) -> None:
        self._exchange = exchange
        self._described = described
        self._clock = clock

    @property
    def described(self) -> str:
        """Name the backend and its address, without any secret."""
        return self._described

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district the credentials reach, sorted by key."""
        found: dict[str, ListedDistrict] = {}
        seen: set[str] = set()
        cursor: str | None = ""
        while cursor is not None:
            page = await self._page(cursor)
            seen.add(cursor)
            _add(found, page.districts)
            cursor = page.following
            if cursor in seen:
                raise answers.not_understood("the cursor of the list does not advance")
            if len(seen) >= MOST_PAGES or len(found) > MOST_DISTRICTS:
                raise answers.not_understood(
                    f"the list of districts has no end: {len(found)} districts on"
                    f" {len(seen)} pages, and more should follow"
                )
        return tuple(found[key] for key in sorted(found))

    async def read(self, key: str) -> Live:
        """Read one district's form."""
        call = GatewayCall("GET", _address(key), f"district {key!r}")
        answer = await self._exchange.read(call)
        live = answers.live(answer.body, key=key, read_at=self._clock())
        answers.read_tagged_version(answer.body, answer.etag)
        return live

    async def read_many(
        self, keys: Sequence[str]
    ) -> Mapping[str, Live | errors.ConnectError]:
        """Read many forms; every key is answered, by a form or an error."""
        return await self._bulk(keys, answers.forms)

    async def outcomes(
        self, keys: Sequence[str]
    ) -> Mapping[str, SyncOutcome | errors.ConnectError]:
        """Give the last nightly syncs. See ``seam.OutcomeReader``."""
        return await self._bulk(keys, answers.outcomes)

    async def read_with_outcomes(self, keys: Sequence[str]) -> Mapping[str, Visit]:
        """Give forms and last nightly syncs. See ``seam.OutcomeReader``."""
        return whole_visits(await self._bulk(keys, answers.visits))

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that a drop-down or box group offers, in page order."""
        if BY_NAME[setting].kind not in {Kind.CHOICE, Kind.BOXES}:
            raise errors.Bug(f"{setting} offers no labels")
        name = setting_named(setting).gateway_name
        call = GatewayCall("GET", f"/v1/options/{name}", f"the options of {setting}")
        return answers.labels((await self._exchange.read(call)).body, setting=name)

    async def _page(self, cursor: str) -> answers.DistrictPage:
        query = {"limit": str(LONGEST_PAGE)} | ({"cursor": cursor} if cursor else {})
        call = GatewayCall("GET", DISTRICTS, "the list of districts", query=query)
        return answers.page((await self._exchange.read(call)).body)

    async def _bulk(
        self, keys: Sequence[str], read: BulkReading[T]
    ) -> Mapping[str, T | errors.ConnectError]:
        wanted = list(dict.fromkeys(keys))
        found: dict[str, T | errors.ConnectError] = {
            key: _no_such_key(key) for key in wanted if not _KEY.fullmatch(key)
        }
        failures: list[errors.ConnectError] = []
        parts = list(_parts([key for key in wanted if key not in found]))
        free = asyncio.Semaphore(BULKS_AT_ONCE)

        async def read_part(part: Sequence[str]) -> None:
            try:
                async with free:
                    body = await self._part(part)
                    read_at, address = self._clock(), self._exchange.address
                    found.update(
                        read(body, keys=part, read_at=read_at, address=address)
                    )
            except errors.ConnectError as error:
                failures.append(error)
                found.update(dict.fromkeys(part, error))

        await asyncio.gather(*map(read_part, parts))
        if failures and len(failures) == len(parts):
            raise failures[0]
        return {key: found[key] for key in wanted}

    async def _part(self, keys: Sequence[str]) -> answers.Members:
        about = f"the forms of {many(len(keys), 'district')}"
        call = GatewayCall("POST", BULK_READ, about, body={"districts": list(keys)})
        return (await self._exchange.read(call)).body


class ContractWriter:
    """
    Saves through the contract and reads back. See ``seam.Writer``.

    ``reader`` reads back over a client of its own, so that what was saved is seen as
    the next reader sees it. ``tokens`` finds the token to save where that is asked for.
    """

    def __init__(
        self, exchange: Exchange, reader: ContractReader, *, tokens: Tokens = nowhere
    ) -> None:
        self._exchange = exchange
        self._reader = reader
        self._tokens = tokens
        self._confirmable = False
        self._looking = asyncio.Lock()

    async def save(
        self,
        key: str,
        desired: Form,
        *,
        expected_version: str,
        set_token: bool = False,
    ) -> Live:
        """Save the settings in ``desired``; give the form as it was read back."""
        headers = _save_headers(expected_version)
        desired = await self._as_offered(desired)
        call = GatewayCall(
            "PATCH",
            f"{_address(key)}/settings",
            f"saving district {key!r}",
            body=to_json(desired),
            headers=headers,
            secrets=(headers["Idempotency-Key"],),
        )
        await self._insist_confirmable(key)
        saved = await (self._with_token(call, key) if set_token else self._saved(call))
        return await self._read_back(key, saved)

    async def _as_offered(self, desired: Form) -> Form:
        """Spell labels with accents as Connect offers them, as far as it tells."""
        offered = {}
        for name in LABELED.intersection(desired):
            if not all(map(str.isascii, labels_in(desired[name]))):
                with suppress(errors.ConnectError):
                    offered[name] = await self._reader.options(name)
        return form_spelled_as(desired, offered)

    async def _insist_confirmable(self, key: str) -> None:
        """
        Read a form before the first save, to see that a save can be proven at all.

        Raises ``Unconfirmable`` if it comes without a tag of its version, and
        ``NotSent`` if it does not come.
        """
        async with self._looking:
            if self._confirmable:
                return
            try:
                await self._reader.read(key)
            except answers.TagUnusable as error:
                raise errors.Unconfirmable(
                    f"nothing was saved, since no save could be confirmed:"
                    f" {error.message}",
                    remedy=error.remedy,
                ) from error
            except errors.Unreachable as error:
                raise errors.NotSent(
                    f"nothing was saved: {error.message}", remedy=error.remedy
                ) from error
            self._confirmable = True

    async def _with_token(self, call: GatewayCall, key: str) -> str:
        token = needed(self._tokens, key)
        with unquoted(key, token):
            body = {**(call.body or {}), TOKEN_JSON: token}
            secrets = (*call.secrets, token)
            return await self._saved(replace(call, body=body, secrets=secrets))

    async def _saved(self, call: GatewayCall) -> str:
        try:
            answer = await self._exchange.save(call)
            return answers.read_tagged_version(answer.body, answer.etag)
        except errors.Unreachable as error:
            raise errors.Unreachable(
                f"{error.message}; it may or may not have been saved", remedy=SETTLE
            ) from error

    async def _read_back(self, key: str, saved: str) -> Live:
        try:
            live = await self._reader.read(key)
        except errors.ConnectError as error:
            # whatever the reason, the save is made: no one may take it for refused
            raise errors.Unreachable(
                f"district {key!r} was saved, but not read back: {error.message}",
                remedy=SETTLE,
            ) from error
        if live.version != saved:
            raise errors.Unreachable(
                f"district {key!r} was saved as version {saved}, but is at"
                f" {live.version}: someone else saved right after",
                remedy=SETTLE,
            )
        return live


def _save_headers(expected_version: str) -> dict[str, str]:
    if not answers.VERSION.fullmatch(expected_version):
        raise errors.VersionMoved(
            f"no form was ever at the version {expected_version!r}"
        )
    # a random key: versions of a gateway may recur, and a key made from one would
    # then bring back an old answer instead of making a new save
    return {"If-Match": f'"{expected_version}"', "Idempotency-Key": uuid.uuid4().hex}


def _address(key: str) -> str:
    # no key that a client or a proxy would take for a part of the path
    if not _KEY.fullmatch(key):
        raise _no_such_key(key)
    return f"{DISTRICTS}/{key}"


def _no_such_key(key: str) -> errors.DistrictNotFound:
    return errors.DistrictNotFound(
        f"{key!r} cannot be the key of a district on Connect"
    )


def _parts(keys: Sequence[str]) -> list[Sequence[str]]:
    starts = range(0, len(keys), LARGEST_BULK)
    return [keys[start : start + LARGEST_BULK] for start in starts]


def _add(found: dict[str, ListedDistrict], districts: Sequence[ListedDistrict]) -> None:
    for listed in districts:
        if listed.key in found:
            twice = foreign_text(listed.key)
            raise answers.not_understood(f"district {twice!r} is listed twice")
        found[listed.key] = listed


class ReadOnly(httpx2.AsyncBaseTransport):
    """Let through what reads: GET, and the bulk read; anything else is a bug."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request that reads."""
        bulk = request.method == "POST" and request.url.path.endswith(BULK_READ)
        if request.method != "GET" and not bulk:
            raise errors.Bug(f"a reader tried to {request.method} {request.url.path}")
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the transport beneath."""
        await self._transport.aclose()
