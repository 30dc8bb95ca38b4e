"""What becomes of a district's token, over every backend there is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import httpx2
import pytest

from connectsync.backends.contract import (
    ContractReader,
    ContractWriter,
    unquoted,
)
from connectsync.backends.exchange import Exchange, GatewayCall
from connectsync.backends.seam import Reader, Writer
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.errors import (
    ConnectError,
    FormRefused,
    NotConfirmed,
    ProjectError,
    Unreachable,
    VersionMoved,
)
from connectsync.web.http import client

LAKEVIEW, BAY, ELM = "lakeview-usd", "bay", "elm.park_1"
"""Who has a token, who names no reference, and whose reference gives nothing."""

TOKEN = "of-lakeview-4f1c9a7d2b"  # noqa: S105 - of a stand-in
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()
MANAGED: Form = {"manage_guardians": True}

T = TypeVar("T")


class Backend(Protocol):
    store: Path
    types_tokens: bool
    every: int
    resolved: list[str]

    def run(self, act: Callable[[Reader, Writer], object]) -> object: ...
    def token_digest(self, key: str) -> str: ...


def saved(
    backend: Backend, desired: Form, key: str = LAKEVIEW, *, set_token: bool = True
) -> tuple[Live, Live]:
    """Save once; give the form before and after."""
    seen = []

    async def act(reader: Reader, writer: Writer) -> None:
        before = await reader.read(key)
        after = await writer.save(
            key, desired, expected_version=before.version, set_token=set_token
        )
        seen.extend([before, after])

    backend.run(act)
    before, after = seen
    return before, after


def files(backend: Backend) -> list[Path]:
    """Give every file that a run may have left behind."""
    return [path for path in backend.store.parent.rglob("*") if path.is_file()]


@pytest.mark.parametrize("desired", [{}, MANAGED], ids=["alone", "along"])
@pytest.mark.sampled(4)
def test_a_token_that_is_asked_for_is_saved_and_shown_nowhere(
    backend: Backend,
    desired: Form,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    before, after = saved(backend, desired)
    assert after.form == {**before.form, **desired}
    if backend.types_tokens:
        assert backend.resolved == [LAKEVIEW]
        assert backend.token_digest(LAKEVIEW) == DIGEST
    else:
        assert backend.resolved == []
        assert after.version != before.version
    assert TOKEN not in repr((before, after)) + caplog.text + "".join(
        capfd.readouterr()
    )
    assert not [path for path in files(backend) if TOKEN.encode() in path.read_bytes()]


def test_a_token_is_left_alone_where_nobody_asks_for_it(backend: Backend) -> None:
    saved(backend, {})
    digest = backend.token_digest(LAKEVIEW)
    backend.resolved.clear()
    saved(backend, MANAGED, set_token=False)
    assert backend.token_digest(LAKEVIEW) == digest
    assert backend.resolved == []


@pytest.mark.parametrize(
    ("key", "said"), [(BAY, "names no token"), (ELM, "env:ELM_TOKEN gives no token")]
)
def test_a_token_that_cannot_be_had_stops_the_save(
    backend: Backend, key: str, said: str
) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        before = await reader.read(key)
        with pytest.raises(ProjectError, match=said):
            await writer.save(
                key, MANAGED, expected_version=before.version, set_token=True
            )
        after = await reader.read(key)
        assert (after.version, after.form) == (before.version, before.form)

    if backend.types_tokens:
        backend.run(act)
        assert backend.resolved == [key]
        assert backend.token_digest(key) == ""
    else:
        # a person pastes it from where they keep it, whatever a file refers to
        saved(backend, MANAGED, key)
        assert backend.resolved == []


def test_a_district_without_a_token_is_saved_like_any_other(backend: Backend) -> None:
    for key in (BAY, ELM)[:: backend.every]:
        _, after = saved(backend, MANAGED, key, set_token=False)
        assert after.form["manage_guardians"] is True
        assert backend.token_digest(key) == ""


def test_no_token_is_asked_for_where_the_form_has_moved(backend: Backend) -> None:
    async def act(_: Reader, writer: Writer) -> None:
        with pytest.raises(VersionMoved):
            await writer.save(LAKEVIEW, {}, expected_version="9-x", set_token=True)

    backend.run(act)
    assert backend.token_digest(LAKEVIEW) == ""


def test_a_token_that_connect_quotes_is_not_shown(
    mock: Callable[..., object], problem: Callable[..., httpx2.Response]
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        typed = json.loads(request.content)["districtOauthToken"]
        why = [{"field": "districtOauthToken", "detail": f"is no token: {typed}"}]
        return problem(422, "form-refused", errors=why)

    async def act(_: ContractReader, writer: ContractWriter) -> None:
        writer._tokens = lambda _: TOKEN  # noqa: SLF001 - a gateway that tells tales
        await writer.save(LAKEVIEW, MANAGED, expected_version="1-a", set_token=True)

    with pytest.raises(FormRefused) as refused:
        mock(answer).run(act)  # type: ignore[attr-defined]
    assert TOKEN not in "".join(traceback.format_exception(refused.value))
    assert refused.value.message.endswith("districtOauthToken is no token: ***")


@pytest.mark.parametrize("error", [FormRefused, Unreachable, NotConfirmed])
def test_half_a_quotation_is_one_too(error: type[ConnectError]) -> None:
    with pytest.raises(error, match="not shown"), unquoted(LAKEVIEW, TOKEN):
        raise error(f"wrong: {TOKEN[:12]}…")
    with pytest.raises(error, match=r"^wrong$"), unquoted(LAKEVIEW, TOKEN):
        raise error("wrong")


def test_a_call_does_not_show_its_body() -> None:
    call = GatewayCall("PATCH", "/v1", "saving", body={"districtOauthToken": TOKEN})
    assert TOKEN not in repr(call)


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(one):04x}" for one in text)


SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda word: f'{{"name": "x {word} y"}}'.encode(),
    "escaped": lambda word: f'{{"name": "{escaped(word)}"}}'.encode(),
    "in two of a list": lambda word: (
        f'{{"names": ["{word[:9]}",\n "{word[9:]}"]}}'.encode()
    ),
    "beside accents": lambda word: f'{{"name": "É {word}"}}'.encode(),
    "after a quote": lambda word: f'{{"name": "\\" {word}"}}'.encode(),
    "as UTF-16": lambda word: f'{{"name": "É {word}"}}'.encode("utf-16"),
    "as UTF-32": lambda word: f'{{"name": "{word}"}}'.encode("utf-32-le"),
}


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_an_answer_that_repeats_a_secret_is_refused_however_it_is_spelled(
    spelled: str,
) -> None:
    async def read(raw: bytes) -> object:
        answer = httpx2.Response(
            200, content=raw, headers={"Content-Type": "application/json"}
        )
        transport = httpx2.MockTransport(lambda _: answer)
        async with client(transport, base_url="https://gateway.test") as reading:
            call = GatewayCall("GET", "/v1/x", "this", secrets=(TOKEN,))
            return await Exchange(reading).read(call)

    assert asyncio.run(read(SPELLINGS[spelled]("another word")))
    with pytest.raises(Unreachable, match="repeats a secret"):
        asyncio.run(read(SPELLINGS[spelled](TOKEN)))
