"""An answer without end, in time or in size, ends in a sentence."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hostile_service import Answer, Request, sent, serving

from connectsync.backends import contract, gateway
from connectsync.backends.contract import ContractReader
from connectsync.errors import ConnectError, Unreachable
from connectsync.roster.clever import ReadBounds, open_roster
from connectsync.roster.clever_users import UserListing
from connectsync.web.http import MEBIBYTE, Limits, RetryBudget

TOKEN = "t0ken-of-endless"  # noqa: S105 - of a stand-in that lives for one test
JSON = {"content-type": "application/json"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

SHORT = 1.0
LONG_SECONDS = 60
"""What no test comes near: an answer that is cut off is cut off long before."""


def limits(seconds: float = SHORT) -> Limits:
    """Give limits that a test can reach; of time only where it waits for that one."""
    return Limits(
        answer_seconds=seconds,
        answer_bytes=4 * MEBIBYTE,
        usual_seconds=seconds / 2,
        run_seconds=3 * seconds,
        run_bytes=6 * MEBIBYTE,
    )


async def drip(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(SHORT / 10)


async def drip_headers(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    for number in itertools.count():
        writer.write(f"x-{number}: 1\r\n".encode())
        await writer.drain()
        await asyncio.sleep(SHORT / 10)


async def continue_for_ever(_: Request, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def pour(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b" " * MEBIBYTE)
        await writer.drain()


async def huge_headers(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"x-much: " + b"a" * (8 * MEBIBYTE) + b"\r\n\r\n{}")
    await writer.drain()


async def bomb(_: Request, writer: asyncio.StreamWriter) -> None:
    packed = gzip.compress(b" " * (64 * MEBIBYTE), 9)
    await sent(writer, 200, {**JSON, "content-encoding": "gzip"}, packed)


async def bomb_in_a_bomb(_: Request, writer: asyncio.StreamWriter) -> None:
    packed = gzip.compress(gzip.compress(b" " * (64 * MEBIBYTE), 9), 9)
    await sent(writer, 200, {**JSON, "content-encoding": "gzip, gzip"}, packed)


async def silence(_: Request, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


ENDLESS: dict[str, Answer] = {
    "dripping": drip,
    "dripping headers": drip_headers,
    "never coming to the point": continue_for_ever,
    "pouring": pour,
    "huge headers": huge_headers,
    "a bomb": bomb,
    "a bomb in a bomb": bomb_in_a_bomb,
    "silent": silence,
}


@asynccontextmanager
async def reading(
    url: str, *, seconds: float = LONG_SECONDS
) -> AsyncIterator[ContractReader]:
    patience = RetryBudget(budget_seconds=SHORT, limits=limits(seconds))
    where = gateway.GatewayAddress(url, TOKEN)
    async with gateway.open_reader(where, patience=patience) as reader:
        yield reader


def in_time(act: Callable[[], object]) -> None:
    began = time.monotonic()
    with pytest.raises(Unreachable) as failure:
        act()
    assert time.monotonic() - began < LONG_SECONDS
    assert TOKEN not in failure.value.message


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.sampled(4)
def test_a_gateway_without_end_is_one_that_does_not_answer(answer: Answer) -> None:
    async def act() -> None:
        async with reading(service.url, seconds=SHORT) as reader:
            await reader.read("bay")

    with serving(answer) as service:
        in_time(lambda: asyncio.run(act()))


@pytest.mark.parametrize("header", ["Via", "Set-Cookie", "ETag", "Retry-After"])
def test_a_header_beyond_ascii_is_no_fault_of_ours(header: str) -> None:
    """Proxies write their own names, and half a run must not break off for it."""

    async def answered(_: Request, writer: asyncio.StreamWriter) -> None:
        await sent(writer, 503, {**JSON, header: "1.1 caf\xe9"}, b"{}")

    async def of_a_gateway() -> None:
        async with reading(service.url) as reader:
            await reader.read("bay")

    async def of_clever() -> None:
        patience = RetryBudget(budget_seconds=SHORT, limits=limits())
        async with open_roster(service.url, patience=patience) as roster:
            await roster.district(TOKEN)

    with serving(answered) as service:
        for ask in (of_a_gateway, of_clever):
            with pytest.raises(Unreachable):
                asyncio.run(ask())


def packed_as(encoding: str) -> Answer:
    """Answer with a body that is not what its Content-Encoding says."""

    async def answered(_: Request, writer: asyncio.StreamWriter) -> None:
        body = b'{"district": "bay"}'
        await sent(writer, 200, {**JSON, "content-encoding": encoding}, body)

    return answered


BADLY_PACKED = {
    "gzip": "could not be decoded",
    "deflate": "could not be decoded",
    "br": "is packed in a way that is not unpacked",
    "rot13": "is packed in a way that is not unpacked",
}


@pytest.mark.parametrize(("encoding", "said"), BADLY_PACKED.items(), ids=BADLY_PACKED)
def test_an_answer_that_cannot_be_decoded_is_not_called_no_answer(
    encoding: str, said: str
) -> None:
    async def of_a_gateway() -> None:
        async with reading(service.url) as reader:
            await reader.read("bay")

    async def of_clever() -> None:
        async with open_roster(service.url) as roster:
            await roster.district(TOKEN)

    with serving(packed_as(encoding)) as service:
        for ask in (of_a_gateway, of_clever):
            with pytest.raises(Unreachable, match=said) as refused:
                asyncio.run(ask())
            assert "the answer" in refused.value.message
            assert "no answer" not in refused.value.message


def test_an_answer_of_millions_of_parts_is_refused_before_it_is_read() -> None:
    """Each part takes many times its bytes in memory, and reading them all a minute."""

    async def answered(_: Request, writer: asyncio.StreamWriter) -> None:
        body = b'{"items": [' + b"[]," * 2_500_000 + b"[]]}"
        await sent(writer, 200, JSON, body)

    async def of_a_gateway() -> None:
        where = gateway.GatewayAddress(service.url, TOKEN)
        async with gateway.open_reader(where) as reader:
            await reader.read("bay")

    with (
        serving(answered) as service,
        pytest.raises(Unreachable, match="more than 4,000,000 parts"),
    ):
        asyncio.run(of_a_gateway())


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.sampled(4)
def test_a_clever_without_end_is_one_that_does_not_answer(answer: Answer) -> None:
    async def act() -> None:
        patience = RetryBudget(budget_seconds=SHORT, limits=limits())
        async with open_roster(service.url, patience=patience) as roster:
            await roster.district(TOKEN)

    with serving(answer) as service:
        in_time(lambda: asyncio.run(act()))


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.sampled(4)
def test_a_page_of_people_without_end_is_one_that_does_not_come(answer: Answer) -> None:
    async def act() -> None:
        bounds = ReadBounds(seconds=LONG_SECONDS, size=0, answer_seconds=SHORT)
        patience = RetryBudget(budget_seconds=SHORT)
        async with open_roster(service.url, patience=patience) as roster:
            listing = UserListing(roster, TOKEN, 100, bounds, time.monotonic)
            async for _ in listing.pages("contact"):
                pass

    with serving(answer) as service:
        in_time(lambda: asyncio.run(act()))


@pytest.mark.parametrize("answer", [drip, pour, silence])
def test_a_save_without_end_may_or_may_not_have_happened(answer: Answer) -> None:
    async def act() -> None:
        where = gateway.GatewayAddress(service.url, TOKEN)
        patience = RetryBudget(budget_seconds=SHORT, limits=limits())
        async with gateway.open_writer(where, patience=patience) as writer:
            writer._confirmable = True  # noqa: SLF001 - it cannot be read either
            await writer.save("bay", {}, expected_version="1-a")

    with (
        serving(answer) as service,
        pytest.raises(Unreachable, match="it may or may not have been saved"),
    ):
        asyncio.run(act())
    assert service.writes() == 1


def listing(cursor: Callable[[int], str]) -> Answer:
    """Answer with a page of a list that another one follows, whatever was asked."""
    numbers = itertools.count()

    async def answered(_: Request, writer: asyncio.StreamWriter) -> None:
        number = next(numbers)
        items = [{"district": f"d{number}", "name": "", "version": "1-a"}]
        page = {"items": items, "next": cursor(number)}
        await sent(writer, 200, JSON, json.dumps(page).encode())

    return answered


def test_a_list_with_ever_new_cursors_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_PAGES", 20)

    async def act() -> None:
        async with reading(service.url) as reader:
            await reader.list_districts()

    with (
        serving(listing(lambda number: f"c{number}")) as service,
        pytest.raises(Unreachable, match="the list of districts has no end"),
    ):
        asyncio.run(act())
    assert len(service.asked) == 20


def test_all_answers_of_a_run_together_have_an_end() -> None:
    async def slow(_: Request, writer: asyncio.StreamWriter) -> None:
        await drip(_, writer)

    async def act() -> list[float]:
        took = []
        async with reading(service.url, seconds=SHORT) as reader:
            for _ in range(12):
                began = time.monotonic()
                with pytest.raises(ConnectError):
                    await reader.read("bay")
                took.append(time.monotonic() - began)
        return took

    with serving(slow) as service:
        took = asyncio.run(act())
    # each has the usual time still, and no longer that of a patient one
    assert took[-1] < took[0]


def test_what_is_large_again_and_again_is_read_no_further() -> None:
    answer = {"setting": "phoneTypes", "options": [{"label": "Cell"}]}
    body = json.dumps({**answer, "unknown": "x" * 2**21})

    async def large(_: Request, writer: asyncio.StreamWriter) -> None:
        await sent(writer, 200, JSON, body.encode())

    async def act() -> None:
        async with reading(service.url) as reader:
            for _ in range(10):
                await reader.options("phone_types")

    with (
        serving(large) as service,
        pytest.raises(Unreachable, match="larger than"),
    ):
        asyncio.run(act())
    assert len(service.asked) > 1
