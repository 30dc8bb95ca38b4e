"""The form that is read and saved is that of the district that was asked for."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial

import pytest
from browser_world import FORM, SHORT_WAIT, World, sampled
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tampered_page import Tampered, on_the_form

from connectsync.backends.browser.district_picker import AskedDistrict
from connectsync.backends.browser.navigation import FormAddress, UrlCache
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import ListedDistrict, Live
from connectsync.emulator.seed import enrol
from connectsync.errors import PageChanged, Unreachable

KEYS = ("bay", "elm", "oak")


class LedElsewhere:
    """The link to a district leads to the pages of Elm Park, which say so."""

    def __init__(self, app: ASGIApp, key: str = "bay", *, after: int = 0) -> None:
        self._app, self._path, self._after = app, f"/districts/{key}", after
        self._seen = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == self._path:
            self._seen += 1
            if self._seen > self._after:
                scope = _at(scope, "/districts/elm")
        await self._app(scope, receive, send)


class Remembering:
    """The pages of all districts have one address: the session knows which is meant."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._now = Tampered(app, lambda _, html: _shared(html)), ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if home := re.fullmatch("/districts/(bay|elm|oak)", path):
            self._now = home[1]
        if path.startswith("/d/"):
            scope = _at(scope, f"/districts/{self._now}{path[2:]}")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, _shared(value.decode()).encode())
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, answer)


def _shared(text: str) -> str:
    return re.sub("/districts/(bay|elm|oak)/settings", "/d/settings", text)


def _at(scope: Scope, path: str) -> Scope:
    return {**scope, "path": path, "raw_path": path.encode()}


def token_of(key: str) -> str:
    return f"token-of-{key}-0123456789"


def keeps_token(world: World, key: str) -> bool:
    digest = hashlib.sha256(token_of("bay").encode()).hexdigest()
    return world.token_digest(key) == digest


def thresholds(world: World) -> dict[str, object]:
    return {key: world.live(key).form["deletion_threshold"] for key in KEYS}


async def read(reader: BrowserReader, _: BrowserWriter) -> Live:
    return await reader.read("bay")


async def read_pine(reader: BrowserReader, _: BrowserWriter) -> Live:
    return await reader.read("pine")


async def save(reader: BrowserReader, writer: BrowserWriter) -> Live:
    version = (await reader.read("bay")).version
    return await writer.save(
        "bay", {"deletion_threshold": 77}, expected_version=version, set_token=True
    )


def untouched(world: World) -> bool:
    kept = any(keeps_token(world, key) for key in KEYS)
    return not kept and set(thresholds(world).values()) == {None}


def test_a_link_that_leads_to_another_district_is_neither_read_nor_saved(
    world: World,
) -> None:
    with pytest.raises(PageChanged) as refused:
        world.run(save, around=LedElsewhere, tokens=token_of, wait_seconds=SHORT_WAIT)
    said = refused.value.message
    assert "district 'bay' ('Bay') was asked for" in said
    assert "shows 'Drop-down: Elm Park'" in said
    assert untouched(world)


def test_a_district_of_the_same_name_is_not_taken_for_the_one_that_was_asked_for(
    world: World,
) -> None:
    enrol(world.store, [("pine", "Elm Park")])
    around = partial(LedElsewhere, key="pine")
    with pytest.raises(PageChanged, match="shows the district 'elm'"):
        world.run(read_pine, around=around, wait_seconds=SHORT_WAIT)


def without_marks(html: str) -> str:
    return html.replace('aria-current="true"', "")


def test_districts_of_one_name_are_told_apart_by_the_key_in_the_address(
    world: World,
) -> None:
    enrol(world.store, [("pine", "Elm Park")])

    def marked_nowhere(app: ASGIApp) -> ASGIApp:
        return Tampered(app, lambda _, html: without_marks(html))

    assert world.run(read_pine, around=marked_nowhere).key == "pine"
    with pytest.raises(PageChanged, match="which of the districts of that name"):
        world.run(
            read_pine,
            around=lambda app: LedElsewhere(marked_nowhere(app), "pine"),
            wait_seconds=SHORT_WAIT,
        )


