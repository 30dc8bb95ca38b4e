"""A read is repeated while a run has patience, and its last answer is understood."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from connectsync.backends.contract import ContractReader
from connectsync.backends.exchange import Exchange
from connectsync.errors import Unreachable
from connectsync.web.http import client
from connectsync.web.patience import RetryBudget


class Sleeps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_reads_are_repeated_and_the_last_answer_is_understood() -> None:
    sleeps = Sleeps()
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(429, headers={"Retry-After": "1"})

    async def read() -> None:
        transport = httpx2.MockTransport(answer)
        async with client(transport, base_url="https://gateway.test") as reading:
            exchange = Exchange(reading, RetryBudget(sleep=sleeps))
            await ContractReader(exchange, described="mock").read_many(["bay"])

    with pytest.raises(Unreachable, match="status 429"):
        asyncio.run(read())
    assert sleeps == [1.0] * 4
    assert {request.content for request in asked} == {b'{"districts": ["bay"]}'}
