"""A second server that is not Connect, and a token typed on a page that knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from browser_world import SHORT_WAIT, World, both, close_tabs, served, website
from starlette.types import ASGIApp

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.errors import ConnectError

TOKEN = "the-token-of-bay-0123456789"  # noqa: S105 - of a stand-in


@dataclass
class Other:
    """A server that is not Connect, and all that was ever sent to it."""

    address: str
    heard: list[bytes] = field(default_factory=list)
    looks: list[bytes] = field(default_factory=list)
    """What was taken from there, as a page takes its styles and scripts."""


@asynccontextmanager
async def other(script: str = "") -> AsyncIterator[Other]:
    """
    Listen on an address that nothing of ours should send anything to.

    A ``script`` is what a page may take from there.
    """
    heard: list[bytes] = []
    looks: list[bytes] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # a browser may open a connection before it knows whether it is used
        sent = await reader.read(65536)
        # nor is a style sheet that a page takes from there more than a look
        taken = sent.startswith(b"GET /static/")
        if sent:
            (looks if taken else heard).append(sent)
        body = b"<h1>Not Connect</h1><p role=status>Saved</p>"
        kind = b"html"
        if taken and script:
            body, kind = script.encode(), b"javascript"
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/%s\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (kind, len(body), body)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        # by another name, as cookies do not tell ports apart
        yield Other(f"http://localhost:{port}", heard, looks)


async def type_token(reader: BrowserReader, writer: BrowserWriter) -> None:
    read = await reader.read("bay")
    await writer.save("bay", {}, expected_version=read.version, set_token=True)


async def type_over(
    world: World,
    around: Callable[[ASGIApp, str], ASGIApp],
    error: type[ConnectError],
    *,
    clicks: bool = False,
) -> tuple[Other, ConnectError]:
    """
    Type a token on a page that wants it elsewhere; give that, and the refusal.

    Unless one ``clicks`` to the form, its address is known.
    """
    async with other() as elsewhere:
        async with served(
            world.store, around=lambda app: around(app, elsewhere.address)
        ) as address:
            site = replace(
                website(address, world.folder), wait_seconds=SHORT_WAIT, load_seconds=8
            )
            known = None if clicks else world.store
            reader, writer = both(world.browser, site, lambda _: TOKEN, known)
            try:
                with pytest.raises(error) as refused:
                    await type_token(reader, writer)
            finally:
                await close_tabs(world.browser)
        return elsewhere, refused.value
