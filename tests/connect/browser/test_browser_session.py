"""
A person signs in as they always do, and the session is kept once they have.

The window is one that nobody sees, so that no screen is needed; all else is real.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from browser_world import (
    SHORT_WAIT,
    Around,
    World,
    bare,
    close_tabs,
    served,
    session_of,
    website,
)
from playwright.async_api import Browser, BrowserContext, Page
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.backends.browser import session
from connectsync.backends.browser.fence import Fence
from connectsync.backends.browser.session import _keep, sign_in
from connectsync.backends.browser.tab import SignIn
from connectsync.backends.browser.website import keep_own, learn_session, origin_of
from connectsync.domain.foreign_text import SECRETS
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD
from connectsync.errors import ConnectError, CredentialsRefused, StateError

Person = Callable[[BrowserContext], Awaitable[None]]


@pytest.fixture
def in_view(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Let the test see the window that the sign-in opens."""

    @asynccontextmanager
    async def launched(**_: object) -> AsyncIterator[Browser]:
        yield world.browser

    monkeypatch.setattr(session, "launch_browser", launched)
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 120)
    (world.folder / "session.json").unlink()
    return world


def signed_in(world: World, person: Person, around: Around = bare) -> None:
    """Wait for a person to sign in, while they do whatever they do."""

    async def story() -> None:
        async with served(world.store, around=around) as address:
            site = replace(website(address, world.folder), wait_seconds=SHORT_WAIT)
            waiting = asyncio.ensure_future(sign_in(site))
            while not any(one.pages for one in world.browser.contexts):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
            try:
                await person(world.browser.contexts[0])
                await waiting
            finally:
                await close_tabs(world.browser)
                await asyncio.gather(waiting, return_exceptions=True)

    world.runner.run(story())


async def fill_in(page: Page, password: str = DEMO_PASSWORD) -> None:
    await SignIn(page).sign_in(DEMO_EMAIL, password, Fence(origin_of(page.url)))


async def no_hurry(context: BrowserContext) -> None:
    page = context.pages[0]
    await page.get_by_role("button", name="Sign in").wait_for()
    with pytest.raises(CredentialsRefused):
        await fill_in(page, "mistyped")
    await asyncio.sleep(SHORT_WAIT + 0.2)  # longer than any control is waited for
    await fill_in(page)


async def elsewhere(context: BrowserContext) -> None:
    """Sign in in a second tab, as from a link in an email."""
    first = context.pages[0]
    await first.get_by_role("button", name="Sign in").wait_for()
    second = await context.new_page()
    await second.goto(first.url)
    await fill_in(second)


@pytest.mark.parametrize("person", [no_hurry, elsewhere])
def test_a_person_is_waited_for_and_their_session_kept(
    in_view: World, person: Person
) -> None:
    signed_in(in_view, person)
    kept = in_view.folder / "session.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_text("utf-8"))["cookies"]
    assert DEMO_PASSWORD not in kept.read_text("utf-8")


def test_a_window_that_is_closed_keeps_no_session(in_view: World) -> None:
    async def close(context: BrowserContext) -> None:
        await context.pages[0].get_by_role("button", name="Sign in").wait_for()
        await context.pages[0].close()

    with pytest.raises(CredentialsRefused, match="window was closed") as ended:
        signed_in(in_view, close)
    assert "connectsync login" in ended.value.remedy
    assert not (in_view.folder / "session.json").exists()


def test_a_person_who_never_comes_is_not_waited_for_for_ever(
    in_view: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(_: BrowserContext) -> None:
        pass

    monkeypatch.setattr(session, "PATIENCE_SECONDS", 0.5)
    with pytest.raises(ConnectError, match=r"no page of .* shows"):
        signed_in(in_view, sleep)
    assert not (in_view.folder / "session.json").exists()


PROVIDER = (
    "<script>localStorage.refresh = 'of-the-provider';"
    "document.cookie = 'account=of-the-provider';"
    "location = 'CONNECT/back'</script>"
)


class OverProvider:
    """A Connect that asks another origin who one is, and believes whoever is back."""

    def __init__(self, app: ASGIApp, cookie: str) -> None:
        self.app, self.cookie = app, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode() for name, value in scope["headers"]}
        connect = headers[b"host"].replace("localhost", "127.0.0.1")
        answer: ASGIApp = self.app
        if headers[b"host"].startswith("localhost"):
            page = PROVIDER.replace("CONNECT", f"http://{connect}")
            answer = HTMLResponse(page)
        elif scope["path"] == "/back":
            page = "<script>localStorage.own = 'of-connect'; location = '/'</script>"
            answer = HTMLResponse(page, headers={"set-cookie": self.cookie})
        elif "=" not in headers.get(b"cookie", ""):
            there = connect.replace("127.0.0.1", "localhost")
            answer = RedirectResponse(f"http://{there}/")
        await answer(scope, receive, send)


