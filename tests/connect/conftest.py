"""The backends that the contract is run over, and a gateway that misbehaves."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest
from browser_world import over_browser

from connectsync.backends import embedded, gateway, snapshot
from connectsync.backends.contract import (
    ContractReader,
    ContractWriter,
    ReadOnly,
    Tokens,
)
from connectsync.backends.exchange import Exchange
from connectsync.backends.seam import Reader, Writer
from connectsync.backends.snapshot import SnapshotReader, SnapshotWriter
from connectsync.emulator import store
from connectsync.emulator.app import create_app, server
from connectsync.emulator.seed import enrol
from connectsync.errors import ProjectError
from connectsync.operations.import_ import take_snapshot
from connectsync.web.http import client

Both = tuple[Reader, Writer]
Opened = Callable[[Path, Tokens], AbstractAsyncContextManager[Both]]
T = TypeVar("T")

TOKEN = "let-me-in"  # noqa: S105 - of a stand-in that lives for one test


DISTRICT_TOKEN = "of-lakeview-4f1c9a7d2b"  # noqa: S105 - of a stand-in as well


@dataclass(frozen=True)
class Backend:
    """
    A backend on a fresh store in which a few districts are enrolled.

    Lakeview has a token, Elm Park a reference that gives none here, Bay no reference.
    """

    store: Path
    opened: Opened
    runner: asyncio.Runner | None = None
    """The loop that a shared browser lives in; each run has its own elsewhere."""
    versions_recur: bool = False
    """Whether a form that was changed and changed back has its old version again."""
    types_tokens: bool = True
    """Whether it is the backend that types a token, and not a person."""
    every: int = 1
    """Of many saves, every which one is made: a page takes a second for each."""
    resolved: list[str] = field(default_factory=list)
    """The districts whose tokens were asked for, in that order."""

    def run(self, act: Callable[[Reader, Writer], Awaitable[T]]) -> T:
        """Do something with a reader and a writer, and close them."""

        async def acted() -> T:
            async with self.opened(self.store, self.token) as (reader, writer):
                return await act(reader, writer)

        return self.runner.run(acted()) if self.runner else asyncio.run(acted())

    def token(self, key: str) -> str | None:
        """Find a token, and remember that it was asked for."""
        self.resolved.append(key)
        if key == "elm.park_1":
            raise ProjectError("env:ELM_TOKEN gives no token")
        return DISTRICT_TOKEN if key == "lakeview-usd" else None

    def token_digest(self, key: str) -> str:
        """Give what the stand-in keeps of a token; empty if it has none."""
        with store.open_store(self.store).reading() as connection:
            row = store.find(connection, key)
        assert row is not None
        return row.token_digest


@asynccontextmanager
async def over_embedded(store: Path, tokens: Tokens) -> AsyncIterator[Both]:
    app = create_app(store, token=TOKEN)
    async with (
        embedded.open_reader(app, token=TOKEN) as reader,
        embedded.open_writer(app, token=TOKEN, tokens=tokens) as writer,
    ):
        yield reader, writer


@asynccontextmanager
async def over_loopback(store: Path, tokens: Tokens) -> AsyncIterator[Both]:
    async with served(store) as address:
        where = gateway.GatewayAddress(address, TOKEN)
        async with (
            gateway.open_reader(where) as reader,
            gateway.open_writer(where, tokens=tokens) as writer,
        ):
            yield reader, writer


@asynccontextmanager
async def served(store: Path) -> AsyncIterator[str]:
    """Serve the stand-in on a real socket; give its address."""
    # named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms an answer
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    # a request that comes before the server is ready waits instead of being refused
    listening.listen(128)
    port = listening.getsockname()[1]
    uvicorn = server(create_app(store, token=TOKEN), "127.0.0.1", port)
    serving = asyncio.create_task(uvicorn.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        uvicorn.should_exit = True
        await serving
        listening.close()


@asynccontextmanager
async def over_snapshot(store: Path, tokens: Tokens) -> AsyncIterator[Both]:
    async with over_embedded(store, tokens) as (reader, _):
        taken = await take_snapshot(reader, ())
    path = store.with_name("live.json")
    snapshot.write(path, taken)
    yield (
        SnapshotReader(path, described="snapshot:live.json"),
        SnapshotWriter(path, lambda _, __: "a person who always says yes"),
    )


BACKENDS: dict[str, Opened] = {
    "embedded": over_embedded,
    "gateway": over_loopback,
    "snapshot": over_snapshot,
}


@pytest.fixture(params=[*BACKENDS, "browser"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    path = tmp_path / "connect.db"
    districts = [("lakeview-usd", "Lakeview Unified"), ("bay", "Bay of São João")]
    enrol(path, [*districts, ("elm.park_1", "Elm Park")])
    name = request.param
    if name != "browser":
        return Backend(path, BACKENDS[name], types_tokens=name != "snapshot")
    runner, browser = request.getfixturevalue("chromium")
    return Backend(
        path,
        partial(over_browser, browser),
        runner,
        # a page shows no version: equal forms are all that can be told
        versions_recur=True,
        every=1 if request.config.getoption("--every-case") else 14,
    )


Answer = Callable[[httpx2.Request], httpx2.Response]


class Mock:
    """A gateway that answers as a function says, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[httpx2.Request] = []
        self._answer = answer

    def run(self, act: Callable[[ContractReader, ContractWriter], Awaitable[T]]) -> T:
        """Do something with a reader and a writer over it."""

        async def acted() -> T:
            address = "https://gateway.test"
            reading = client(ReadOnly(self._transport()), base_url=address)
            async with reading, client(self._transport(), base_url=address) as writing:
                reader = ContractReader(Exchange(reading), described="mock")
                writer = ContractWriter(Exchange(writing), reader)
                # the look before a first save has tests of its own
                writer._confirmable = True  # noqa: SLF001 - as above
                return await act(reader, writer)

        return asyncio.run(acted())

    def _transport(self) -> httpx2.AsyncBaseTransport:
        return httpx2.MockTransport(self._answered)

    def _answered(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self._answer(request)


@pytest.fixture
def mock() -> Callable[[Answer], Mock]:
    return Mock


def problem(status: int, kind: str, **members: object) -> httpx2.Response:
    """Give a problem answer of the contract."""
    body = {"type": f"urn:connectsync:problem:{kind}", "title": kind, "status": status}
    return httpx2.Response(
        status,
        content=json.dumps(body | members).encode(),
        headers={"Content-Type": "application/problem+json"},
    )


@pytest.fixture(name="served")
def served_fixture() -> Callable[[Path], AbstractAsyncContextManager[str]]:
    return served


@pytest.fixture(name="problem")
def problem_fixture() -> Callable[..., httpx2.Response]:
    return problem
