"""
What is read and typed stays at Connect's own address: tried with a second server.

Nothing but a look at that server's log decides: no token may arrive there.
"""

from __future__ import annotations

import asyncio
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
from other_site import TOKEN, other, type_over
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from tampered_page import Tampered, on_the_form

from connectsync.backends.browser.saving import FormFiller
from connectsync.backends.browser.session import sign_in
from connectsync.backends.browser.tab import Tab
from connectsync.backends.browser.website import origin_of
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    PageChanged,
    Unreachable,
)
from connectsync.web.http import once

HTML = "text/html"

Attack = Callable[[str], Callable[[str, str], str]]
"""Makes what becomes of each page, from the address of the other server."""


def link(away: str) -> Callable[[str, str], str]:
    """Lead from the link to the form to the same form elsewhere."""
    path = 'href="/districts/bay/settings/sis-rostering/daily-sync"'
    there = f'href="{away}/districts/bay/settings/sis-rostering/daily-sync"'
    return lambda _, html: html.replace(path, there)


def script(away: str) -> Callable[[str, str], str]:
    go = f"<script>location.href = '{away}/'</script>"
    return on_the_form(lambda html: html.replace("<form method", f"{go}<form method"))


def on_form(attribute: str) -> Attack:
    def attack(away: str) -> Callable[[str, str], str]:
        told = attribute.format(away=away)
        return on_the_form(
            lambda html: html.replace('method="post" n', f'method="post" {told} n')
        )

    return attack


def on_button(attribute: str) -> Attack:
    def attack(away: str) -> Callable[[str, str], str]:
        told = attribute.format(away=away)
        return on_the_form(lambda html: html.replace('id="save"', f'id="save" {told}'))

    return attack


def base(away: str) -> Callable[[str, str], str]:
    relative = 'method="post" action="save" n'
    return on_the_form(
        lambda html: html.replace("<head>", f"<head><base href='{away}/'>").replace(
            'method="post" n', relative
        )
    )


def late(away: str) -> Callable[[str, str], str]:
    """Change where the form goes at the moment in which it is sent."""
    code = f'method="post" onsubmit="this.action = \'{away}/\'" n'
    return on_the_form(lambda html: html.replace('method="post" n', code))


def shadowed(away: str) -> Callable[[str, str], str]:
    """Hide the form's own attributes behind fields of those names."""
    fields = "<input type=hidden name=action>"
    attack = on_form('action="{away}/"')(away)
    return lambda path, html: attack(path, html).replace("</form>", f"{fields}</form>")


ATTACKS: dict[str, tuple[Attack, type[ConnectError]]] = {
    "link": (link, CredentialsRefused),
    "script": (script, CredentialsRefused),
    "action": (on_form('action="{away}/"'), PageChanged),
    "button": (on_button('formaction="{away}/"'), PageChanged),
    "base": (base, PageChanged),
    "frame": (on_form('target="elsewhere"'), PageChanged),
    "shadowed": (shadowed, PageChanged),
    "late": (late, ConnectError),
}


@pytest.mark.parametrize("kind", sampled(ATTACKS, "button", "frame", "shadowed"))
@pytest.mark.sampled(3)
def test_no_token_is_sent_to_another_origin(world: World, kind: str) -> None:
    attack, error = ATTACKS[kind]

    def around(app: ASGIApp, away: str) -> ASGIApp:
        return Tampered(app, attack(away))

    typed = type_over(world, around, error, clicks=kind == "link")
    elsewhere, refused = world.runner.run(typed)
    if kind != "frame":
        assert elsewhere.address in refused.message
    assert elsewhere.heard == []
    assert world.token_digest("bay") == ""


def test_a_redirect_to_another_origin_is_refused(world: World) -> None:
    """It cannot be stopped on its way, but nothing is read or typed where it ends."""

    async def act() -> None:
        async with other() as elsewhere, redirecting(elsewhere.address) as address:
            reader, _ = both(world.browser, website(address, world.folder))
            try:
                with pytest.raises(CredentialsRefused) as refused:
                    await reader.read("bay")
            finally:
                await close_tabs(world.browser)
            assert f"leads to {elsewhere.address}" in refused.value.message
            assert "backends.browser.url" in refused.value.remedy

    world.runner.run(act())


def test_a_password_is_not_typed_at_another_origin(world: World) -> None:
    async def act() -> None:
        async with other() as elsewhere:

            def change(_: str, html: str) -> str:
                away = f'action="{elsewhere.address}/sign-in"'
                return html.replace('action="/sign-in"', away)

            async with served(
                world.store, around=lambda app: Tampered(app, change)
            ) as address:
                with pytest.raises(PageChanged, match="would be sent to"):
                    await sign_in(
                        website(address, world.folder), DEMO_EMAIL, DEMO_PASSWORD
                    )
            assert elsewhere.heard == []

    world.runner.run(act())