def test_a_form_that_names_no_district_is_not_read(world: World) -> None:
    def unnamed(html: str) -> str:
        return html.replace("Drop-down: ", "Menu ")

    world.known = True
    around = partial(Tampered, change=on_the_form(unnamed))
    with pytest.raises(PageChanged, match="'Drop-down' is missing"):
        world.run(read, around=around, wait_seconds=SHORT_WAIT)


SHOWS_ELM = "document.querySelector('.where').textContent = 'Elm Park'"


@pytest.mark.parametrize(
    "field", sampled(["deletionThreshold", "districtOauthToken"], "deletionThreshold")
)
def test_nothing_is_saved_once_the_page_shows_another_district_while_it_is_filled_in(
    world: World, field: str
) -> None:
    world.known = True
    code = (
        "<script>document.addEventListener('input', one => {"
        f"if (one.target.name === '{field}') {SHOWS_ELM}}})</script></body>"
    )
    around = partial(
        Tampered, change=on_the_form(lambda html: html.replace("</body>", code))
    )
    with pytest.raises(PageChanged, match="shows 'Drop-down: Elm Park'") as refused:
        world.run(save, around=around, tokens=token_of, wait_seconds=SHORT_WAIT)
    assert "; nothing was saved" in refused.value.message
    assert refused.value.unsent
    assert untouched(world)


FORM_OF_OAK = f"/districts/oak{FORM}"

SENDS = {
    "form": ('<form method="post"', f'<form method="post" action="{FORM_OF_OAK}"'),
    "button": ('id="save"', f'id="save" formaction="{FORM_OF_OAK}?from=bay"'),
    "while it is filled in": (
        "</body>",
        (
            "<script>document.addEventListener('input', one => {"
            f"one.target.form.action = '{FORM_OF_OAK}'}})</script></body>"
        ),
    ),
}


@pytest.mark.parametrize("kind", sampled(SENDS, "button"))
def test_a_form_that_goes_to_another_district_is_not_sent(
    world: World, kind: str
) -> None:
    def change(path: str, html: str) -> str:
        return html.replace(*SENDS[kind]) if path == f"/districts/bay{FORM}" else html

    seen = []

    def around(app: ASGIApp) -> ASGIApp:
        seen.append(Tampered(app, change))
        return seen[0]

    world.known = True
    with pytest.raises(PageChanged, match="address of district 'oak'") as refused:
        world.run(save, around=around, tokens=token_of)
    assert refused.value.unsent
    assert seen[0].sent == []
    assert untouched(world)


def test_an_address_that_is_known_to_be_another_districts_is_told_by_no_key() -> None:
    places = UrlCache()
    places.meet(ListedDistrict(key, key.title()) for key in KEYS)
    places.note("bay", FormAddress("https://c.test/f/1", ("https://c.test/s/1",)))
    places.note("oak", FormAddress("https://c.test/f/2", ("https://c.test/s/2",)))

    def instead(sent_to: str, at: str = "https://c.test/f/1") -> str:
        return places.owner_instead("bay", at, [sent_to])

    assert instead("https://c.test/s/2") == "oak"
    assert instead("https://c.test/f/2") == "oak"
    assert instead("https://c.test/elm?from=bay") == "elm"
    # where all forms go to one address, and where a key is a word of it
    assert not instead("https://c.test/s/1")
    assert not instead("https://c.test/f/1")
    assert not instead("https://c.test/bay/save?then=elm")
    assert not instead("https://c.test/elm/save", "https://c.test/elm")


def test_a_save_that_is_told_on_the_page_of_another_district_may_have_been_made(
    world: World,
) -> None:
    def other(html: str) -> str:
        return html.replace('"where">Bay<', '"where">Elm Park<')

    world.known = True
    with pytest.raises(Unreachable, match="may or may not have been saved") as unsure:
        world.run(save, around=partial(Tampered, after_save=other), tokens=token_of)
    assert "shows 'Drop-down: Elm Park'" in unsure.value.message


