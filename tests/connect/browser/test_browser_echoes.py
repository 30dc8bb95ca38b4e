"""What a page, a box or the browser says comes in without our secrets."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from functools import partial

import pytest
from browser_world import (
    SHORT_WAIT,
    World,
    both,
    close_tabs,
    sampled,
    served,
    website,
)
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tampered_page import Tampered, before_end, on_the_form

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.session import sign_in
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.foreign_text import SECRETS, repeats_secret
from connectsync.emulator.users import DEMO_EMAIL
from connectsync.errors import ConnectError, PageChanged

KNOWN = "cAnary-7h.known.Xw4nPb92Ls"
TYPED = "cAnary-8g.typed.Vc6mRt51Jd"
CUT = f"{TYPED[:14]} ... {b64encode(TYPED.encode()).decode()} {KNOWN.upper()}"
COVER = "position: fixed; inset: 0; z-index: 9; background: white"


def refusing(answer: str, app: ASGIApp) -> ASGIApp:
    """Let a page save nothing, and answer this."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            await HTMLResponse(answer)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answered


PAGES = {
    "an alert after Save": f"<p role=alert>Refused: {CUT}</p>",
    "a dialog after Save": f"<div role=dialog aria-label='Really {CUT}?'>?</div>",
    "a box after Save": f"<script>alert('Saved with {CUT}')</script>",
    "a question after Save": f"<script>confirm('Really {CUT}?')</script>",
}


@pytest.mark.parametrize(
    "page", sampled(PAGES, "an alert after Save", "a question after Save")
)
@pytest.mark.sampled(1)
def test_what_a_page_says_after_save_shows_no_secret(world: World, page: str) -> None:
    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        read = await reader.read("bay")
        await writer.save(
            "bay",
            {"manage_guardians": True},
            expected_version=read.version,
            set_token=True,
        )

    SECRETS.learn(KNOWN)
    world.known = True
    answer = f"<!doctype html><title>No</title><body>{PAGES[page]}</body>"
    around = partial(refusing, answer)
    with pytest.raises(ConnectError) as failed:
        world.run(act, around=around, tokens=lambda _: TYPED, wait_seconds=SHORT_WAIT)
    insist_silent(world, failed.value)


READ = {
    "something that covers the page": before_end(
        f"<div style='{COVER}'>Sign in again with {CUT}</div>"
    ),
    "a label that is offered": lambda html: html.replace(
        "(placeholder) Leave archived", KNOWN
    ),
    "a heading instead of the form": lambda _: f"<h1>{CUT}</h1>",
    "an error of the page": before_end(f"<script>throw new Error('{CUT}')</script>"),
}


@pytest.mark.parametrize(
    "page",
    sampled(READ, "something that covers the page", "a heading instead of the form"),
)
@pytest.mark.sampled(1)
def test_what_a_page_shows_instead_of_the_form_shows_no_secret(
    world: World, page: str
) -> None:
    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        read = await reader.read("bay")
        await writer.save(
            "bay", {"manage_guardians": True}, expected_version=read.version
        )

    for secret in (KNOWN, TYPED):
        SECRETS.learn(secret)
    world.known = True
    around = partial(Tampered, change=on_the_form(READ[page]))
    try:
        world.run(act, around=around, wait_seconds=SHORT_WAIT)
    except ConnectError as failed:
        insist_silent(world, failed)
    else:
        assert page == "an error of the page"


def insist_silent(world: World, failed: ConnectError) -> None:
    told = [failed.message, failed.remedy, repr(failed), repr(failed.__cause__)]
    for text in told:
        assert not repeats_secret(text, (KNOWN, TYPED)), text
        assert TYPED[:14] not in text, text
    for path in world.evidence():
        content = path.read_bytes()
        for secret in (KNOWN, TYPED):
            assert secret.encode() not in content, path
            assert secret not in path.name


