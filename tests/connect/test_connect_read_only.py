"""Who reads has no way to write: no method, and no request gets through."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from connectsync.backends import embedded, gateway, seam
from connectsync.backends.contract import BULK_READ, ContractReader, ReadOnly
from connectsync.emulator.app import create_app
from connectsync.errors import Bug
from connectsync.web.http import client

METHODS = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def test_a_reader_has_the_methods_of_the_seam_and_no_other() -> None:
    def public(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind) if name[0] != "_"}

    seen = public(seam.Reader) | public(seam.OutcomeReader)
    assert public(ContractReader) == seen


@pytest.mark.parametrize("method", METHODS)
def test_a_request_that_could_write_does_not_leave_the_reader(method: str) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200)

    async def sent(path: str) -> int:
        transport = ReadOnly(httpx2.MockTransport(answer))
        async with client(transport, base_url="https://c.test") as reading:
            return (await reading.request(method, path)).status_code

    with pytest.raises(Bug, match=f"tried to {method}"):
        asyncio.run(sent("/v1/districts/bay/settings"))
    if method == "POST":
        assert asyncio.run(sent(BULK_READ)) == 200
    else:
        with pytest.raises(Bug):
            asyncio.run(sent(BULK_READ))


def test_every_way_to_open_a_reader_goes_through_that_gate(tmp_path: Path) -> None:
    async def opened() -> None:
        app = create_app(tmp_path / "connect.db")
        where = gateway.GatewayAddress("https://gateway.test", "token")
        async with (
            embedded.open_reader(app) as one,
            gateway.open_reader(where) as other,
        ):
            for reader in (one, other):
                with pytest.raises(Bug, match="tried to PATCH"):
                    await reader._exchange._client.patch("/v1/x")  # noqa: SLF001 - tries

    asyncio.run(opened())


def test_the_seam_alone_brings_no_http_library() -> None:
    code = "import sys, connectsync.backends.seam; print('httpx2' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
