"""A gateway is reached safely or not at all."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpcore2
import pytest

from connectsync.backends.contract import ContractReader
from connectsync.backends.gateway import (
    Connections,
    GatewayAddress,
    open_reader,
    open_writer,
)
from connectsync.emulator.seed import enrol
from connectsync.errors import (
    CredentialsRefused,
    DistrictNotFound,
    ProjectError,
    Unreachable,
)
from connectsync.web.http import RetryBudget, once

TOKEN = "let-me-in"  # noqa: S105 - of a stand-in that lives for one test


def opened(gateway: GatewayAddress) -> None:
    async def act() -> None:
        async with open_writer(gateway):
            pass

    asyncio.run(act())


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://gateway.test", "must start with https"),
        ("ftp://localhost", "must start with https"),
        ("gateway.test", "must start with https"),
        ("https://user:secret@gateway.test", "must not hold a user or password"),
        ("https://gateway.test/?key=secret", "must end before"),
        ("https://gateway.test/#top", "must end before"),
        ("https://gateway.test:port", "is not one"),
        ("https://svc:secret", "is not one"),
        ("https://;xn--api.gateway.test", "is not one"),
        ("https://gateway.testxn--/v1", "is not one"),
        ("https://svc:secret%40gateway.test", "is not one"),
        ("https:///v1", "names no host"),
        ("https://meßages.test", "names a host with letters beyond a to z"),
        ("https://gateway。test", "names a host with letters beyond a to z"),
        ("https://evil].gateway.test", "signs that no host has"),
        ("https://evil%2f.gateway.test", "signs that no host has"),
        ("https://evil\\.gateway.test", "signs that no host has"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(ProjectError, match=sentence) as error:
        opened(GatewayAddress(address, "token"))
    assert "secret" not in error.value.message


@pytest.mark.parametrize(
    "address",
    [
        "https://gateway.test/a/",
        "http://[::1]:8765",
        "https://xn--sd-xka.test",
        "HTTPS://Gate_way.Test:8443",
    ],
)
def test_a_safe_address_is_taken(address: str) -> None:
    opened(GatewayAddress(address, "token"))


def test_the_token_is_in_no_description() -> None:
    gateway = GatewayAddress(
        "https://gateway.test/", "s3cret", proxy="http://u:s3cret@p"
    )
    assert gateway.described == "gateway https://gateway.test"
    assert "s3cret" not in repr(gateway)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    with pytest.raises(ProjectError, match=r"ca\.pem"):
        opened(GatewayAddress("https://gateway.test", "token", ca_file=missing))


def test_certificates_are_verified() -> None:
    async def act() -> ssl.SSLContext:
        async with open_reader(
            GatewayAddress("https://gateway.test", "token")
        ) as reader:
            through = reader._exchange._client._transport  # noqa: SLF001 - looks inside
            made = through._transport._connect()  # type: ignore[attr-defined]  # noqa: SLF001 - as above
            pool = made._pool  # noqa: SLF001 - as above
            context: ssl.SSLContext = pool._ssl_context  # noqa: SLF001 - as above
            return context

    context = asyncio.run(act())
    # as slow as a small plan: once for the clients of a run
    assert asyncio.run(act()) is context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("token", ["", "s3cret\n", "s3 cret", "s3crét"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(token: str) -> None:
    with pytest.raises(CredentialsRefused) as error:
        opened(GatewayAddress("https://gateway.test", token))
    assert "s3" not in error.value.message


def test_a_wrong_token_and_a_closed_port_are_told_apart(
    served: Callable[[Path], AbstractAsyncContextManager[str]], tmp_path: Path
) -> None:
    async def act() -> None:
        async with (
            served(tmp_path / "connect.db") as address,
            open_reader(GatewayAddress(address, "another-token")) as reader,
        ):
            with pytest.raises(CredentialsRefused, match="missing or wrong"):
                await reader.list_districts()
        async with open_reader(
            GatewayAddress(address, "another-token"), patience=once
        ) as reader:
            with pytest.raises(Unreachable, match="no answer"):
                await reader.list_districts()

    asyncio.run(act())


Served = Callable[[Path], AbstractAsyncContextManager[str]]
KEYS = tuple(f"district-{number}" for number in range(8))


def connections(reader: ContractReader) -> Connections:
    through = reader._exchange._client._transport  # noqa: SLF001 - looks inside
    found = through._transport  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    assert isinstance(found, Connections)
    return found


def test_a_request_looks_at_no_other_connection_than_its_own(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted: to look at a socket takes a tenth of what a request takes."""
    store, looks, rounds = tmp_path / "connect.db", list[object](), 5
    enrol(store, [(key, key) for key in KEYS])
    has_expired = httpcore2.AsyncHTTP11Connection.has_expired

    def counted(one: httpcore2.AsyncHTTP11Connection) -> bool:
        looks.append(one)
        return bool(has_expired(one))

    monkeypatch.setattr(httpcore2.AsyncHTTP11Connection, "has_expired", counted)

    async def act() -> None:
        async with (
            served(store) as address,
            open_reader(GatewayAddress(address, TOKEN)) as reader,
        ):
            for _ in range(rounds):
                await asyncio.gather(*map(reader.read, KEYS))
            assert len(connections(reader).made) == len(KEYS)

    asyncio.run(act())
    assert len(looks) <= 2 * rounds * len(KEYS)


def test_a_connection_is_free_again_however_its_request_ends(
    served: Served, tmp_path: Path
) -> None:
    store, key = tmp_path / "connect.db", KEYS[0]
    enrol(store, [(key, key)])

    async def act() -> None:
        patience = RetryBudget()
        async with (
            served(store) as address,
            open_reader(GatewayAddress(address, TOKEN), patience=patience) as reader,
        ):
            ours = connections(reader)
            await reader.read(key)
            with pytest.raises(DistrictNotFound):
                await reader.read("no-such-district")
            usual, patience.limits.usual_bytes = patience.limits.usual_bytes, 1
            patience.limits.run_bytes = 0
            with pytest.raises(Unreachable, match="larger than"):
                await reader.read(key)
            patience.limits.usual_bytes = usual
            for turns in range(12):
                cancelled = asyncio.ensure_future(reader.read(key))
                for _ in range(turns):
                    await asyncio.sleep(0)
                cancelled.cancel()
                await asyncio.wait([cancelled])
                assert ours.free == ours.made
            assert (await reader.read(key)).key == key
            assert len(ours.made) == 1

    asyncio.run(act())