def test_a_sign_in_that_quotes_a_short_password_is_told_and_kept_without_it(
    world: World,
) -> None:
    quoting = before_end(
        "<script>document.querySelector('form').addEventListener('submit', event => {"
        " event.preventDefault(); const told = document.querySelector('h1');"
        " told.textContent = 'Wrong password: '"
        " + document.querySelector('input[type=password]').value })</script>"
    )

    async def act() -> None:
        around = partial(Tampered, change=lambda _, html: quoting(html))
        async with served(world.store, around=around) as address:
            site = replace(website(address, world.folder), load_seconds=2)
            await sign_in(site, DEMO_EMAIL, "pa5-wd")

    with pytest.raises(
        PageChanged, match=r"the page shows 'Wrong password: \*\*\*'"
    ) as no:
        world.runner.run(act())
    (page,) = world.evidence()
    assert page.suffix == ".html"
    assert f"see {page}" in no.value.message
    assert "pa5-wd" not in page.read_text("utf-8")


def cookie_of(world: World) -> str:
    (cookie,) = json.loads((world.folder / "session.json").read_text())["cookies"]
    return str(cookie["value"])


ROTATED = "rOtated-5k.cookie.Yq8vTz31Fn"


class Rotating:
    """An application that gives another session cookie with each of its pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = (b"set-cookie", f"__Next={ROTATED}; HttpOnly".encode())
                message = {**message, "headers": [*message["headers"], more]}
            await send(message)

        await self._app(scope, receive, sent)


SHOWN = ("the session", "a session that was begun anew", "what scripts keep")


@pytest.mark.parametrize("which", SHOWN)
def test_a_page_that_shows_the_session_is_told_and_kept_without_it(
    world: World, which: str
) -> None:
    """Who has the cookie is signed in; a page of errors may print what it was sent."""
    session = world.folder / "session.json"
    kept = json.loads(session.read_text())
    stored = "sTored-6j.item.Bw2cXr74Mh"
    origins = [{"origin": "", "localStorage": [{"name": "auth", "value": ""}]}]
    secret = {"the session": cookie_of(world), "what scripts keep": stored}.get(
        which, ROTATED
    )

    def around(app: ASGIApp) -> ASGIApp:
        shown = f"<main><h1>No form for Cookie: session={secret}</h1></main>"
        main = re.compile("<main.*</main>", re.DOTALL)
        change = on_the_form(lambda html: main.sub(shown, html))
        return Rotating(Tampered(app, change=change))

    async def act() -> None:
        async with served(world.store, around=around) as address:
            said = json.dumps({"user": "Ada Lovelace", "access_token": stored})
            origins[0] = {
                "origin": address,
                "localStorage": [{"name": "auth", "value": said}],
            }
            session.write_text(json.dumps({**kept, "origins": origins}))
            site = replace(website(address, world.folder), wait_seconds=SHORT_WAIT)
            reader, _ = both(world.browser, site, known=world.store)
            try:
                await reader.read("bay")
            finally:
                await close_tabs(world.browser)

    with pytest.raises(ConnectError) as failed:
        world.runner.run(act())
    told = f"{failed.value.message} {failed.value.__cause__!r}"
    assert secret not in told
    (page,) = world.evidence()
    assert page.suffix == ".html"
    assert "Cookie: session=***" in page.read_text()
    assert secret not in page.read_text()


def test_what_a_refused_form_offers_is_not_told_afterward(world: World) -> None:
    """``doctor`` asks for the labels of each setting, also after one was refused."""

    def around(app: ASGIApp) -> ASGIApp:
        label = "(placeholder) Leave archived"
        change = on_the_form(lambda html: html.replace(label, KNOWN))
        return Tampered(app, change=change)

    async def act(reader: BrowserReader, _: BrowserWriter) -> None:
        for setting in ("contact_types", "archived_students"):
            with pytest.raises(ConnectError, match="repeats a secret"):
                await reader.options(setting)

    SECRETS.learn(KNOWN)
    world.known = True
    world.run(act, around=around)
