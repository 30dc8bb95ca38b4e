"""Clever is asked over a real socket, and believed only where it is understood."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from clever_world import ID, Clever, answer, district, listed, serving
from starlette.responses import RedirectResponse, Response

from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    ProjectError,
    Unreachable,
)
from connectsync.roster.clever import district_of, open_roster, until_reset
from connectsync.roster.seam import RosterDistrict
from connectsync.web.http import ATTEMPTS, RetryBudget

TOKEN = "t0ken-of-lakeview"  # noqa: S105 - of a stand-in that lives for one test
OTHER = "t0ken-of-harbor-point"


@pytest.fixture
def clever() -> Iterator[Clever]:
    with serving(Clever()) as served:
        yield served


class Sleeps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def asked(url: str, *tokens: str, sleeps: Sleeps | None = None) -> list[RosterDistrict]:
    """Ask for the district of each token, over one client."""

    async def ask() -> list[RosterDistrict]:
        patience = RetryBudget(
            longest_wait_seconds=75,
            asked=until_reset,
            sleep=Sleeps() if sleeps is None else sleeps,
        )
        async with open_roster(url, patience=patience) as roster:
            return [await roster.district(token) for token in tokens]

    return asyncio.run(ask())


def refused(clever: Clever, *answers: Response) -> ConnectError:
    """Ask with a token to which Clever answers so; give the error."""
    clever.answers[TOKEN] = list(answers)
    with pytest.raises(ConnectError) as failure:
        asked(clever.url, TOKEN)
    assert failure.value.remedy
    assert TOKEN not in failure.value.message
    return failure.value


def test_a_token_names_its_district(clever: Clever) -> None:
    clever.answers[TOKEN] = [
        listed(
            district(
                state="paused",
                pause_start="2027-01-10T00:00:00.000Z",
                pause_end="2027-02-01",
            )
        )
    ]
    assert asked(clever.url, TOKEN) == [
        RosterDistrict(
            id=ID,
            name="Lakeview Unified School District",
            state="paused",
            pause_start=datetime(2027, 1, 10, tzinfo=UTC),
            pause_end=datetime(2027, 2, 1, tzinfo=UTC),
            last_sync=datetime(2027, 1, 15, 4, 12, 33, 123000, UTC),
        )
    ]
    ((method, path, headers),) = clever.seen
    assert (method, path) == ("GET", "/v3.1/districts")
    assert headers["authorization"] == f"Bearer {TOKEN}"


def test_a_slash_behind_the_address_is_no_other_address(clever: Clever) -> None:
    clever.answers[TOKEN] = [listed(district())]
    assert asked(f"{clever.url}/", TOKEN)
    assert clever.seen[0][1] == "/v3.1/districts"


def test_each_district_is_asked_with_its_own_token_and_nothing_of_another(
    clever: Clever,
) -> None:
    one = listed(district())
    one.set_cookie("session", "of-lakeview")
    clever.answers = {TOKEN: [one], OTHER: [listed(district(id="58da" * 6))]}
    assert [found.id for found in asked(clever.url, TOKEN, OTHER, TOKEN)] == [
        ID,
        "58da" * 6,
        ID,
    ]
    sent = [headers for _, _, headers in clever.seen]
    assert [headers["authorization"] for headers in sent] == [
        f"Bearer {token}" for token in (TOKEN, OTHER, TOKEN)
    ]
    assert all("cookie" not in headers for headers in sent)


def test_what_clever_leaves_out_is_empty(clever: Clever) -> None:
    bare: dict[str, object] = {"id": ID, "name": "Lakeview", "last_sync": ""}
    clever.answers[TOKEN] = [listed(bare)]
    assert asked(clever.url, TOKEN) == [RosterDistrict(ID, "Lakeview")]


def test_a_refused_token_is_told_as_such(clever: Clever) -> None:
    with pytest.raises(CredentialsRefused) as failure:
        asked(clever.url, "wr0ng")
    assert (
        failure.value.message == "Clever refused the token: Unauthorized (status 401)"
    )
    assert "wr0ng" not in failure.value.message
    assert len(clever.seen) == 1


@pytest.mark.parametrize(
    ("status", "text", "content_type", "said"),
    [
        (404, "<html><body>nope", "text/html", "a web page came"),
        (404, " <!doctype html>", "text/plain", "a web page came"),
        (400, '{"message": "bad thing"}', "application/json", "bad thing"),
        (403, '{"error": "forbidden"}', "application/json", "forbidden"),
        (
            400,
            '{"error": "invalid_grant", "error_description": "gone"}',
            "application/json",
            "invalid_grant: gone",
        ),
        (413, "too large", "text/plain", "too large"),
        (404, "", "text/plain", "no reason given"),
        (404, '{"code": 5}', "application/json", '{"code": 5}'),
        (404, "a\nb\x1b[31m", "text/plain", "a b"),
    ],
)
def test_an_error_of_any_shape_is_told_in_one_line_and_not_asked_for_again(
    clever: Clever, status: int, text: str, content_type: str, said: str
) -> None:
    error = refused(clever, answer(status, text, content_type))
    assert isinstance(error, Unreachable)
    assert error.message == f"Clever did not say: {said} (status {status})"
    assert len(clever.seen) == 1


def test_a_token_that_an_error_repeats_is_hidden(clever: Clever) -> None:
    error = refused(clever, answer(400, json.dumps({"message": f"no {TOKEN} here"})))
    assert "no *** here" in error.message


def test_a_used_up_window_is_waited_for_as_clever_says(clever: Clever) -> None:
    reset = str(int(time.time()) + 30)
    used_up = answer(429, '{"message": "slow down"}', x_ratelimit_reset=reset)
    clever.answers[TOKEN] = [used_up, listed(district())]
    sleeps = Sleeps()
    assert asked(clever.url, TOKEN, sleeps=sleeps)[0].id == ID
    assert len(sleeps) == 1
    assert 20 < sleeps[0] <= 30


def test_a_window_that_is_used_up_for_long_says_where_and_when_to_try_again(
    clever: Clever,
) -> None:
    reset = str(int(time.time()) + 7000)
    used_up = answer(429, '{"message": "slow down"}', x_ratelimit_reset=reset)
    error = refused(clever, used_up)
    assert error.message.startswith(
        f"Clever at {clever.url} got too many requests and takes no more for now"
        " (status 429): slow down; it asks to wait 2 hours"
    )
    assert error.remedy.startswith("try again in 2 hours")
    assert len(clever.seen) == 1


def test_a_failing_clever_is_not_waited_for_until_the_window_ends(
    clever: Clever,
) -> None:
    reset = str(int(time.time()) + 30)
    failing = answer(503, "oops", "text/plain", x_ratelimit_reset=reset)
    clever.answers[TOKEN] = [failing, listed(district())]
    sleeps = Sleeps()
    assert asked(clever.url, TOKEN, sleeps=sleeps)[0].id == ID
    assert sleeps[0] <= 0.5


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_who_keeps_failing_is_left_in_peace(clever: Clever, status: int) -> None:
    error = refused(clever, answer(status, "oops", "text/plain"))
    assert isinstance(error, Unreachable)
    assert len(clever.seen) == ATTEMPTS


@pytest.mark.parametrize("spelled", ["", "soon", "nan", "inf", "-5", "0"])
def test_a_reset_that_says_nothing_asks_for_no_wait(spelled: str) -> None:
    headers = {"x-ratelimit-reset": spelled}
    assert until_reset(httpx2.Response(429, headers=headers), datetime.now(UTC)) == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_is_not_carried_to_where_a_redirect_leads(
    clever: Clever, status: int
) -> None:
    with serving(Clever({TOKEN: [listed(district())]})) as elsewhere:
        error = refused(clever, RedirectResponse(f"{elsewhere.url}/districts", status))
        assert elsewhere.seen == []
    assert "redirects elsewhere, which is not followed" in error.message


MALFORMED = {
    "nothing": "",
    "a page": "<html></html>",
    "cut off": '{"data": [',
    "too deep": "[" * 100_000,
    "a list": "[]",
    "no data": '{"links": []}',
    "data of another kind": '{"data": {"id": "x"}}',
    "an entry of another kind": '{"data": ["x"]}',
    "an entry without data": '{"data": [{"uri": "/v3.1/districts/x"}]}',
    "no id": '{"data": [{"data": {"name": "x"}}]}',
    "an id of another kind": '{"data": [{"data": {"id": 5, "name": "x"}}]}',
    "an id that is none": '{"data": [{"data": {"id": "a b", "name": "x"}}]}',
    "an id as long as a token": json.dumps({"data": [{"data": {"id": "a" * 32}}]}),
    "a time that is none": json.dumps(
        {"data": [{"data": {"id": ID, "name": "x", "last_sync": "yesterday"}}]}
    ),
    "a state of another kind": json.dumps(
        {"data": [{"data": {"id": ID, "name": "x", "state": ["paused"]}}]}
    ),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_an_answer_that_is_not_understood_is_an_error_and_never_no_district(
    clever: Clever, text: str
) -> None:
    error = refused(clever, answer(200, text))
    assert isinstance(error, Unreachable)
    assert error.message.startswith("Clever's answer is not understood: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html></html>", "it is not valid JSON: see line 1, column 1"),
        ('{"data": [', "it is not valid JSON: it is cut off at its end, in line 1"),
        ('{"data": [], "data": []}', "in which each name stands once"),
    ],
)
def test_an_answer_that_is_not_valid_json_is_called_that(
    clever: Clever, text: str, said: str
) -> None:
    assert said in refused(clever, answer(200, text)).message


@pytest.mark.parametrize("count", [0, 2])
def test_a_token_that_names_not_one_district_is_an_error(
    clever: Clever, count: int
) -> None:
    error = refused(clever, listed(*[district()] * count))
    assert f"it names {count} districts, not one" in error.message


def test_a_name_is_one_line(clever: Clever) -> None:
    clever.answers[TOKEN] = [listed(district(name="Lake\nview\x1b[2J"))]
    assert asked(clever.url, TOKEN)[0].name == "Lake view"


def test_a_clever_that_is_not_there_is_no_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable, match="no answer"):
        asked(f"http://127.0.0.1:{port}/v3.1", TOKEN)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://clever.test/v3.1", "Clever's address .* must start with https"),
        ("https://user:s3cret@clever.test", "must not hold a user or password"),
        ("https://clever.test/v3.1?token=s3cret", "must end before"),
    ],
)
def test_an_address_that_is_not_safe_gets_no_token(address: str, sentence: str) -> None:
    with pytest.raises(ProjectError, match=sentence) as failure:
        asked(address, TOKEN)
    assert "s3cret" not in failure.value.message


@pytest.mark.parametrize("token", ["", "s3cret\n", "s3 cret", "s3crét"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(
    clever: Clever, token: str
) -> None:
    with pytest.raises(CredentialsRefused) as failure:
        asked(clever.url, token)
    assert "s3" not in failure.value.message
    assert clever.seen == []


def test_certificates_are_verified() -> None:
    async def act() -> ssl.SSLContext:
        async with open_roster("https://clever.test/v3.1") as roster:
            pool = roster._client._transport._pool  # type: ignore[attr-defined]  # noqa: SLF001 - looks inside
            context: ssl.SSLContext = pool._ssl_context  # noqa: SLF001 - as above
            return context

    context = asyncio.run(act())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_clever_is_described_without_a_secret() -> None:
    async def act() -> str:
        async with open_roster("https://clever.test/v3.1/") as roster:
            return roster.described

    assert asyncio.run(act()) == "Clever at https://clever.test/v3.1"


def test_any_bytes_are_a_district_or_an_error() -> None:
    for content in (b"\xff\xfe", b"\x00", b'{"data": [{"data": {"id": "\xff"}}]}'):
        with pytest.raises(Unreachable):
            district_of(content, TOKEN)
