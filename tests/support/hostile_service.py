"""Services on real sockets that misbehave below HTTP, and proxies before a gateway."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Headers = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What was asked: the first line, the headers in lower case, the body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Service:
    """A service, and what it was asked."""

    url: str = ""
    asked: list[Request] = field(default_factory=list)

    def writes(self) -> int:
        """Count the saves it was asked for."""
        return sum(one.method == "PATCH" for one in self.asked)


@contextmanager
def serving(answer: Answer) -> Iterator[Service]:
    """Answer every request by a function, one a connection, until the block ends."""
    service, ready = Service(), threading.Event()
    told: list[Callable[[], object]] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _request(reader)
            service.asked.append(request)
            await answer(request, writer)
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def served() -> None:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        server = await asyncio.start_server(one, "127.0.0.1", 0)
        service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told.append(lambda: loop.call_soon_threadsafe(ended.set))
        ready.set()
        await ended.wait()
        server.close()
        # a service that never ends its answers is ended with them
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(served()))
    thread.start()
    ready.wait()
    try:
        yield service
    finally:
        told[0]()
        thread.join()


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = _headers(lines)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


def _headers(lines: list[str]) -> Headers:
    pairs = (line.split(":", 1) for line in lines)
    return {name.strip().lower(): value.strip() for name, value in pairs}


async def sent(
    writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Send one whole answer."""
    lines = {"content-length": str(len(body)), "connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + body)
    await writer.drain()


def proxy(upstream: str, treat: Callable[[str], str | None], *, always: bool) -> Answer:
    """
    Stand before a service and compress what it answers.

    ``treat`` changes the ETag of what was compressed, or drops it by None. A proxy
    that does it ``always`` compresses also where identity was asked for.
    """
    host, _, port = upstream.removeprefix("http://").partition(":")

    async def passed(request: Request, writer: asyncio.StreamWriter) -> None:
        status, headers, body = await _asked(host, int(port), request)
        packs = always or "gzip" in request.headers.get("accept-encoding", "")
        if packs and headers.get("content-type") == "application/json":
            body = gzip.compress(body)
            headers["content-encoding"] = "gzip"
            if (tag := headers.pop("etag", None)) and (treated := treat(tag)):
                headers["etag"] = treated
        await sent(writer, status, headers, body)

    return passed


async def _asked(host: str, port: int, request: Request) -> tuple[int, Headers, bytes]:
    reader, writer = await asyncio.open_connection(host, port)
    hidden = {"connection", "accept-encoding"}
    kept = {name: one for name, one in request.headers.items() if name not in hidden}
    lines = "".join(
        f"{name}: {value}\r\n"
        for name, value in {**kept, "connection": "close"}.items()
    )
    first = f"{request.method} {request.path} HTTP/1.1\r\n"
    writer.write(f"{first}{lines}\r\n".encode("latin-1") + request.body)
    await writer.drain()
    whole = await reader.read()
    writer.close()
    head, _, body = whole.partition(b"\r\n\r\n")
    status, *rest = head.decode("latin-1").split("\r\n")
    headers = _headers(rest)
    for name in ("content-length", "transfer-encoding", "connection", "date", "server"):
        headers.pop(name, None)
    return int(status.split(" ")[1]), headers, body
