"""What a gateway refuses becomes the error that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from connectsync.backends.contract import ContractReader, ContractWriter
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.errors import (
    Bug,
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    FormRefused,
    Unreachable,
    VersionMoved,
)

Mocked = Callable[[Callable[[httpx2.Request], httpx2.Response]], Any]
Problem = Callable[..., httpx2.Response]

FORM = {
    "district": "bay",
    "name": "Bay",
    "version": "2-b",
    "settings": {
        "districtId": "",
        "studentId": "STUDENT ID",
        "archivedStudents": "kept",
        "enableDailySync": True,
        "manageGuardians": True,
        "unarchiveClassrooms": False,
        "updateActiveUsers": False,
        "contactTypes": [],
        "contactRelationships": [],
        "phoneTypes": [],
        "deletionThreshold": None,
        "permissions": [],
    },
}


def ok(body: object, version: str = "2-b") -> httpx2.Response:
    headers = {"Content-Type": "application/json", "ETag": f'"{version}"'}
    return httpx2.Response(200, content=json.dumps(body).encode(), headers=headers)


async def save_bay(_: ContractReader, writer: ContractWriter) -> Live:
    desired: Form = {"enable_daily_sync": True, "phone_types": frozenset({"Cell"})}
    return await writer.save("bay", desired, expected_version="1-a")


KINDS = [
    (401, "credentials-refused", CredentialsRefused),
    (403, "forbidden", CredentialsRefused),
    (404, "district-not-found", DistrictNotFound),
    (404, "no-such-operation", Unreachable),
    (412, "version-moved", VersionMoved),
    (422, "form-refused", FormRefused),
    (422, "idempotency-key-reused", Unreachable),
    (400, "not-understood", Unreachable),
    (428, "version-required", Unreachable),
    (429, "too-many-requests", Unreachable),
    (500, "failed", Unreachable),
    (503, "store-failed", Unreachable),
]


@pytest.mark.parametrize(("status", "kind", "expected"), KINDS)
def test_a_problem_becomes_the_error_of_its_kind(
    mock: Mocked,
    problem: Problem,
    status: int,
    kind: str,
    expected: type[ConnectError],
) -> None:
    gateway = mock(lambda _: problem(status, kind, detail="because of that"))
    with pytest.raises(ConnectError, match="because of that") as error:
        gateway.run(save_bay)
    assert type(error.value) is expected
    assert "bay" in error.value.message
    assert len(gateway.asked) == 1


BARE = [(401, CredentialsRefused), (404, Unreachable), (412, VersionMoved)]


@pytest.mark.parametrize(
    ("status", "expected"), [*BARE, (422, Unreachable), (502, Unreachable)]
)
def test_a_page_of_a_proxy_is_believed_only_where_that_is_safe(
    mock: Mocked, status: int, expected: type[ConnectError]
) -> None:
    html = {"Content-Type": "text/html"}
    gateway = mock(lambda _: httpx2.Response(status, content=b"<p>no", headers=html))
    with pytest.raises(ConnectError, match=f"no reason given .status {status}") as no:
        gateway.run(save_bay)
    assert type(no.value) is expected


def test_refused_fields_are_named_as_in_our_files(
    mock: Mocked, problem: Problem
) -> None:
    errors = [
        {"field": "phoneTypes", "detail": "takes one"},
        {"field": "somethingNew", "detail": "is\nneeded\x1b[31m"},
        "not an object",
        {},
    ]
    gateway = mock(lambda _: problem(422, "form-refused", errors=errors))
    with pytest.raises(FormRefused) as error:
        gateway.run(save_bay)
    assert error.value.message == (
        "saving district 'bay': phone_types takes one; somethingNew is needed;"
        " a setting is refused"
    )


def test_foreign_sentences_are_cut_short(mock: Mocked, problem: Problem) -> None:
    gateway = mock(lambda _: problem(500, "failed", detail="long " * 1000))
    with pytest.raises(Unreachable) as error:
        gateway.run(save_bay)
    assert len(error.value.message) < 400


def test_a_lost_connection_is_no_answer(mock: Mocked) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("", request=request)

    gateway = mock(answer)
    with pytest.raises(Unreachable, match="ReadTimeout; it may or may not") as error:
        gateway.run(save_bay)
    assert "read the district" in error.value.remedy
    assert len(gateway.asked) == 1


def saved_then(answer: httpx2.Response) -> Callable[[httpx2.Request], httpx2.Response]:
    def answered(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            return ok({"district": "bay", "version": "2-b"})
        return answer

    return answered


def test_a_save_sends_its_version_and_a_key_of_its_own_and_reads_back(
    mock: Mocked,
) -> None:
    gateway = mock(saved_then(ok(FORM)))
    assert gateway.run(save_bay).version == "2-b"
    gateway.run(save_bay)
    first, read, second, _ = gateway.asked
    assert (first.method, first.url.path) == ("PATCH", "/v1/districts/bay/settings")
    assert first.headers["If-Match"] == '"1-a"'
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]
    assert json.loads(first.content) == {
        "enableDailySync": True,
        "phoneTypes": ["Cell"],
    }
    assert (read.method, read.url.path) == ("GET", "/v1/districts/bay")


AFTERWARDS = [
    (ok(FORM | {"version": "3-c"}, "3-c"), "someone else saved right after"),
    (httpx2.Response(401), "was saved, but not read back"),
    (httpx2.Response(502), "was saved, but not read back"),
    (ok({}), "was saved, but not read back"),
]


@pytest.mark.parametrize(("answer", "sentence"), AFTERWARDS)
def test_what_goes_wrong_after_a_save_is_to_be_settled_by_reading(
    mock: Mocked, answer: httpx2.Response, sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence) as error:
        mock(saved_then(answer)).run(save_bay)
    assert "read the district" in error.value.remedy


def test_a_save_answered_in_a_way_nobody_understands_is_to_be_settled(
    mock: Mocked,
) -> None:
    with pytest.raises(Unreachable, match="version is missing"):
        mock(lambda _: ok({"district": "bay"})).run(save_bay)


def test_a_setting_we_do_not_have_is_a_bug(mock: Mocked) -> None:
    async def act(_: ContractReader, writer: ContractWriter) -> Live:
        return await writer.save("bay", {"nonsense": True}, expected_version="1-a")

    gateway = mock(lambda _: ok(FORM))
    with pytest.raises(Bug, match="nonsense"):
        gateway.run(act)
    assert not gateway.asked


@pytest.mark.parametrize("setting", ["enable_daily_sync", "district_id"])
def test_asking_for_options_where_there_are_none_is_a_bug(
    mock: Mocked, setting: str
) -> None:
    async def act(reader: ContractReader, _: ContractWriter) -> object:
        return await reader.options(setting)

    with pytest.raises(Bug, match=setting):
        mock(lambda _: ok({})).run(act)


async def read_options(reader: ContractReader, _: ContractWriter) -> object:
    return await reader.options("phone_types")


BAD_OPTIONS = [
    ({"setting": "permissions", "options": []}, "were asked for"),
    ({"setting": "phoneTypes", "options": []}, "empty or not distinct"),
    ({"setting": "phoneTypes", "options": [{"label": ""}]}, "empty or not distinct"),
    ({"setting": "phoneTypes", "options": [{"label": "A"}] * 2}, "not distinct"),
    ({"setting": "phoneTypes", "options": ["Cell"]}, "an option is text"),
    ({"setting": "phoneTypes"}, "options is missing"),
]


@pytest.mark.parametrize(("body", "sentence"), BAD_OPTIONS)
def test_malformed_options_are_an_error(
    mock: Mocked, body: object, sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence):
        mock(lambda _: ok(body)).run(read_options)
