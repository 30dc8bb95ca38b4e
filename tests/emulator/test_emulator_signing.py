"""Who signs in comes in, and nobody else; a session ends, and the way goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from emulator_browser import Browser

from connectsync.emulator.app import create_app
from connectsync.emulator.form import FIELDS
from connectsync.emulator.http import SeedRefused
from connectsync.emulator.seed import enrol
from connectsync.emulator.users import (
    COOKIE,
    DEMO_EMAIL,
    DEMO_PASSWORD,
    Behavior,
    add_demo_user,
    add_user,
)

FORM = "/districts/bay/settings/sis-rostering/daily-sync"
PAGES = ["/", "/districts", "/districts/bay", "/districts/bay/settings", FORM]


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay"), ("elm", "Elm Park"), ("oak", "Oak")])
    add_demo_user(path)
    add_user(path, "Ann@Example.org", "pässword", districts=["bay"])
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser(store: Path, clock: Clock) -> Browser:
    return Browser(create_app(store, clock=clock, manners=Behavior(session_seconds=60)))


def sign_in(browser: Browser, path: str = "/") -> str:
    return browser.sign_in(DEMO_EMAIL, DEMO_PASSWORD, path).path


@pytest.mark.parametrize("path", [*PAGES, "/districts?q=a+b&page=2"])
def test_a_page_asks_to_sign_in_and_then_comes(browser: Browser, path: str) -> None:
    assert browser.open(path).path.startswith("/sign-in?next=/")
    assert sign_in(browser, path) == path
    assert browser.open(path).status == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: Browser,
) -> None:
    header = browser.ask("GET", "/sign-in").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(header.split("; "))
    assert "Secure" not in header


def test_signing_in_changes_the_cookie(browser: Browser) -> None:
    browser.open("/")
    before = browser.cookies[COOKIE]
    sign_in(browser)
    after = browser.cookies[COOKIE]
    assert before != after
    browser.cookies[COOKIE] = before
    assert browser.open("/").path.startswith("/sign-in")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (DEMO_EMAIL, "wrong"),
        ("nobody@example.org", DEMO_PASSWORD),
        ("", ""),
        (DEMO_EMAIL, ""),
        ("ann@example.org", DEMO_PASSWORD),
    ],
)
def test_a_wrong_password_stays_at_the_door_and_keeps_the_address(
    browser: Browser, email: str, password: str
) -> None:
    page = browser.sign_in(email, password, FORM)
    assert page.status == 422
    assert page.root.one("alert").text
    assert page.root.one("textbox", "Email")["value"] == email
    assert not page.root.one("textbox", "Password").get("value")
    again = page.form("Sign in").fill(email=DEMO_EMAIL, password=DEMO_PASSWORD)
    assert browser.submit(again).path == FORM


def test_an_address_is_the_same_in_any_case_of_letters(browser: Browser) -> None:
    assert browser.sign_in(" ANN@example.ORG", "pässword").path == "/"


@pytest.mark.parametrize(
    "way_back",
    ["//evil.example", "https://evil.example", "/\\evil", "evil", "/a\nb", "", "/é"],
)
def test_signing_in_never_leads_to_another_site(
    browser: Browser, way_back: str
) -> None:
    form = browser.open("/").form("Sign in")
    form.fill(email=DEMO_EMAIL, password=DEMO_PASSWORD, next=way_back)
    assert browser.post(form).headers["Location"] == "/"
    answer = browser.ask("GET", "/sign-in?next=//evil.example")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_session_ends_by_time_and_the_way_goes_on(
    browser: Browser, clock: Clock
) -> None:
    sign_in(browser)
    clock.time += timedelta(seconds=59)
    page = browser.open(FORM)
    assert page.path == FORM
    clock.time += timedelta(seconds=1)
    expired = browser.submit(page.form("Save"))
    assert expired.path == f"/sign-in?next={FORM}"
    form = expired.form("Sign in").fill(email=DEMO_EMAIL, password=DEMO_PASSWORD)
    assert browser.submit(form).path == FORM


def test_signing_out_ends_the_session_on_the_server(browser: Browser) -> None:
    sign_in(browser)
    cookies = dict(browser.cookies)
    page = browser.submit(browser.open("/").form("Sign out"))
    assert page.path == "/sign-in"
    browser.cookies = cookies
    assert browser.open("/").path.startswith("/sign-in")


def test_a_user_who_was_taken_away_is_out(browser: Browser, store: Path) -> None:
    import sqlite3

    sign_in(browser)
    connection = sqlite3.connect(store)
    with connection:
        connection.execute("DELETE FROM user WHERE email = ?", (DEMO_EMAIL,))
    connection.close()
    assert browser.open("/").path.startswith("/sign-in")


def test_nothing_secret_is_in_the_store(browser: Browser, store: Path) -> None:
    sign_in(browser)
    content = store.read_bytes()
    assert DEMO_PASSWORD.encode() not in content
    assert browser.cookies[COOKIE].encode() not in content


@pytest.mark.parametrize("csrf", [[], ["wrong"], [""], ["é"], ["x", "y"]])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", FORM])
@pytest.mark.sampled(6)
def test_a_form_that_no_page_of_the_session_gave_does_nothing(
    browser: Browser, path: str, csrf: list[str]
) -> None:
    button = {"/sign-in": "Sign in", "/sign-out": "Sign out"}.get(path, "Save")
    if path != "/sign-in":
        sign_in(browser)
    before = dict(browser.cookies)
    form = browser.open(path if path == FORM else "/").form(button)
    answer = browser.post(form.put(csrf=csrf, enableDailySync=["on"]))
    assert answer.status_code == 403
    assert before in ({}, browser.cookies)
    if path != "/sign-in":
        box = browser.open(FORM).root.one("checkbox", FIELDS["enableDailySync"])
        assert not box.has("checked")


def test_a_form_of_another_session_does_nothing(store: Path, clock: Clock) -> None:
    app = create_app(store, clock=clock)
    mine, theirs = Browser(app), Browser(app)
    sign_in(mine)
    sign_in(theirs)
    form = theirs.open(FORM).form("Save")
    assert mine.post(form).status_code == 403


def test_every_form_that_changes_something_carries_a_token(browser: Browser) -> None:
    forms = [one for one in browser.open("/sign-in").root if one.tag == "form"]
    sign_in(browser)
    for path in PAGES:
        forms += [one for one in browser.open(path).root if one.tag == "form"]
    posts = [form for form in forms if form.get("method") == "post"]
    assert len(posts) == 2 + len(PAGES)
    for form in posts:
        (csrf,) = (one for one in form if one.get("name") == "csrf")
        assert len(csrf["value"]) > 30


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("{}", "application/json", 415),
        ("", "", 415),
        ("é=1", "application/x-www-form-urlencoded", 400),
        ("a=%ff", "application/x-www-form-urlencoded", 400),
        ("&".join(["a=1"] * 501), "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_submitted_form_is_refused(
    browser: Browser, content: str, kind: str, status: int
) -> None:
    answer = browser.ask("POST", "/sign-in", content, Content_Type=kind)
    assert answer.status_code == status


def test_who_is_added_again_has_the_new_password_and_reach(
    browser: Browser, store: Path
) -> None:
    add_user(store, "ann@example.org", "new", districts=["elm"])
    assert browser.sign_in("ann@example.org", "pässword").status == 422
    browser.sign_in("ann@example.org", "new")
    assert browser.open("/districts/elm").status == 200
    assert browser.open("/districts/bay").status == 404


@pytest.mark.parametrize(
    "add",
    [
        lambda path: add_user(path, "nobody", "x"),
        lambda path: add_user(path, "a b@c", "x"),
        lambda path: add_user(path, "a@b", ""),
        lambda path: add_user(path, "a@b", "x", districts=["bay", "nowhere"]),
    ],
)
def test_a_user_who_cannot_be_is_refused(
    browser: Browser, store: Path, add: Callable[[Path], None]
) -> None:
    with pytest.raises(SeedRefused):
        add(store)
    assert browser.sign_in("a@b", "x").status == 422


def test_over_https_the_cookie_stays_on_https(store: Path) -> None:
    import asyncio

    import httpx2

    async def answered() -> httpx2.Response:
        transport = httpx2.ASGITransport(create_app(store))
        async with httpx2.AsyncClient(transport=transport) as client:
            return await client.get("https://emulator/sign-in")

    assert "Secure" in asyncio.run(answered()).headers["Set-Cookie"]