def test_a_save_whose_form_leads_elsewhere_afterward_was_made_but_not_read_back(
    world: World,
) -> None:
    def one_address(app: ASGIApp) -> ASGIApp:
        return LedElsewhere(Remembering(app), after=2)

    async def saved(reader: BrowserReader, writer: BrowserWriter) -> None:
        await reader.read("elm")
        await save(reader, writer)

    with pytest.raises(Unreachable, match="was saved, but not read back") as unread:
        world.run(saved, around=one_address, tokens=token_of, wait_seconds=SHORT_WAIT)
    assert "nothing was saved" not in unread.value.message
    assert thresholds(world) == {"bay": 77, "elm": None, "oak": None}


def test_a_site_whose_session_remembers_the_district_is_read_right_in_many_tabs(
    world: World,
) -> None:
    for number, key in enumerate(KEYS, 11):
        world.runner.run(world.edit(key, {"deletion_threshold": number}))

    async def twice(reader: BrowserReader, _: BrowserWriter) -> list[dict[str, object]]:
        found = [await reader.read_many(KEYS) for _ in range(2)]
        return [
            {
                key: one.form["deletion_threshold"] if isinstance(one, Live) else one
                for key, one in each.items()
            }
            for each in found
        ]

    right = {"bay": 11, "elm": 12, "oak": 13}
    assert world.run(twice, around=Remembering, contexts=3) == [right, right]


def test_a_site_whose_session_remembers_the_district_is_saved_right_at_once(
    world: World,
) -> None:
    async def saved(reader: BrowserReader, writer: BrowserWriter) -> None:
        async def one(key: str, threshold: int) -> None:
            version = (await reader.read(key)).version
            await writer.save(
                key, {"deletion_threshold": threshold}, expected_version=version
            )

        await asyncio.gather(one("bay", 11), one("elm", 12))

    world.run(saved, around=Remembering, contexts=2)
    assert thresholds(world) == {"bay": 11, "elm": 12, "oak": None}


def test_tabs_go_side_by_side_once_addresses_are_known_to_tell_districts_apart(
    world: World,
) -> None:
    async def found(reader: BrowserReader, _: BrowserWriter) -> tuple[bool, bool]:
        places = reader._tabs._places  # noqa: SLF001 - what it knows is told nowhere
        await reader.read("bay")
        before = places.apart
        await reader.read("elm")
        return before, places.apart

    assert world.run(found) == (False, True)
    assert world.run(found, around=Remembering) == (False, False)


def test_forms_that_are_sent_to_one_address_are_not_told_apart() -> None:
    places = UrlCache()
    places.note("bay", FormAddress("https://c.test/bay", ("https://c.test/save",)))
    places.note("elm", FormAddress("https://c.test/elm", ("https://c.test/save",)))
    places.prove()
    assert not places.apart
    assert not places.find("bay")


def asked(key: str, *listed: tuple[str, str]) -> AskedDistrict:
    places = UrlCache()
    places.meet(ListedDistrict(*one) for one in listed)
    return places.asked(key)


def test_a_name_that_ends_with_another_key_is_not_taken_for_that_district() -> None:
    oak = asked("North", ("North", "Oak"), ("x", "Oak (North)"))
    assert not oak.is_meant(frozenset({"oak (north)"}), "https://c.test/form")
    assert oak.is_meant(frozenset({"oak"}), "https://c.test/form")


@pytest.mark.parametrize("path", ["bay/form", "form?district=bay", "form#/bay"])
def test_a_key_counts_in_an_address_if_it_is_the_only_one(path: str) -> None:
    bay = asked("bay", ("bay", "Bay"), ("form", "Bay"), ("elm", "Elm"))
    others = asked("bay", ("bay", "Bay"), ("elm", "Bay"))
    named = frozenset({"bay"})
    assert others.is_meant(named, f"https://c.test/{path}")
    assert not bay.is_meant(named, f"https://c.test/{path}")
    assert not others.is_meant(named, "https://c.test/bayou/form")
