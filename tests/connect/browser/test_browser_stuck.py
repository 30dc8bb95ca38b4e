"""A page that never comes to an end is given up, and told so in a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from browser_world import World, both, close_tabs, sampled, website
from tampered_page import Tampered, before_end, on_the_form

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import Live
from connectsync.errors import PageChanged, Unreachable

TOTAL = 6.0
"""The total time of a district: enough for a page that is well, where it is short."""


async def read(reader: BrowserReader, _: BrowserWriter) -> Live:
    return await reader.read("bay")


def script(code: str) -> partial[Tampered]:
    return partial(Tampered, change=on_the_form(before_end(f"<script>{code}</script>")))


STUCK = {
    "loop": script("setTimeout(() => { while (true) {} })"),
    "boxes": script("setTimeout(() => { while (true) alert(1) })"),
    "reloads": script("setInterval(() => location.reload(), 5)"),
    "windows": script("setInterval(() => open('/'), 5); while (true) {}"),
}


@pytest.mark.parametrize("kind", sampled(STUCK, "boxes", "windows"))
@pytest.mark.sampled(1)
def test_a_page_that_does_not_come_to_an_end_is_given_up(
    world: World, kind: str
) -> None:
    async def twice(reader: BrowserReader, _: BrowserWriter) -> str:
        with pytest.raises(Unreachable) as stuck:
            await reader.read("bay")
        # what hung is gone: the next district has a tab of its own
        assert len(await reader.list_districts()) == 3
        return stuck.value.message

    said = world.run(
        twice,
        around=STUCK[kind],
        total_seconds=TOTAL,
        load_seconds=4.0,
        wait_seconds=1.0,
    )
    assert "Connect's page" in said or "form went away" in said


def test_a_page_that_hangs_before_the_save_is_known_not_to_be_saved(
    world: World,
) -> None:
    async def save(reader: BrowserReader, writer: BrowserWriter) -> Live:
        read = await reader.read("bay")
        return await writer.save(
            "bay", {"manage_guardians": True}, expected_version=read.version
        )

    hangs = on_the_form(
        lambda html: html.replace('method="post" n', 'method="post" onchange="x()" n')
    )

    def change(path: str, html: str) -> str:
        script = "<script>function x() { while (true) {} }</script>"
        return before_end(script)(hangs(path, html))

    with pytest.raises(PageChanged, match="did not come to an end within"):
        world.run(
            save,
            around=partial(Tampered, change=change),
            total_seconds=TOTAL,
            load_seconds=20.0,
        )
    assert world.live("bay").form["manage_guardians"] is False


Answer = Callable[[asyncio.StreamWriter], object]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n%s\r\n"


async def never(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % (b"text/html", b"Content-Length: 9000000\r\n"))
    while True:
        writer.write(b"<p>")
        await writer.drain()
        await asyncio.sleep(0.05)


async def download(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % (b"application/zip", b"Content-Disposition: attachment\r\n"))
    while True:
        writer.write(b"0" * 65536)
        await writer.drain()
        await asyncio.sleep(0.01)


async def redirects(writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n"
        b"Connection: close\r\n\r\n"
    )
    await writer.drain()


ENDLESS: dict[str, tuple[Answer, str]] = {
    "silence": (never, "there is none after 2 s"),
    "drops": (dripping, "there is none after 2 s"),
    "download": (download, "sends a file to download instead of a page"),
    "redirects": (redirects, "redirects without end"),
}


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    talks = set[asyncio.Task[None]]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            talks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)  # type: ignore[misc]
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.sampled(2)
def test_an_answer_without_end_is_told_in_a_sentence(world: World, kind: str) -> None:
    answer, words = ENDLESS[kind]

    async def act() -> None:
        async with answering(answer) as address:
            # what ends by itself gets the time for it; the others never do
            seconds = 60 if kind == "redirects" else 2
            site = replace(
                website(address, world.folder),
                load_seconds=seconds,
                total_seconds=4 * seconds + 30,
            )
            reader, _ = both(world.browser, site)
            try:
                with pytest.raises(Unreachable, match=words):
                    await reader.read("bay")
            finally:
                await close_tabs(world.browser)

    world.runner.run(act())
