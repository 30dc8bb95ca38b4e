"""Where no connection is made nothing leaves; where an answer is lost it may have."""

from __future__ import annotations

import asyncio
import socket

import pytest

from connectsync.backends import gateway
from connectsync.errors import NeverSent, Unreachable


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_nothing_leaves_where_nothing_listens() -> None:
    url = f"http://127.0.0.1:{unused_port()}"

    async def story() -> None:
        async with gateway.open_reader(gateway.GatewayAddress(url, "token")) as reader:
            await reader.read("elm")

    with pytest.raises(NeverSent):
        asyncio.run(story())


def test_an_answer_that_is_lost_may_have_left() -> None:
    async def story() -> None:
        async def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(drop, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            there = gateway.GatewayAddress(f"http://127.0.0.1:{port}", "token")
            async with gateway.open_reader(there) as reader:
                await reader.read("elm")

    with pytest.raises(Unreachable) as lost:
        asyncio.run(story())
    assert not isinstance(lost.value, NeverSent)