@asynccontextmanager
async def redirecting(away: str) -> AsyncIterator[str]:
    """Serve redirects to another address."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n"
            b"Location: %s/\r\n\r\n" % away.encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Connect.Example/x?y#z", "https://connect.example"),
        ("https://connect.example:443", "https://connect.example"),
        ("http://connect.example:80/", "http://connect.example"),
        ("https://connect.example:8443/", "https://connect.example:8443"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("https://connect.example@evil.example/", "https://evil.example"),
        (
            "https://connect.example.evil.example/",
            "https://connect.example.evil.example",
        ),
        ("about:blank", ""),
        ("data:text/html,x", ""),
        ("https://x:nine/", ""),
        ("", ""),
    ],
)
def test_origins_are_spelled_as_browsers_compare_them(
    address: str, origin: str
) -> None:
    assert origin_of(address) == origin


class Forwarding:
    """An application that sends what is posted to its form on to another origin."""

    def __init__(self, app: ASGIApp, away: str, status: int) -> None:
        self.app, self.away, self.status = app, away, status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a form with a redirect."""
        if scope["type"] == "http" and scope["method"] == "POST":
            answer = RedirectResponse(f"{self.away}/", status_code=self.status)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


@pytest.mark.parametrize("status", sampled([307, 308], 307))
def test_a_redirect_does_not_carry_the_token_to_another_origin(
    world: World, status: int
) -> None:
    def around(app: ASGIApp, away: str) -> ASGIApp:
        return Forwarding(Tampered(app), away, status)

    elsewhere, _ = world.runner.run(type_over(world, around, ConnectError))
    assert elsewhere.heard == []
    assert world.token_digest("bay") == ""


NAMED = {
    "form head": "<form name=head></form>",
    "picture head": "<img name=head>",
    "createElement": "<img name=createElement><img name=createElementNS>",
    "URL": "<img name=URL><img name=baseURI>",
    "querySelector": "<form name=querySelector></form>",
}


def test_an_element_of_that_name_does_not_let_go_of_the_form(world: World) -> None:
    """HTML alone, as an old page may bring it, hides what the document has."""
    named = "".join(NAMED.values())

    def around(app: ASGIApp, away: str) -> ASGIApp:
        change = on_the_form(lambda html: html.replace("<main", f"{named}<main"))
        return Forwarding(Tampered(app, change), away, 307)

    elsewhere, refused = world.runner.run(type_over(world, around, Unreachable))
    # the form was sent to Connect, so that the token had come as far as that
    assert "may or may not have been saved" in refused.message
    assert elsewhere.heard == []


def test_a_page_on_which_no_form_can_be_held_gets_no_token(world: World) -> None:
    def around(app: ASGIApp, away: str) -> ASGIApp:
        remove = "<script>document.head.remove()</script></body>"
        change = on_the_form(lambda html: html.replace("</body>", remove))
        return Forwarding(Tampered(app, change), away, 307)

    elsewhere, refused = world.runner.run(type_over(world, around, PageChanged))
    assert "no head" in refused.message
    assert elsewhere.heard == []


def test_a_form_that_came_after_the_hold_is_held_as_well(world: World) -> None:
    """A page may load itself again at any time, also while its field is awaited."""
    form = "<form aria-label='District-Level Daily Sync'>"
    field = "<label>District OAuth Token <input></label></form>"
    pages = iter(["<meta http-equiv=refresh content=1><p>Wait</p>", f"{form}{field}"])

    async def act() -> int:
        page = await world.browser.new_page()
        site = website("http://connect.example", world.folder)
        await page.route(
            "**/*", lambda route: route.fulfill(body=next(pages), content_type=HTML)
        )
        try:
            await page.goto(site.url)
            await FormFiller(Tab(page, site, once)).type_token(TOKEN)
            return await page.locator("head > meta[content*=form-action]").count()
        finally:
            await page.context.close()

    assert world.runner.run(act()) >= 1


@pytest.mark.parametrize("status", sampled([307, 308], 307))
def test_a_redirect_does_not_carry_the_password_to_another_origin(
    world: World, status: int
) -> None:
    async def act() -> None:
        async with other() as elsewhere:

            def around(app: ASGIApp) -> ASGIApp:
                return Forwarding(Tampered(app), elsewhere.address, status)

            async with served(world.store, around=around) as address:
                with pytest.raises(ConnectError) as refused:
                    await sign_in(
                        website(address, world.folder), DEMO_EMAIL, DEMO_PASSWORD
                    )
            assert elsewhere.heard == []
            assert "without --email" in refused.value.remedy

    world.runner.run(act())


def test_a_sign_in_with_a_password_is_led_nowhere_else(world: World) -> None:
    async def act() -> None:
        async with other() as elsewhere:
            go = f"<script>location.href = '{elsewhere.address}/'</script></body>"

            def around(app: ASGIApp) -> ASGIApp:
                return Tampered(app, lambda _, html: html.replace("</body>", go))

            async with served(world.store, around=around) as address:
                site = replace(website(address, world.folder), wait_seconds=SHORT_WAIT)
                with pytest.raises(CredentialsRefused, match="leads to"):
                    await sign_in(site, DEMO_EMAIL, DEMO_PASSWORD)
            assert elsewhere.heard == []

    world.runner.run(act())
