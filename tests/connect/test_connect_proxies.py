"""A proxy before the gateway that compresses: saves are proven, or none is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_service import Service, proxy, serving
from lying_gateway import lying

from connectsync.backends import gateway
from connectsync.domain.live import Live
from connectsync.emulator.seed import enrol
from connectsync.errors import ConnectError, Unconfirmable

TOKEN = "t0ken-behind-a-proxy"  # noqa: S105 - of a stand-in that lives for one test

Treat = Callable[[str], str | None]

TREATMENTS: dict[str, Treat] = {
    "left": lambda tag: tag,
    "weakened": lambda tag: f"W/{tag}",
    "dropped": lambda _: None,
    "suffixed": lambda tag: f'{tag[:-1]}-gzip"',
    "another's": lambda _: '"0123"',
    "no tag": lambda tag: tag.strip('"'),
}
PROVEN = ("left", "weakened")


def saved_through(service: Service) -> Live:
    """Save one district through a proxy."""

    async def act() -> Live:
        where = gateway.GatewayAddress(service.url, TOKEN)
        async with (
            gateway.open_reader(where) as reader,
            gateway.open_writer(where) as writer,
        ):
            (live,) = (await reader.read_many(["bay"])).values()
            assert isinstance(live, Live)
            return await writer.save(
                "bay", {"manage_guardians": True}, expected_version=live.version
            )

    return asyncio.run(act())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay")])
    return path


@pytest.mark.parametrize("treat", TREATMENTS.values(), ids=TREATMENTS)
def test_a_proxy_that_compresses_when_asked_is_not_asked(
    store: Path, treat: Treat
) -> None:
    with (
        lying(store, TOKEN) as honest,
        serving(proxy(honest.url, treat, always=False)) as service,
    ):
        assert saved_through(service).form["manage_guardians"] is True
    assert {one.headers["accept-encoding"] for one in service.asked} == {"identity"}


@pytest.mark.parametrize("name", PROVEN)
def test_a_weak_tag_of_the_same_version_proves_a_save(store: Path, name: str) -> None:
    with (
        lying(store, TOKEN) as honest,
        serving(proxy(honest.url, TREATMENTS[name], always=True)) as service,
    ):
        assert saved_through(service).form["manage_guardians"] is True
    assert service.writes() == 1


@pytest.mark.parametrize("name", sorted(TREATMENTS.keys() - set(PROVEN)))
def test_without_a_usable_tag_nothing_is_saved(store: Path, name: str) -> None:
    with (
        lying(store, TOKEN) as honest,
        serving(proxy(honest.url, TREATMENTS[name], always=True)) as service,
    ):
        with pytest.raises(Unconfirmable) as refused:
            saved_through(service)
        assert honest.writes == []
    assert "nothing was saved, since no save could be confirmed" in str(refused.value)
    assert "switch compression off" in refused.value.remedy


def test_a_gateway_that_cannot_be_read_is_sent_no_save(store: Path) -> None:
    with lying(store, TOKEN) as honest:

        async def act() -> None:
            where = gateway.GatewayAddress(honest.url, TOKEN)
            async with gateway.open_writer(where) as writer:
                await writer.save("sea", {}, expected_version="1-a")

        with pytest.raises(ConnectError, match="sea"):
            asyncio.run(act())
        assert honest.writes == []
