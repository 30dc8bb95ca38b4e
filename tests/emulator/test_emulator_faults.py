"""Faults happen when they are asked for, as they are asked for, and never else."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from emulator_browser import Browser

from connectsync.emulator.app import HANG_UP, FaultMiddleware, create_app, server
from connectsync.emulator.form import CLICKS, FIELDS, SAVE
from connectsync.emulator.http import (
    NO_FAULTS,
    DroppedAnswer,
    Faults,
    FaultsRefused,
    FaultState,
    faults_of,
    spelled_of,
)
from connectsync.emulator.seed import enrol
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD, add_demo_user

SYNC = FIELDS["enableDailySync"]
FORM = "/districts/bay/settings/sis-rostering/daily-sync"
GATEWAY = "/v1/districts/bay"
SWITCH = "/emulator/faults"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay"), ("elm", "Elm Park")])
    add_demo_user(path)
    return path


@pytest.fixture
def browser(store: Path) -> Browser:
    browser = Browser(create_app(store))
    browser.sign_in(DEMO_EMAIL, DEMO_PASSWORD)
    return browser


def switch(browser: Browser, **faults: object) -> httpx2.Response:
    body = json.dumps(faults)
    return browser.ask("PUT", SWITCH, body, Content_Type="application/json")


def live(browser: Browser) -> dict[str, Any]:
    answer: dict[str, Any] = browser.ask("GET", GATEWAY).json()
    return answer


def patch(browser: Browser, **fields: object) -> httpx2.Response:
    return browser.ask(
        "PATCH",
        f"{GATEWAY}/settings",
        json.dumps(fields),
        Content_Type="application/json",
        If_Match=f'"{live(browser)["version"]}"',
    )


def test_nothing_is_on_by_itself(browser: Browser) -> None:
    said = browser.ask("GET", SWITCH).json()
    assert said["faults"] == spelled_of(NO_FAULTS)
    assert faults_of(said["faults"]) == NO_FAULTS == Faults()
    weather = FaultState()
    assert [weather.next_request() for _ in range(100)] == [None] * 100
    assert not any(weather.drops_after(number) for number in range(1, 100))
    assert not any(weather.edits_before(number) for number in range(1, 100))


def test_faults_are_put_on_read_counted_and_cleared(browser: Browser) -> None:
    assert switch(browser, missing=["Save"], seed=3).json()["faults"]["seed"] == 3
    browser.open(FORM)
    patch(browser, manageGuardians=True)
    said = browser.ask("GET", SWITCH).json()
    assert said["faults"]["missing"] == ["Save"]
    assert (said["requests"], said["saves"]) == (3, 1)
    cleared = browser.ask("DELETE", SWITCH).json()
    assert cleared == {"faults": spelled_of(NO_FAULTS), "requests": 0, "saves": 0}


def test_the_switch_asks_for_the_token(store: Path) -> None:
    browser = Browser(create_app(store, token="let-me-in"))  # noqa: S106 - of a test
    for method in ("GET", "PUT", "DELETE"):
        assert browser.ask(method, SWITCH).status_code == 401
    allowed = browser.ask("GET", SWITCH, Authorization="Bearer let-me-in")
    assert allowed.status_code == 200


def test_faults_survive_being_spelled() -> None:
    faults = Faults(
        drop_saves=frozenset({2, 1}),
        renamed={"Save": "Apply"},
        missing=frozenset({"Phone Types to sync: Other"}),
        edit={"deletionThreshold": 7},
        expire_session_after=2,
    )
    assert faults_of(json.loads(json.dumps(spelled_of(faults)))) == faults


@pytest.mark.parametrize(
    "faults",
    [
        {"nonsense": 1},
        {"seed": -1},
        {"seed": True},
        {"server_errors": 1.5},
        {"server_errors": "1"},
        {"too_many_requests": -0.1},
        {"too_many_requests": True},
        {"drop_after_commit": None},
        {"latency_seconds": 61},
        {"retry_after_seconds": 0.5},
        {"drop_saves": [0]},
        {"drop_saves": [True]},
        {"drop_saves": [[]]},
        {"edit_before_saves": 1},
        {"edit_with_saves": [0]},
        {"edit": {"phoneTypes": ["Cell", "Home"]}},
        {"edit": {"nonsense": 1}},
        {"edit": []},
        {"expire_session_after": 0},
        {"renamed": {"Save": " "}},
        {"renamed": {"Nonsense": "x"}},
        {"renamed": ["Save"]},
        {"missing": ["Nonsense"]},
        {"disabled": "Save"},
        {"doubled": [1]},
        {"confirmation": None},
    ],
)
@pytest.mark.sampled(10)
def test_faults_that_cannot_be_are_refused_and_change_nothing(
    browser: Browser, faults: Mapping[str, object]
) -> None:
    with pytest.raises(FaultsRefused, match=next(iter(faults))):
        faults_of(faults)
    before = switch(browser, seed=9).json()
    answer = switch(browser, **faults)
    assert answer.status_code == 422
    assert next(iter(faults)) in answer.json()["detail"]
    assert browser.ask("GET", SWITCH).json() == before


def test_the_same_seed_meets_the_same_requests() -> None:
    def statuses(**faults: Any) -> list[int]:
        weather = FaultState(Faults(**faults))
        problems = [weather.next_request() for _ in range(200)]
        return [problem.status if problem else 200 for problem in problems]

    some = {"too_many_requests": 0.2, "server_errors": 0.1, "seed": 4}
    assert statuses(**some) == statuses(**some) != statuses(**{**some, "seed": 5})
    assert 20 <= statuses(**some).count(429) <= 60
    assert 5 <= statuses(**some).count(500) <= 35
    drops = [
        FaultState(Faults(drop_after_commit=0.5)).drops_after(n) for n in range(200)
    ]
    assert 70 <= drops.count(True) <= 130


def test_too_many_requests_say_when_to_come_back(browser: Browser) -> None:
    switch(browser, too_many_requests=1, retry_after_seconds=7)
    for path, kind in ((GATEWAY, "application/problem+json"), (FORM, "text/html")):
        answer = browser.ask("GET", path)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "7"
        assert answer.headers["Content-Type"].startswith(kind)
    assert browser.ask("GET", "/static/page.css").status_code == 200


def test_a_server_error_comes_before_anything_is_done(browser: Browser) -> None:
    form = browser.open(FORM).form("Save").fill(deletionThreshold="5")
    switch(browser, server_errors=1)
    assert browser.post(form).status_code == 500
    assert browser.ask("GET", GATEWAY).status_code == 500
    browser.ask("DELETE", SWITCH)
    assert live(browser)["settings"]["deletionThreshold"] is None


def test_latency_is_waited_for(browser: Browser) -> None:
    switch(browser, latency_seconds=0.05)
    began = time.monotonic()
    browser.ask("GET", GATEWAY)
    assert time.monotonic() - began >= 0.05


def test_a_dropped_save_was_made_and_the_next_is_answered(browser: Browser) -> None:
    form = browser.open(FORM).form("Save").fill(deletionThreshold="5")
    switch(browser, drop_saves=[1, 3])
    with pytest.raises(DroppedAnswer):
        browser.post(form)
    assert live(browser)["settings"]["deletionThreshold"] == 5
    assert browser.post(form.fill(deletionThreshold="6")).status_code == 303
    with pytest.raises(ConnectionResetError):
        patch(browser, deletionThreshold=7)
    assert live(browser)["settings"]["deletionThreshold"] == 7


def test_a_refused_save_is_answered_though_drops_were_asked_for(
    browser: Browser,
) -> None:
    form = browser.open(FORM).form("Save").fill(deletionThreshold="x")
    switch(browser, drop_after_commit=1)
    assert browser.post(form).status_code == 422
    assert patch(browser, deletionThreshold="x").status_code == 422
    with pytest.raises(DroppedAnswer):
        patch(browser, deletionThreshold=5)


def test_a_person_saves_just_before(browser: Browser) -> None:
    switch(browser, edit_before_saves=[1, 3])
    assert patch(browser, deletionThreshold=5).status_code == 412
    assert live(browser)["settings"]["unarchiveClassrooms"] is True
    assert patch(browser, deletionThreshold=5).status_code == 200
    form = browser.open(FORM).form("Save").fill(deletionThreshold="6")
    assert browser.post(form).status_code == 303
    after = live(browser)["settings"]
    assert (after["unarchiveClassrooms"], after["deletionThreshold"]) == (True, 6)


def test_what_that_person_changes_can_be_said(browser: Browser) -> None:
    switch(browser, edit_before_saves=[1], edit={"phoneTypes": ["Home"]})
    assert patch(browser, deletionThreshold=5).status_code == 412
    assert live(browser)["settings"]["phoneTypes"] == ["Home"]


def test_a_save_changes_more_than_was_asked_for(browser: Browser) -> None:
    switch(browser, edit_with_saves=[1], edit={"phoneTypes": ["Home"]})
    answer = patch(browser, deletionThreshold=5)
    assert answer.status_code == 200
    after = live(browser)
    assert answer.json()["version"] == after["version"]
    assert after["settings"]["deletionThreshold"] == 5
    assert after["settings"]["phoneTypes"] == ["Home"]


def test_nobody_edits_a_district_that_is_not_there(browser: Browser) -> None:
    switch(browser, edit_before_saves=[1])
    answer = browser.ask(
        "PATCH",
        "/v1/districts/nowhere/settings",
        "{}",
        Content_Type="application/json",
        If_Match='"1-a"',
    )
    assert answer.status_code == 404


def test_a_session_ends_after_so_many_pages(browser: Browser) -> None:
    switch(browser, expire_session_after=2)
    form = browser.open(FORM).form("Save").fill(deletionThreshold="5")
    browser.open("/")
    page = browser.submit(form)
    assert page.path == f"/sign-in?next={FORM}"
    assert live(browser)["settings"]["deletionThreshold"] is None
    again = page.form("Sign in").fill(email=DEMO_EMAIL, password=DEMO_PASSWORD)
    assert browser.submit(again).path == FORM


def test_a_label_is_renamed_wherever_it_stands(browser: Browser) -> None:
    switch(browser, renamed={"Settings": "Preferences", "Save": "Apply", "Cell": "Mob"})
    home = browser.open("/districts/bay").root
    assert home.one("menuitem", "Preferences").has("href")
    root = browser.open(FORM).root
    assert root.all("group", "Preferences")
    assert root.all("button", "Apply")
    assert root.one("checkbox", "Mob")["value"] == "Cell"
    assert not root.all("button", "Save")


def test_every_click_and_field_can_be_renamed(browser: Browser) -> None:
    every = [*CLICKS, SAVE, *FIELDS.values()]
    switch(browser, renamed={label: f"New {n}" for n, label in enumerate(every)})
    paths = ["/", "/districts/bay", "/districts/bay/settings"]
    paths += [f"{paths[-1]}/sis-rostering", FORM]
    pages = [browser.open(path).root for path in paths]
    names = {page.name_of(one) for page in pages for one in page if one.role}
    names |= {name.partition(":")[0] for name in names}
    assert names.issuperset(f"New {n}" for n in range(len(every)))
    assert not names & {*every} - {"Settings"}


@pytest.mark.parametrize(
    ("label", "path", "role", "name"),
    [
        ("Drop-down", "/", "button", "Drop-down: choose a district"),
        ("District Home Page", "/", "menuitem", "District Home Page: Bay (bay)"),
        ("District Home Page", "/districts", "link", "District Home Page: Bay (bay)"),
        ("3 black dots", "/districts/bay", "button", "3 black dots"),
        ("Settings", "/districts/bay", "menuitem", "Settings"),
        ("SIS Rostering", "/districts/bay/settings", "link", "SIS Rostering"),
        (
            "District-Level Daily Sync",
            "/districts/bay/settings/sis-rostering",
            "link",
            "District-Level Daily Sync",
        ),
        ("District ID", FORM, "textbox", "District ID"),
        ("District OAuth Token", FORM, "textbox", "District OAuth Token"),
        ("STUDENT ID", FORM, "radio", "STUDENT ID"),
        ("Archived students", FORM, "combobox", "Archived students"),
        (SYNC, FORM, "checkbox", SYNC),
        (f"Settings: {SYNC}", FORM, "checkbox", SYNC),
        ("Cell", FORM, "checkbox", "Cell"),
        ("Deletion Threshold", FORM, "textbox", "Deletion Threshold"),
        ("Permissions: Family Access", FORM, "checkbox", "Family Access"),
        ("Save", FORM, "button", "Save"),
    ],
)
@pytest.mark.sampled(6)
def test_a_control_can_be_missing_disabled_and_doubled(
    browser: Browser, label: str, path: str, role: str, name: str
) -> None:
    assert len(browser.open(path).root.all(role, name)) == 1
    switch(browser, missing=[label])
    assert browser.open(path).root.all(role, name) == []
    switch(browser, doubled=[label])
    assert len(browser.open(path).root.all(role, name)) == 2
    ids = [one["id"] for one in browser.open(path).root if one.has("id")]
    assert len(ids) == len(set(ids))
    switch(browser, disabled=[label])
    one = browser.open(path).root.one(role, name)
    assert one.has("disabled") or one["aria-disabled"] == "true"
    assert not one.has("href")


def test_one_of_several_boxes_of_a_name_can_be_meant(browser: Browser) -> None:
    switch(browser, missing=["Phone Types to sync: Other"])
    root = browser.open(FORM).root
    assert root.one("group", "Phone Types to sync").all("checkbox", "Other") == []
    assert len(root.all("checkbox", "Other")) == 2


def test_an_option_can_be_missing(browser: Browser) -> None:
    switch(browser, missing=["(placeholder) Restore"])
    drop_down = browser.open(FORM).root.one("combobox", "Archived students")
    assert [one.text for one in drop_down.all("option")] == [
        "(placeholder) Leave archived"
    ]


def test_a_doubled_box_counts_once(browser: Browser) -> None:
    switch(browser, doubled=["Cell"])
    form = browser.open(FORM).form("Save").put(phoneTypes=["Cell", "Cell"])
    assert browser.submit(form).status == 200
    assert live(browser)["settings"]["phoneTypes"] == ["Cell"]


def test_a_dialog_asks_before_the_form_goes(browser: Browser) -> None:
    switch(browser, confirmation="Really <b>save</b>?")
    page = browser.open(FORM)
    save = page.root.one("button", "Save")
    assert save["type"] == "button"
    dialog = page.root.one("alertdialog")
    assert dialog["id"] == save["popovertarget"]
    assert "Really <b>save</b>?" in dialog.text
    assert dialog.one("button", "Cancel")["type"] == "button"
    assert browser.submit(page.form("Confirm")).root.one("status").text == "Saved"
    browser.ask("DELETE", SWITCH)
    assert not browser.open(FORM).root.all("alertdialog")


def test_hanging_up_waits_until_the_server_has_seen_it() -> None:
    happened: list[str] = []
    messages = iter(["http.request", "http.disconnect"])

    async def dropping(*_: object) -> None:
        raise DroppedAnswer

    async def receive() -> dict[str, Any]:
        happened.append(next(messages))
        return {"type": happened[-1]}

    async def send(_: object) -> None:
        raise AssertionError("nothing may be answered")

    extensions = {HANG_UP: lambda: happened.append("closed")}
    scope = {"type": "http", "path": "/", "extensions": extensions}
    asyncio.run(FaultMiddleware(dropping, weather=FaultState())(scope, receive, send))
    assert happened == ["closed", "http.request", "http.disconnect"]


@asynccontextmanager
async def served(store: Path, faults: Faults) -> AsyncIterator[str]:
    """Serve the stand-in on a real socket; give its address."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    # a request that comes before the server is ready waits instead of being refused
    listening.listen(128)
    app = create_app(store, faults=faults)
    uvicorn = server(app, "127.0.0.1", 0)
    serving = asyncio.create_task(uvicorn.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        uvicorn.should_exit = True
        await serving
        listening.close()


def test_over_a_socket_a_dropped_save_is_a_closed_connection(store: Path) -> None:
    async def rehearsed() -> None:
        async with (
            served(store, Faults(drop_saves=frozenset({1}))) as address,
            httpx2.AsyncClient(base_url=address, trust_env=False) as client,
        ):
            version = (await client.get(GATEWAY)).headers["ETag"]
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.patch(
                    f"{GATEWAY}/settings",
                    json={"deletionThreshold": 5},
                    headers={"If-Match": version},
                )
            form = (await client.get(GATEWAY)).json()["settings"]
            assert form["deletionThreshold"] == 5
            answer = await client.put(SWITCH, json={"server_errors": 1})
            assert answer.status_code == 200
            assert (await client.get(GATEWAY)).status_code == 500

    asyncio.run(rehearsed())
