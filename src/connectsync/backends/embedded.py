"""
The embedded backend: the stand-in in this process, reached over its ASGI app.

The app is handed in, so that client and stand-in never import each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from connectsync.backends.contract import (
    Clock,
    ContractReader,
    ContractWriter,
    ReadOnly,
    Tokens,
    nowhere,
    utc_now,
)
from connectsync.backends.exchange import Exchange
from connectsync.backends.names import to_json
from connectsync.domain.live import Snapshot
from connectsync.web.http import client

DESCRIBED = "embedded"

_Message = MutableMapping[str, Any]
App = Callable[
    [
        _Message,
        Callable[[], Awaitable[_Message]],
        Callable[[_Message], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An ASGI application."""

_ADDRESS = "http://embedded"


@asynccontextmanager
async def open_reader(
    app: App, *, token: str | None = None, clock: Clock = utc_now
) -> AsyncIterator[ContractReader]:
    """Open a reader on the app; ``token`` is the bearer token if it asks for one."""
    transport = ReadOnly(httpx2.ASGITransport(app))
    async with client(transport, base_url=_ADDRESS, token=token) as reading:
        yield ContractReader(Exchange(reading), described=DESCRIBED, clock=clock)


@asynccontextmanager
async def open_writer(
    app: App,
    *,
    token: str | None = None,
    tokens: Tokens = nowhere,
    clock: Clock = utc_now,
) -> AsyncIterator[ContractWriter]:
    """Open a writer on the app; ``tokens`` finds the tokens of districts."""
    transport = httpx2.ASGITransport(app)
    async with (
        open_reader(app, token=token, clock=clock) as reader,
        client(transport, base_url=_ADDRESS, token=token) as writing,
    ):
        yield ContractWriter(Exchange(writing), reader, tokens=tokens)


def seeds(snapshot: Snapshot) -> list[tuple[str, str, dict[str, object]]]:
    """Give key, name and form of each district, as the stand-in spells them."""
    return [
        (entry.live.key, entry.name, to_json(entry.live.form))
        for entry in snapshot.entries
    ]
