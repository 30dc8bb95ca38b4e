"""An answer that is not understood is an error with a sentence, never empty."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, Protocol

import httpx2
import pytest

from connectsync.backends.contract import ContractReader, ContractWriter
from connectsync.domain.live import Live
from connectsync.errors import ConnectError, DistrictNotFound, Unreachable

Json = dict[str, Any]
Answer = Callable[[httpx2.Request], httpx2.Response]


class Mock(Protocol):
    asked: list[httpx2.Request]

    def run(self, act: Callable[..., Any]) -> Any: ...


Mocked = Callable[[Answer], Mock]

FORM: Json = {
    "district": "bay",
    "name": "Bay",
    "version": "1-a",
    "settings": {
        "districtId": "",
        "studentId": "STUDENT ID",
        "archivedStudents": "whatever the page shows",
        "enableDailySync": False,
        "manageGuardians": True,
        "unarchiveClassrooms": False,
        "updateActiveUsers": False,
        "contactTypes": ["Parent/Guardian", "A label nobody knew"],
        "contactRelationships": [],
        "phoneTypes": ["Cell"],
        "deletionThreshold": 15,
        "permissions": [],
    },
}


def ok(body: object, *, etag: str | None = '"1-a"') -> httpx2.Response:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(
        200, content=content, headers=headers | ({"ETag": etag} if etag else {})
    )


def with_setting(name: str, value: object) -> Json:
    form = copy.deepcopy(FORM)
    form["settings"][name] = value
    return form


def without_setting(name: str) -> Json:
    form = copy.deepcopy(FORM)
    del form["settings"][name]
    return form


async def read_bay(reader: ContractReader, _: ContractWriter) -> Live:
    return await reader.read("bay")


async def list_all(reader: ContractReader, _: ContractWriter) -> object:
    return await reader.list_districts()


def test_labels_that_we_do_not_know_are_read_all_the_same(mock: Mocked) -> None:
    form = copy.deepcopy(FORM) | {"more": "members may be added"}
    form["settings"]["anotherSetting"] = 1
    live = mock(lambda _: ok(form)).run(read_bay)
    assert live.form["contact_types"] == {"Parent/Guardian", "A label nobody knew"}
    assert "anotherSetting" not in live.form


@pytest.mark.parametrize("name", FORM["settings"])
def test_a_missing_setting_is_an_error(mock: Mocked, name: str) -> None:
    with pytest.raises(Unreachable, match=f"'bay': {name} is missing"):
        mock(lambda _: ok(without_setting(name))).run(read_bay)


BAD_SETTINGS = [
    ("districtId", "x" * 1_001, "districtId is longer than 1,000 characters"),
    ("studentId", "x" * 1_001, "studentId is longer than 1,000 characters"),
    ("permissions", list(map(str, range(1_001))), "names more than 1,000 labels"),
    ("districtId", None, "districtId is null, not text"),
    ("districtId", "\ud800", "districtId is broken Unicode"),
    ("studentId", 1, "studentId is a number, not text"),
    ("archivedStudents", "", "archivedStudents is empty"),
    ("enableDailySync", "on", "enableDailySync is text, not true or false"),
    ("manageGuardians", 1, "manageGuardians is a number"),
    ("contactTypes", "Parent", "contactTypes is text, not a list"),
    ("contactTypes", [None], "contactTypes is null, not text"),
    ("contactTypes", ["A", "A"], "contactTypes names a label twice"),
    ("phoneTypes", {"Cell": True}, "phoneTypes is an object, not a list"),
    ("deletionThreshold", 15.5, "deletionThreshold is a number, not a whole"),
    ("deletionThreshold", True, "deletionThreshold is true or false, not"),
    ("deletionThreshold", [], "deletionThreshold is a list, not"),
    ("deletionThreshold", 101, "deletionThreshold is not within 0-100"),
    ("districtOauthToken", "s3cret", "districtOauthToken came back"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), BAD_SETTINGS)
def test_a_setting_of_another_kind_is_an_error(
    mock: Mocked, name: str, value: object, sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence) as error:
        mock(lambda _: ok(with_setting(name, value))).run(read_bay)
    assert "s3cret" not in error.value.message


HTML = httpx2.Response(
    200, content=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}
)

TWICE = json.dumps(FORM).replace(
    '"enableDailySync": false', '"enableDailySync": false, "enableDailySync": true'
)

BAD_ANSWERS = [
    (lambda: ok(TWICE.encode()), "a JSON object in which each name stands once"),
    (lambda: HTML, "it is text/html, not application/json"),
    (lambda: httpx2.Response(200, content=b"{}"), "it is of no stated type"),
    (lambda: ok(b"<html>"), "it is not valid JSON: see line 1, column 1"),
    (lambda: ok(b'{\n"a" 1}'), "it is not valid JSON: see line 2, column 5"),
    (lambda: ok(json.dumps(FORM).encode()[:40]), "not valid JSON: it is cut off at"),
    (lambda: ok(b""), "it is not valid JSON: it is empty"),
    (lambda: ok(b"\xff"), "it is not valid JSON: it is not UTF-8"),
    (lambda: ok(b"[" * 100_000), "it is JSON that is nested too deeply"),
    (lambda: ok(b'{"a": ' + b"1" * 5000 + b"}"), "a number too long to be read"),
    (lambda: ok([FORM]), "it is a list, not a JSON object"),
    (lambda: ok({}), "district is missing"),
    (lambda: ok(FORM | {"district": "elm"}), "'bay' was asked for, 'elm' came"),
    (lambda: ok(FORM | {"settings": []}), "settings is a list, not an object"),
    (lambda: ok(FORM | {"settings": {}}), "districtId is missing"),
    (lambda: ok(FORM | {"version": 7}), "version is a number, not text"),
    (lambda: ok(FORM | {"version": ""}), "version has characters"),
    (lambda: ok(FORM | {"version": 'a"b'}), "version has characters"),
    (lambda: ok(FORM, etag=None), "came without an ETag"),
    (lambda: ok(FORM, etag='W/"1-b"'), "is not the version of the form, 1-a"),
    (lambda: ok(FORM, etag='"1-b"'), "is not the version of the form, 1-a"),
    (lambda: ok(FORM, etag='"1-a-gzip"'), "is not the version of the form, 1-a"),
    (lambda: ok(FORM, etag='"1-a", "1-b"'), "is not the version of the form, 1-a"),
    (lambda: ok(FORM, etag="1-a"), "is not the version of the form, 1-a"),
    (lambda: ok(FORM, etag='w/"1-a"'), "is not the version of the form, 1-a"),
    (lambda: httpx2.Response(204), "no reason given .status 204"),
    (lambda: httpx2.Response(302, headers={"Location": "/"}), "redirects elsewhere"),
]


@pytest.mark.parametrize(("answer", "sentence"), BAD_ANSWERS)
def test_a_malformed_form_is_an_error(
    mock: Mocked, answer: Callable[[], httpx2.Response], sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence) as error:
        mock(lambda _: answer()).run(read_bay)
    assert error.value.remedy


BAD_PAGES = [
    ({"items": []}, "next is missing"),
    ({"next": None}, "items is missing"),
    ({"items": {}, "next": None}, "items is an object, not a list"),
    ({"items": [], "next": "more"}, "is empty although more should follow"),
    ({"items": [], "next": 1}, "next is a number, not text"),
    ({"items": [], "next": "\ud800"}, "next is broken Unicode"),
    ({"items": [], "next": ""}, "next is an empty cursor"),
    ({"items": ["bay"], "next": None}, "is text, not an object"),
    ({"items": [{"district": "bay"}], "next": None}, "name is missing"),
    ({"items": [{"name": "Bay"}], "next": None}, "district is missing"),
    (
        {"items": [{"district": "bay", "name": "Bay"}] * 2, "next": None},
        "'bay' is listed twice",
    ),
]


@pytest.mark.parametrize(("page", "sentence"), BAD_PAGES)
def test_a_malformed_list_is_an_error(mock: Mocked, page: Json, sentence: str) -> None:
    with pytest.raises(Unreachable, match=sentence):
        mock(lambda _: ok(page)).run(list_all)


def test_a_cursor_that_does_not_advance_is_an_error(mock: Mocked) -> None:
    pages = iter("abcdefgh")

    def answer(_: httpx2.Request) -> httpx2.Response:
        key = next(pages)
        cursor = "first" if key in "ac" else "second"
        return ok({"items": [{"district": key, "name": key}], "next": cursor})

    gateway = mock(answer)
    with pytest.raises(Unreachable, match="does not advance"):
        gateway.run(list_all)
    assert len(gateway.asked) == 3


def test_a_key_that_fits_no_address_is_not_asked_for(mock: Mocked) -> None:
    async def act(
        reader: ContractReader, _: ContractWriter
    ) -> dict[str, Live | ConnectError]:
        return dict(await reader.read_many(["a/b", "bay", "\ud800"]))

    gateway = mock(lambda _: ok({"items": [FORM], "errors": []}))
    found = gateway.run(act)
    assert json.loads(gateway.asked[0].content) == {"districts": ["bay"]}
    assert list(found) == ["a/b", "bay", "\ud800"]
    assert isinstance(found["a/b"], DistrictNotFound)


def test_an_empty_connect_lists_nothing(mock: Mocked) -> None:
    assert mock(lambda _: ok({"items": [], "next": None})).run(list_all) == ()


def bulk(items: object, errors: object) -> Answer:
    return lambda _: ok({"items": items, "errors": errors})


async def read_two(
    reader: ContractReader, _: ContractWriter
) -> dict[str, Live | ConnectError]:
    return dict(await reader.read_many(["bay", "elm"]))


ELM = FORM | {"district": "elm"}
GONE = {
    "district": "elm",
    "problem": {"type": "about:blank", "title": "gone", "status": 500},
}

ONE_OF_TWO = [
    ([FORM], [], "'elm' is not answered exactly once"),
    ([FORM, ELM], [GONE], "'elm' is not answered exactly once"),
    ([FORM], [GONE], "district 'elm': gone"),
    ([FORM], [{"district": "elm"}], "problem is missing"),
    ([FORM], [{"district": "elm", "problem": {}}], "no reason given"),
    ([FORM, ELM | {"settings": {}}], [], "districtId is missing"),
    ([FORM, ELM | {"version": None}], [], "version is null"),
]


@pytest.mark.parametrize(("items", "errors", "sentence"), ONE_OF_TWO)
def test_one_bad_district_of_a_bulk_read_leaves_the_others(
    mock: Mocked, items: object, errors: object, sentence: str
) -> None:
    found = mock(bulk(items, errors)).run(read_two)
    assert list(found) == ["bay", "elm"]
    assert isinstance(found["bay"], Live)
    assert isinstance(found["elm"], Unreachable)
    assert sentence in found["elm"].message


ALL_LOST = [
    ([FORM, FORM], [], "items holds a district twice"),
    ([], [GONE, GONE], "errors holds a district twice"),
    ([FORM, ELM, FORM | {"district": "oak"}], [], "'oak' was not asked for"),
    ([7], [], "an entry of items is a number"),
    (None, [], "items is null, not a list"),
]


@pytest.mark.parametrize(("items", "errors", "sentence"), ALL_LOST)
def test_a_bulk_answer_that_cannot_be_told_apart_is_an_error(
    mock: Mocked, items: object, errors: object, sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence):
        mock(bulk(items, errors)).run(read_two)


def test_a_lost_part_of_a_bulk_read_is_an_error_for_each_of_its_districts(
    mock: Mocked,
) -> None:
    keys = [f"d{number}" for number in range(1001)]

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)["districts"]
        if "d500" in asked:
            return httpx2.Response(502)
        return ok({"items": [FORM | {"district": key} for key in asked], "errors": []})

    async def act(
        reader: ContractReader, _: ContractWriter
    ) -> dict[str, Live | ConnectError]:
        return dict(await reader.read_many(keys))

    gateway = mock(answer)
    found = gateway.run(act)
    assert len(gateway.asked) == 3
    assert list(found) == keys
    lost = [key for key, live in found.items() if isinstance(live, ConnectError)]
    assert lost == keys[500:1000]