def test_the_session_holds_nothing_of_who_says_who_one_is(in_view: World) -> None:
    path = session_of(in_view.store, in_view.folder / "before.json")
    (cookie,) = json.loads(path.read_text("utf-8"))["cookies"]
    spelled = f"{cookie['name']}={cookie['value']}; Path=/; HttpOnly"

    async def nothing(_: BrowserContext) -> None:
        pass

    signed_in(in_view, nothing, lambda app: OverProvider(app, spelled))
    kept = (in_view.folder / "session.json").read_text("utf-8")
    assert cookie["value"] in kept
    assert "of-connect" in kept
    assert "of-the-provider" not in kept


def test_only_what_connect_itself_gets_is_taken_of_a_session() -> None:
    site = website("https://connect.example.org", Path("/nowhere"))
    domains = [
        *("connect.example.org", ".connect.example.org", ".example.org"),
        *("example.org", "sso.example.org", ".other.org", "ect.example.org"),
    ]
    origins = ["https://connect.example.org", "https://sso.example.org", "x"]
    cookies: list[object] = [{"name": "a", "domain": one} for one in domains]
    stores = [{"origin": one, "localStorage": []} for one in origins]
    own = keep_own({"cookies": [*cookies, 7], "origins": stores}, site)
    assert own == {"cookies": cookies[:3], "origins": stores[:1]}
    assert keep_own({"cookies": 1}, site) == {"cookies": 1}


def test_of_a_session_only_that_is_a_secret_which_signs_in() -> None:
    """What else a page keeps may stand on it: the form would be refused for it."""
    signs = {
        "PHPSESSID": "k3v9d0l2m4n6p8q0r2s4",
        "remember_token": "58da8a43cc70ab00017a1a99",
        "_app": "Zq81mPx4Lw72Kd05",
    }
    shown = {
        "district": "58da8a43cc70ab00017a1a87",
        "_seen": "0b9d2f3e-5a71-4c1e-9f53-8a2b6c7d1e0f",
        "XSRF-TOKEN": "Tq81mPx4Lw72Kd06",
        "lang": "en-US",
    }
    cookies = [
        {"name": name, "value": value, "httpOnly": name != "XSRF-TOKEN"}
        for name, value in (signs | shown).items()
    ]
    deep = {"user": {"district": "lakeview-unified-2027"}, "jwt": ["Aq81mPx4Lw72Kd07"]}
    spelled = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln"
    items = [
        {"name": "auth", "value": json.dumps(deep)},
        {"name": "x", "value": spelled},
        {"name": "token", "value": 7},
    ]
    odd = [7, {"localStorage": [{"value": "no name"}, *items]}, {"localStorage": 1}]
    learn_session({"cookies": [*cookies, "x"], "origins": odd})
    learn_session(None)
    learned = set(SECRETS)
    assert learned >= {*signs.values(), "Aq81mPx4Lw72Kd07", spelled}
    assert not learned & {*shown.values(), "lakeview-unified-2027"}


def test_a_disk_that_is_full_leaves_the_session_from_before(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    path = folder / "session.json"
    path.write_text("{}", "utf-8")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # no file grows beyond this: to a program it is a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(StateError, match="cannot be kept"):
            _keep(path, "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text("utf-8") == "{}"
    assert [one.name for one in folder.iterdir()] == ["session.json"]
    _keep(path, "x" * 100)
    assert path.read_text("utf-8") == "x" * 100
    assert path.stat().st_mode & 0o777 == 0o600
