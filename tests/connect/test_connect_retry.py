"""A read is repeated while a run has patience, and its last answer is understood."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from connectsync.backends.contract import ContractReader
from connectsync.backends.exchange import Exchange
from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import Unreachable
from connectsync.web.http import RetryBudget, client


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


async def read_of(answer: httpx2.Response) -> object:
    transport = httpx2.MockTransport(lambda _: answer)
    async with client(transport, base_url="https://gateway.test/sync") as reading:
        exchange = Exchange(reading, RetryBudget(sleep=Sleeps()))
        reader = ContractReader(exchange, described="mock")
        found = await reader.read_many(["bay"])
        return found["bay"]


GIVEN_UP = [
    ("3600", "; it asks to wait 60 minutes", "try again in 60 minutes"),
    ("90", "; it asks to wait 90 seconds", "try again in 90 seconds"),
    ("91", "; it asks to wait 2 minutes", "try again in 2 minutes"),
    ("7201", "; it asks to wait 3 hours", "try again in 3 hours"),
    ("", "", "wait a few minutes, then try again"),
    ("soon", "", "wait a few minutes, then try again"),
]


@pytest.mark.parametrize(("retry_after", "asks", "remedy"), GIVEN_UP)
def test_too_many_requests_say_where_and_when_to_try_again(
    retry_after: str, asks: str, remedy: str
) -> None:
    answer = httpx2.Response(429, headers={"Retry-After": retry_after})
    with pytest.raises(Unreachable) as given_up:
        asyncio.run(read_of(answer))
    assert given_up.value.message == (
        "the forms of 1 district: https://gateway.test/sync got too many requests and"
        f" takes no more for now (status 429){asks}"
    )
    assert (
        given_up.value.remedy == f"{remedy}; if it stays, run fewer commands at a time"
    )


def test_the_address_in_it_shows_no_secret() -> None:
    SECRETS.learn("sync")
    with pytest.raises(Unreachable, match=r"https://gateway\.test/\*\*\* got too many"):
        asyncio.run(read_of(httpx2.Response(429)))


def test_any_status_that_asks_to_wait_says_when_to_try_again() -> None:
    answer = httpx2.Response(503, headers={"Retry-After": "600"})
    with pytest.raises(Unreachable, match="status 503") as given_up:
        asyncio.run(read_of(answer))
    assert given_up.value.remedy == "try again in 10 minutes"


def test_one_district_of_many_that_meets_too_many_requests_says_so_too() -> None:
    problem = {"status": 429, "detail": "slow down"}
    body = {"items": [], "errors": [{"district": "bay", "problem": problem}]}
    error = asyncio.run(read_of(httpx2.Response(200, json=body)))
    assert isinstance(error, Unreachable)
    assert error.message == (
        "district 'bay': https://gateway.test/sync got too many requests and takes no"
        " more for now (status 429): slow down"
    )
