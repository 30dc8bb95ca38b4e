"""A stand-in on a real socket, and a real Chromium that is signed in to it."""

from __future__ import annotations

import asyncio
import copy
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser
from starlette.types import ASGIApp

from connectsync.backends import embedded
from connectsync.backends.browser.navigation import FormAddress
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.session import TabPool
from connectsync.backends.browser.website import Website
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.backends.contract import Tokens, nowhere
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.settings import Form
from connectsync.emulator.app import create_app, server
from connectsync.emulator.http import NO_FAULTS, Faults
from connectsync.emulator.store import find, open_store, page
from connectsync.emulator.users import (
    COOKIE,
    DEMO_EMAIL,
    Behavior,
    add_demo_user,
    begin,
)
from connectsync.web.http import RetryBudget

T = TypeVar("T")

FORM = "/settings/sis-rostering/daily-sync"
"""Where the form of a district is, below the district."""

WAIT_SECONDS = 10.0
"""How long a control is waited for, on a machine that has other things to do."""

SHORT_WAIT = 3.0
"""The same where a test is about what never comes."""


def session_of(store: Path, path: Path) -> Path:
    """Sign the demo user in, without a browser; keep the session as one would."""
    add_demo_user(store)
    with open_store(store).writing() as connection:
        secret, _ = begin(
            connection, DEMO_EMAIL, now=time.time(), lifetime_seconds=3600.0
        )
    cookie = {
        "name": COOKIE,
        "value": secret,
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    path.write_text(json.dumps({"cookies": [cookie], "origins": []}), "utf-8")
    return path


def sampled(every: Iterable[T], *left: T) -> list[Any]:
    """Give all as parameters; ``--every-case`` alone tries those that are left."""
    mark = pytest.mark.every_case
    return [pytest.param(one, marks=mark if one in left else ()) for one in every]


Around = Callable[[ASGIApp], ASGIApp]
"""Puts something around the stand-in, such as pages that are changed on their way."""


def bare(app: ASGIApp) -> ASGIApp:
    """Put nothing around the stand-in."""
    return app


@asynccontextmanager
async def served(
    store: Path,
    faults: Faults = NO_FAULTS,
    manners: Behavior | None = None,
    around: Around = bare,
) -> AsyncIterator[str]:
    """Serve the stand-in; give its address."""
    # named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms an answer
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    # a request that comes before the server is ready waits instead of being refused
    listening.listen(128)
    port = listening.getsockname()[1]
    app = create_app(store, faults=faults, manners=manners or Behavior())
    uvicorn = server(around(app), "127.0.0.1", port)
    serving = asyncio.create_task(uvicorn.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        uvicorn.should_exit = True
        await serving
        listening.close()


def website(address: str, folder: Path) -> Website:
    """Describe the stand-in, its session and its evidence in a folder."""
    return Website(
        address,
        session=folder / "session.json",
        evidence=folder / "evidence",
        wait_seconds=WAIT_SECONDS,
        load_seconds=20,
    )


def drawing_small(browser: Browser) -> Browser:
    """Give a browser whose pictures take a third of the time: they are not compared."""
    small = copy.copy(browser)
    drawn = partial(browser.new_context, device_scale_factor=0.25)
    small.new_context = drawn  # type: ignore[method-assign]
    return small


def both(
    browser: Browser, site: Website, tokens: Tokens = nowhere, known: Path | None = None
) -> tuple[BrowserReader, BrowserWriter]:
    """
    Give a reader and a writer over the tabs of one browser, as a run has them.

    With the store as ``known`` they are those of a run that was at every form before,
    and that loads them by their address: clicking to a form takes half of such a test.
    """
    tabs = TabPool(drawing_small(browser), site, RetryBudget(budget_seconds=2))
    if known is not None:
        with open_store(known).reading() as connection:
            for row in page(connection, "", 1000):
                address = f"{site.url}/districts/{row.key}{FORM}"
                places = tabs._places  # noqa: SLF001 - as a look would
                places.meet([ListedDistrict(row.key, row.name)])
                places.note(row.key, FormAddress(address))
                places.prove()
    return BrowserReader(tabs), BrowserWriter(tabs, tokens=tokens)


@asynccontextmanager
async def over_browser(
    browser: Browser, store: Path, tokens: Tokens = nowhere
) -> AsyncIterator[tuple[BrowserReader, BrowserWriter]]:
    """Use a browser on a store, and leave no tab of it open."""
    await asyncio.to_thread(session_of, store, store.parent / "session.json")
    async with served(store) as address:
        try:
            yield both(browser, website(address, store.parent), tokens, store)
        finally:
            await close_tabs(browser)


async def close_tabs(browser: Browser) -> None:
    """Close every tab, so that the next test finds a browser like a new one."""
    for context in browser.contexts:
        await context.close()


@dataclass
class World:
    """A browser that several tests share, and a stand-in for each of them."""

    runner: asyncio.Runner
    browser: Browser
    folder: Path
    known: bool = False
    """Whether every form was looked at before, and is not clicked to any more."""

    @property
    def store(self) -> Path:
        return self.folder / "connect.db"

    def run(
        self,
        act: Callable[[BrowserReader, BrowserWriter], Awaitable[T]],
        *,
        faults: Faults = NO_FAULTS,
        manners: Behavior | None = None,
        tokens: Tokens = nowhere,
        around: Around = bare,
        **site: Any,
    ) -> T:
        """Do something with a reader and a writer; ``site`` changes the website."""

        async def acted() -> T:
            async with served(self.store, faults, manners, around) as address:
                described = replace(website(address, self.folder), **site)
                try:
                    store = self.store if self.known else None
                    return await act(*both(self.browser, described, tokens, store))
                finally:
                    await close_tabs(self.browser)

        return self.runner.run(acted())

    def live(self, key: str) -> Live:
        """Read a form past the page."""

        async def read() -> Live:
            async with embedded.open_reader(create_app(self.store)) as reader:
                return await reader.read(key)

        return self.runner.run(read())

    async def edit(self, key: str, form: Form) -> None:
        """Save as somebody else does."""
        app = create_app(self.store)
        async with (
            embedded.open_reader(app) as reader,
            embedded.open_writer(app) as writer,
        ):
            version = (await reader.read(key)).version
            await writer.save(key, form, expected_version=version)

    def token_digest(self, key: str) -> str:
        """Give the digest of the token that the stand-in keeps, if it has one."""
        with open_store(self.store).reading() as connection:
            row = find(connection, key)
        assert row is not None
        return row.token_digest

    def evidence(self) -> list[Path]:
        """Give every file of evidence."""
        return sorted((self.folder / "evidence").rglob("*.*"))
