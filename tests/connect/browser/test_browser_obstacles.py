"""What keeps a page from being used is named, with a picture of it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from browser_world import SHORT_WAIT, World, close_tabs, sampled, served, website
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tampered_page import Tampered, before_end, on_the_form

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.evidence import Evidence
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.session import sign_in
from connectsync.backends.browser.website import PageLabels
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import Check, Live
from connectsync.emulator.http import Faults
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    PageChanged,
    Unreachable,
)
from connectsync.operations.doctor import BackendCheck

HOME = "on the home page"

QUICK: dict[str, Any] = {"wait_seconds": SHORT_WAIT, "load_seconds": 20.0}
"""For pages of which we know that they stay as they are."""

OVER = "position:fixed;inset:0;width:100%;height:100%;z-index:99"

COVERS = {
    "div": (f"<div style='{OVER}'><button>Accept cookies</button></div>", "Accept"),
    "frame": (f"<iframe title='Maintenance' style='{OVER}'></iframe>", "Maintenance"),
    "dialog": (
        "<dialog id=d>What is new</dialog><script>d.showModal()</script>",
        "What is new",
    ),
}


async def read(reader: BrowserReader, _: BrowserWriter) -> Live:
    return await reader.read("bay")


async def saved(reader: BrowserReader, writer: BrowserWriter) -> Live:
    before = await reader.read("bay")
    return await writer.save(
        "bay", {"manage_guardians": True}, expected_version=before.version
    )


def pictured(world: World, error: ConnectError) -> Path:
    """Give the picture that an error names."""
    found = re.search(r"see (\S+\.png)", error.message)
    assert found, error.message
    assert Path(found[1]) in world.evidence()
    return Path(found[1])


@pytest.mark.parametrize("kind", COVERS)
@pytest.mark.sampled(1)
def test_what_covers_the_page_is_named_with_the_control_and_a_picture(
    world: World, kind: str
) -> None:
    html, words = COVERS[kind]
    around = partial(Tampered, change=lambda _, page: before_end(html)(page))
    with pytest.raises(PageChanged) as covered:
        world.run(read, around=around, **QUICK)
    assert "'Drop-down' is covered by" in covered.value.message
    assert words in covered.value.message
    assert "connectsync login" in covered.value.remedy
    pictured(world, covered.value)


@pytest.mark.parametrize("where", ["everywhere", HOME])
@pytest.mark.sampled(1)
def test_a_check_up_names_what_covers_the_page_once(world: World, where: str) -> None:
    def cover(path: str, html: str) -> str:
        home = re.fullmatch("/districts/[a-z]+/?", path)
        return before_end(COVERS["div"][0])(html) if where != HOME or home else html

    async def examine(reader: BrowserReader, _: BrowserWriter) -> list[Check]:
        return await BackendCheck(reader, [], {}).examine()

    around = partial(Tampered, change=cover)
    checks = world.run(examine, around=around, **QUICK)
    said = [check.topic for check in checks if "is covered by" in check.message]
    assert said == (["page"] if where == HOME else ["reach"]), checks


def test_a_cover_over_save_alone_stops_the_save(world: World) -> None:
    def once_filled(html: str) -> str:
        # it comes once a box is ticked, so that all but Save can be used
        late = 'onchange="late.hidden=false" method="post" n'
        banner = f"<div id=late hidden style='{OVER}'>Down tonight</div>"
        return before_end(banner)(html.replace('method="post" n', late))

    world.known = True
    around = partial(Tampered, change=on_the_form(once_filled))
    with pytest.raises(PageChanged) as covered:
        world.run(saved, around=around, **QUICK)
    assert "'Save' is covered by 'Down tonight'" in covered.value.message
    pictured(world, covered.value)
    assert world.live("bay").form["manage_guardians"] is False


RULED_OUT = {
    "read-only": ('name="deletionThreshold"', 'name="deletionThreshold" readonly'),
    "inert": ("<fieldset ", "<fieldset inert "),
    "fieldset": ("<fieldset ", "<fieldset disabled "),
    "hidden": ('name="deletionThreshold"', 'name="deletionThreshold" hidden'),
}


@pytest.mark.parametrize("how", sampled(RULED_OUT, "inert", "hidden"))
@pytest.mark.sampled(1)
def test_a_control_that_is_ruled_out_is_named_with_a_picture(
    world: World, how: str
) -> None:
    old, new = RULED_OUT[how]
    change = on_the_form(lambda html: html.replace(old, new))
    world.known = True
    with pytest.raises(PageChanged) as changed:
        world.run(
            read, around=partial(Tampered, change=change), wait_seconds=SHORT_WAIT
        )
    named = "'Deletion Threshold'" if "Threshold" in new else "'Student ID'"
    assert named in changed.value.message
    pictured(world, changed.value)


def test_a_session_that_ends_in_the_middle_is_told_with_a_picture(
    world: World,
) -> None:
    """Here it ends while the form is filled in, before anything is saved."""
    with pytest.raises(CredentialsRefused) as ended:
        world.run(saved, faults=Faults(expire_session_after=6), **QUICK)
    assert "Connect asks to sign in" in ended.value.message
    assert "connectsync login" in ended.value.remedy
    pictured(world, ended.value)
    assert world.live("bay").form["manage_guardians"] is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda *_: "<html></html>", "the page is empty"),
        (lambda *_: "<h1>Back at noon</h1>", "the page shows 'Back at noon'"),
    ],
    ids=["empty", "maintenance"],
)
@pytest.mark.sampled(1)
def test_a_page_without_any_control_says_what_it_shows(
    world: World, change: Callable[[str, str], str], words: str
) -> None:
    with pytest.raises(PageChanged) as changed:
        world.run(read, around=partial(Tampered, change=change), **QUICK)
    assert f"'Drop-down' is missing; {words}" in changed.value.message
    pictured(world, changed.value)


def test_a_page_of_an_error_is_told_with_its_status_and_a_picture(
    world: World,
) -> None:
    with pytest.raises(Unreachable) as failed:
        world.run(read, faults=Faults(server_errors=1.0), **QUICK)
    assert "status 500" in failed.value.message
    pictured(world, failed.value)


def test_too_many_requests_say_where_and_when_to_try_again(world: World) -> None:
    many = Faults(too_many_requests=1.0, retry_after_seconds=600)
    with pytest.raises(Unreachable) as failed:
        world.run(read, faults=many, **QUICK)
    assert re.match(
        r"Connect at http://127\.0\.0\.1:\d+ got too many requests and takes no more"
        r" for now \(status 429\); it asks to wait 10 minutes; see ",
        failed.value.message,
    )
    assert failed.value.remedy.startswith("try again in 10 minutes")


@pytest.mark.parametrize(
    ("asked", "status"),
    [(b"caf\xe9", 429), ("\u0663\u0660".encode(), 503), (b"\xff", 429)],
)
@pytest.mark.sampled(1)
def test_a_time_to_wait_in_letters_beyond_ascii_is_none(
    world: World, asked: bytes, status: int
) -> None:
    def around(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            async def busy(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = [*message["headers"], (b"retry-after", asked)]
                    message = {**message, "status": status, "headers": headers}
                await send(message)

            await app(scope, receive, busy if scope["type"] == "http" else send)

        return answer

    with pytest.raises(Unreachable, match=f"status {status}") as failed:
        world.run(read, around=around, **QUICK)
    assert "asks to wait" not in failed.value.message


FAILURES = {
    "connectionrefused": "http://127.0.0.1 refuses the connection",
    "connectionreset": "http://127.0.0.1 broke the connection off",
    "namenotresolved": "the name of http://127.0.0.1 is not found (DNS)",
    "timedout": "http://127.0.0.1 did not answer in time",
    "internetdisconnected": "this machine is not connected to the internet",
    "aborted": "loading it was stopped halfway",
    "addressunreachable": "no network leads to http://127.0.0.1",
    "accessdenied": "the browser reports ERR_ACCESS_DENIED",
}


def test_what_keeps_a_page_from_loading_is_told_in_plain_words(world: World) -> None:
    async def told(kind: str) -> str:
        page = await world.browser.new_page()
        await page.route("**/*", lambda route: route.abort(kind))
        try:
            await page.goto("http://127.0.0.1/districts?token=x")
        except PlaywrightError as error:
            return plain_words(error)
        finally:
            await page.context.close()
        return "it loaded"

    async def all_told() -> dict[str, str]:
        return {kind: await told(kind) for kind in FAILURES}

    assert world.runner.run(all_told()) == FAILURES


SAID = [
    (
        "Page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://sis.example/x",
        "this machine does not trust who issued the certificate of https://sis.example",
    ),
    (
        "Page.reload: net::ERR_CERT_REVOKED at https://sis.example/x\nCall log:\n  -",
        "the certificate of https://sis.example is not valid",
    ),
    (
        "Page.goto: net::ERR_SSL_PROTOCOL_ERROR at https://sis.example/x",
        "no secure connection to https://sis.example can be made",
    ),
    ("net::ERR_EMPTY_RESPONSE", "the website sent an empty answer"),
    (
        "Locator.click: Timeout 30000ms exceeded.\nCall log:\n  - waiting",
        "it took longer than 30 s",
    ),
    ("BrowserContext.new_page: Error: odd:\nCall log:\n - x", "odd"),
    ("Page.goto: Page crashed", "the page crashed"),
]


@pytest.mark.parametrize(("said", "words"), SAID)
def test_what_the_library_says_is_told_without_its_own_words(
    said: str, words: str
) -> None:
    assert plain_words(PlaywrightError(said)) == words


def test_a_connect_that_is_not_there_is_told_in_plain_words(world: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(Unreachable) as failed:
        world.run(read, url=address, **QUICK)
    assert failed.value.message == (
        f"Connect's page does not load: {address} refuses the connection"
    )


def test_a_picture_that_never_comes_does_not_keep_a_page_from_being_read(
    world: World,
) -> None:
    change = on_the_form(before_end("<img src='/never' alt=''>"))
    live = world.run(
        read, around=partial(Tampered, change=change), wait_seconds=SHORT_WAIT
    )
    assert live.key == "bay"


def test_a_sign_in_that_fails_says_why(world: World) -> None:
    html, _ = COVERS["div"]
    around = partial(Tampered, change=lambda _, page: before_end(html)(page))
    described = website("", world.folder)

    async def act() -> None:
        async with served(world.store, around=around) as address:
            from dataclasses import replace

            site = replace(described, url=address, **QUICK)
            try:
                await sign_in(site, DEMO_EMAIL, DEMO_PASSWORD)
            finally:
                await close_tabs(world.browser)

    with pytest.raises(PageChanged) as covered:
        world.runner.run(act())
    assert "'Sign in' is covered by 'Accept cookies'" in covered.value.message
    # a page that a password was typed on is kept without a picture
    (page,) = world.evidence()
    assert str(page) in covered.value.message
    assert page.suffix == ".html"
    assert DEMO_PASSWORD not in page.read_text("utf-8")


HOSTILE = """
<base href='https://evil.example/'><meta http-equiv=refresh content='30;url=/gone'>
<link rel=stylesheet href='/style.css'><style>@import url(/more.css)</style>
<form action='/leak' onsubmit='leak()'><button formaction='/leak2'>Go</button></form>
<a href='javascript:leak()' onclick='leak()' ping='/ping'>Link</a>
<img src=/pixel onerror='leak()'><iframe srcdoc='<script>parent.leak()</script>'>
</iframe><svg onload='leak()'><script>leak()</script></svg>
<xmp><img src=x onerror='leak()'></xmp><x-own onclick='leak()'>Own</x-own>
<p style='background:url(/leak3)' title='"><script>leak()</script>'>Words &lt;b&gt;</p>
<script>function leak() { document.title = 'leaked'; fetch('/leak4'); }</script>
"""


def test_evidence_of_a_hostile_page_does_nothing_when_it_is_opened(
    world: World,
) -> None:
    asked: list[str] = []

    async def opened(page: Page, path: Path) -> str:
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(path.as_uri())
        for role in ("button", "link"):
            for control in await page.get_by_role(role).all():
                await control.click()
        await page.wait_for_load_state()
        return await page.title()

    async def act() -> tuple[Path, str]:
        page = await world.browser.new_page()
        await page.route("**/*", lambda route: route.fulfill(body=""))
        await page.set_content(HOSTILE)
        evidence = Evidence(world.folder / "kept" / "here", PageLabels({}))
        path = (await evidence.keep(page, "bay", "x")).with_suffix(".html")
        await page.context.close()
        page = await world.browser.new_page()
        title = await opened(page, path)
        await page.context.close()
        return path, title

    before = os.umask(0)
    try:
        path, title = world.runner.run(act())
    finally:
        os.umask(before)
    assert title == "Evidence"
    assert asked == [path.as_uri()]
    html = path.read_text("utf-8")
    assert "Words &lt;b&gt;" in html
    assert ">Own<" in html
    for sign in ("leak()'", "<script", "<iframe", "<base", "refresh", " style="):
        assert sign not in html, sign
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
