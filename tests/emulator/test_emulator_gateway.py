"""The stand-in answers as the contract says, also to what nobody should ask."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any, Protocol

import httpx2
import pytest

from connectsync.emulator.form import BLANK
from connectsync.emulator.http import StoreUnusable


class Emulator(Protocol):
    store: Any
    token: str | None

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx2.Response: ...
    def save(
        self, body: object, key: str = "bay", **headers: str
    ) -> httpx2.Response: ...
    def version(self, key: str = "bay") -> str: ...
    def wait(self, **time: float) -> None: ...


def kind(response: httpx2.Response) -> tuple[int, str]:
    spelled: str = response.json()["type"]
    return response.status_code, spelled.removeprefix("urn:connectsync:problem:")


def test_pages_follow_each_other_until_the_last(emulator: Emulator) -> None:
    first = emulator.ask("GET", "/v1/districts?limit=2").json()
    second = emulator.ask("GET", f"/v1/districts?limit=2&cursor={first['next']}").json()
    keys = [item["district"] for item in first["items"] + second["items"]]
    assert keys == ["bay", "elm", "oak"]
    assert second["next"] is None


def test_a_page_that_ends_with_the_last_district_is_the_last(
    emulator: Emulator,
) -> None:
    assert emulator.ask("GET", "/v1/districts?limit=3").json()["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=%D9%A1",
        "limit=",
        "limit=2.0",
        "limit=-1",
    ],
)
def test_a_limit_out_of_range_is_not_understood(emulator: Emulator, query: str) -> None:
    assert kind(emulator.ask("GET", f"/v1/districts?{query}"))[0] == 400


@pytest.mark.parametrize("cursor", ["%", "a", "YQ", "_w==", "ü"])
def test_a_cursor_that_no_page_gave_is_not_understood(
    emulator: Emulator, cursor: str
) -> None:
    assert kind(emulator.ask("GET", f"/v1/districts?cursor={cursor}"))[0] == 400


def test_a_bulk_read_answers_every_key(emulator: Emulator) -> None:
    keys = ["oak", "nowhere", "bay", "\ud800"]
    body = emulator.ask("POST", "/v1/districts:read", {"districts": keys}).json()
    assert [item["district"] for item in body["items"]] == ["bay", "oak"]
    assert [error["district"] for error in body["errors"]] == ["nowhere", "\ud800"]
    assert body["items"][0]["settings"] == BLANK


@pytest.mark.parametrize("later", [set(), {"permissions", "deletionThreshold"}])
def test_forms_are_the_same_one_by_one_and_in_a_bulk(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, later: set[str]
) -> None:
    assert emulator.save({"contactTypes": ["Primary"]}).status_code == 200
    with closing(sqlite3.connect(emulator.store)) as connection, connection:
        old = json.dumps({**BLANK, "districtId": '","settings":{}'})
        connection.execute("UPDATE district SET form = ? WHERE key = 'elm'", (old,))
        fields = {name: BLANK[name] for name in BLANK.keys() - later}
        kept = f" {json.dumps(fields, indent=1)}"
        connection.execute(
            "UPDATE district SET form = ?, name = ? WHERE key = 'oak'",
            (kept, 'São ","settings":{}'),
        )
    monkeypatch.setattr("connectsync.emulator.form.LATER", frozenset(later))
    keys = ["bay", "elm", "oak"]
    read = emulator.ask("POST", "/v1/districts:read", {"districts": keys}).json()
    alone = [emulator.ask("GET", f"/v1/districts/{key}").json() for key in keys]
    assert read == {"items": alone, "errors": []}
    assert read["items"][2]["settings"] == BLANK


@pytest.mark.parametrize("kept", ["{", "[]", '{"districtId": NaN}', "[" * 5_000, ""])
def test_a_bulk_that_holds_a_damaged_form_names_its_district(
    emulator: Emulator, kept: str
) -> None:
    with closing(sqlite3.connect(emulator.store)) as connection, connection:
        connection.execute("UPDATE district SET form = ? WHERE key = 'elm'", (kept,))
    with pytest.raises(StoreUnusable, match="the form of district 'elm' in the store"):
        emulator.ask("POST", "/v1/districts:read", {"districts": ["bay", "elm"]})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"districts": []},
        {"districts": "bay"},
        {"districts": [1]},
        {"districts": ["x"] * 501},
        [],
        b"{",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_bulk_read_of_something_else_is_not_understood(
    emulator: Emulator, body: object
) -> None:
    answer = emulator.ask("POST", "/v1/districts:read", body)
    assert kind(answer) == (400, "not-understood")


def test_a_body_that_is_not_json_is_refused_by_its_type(emulator: Emulator) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = emulator.ask(
            "POST", "/v1/districts:read", b"{}", Content_Type=media_type
        )
        assert kind(answer) == (415, "not-json")


def test_a_save_needs_the_version_it_was_made_from(emulator: Emulator) -> None:
    path, body = "/v1/districts/bay/settings", {"manageGuardians": True}
    assert kind(emulator.ask("PATCH", path, body)) == (428, "version-required")
    for tag in ("*", "1-a", 'W/"1-a"', '"a", "b"', '""'):
        answer = emulator.ask("PATCH", path, body, If_Match=tag)
        assert kind(answer) == (400, "not-understood")
    answer = emulator.ask("PATCH", path, body, If_Match='"1-a"')
    assert kind(answer) == (412, "version-moved")


def test_a_save_answers_the_version_that_a_read_then_finds(emulator: Emulator) -> None:
    before = emulator.version()
    saved = emulator.save({"manageGuardians": True})
    assert saved.headers["ETag"] == emulator.version() != before


def test_refused_fields_are_all_listed(emulator: Emulator) -> None:
    answer = emulator.save(
        {
            "zebra": 1,
            "aardvark": 1,
            "phoneTypes": ["Cell", "Home"],
            "manageGuardians": None,
            "districtOauthToken": 5,
        }
    )
    assert kind(answer) == (422, "form-refused")
    assert [error["field"] for error in answer.json()["errors"]] == [
        "aardvark",
        "zebra",
        "manageGuardians",
        "phoneTypes",
        "districtOauthToken",
    ]


def test_the_token_makes_a_version_and_never_comes_back(emulator: Emulator) -> None:
    before = emulator.version()
    answers = [emulator.save({"districtOauthToken": "s3cret-1"})]
    between = emulator.version()
    answers.append(emulator.save({"districtOauthToken": "s3cret-1"}))
    assert before != between == emulator.version()
    answers.append(emulator.save({"districtOauthToken": "s3cret-2"}))
    assert emulator.version() != between
    answers.append(emulator.ask("GET", "/v1/districts/bay"))
    answers.append(emulator.ask("POST", "/v1/districts:read", {"districts": ["bay"]}))
    for answer in answers:
        assert "s3cret" not in answer.text
        assert "Token" not in answer.text
    assert b"s3cret" not in emulator.store.read_bytes()


def test_the_same_save_under_the_same_key_is_made_once(emulator: Emulator) -> None:
    version = emulator.version()
    ask = {"If_Match": version, "Idempotency_Key": "k"}
    first = emulator.save({"manageGuardians": True}, **ask)
    emulator.save({"manageGuardians": False})
    again = emulator.save({"manageGuardians": True}, **ask)
    assert (again.status_code, again.content) == (200, first.content)
    form = emulator.ask("GET", "/v1/districts/bay").json()["settings"]
    assert form["manageGuardians"] is False


@pytest.mark.parametrize(
    "other",
    [
        {"body": {"manageGuardians": False}},
        {"key": "elm"},
        {"If_Match": '"9-z"'},
    ],
)
def test_another_save_under_the_same_key_is_refused(
    emulator: Emulator, other: dict[str, Any]
) -> None:
    save: dict[str, Any] = {
        "body": {"manageGuardians": True},
        "If_Match": emulator.version(),
        "Idempotency_Key": "k",
    }
    emulator.save(**save)
    answer = emulator.save(**(save | other))
    assert kind(answer) == (422, "idempotency-key-reused")


def test_a_key_is_forgotten_after_a_day(emulator: Emulator) -> None:
    ask = {"If_Match": emulator.version(), "Idempotency_Key": "k"}
    emulator.save({"manageGuardians": True}, **ask)
    emulator.wait(hours=23)
    assert emulator.save({"manageGuardians": True}, **ask).status_code == 200
    emulator.wait(hours=2)
    answer = emulator.save({"manageGuardians": True}, **ask)
    assert kind(answer) == (412, "version-moved")


def test_a_refused_save_is_not_remembered(emulator: Emulator) -> None:
    refused = emulator.save({"manageGuardians": 1}, Idempotency_Key="k")
    assert refused.status_code == 422
    saved = emulator.save({"manageGuardians": True}, Idempotency_Key="k")
    assert saved.status_code == 200


def test_placeholders_are_said_to_be_placeholders(emulator: Emulator) -> None:
    options = emulator.ask("GET", "/v1/options/archivedStudents").json()["options"]
    assert [option["placeholder"] for option in options] == [True, True]
    assert all(option["label"].startswith("(placeholder)") for option in options)
    options = emulator.ask("GET", "/v1/options/studentId").json()["options"]
    assert options == [
        {"label": "STUDENT ID", "placeholder": False},
        {"label": "STUDENT NUMBER", "placeholder": False},
    ]


@pytest.mark.parametrize("setting", ["enableDailySync", "phone_types"])
def test_a_setting_without_options_is_not_found(
    emulator: Emulator, setting: str
) -> None:
    answer = emulator.ask("GET", f"/v1/options/{setting}")
    assert kind(answer) == (404, "setting-not-found")


def test_a_district_that_is_not_there_is_not_found(emulator: Emulator) -> None:
    answer = emulator.ask("GET", "/v1/districts/nowhere")
    assert kind(answer) == (404, "district-not-found")
    answer = emulator.save({}, key="nowhere", If_Match='"1-a"')
    assert kind(answer) == (404, "district-not-found")


def test_addresses_and_methods_outside_the_contract_are_problems(
    emulator: Emulator,
) -> None:
    assert kind(emulator.ask("GET", "/v2")) == (404, "no-such-operation")
    answer = emulator.ask("DELETE", "/v1/districts/bay")
    assert kind(answer) == (405, "no-such-operation")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer no", "Basic yes", "bearer ü"])
def test_without_the_token_nothing_is_answered(emulator: Emulator, header: str) -> None:
    emulator.token = "yes"  # noqa: S105 - of a stand-in that lives for one test
    for path in ("/v1/districts", "/v1/districts/nowhere", "/v1/nothing"):
        answer = emulator.ask("GET", path, Authorization=header)
        assert kind(answer) == (401, "credentials-refused")
    allowed = emulator.ask("GET", "/v1/districts", Authorization="Bearer yes")
    assert allowed.status_code == 200


def test_a_store_that_fails_is_a_problem_too(emulator: Emulator) -> None:
    with sqlite3.connect(emulator.store) as connection:
        connection.execute("DROP TABLE district")
        connection.execute("CREATE TABLE district (key TEXT, name TEXT)")
    connection.close()
    answer = emulator.ask("GET", "/v1/districts")
    assert kind(answer) == (503, "store-failed")
    assert answer.headers["Retry-After"] == "1"
