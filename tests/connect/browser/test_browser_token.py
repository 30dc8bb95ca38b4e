"""The token is typed where the page speaks of none, or where it was asked for."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser_world import SHORT_WAIT, World, sampled, website
from starlette.types import ASGIApp
from tampered_page import Tampered

from connectsync.backends.browser.evidence import Evidence
from connectsync.backends.browser.form import FormOnPage
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.saving import FormFiller
from connectsync.backends.browser.tab import Tab
from connectsync.backends.browser.website import PageLabels
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.backends.names import TOKEN_KEPT, TOKEN_LABEL
from connectsync.domain.foreign_text import mask_secrets
from connectsync.domain.settings import Form
from connectsync.emulator.http import Faults
from connectsync.emulator.users import Behavior, SavedToken
from connectsync.errors import PageChanged
from connectsync.web.http import once

OLD, NEW = "the-old-token-0123456789", "the-new-token-9876543210"
ASKED = True

Step = tuple[Form, str, bool, str]
"""What is saved, the token at hand, whether it is asked for, and what is there then."""


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def saved(world: World, *steps: Step, **around: Any) -> None:
    """Save step by step, in one run."""
    at_hand = [""]

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        for desired, token, asked, there in steps:
            at_hand[0] = token
            read = await reader.read("bay")
            await writer.save(
                "bay", desired, expected_version=read.version, set_token=asked
            )
            assert world.token_digest("bay") == digest(there)

    world.known = True
    world.run(act, tokens=lambda _: at_hand[0], **around)


def test_no_save_types_a_token_that_nobody_asked_for(world: World) -> None:
    """Also where the page shows that it has none."""
    saved(
        world,
        ({}, OLD, not ASKED, ""),
        ({"manage_guardians": True}, OLD, not ASKED, ""),
    )


def test_a_reading_says_whether_the_page_has_a_token(world: World) -> None:
    lacks = []

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        read = await reader.read("bay")
        after = await writer.save(
            "bay", {}, expected_version=read.version, set_token=ASKED
        )
        lacks.extend([read.lacks_token, after.lacks_token])

    world.known = True
    world.run(act, tokens=lambda _: OLD)
    assert lacks == [True, False]


@pytest.mark.parametrize(
    "shown", sampled(SavedToken, SavedToken.NOTED, SavedToken.SILENT)
)
def test_a_token_that_the_page_speaks_of_is_replaced_only_if_asked_for(
    world: World, shown: SavedToken
) -> None:
    saved(
        world,
        ({}, OLD, ASKED, OLD),
        ({"manage_guardians": True}, NEW, not ASKED, OLD),
        ({}, NEW, ASKED, NEW),
        manners=Behavior(saved_token=shown),
    )
    # no picture of the two saves in which a token is typed
    assert len(world.evidence()) == 8
    for path in world.evidence():
        assert path.stat().st_mode & 0o777 == 0o600
        assert OLD.encode() not in path.read_bytes()
        assert NEW.encode() not in path.read_bytes()


def test_a_page_that_changed_gets_no_token(world: World) -> None:
    faults = Faults(disabled=frozenset({TOKEN_LABEL}))
    with pytest.raises(PageChanged, match=TOKEN_LABEL):
        saved(world, ({}, OLD, ASKED, OLD), faults=faults, wait_seconds=SHORT_WAIT)
    assert world.token_digest("bay") == ""


FIELD = "<label for=t>District OAuth Token</label>"

SAID = [
    (f"{FIELD}<input id=t type=password>", False),
    (f"<p>{FIELD}<input id=t><small>Support hands it out.</small></p>", False),
    (f"{FIELD}<input id=t value=x>", True),
    (f"{FIELD}<input id=t placeholder='••••••••'>", True),
    (f"{FIELD}<input id=t placeholder='****************'>", True),
    (f"{FIELD}<input id=t title='A token is stored'>", True),
    (f"{FIELD}<input id=t aria-description='Already set'>", True),
    (f"{FIELD}<input id=t aria-describedby=h><p id=h>Leave empty to keep it</p>", True),
    (f"<p>{FIELD}<input id=t><small>One is on file.</small></p>", True),
    (f"<p>{FIELD}<input id=t></p><p><input>Saved at ten</p>", False),
]
"""What may stand about the field, and whether it speaks of a token."""


def test_whatever_says_that_a_token_is_kept_is_believed(world: World) -> None:
    async def act() -> list[bool]:
        found = []
        page = await world.browser.new_page()
        for html, _ in SAID:
            await page.set_content(f"<form aria-label=x>{html}<input></form>")
            form = FormOnPage(page, PageLabels({"District-Level Daily Sync": "x"}))
            found.append(await form.has_token())
        await page.context.close()
        return found

    told = world.runner.run(act())
    assert [(html, has) for (html, _), has in zip(SAID, told, strict=True)] == SAID


def test_the_name_of_the_field_does_not_speak_of_a_token() -> None:
    assert not TOKEN_KEPT.search(TOKEN_LABEL)


def test_a_field_that_cuts_a_token_stops_the_save(world: World) -> None:
    async def act() -> str:
        page = await world.browser.new_page()
        html = f"<form aria-label='District-Level Daily Sync'>{FIELD}"
        tab = Tab(page, website("http://127.0.0.1:9", world.folder), once)
        said = []
        # only what never comes is waited for in vain
        for field, wait in (("maxlength=9", 30_000), ("readonly", 500)):
            await page.set_content(f"{html}<input id=t {field}></form>")
            page.set_default_timeout(wait)
            with pytest.raises(PageChanged) as stopped:
                await FormFiller(tab).type_token(NEW)
            said.append(repr(stopped.value) + repr(stopped.value.__cause__))
        await page.context.close()
        return " ".join(said)

    said = world.runner.run(act())
    assert "does not take what is typed" in said
    assert "cannot be used" in said
    assert NEW not in said


HOLDS = f"{FIELD}<input id=t value='TOKEN'>"
QUOTES = (
    f"{FIELD}<input id=t><p role=alert>The token &quot;TOKEN&quot; is not valid</p>"
    "<a href='?t=TOKEN'>again</a>"
)


@pytest.mark.parametrize("html", [HOLDS, QUOTES], ids=["holds", "quotes"])
def test_evidence_does_not_depend_on_the_token_that_is_typed(
    world: World, html: str
) -> None:
    """Two tokens leave the same page, and no picture."""

    async def kept(token: str) -> Path:
        page = await world.browser.new_page()
        await page.set_content(html.replace("TOKEN", token))
        evidence = Evidence(world.folder / "kept", PageLabels({}))
        with evidence.without(token):
            path = await evidence.keep(page, "bay", "x")
        await page.context.close()
        return path

    async def act() -> list[Path]:
        # of one width in any font, so that the pictures can be compared
        return [await kept("<&>1234567890abcdef"), await kept("<&>1234567890fedcba")]

    one, other = world.runner.run(act())
    assert {one.suffix, other.suffix} == {".html"}
    page = one.with_suffix(".html").read_bytes()
    assert page == other.with_suffix(".html").read_bytes()
    assert b"1234567890" not in page


ECHOED = "cAnary-8g/typed+Vc6mRt51Jd"

ECHOES = {
    "whole": ECHOED,
    "in capitals": ECHOED.upper(),
    "cut": ECHOED[:14],
    "in base64": b64encode(ECHOED.encode()).decode(),
    "in hex": ECHOED.encode().hex(),
    "for an address": quote(ECHOED, safe="").lower(),
    "escaped": "".join(f"\\u{ord(letter):04x}" for letter in ECHOED),
    "escaped twice": "".join(f"&amp;#{ord(letter)};" for letter in ECHOED),
    "across elements": f"{ECHOED[:9]}<b></b>{ECHOED[9:]}",
    "letter by letter": "".join(f"<span>{letter}</span>" for letter in ECHOED),
    "with nothing between": "\u200b".join(ECHOED),
    "in another field": f"<input aria-label=Other value='{ECHOED}'>",
    "in a long field": f"<textarea aria-label=Other>{ECHOED}</textarea>",
    "before it is filled in": f"<input aria-label=Other placeholder='{ECHOED}'>",
    "as an option": f"<select><option>{ECHOED}</select>",
    "by a style": f"<style>p::after {{content: '{ECHOED}'}}</style>",
    "as a drawing": f"<svg><text y=20>{ECHOED}</text></svg>",
    "for a picture": f"<img src=/gone alt='{ECHOED}'>",
}


def test_evidence_repeats_no_token_however_the_page_spells_it(world: World) -> None:
    """Neither in the page that is kept nor in a picture, which cannot be searched."""

    async def act() -> dict[str, Path]:
        page = await world.browser.new_page()
        evidence, kept = Evidence(world.folder / "kept", PageLabels({})), {}
        with evidence.without(ECHOED):
            for name, html in ECHOES.items():
                await page.set_content(f"<p>Refused</p><div>{html}</div>")
                kept[name] = await evidence.keep(page, "bay", "x")
            await page.set_content("<p>Refused</p><div id=host></div>")
            await page.evaluate(
                "told => host.attachShadow({mode: 'open'}).innerHTML = told", ECHOED
            )
            kept["in a shadow"] = await evidence.keep(page, "bay", "x")
            await page.set_content("<textarea aria-label=Other></textarea>")
            await page.get_by_label("Other").fill(ECHOED)
            kept["typed by a script"] = await evidence.keep(page, "bay", "x")
        await page.context.close()
        return kept

    kept = world.runner.run(act())
    assert {path.suffix for path in kept.values()} == {".html"}
    for name, path in kept.items():
        html = path.read_text("utf-8")
        words = re.sub("<[^>]*>", "", html)
        assert mask_secrets(html, [ECHOED]) == html, name
        assert mask_secrets(words, [ECHOED]) == words, name


SHADOW = "<div><template shadowrootmode=closed><p>TOKEN</p></template></div>"
STYLED = "<link rel=stylesheet href=/told.css><p id=told>Saved: </p>"


@pytest.mark.parametrize("shown", sampled([SHADOW, STYLED], STYLED))
def test_no_picture_is_kept_of_a_page_that_may_show_the_token_that_was_typed(
    world: World, shown: str
) -> None:
    """Nothing looks into a closed shadow, or at what a style writes."""

    def around(app: ASGIApp) -> ASGIApp:
        return Tampered(
            app, after_save=lambda html: html.replace("<main", f"{shown}<main")
        )

    saved(world, ({}, NEW, ASKED, NEW), around=around)
    assert {path.suffix for path in world.evidence()} == {".html"}


def test_a_save_without_a_token_is_pictured(world: World) -> None:
    saved(world, ({"manage_guardians": True}, OLD, not ASKED, ""))
    assert [path.name for path in world.evidence() if path.suffix == ".png"] == [
        "bay-after-1.png",
        "bay-before-1.png",
    ]


KEPT = {
    "marked": "<label for=t>District OAuth Token *</label><input id=t value=VALUE>",
    "renamed": "<label for=t>Clever credential</label><input id=t value=VALUE>",
    "by its name": "<label>Key <input name=clever_token value=VALUE></label>",
    "by its place": "<input placeholder='OAuth token' value=VALUE><p>VALUE</p>",
    "a placeholder": "<input id=token placeholder=VALUE>",
    "without a name": "<input value=VALUE>",
    "unknown": "<label>Access code <input value=VALUE></label>",
    "long": "<label>Access code <textarea>VALUE</textarea></label>",
    "edited in place": "<div role=textbox aria-label=Key>VALUE</div>",
    "called a setting": (
        "<label for=t>District ID</label><input id=t name=token value=VALUE>"
    ),
}


async def pictured(world: World, *htmls: str) -> list[Path]:
    """Keep evidence of pages, which are small ones: a picture takes its size."""
    page = await world.browser.new_page(viewport={"width": 320, "height": 200})
    evidence, kept = Evidence(world.folder / "kept", PageLabels({})), []
    for html in htmls:
        await page.set_content(html)
        kept.append(await evidence.keep(page, "bay", "x"))
    await page.context.close()
    return kept


def test_evidence_holds_no_text_field_but_those_of_settings(world: World) -> None:
    """A token that Connect keeps may stand under a label that nobody knows."""
    told = [OLD, f"{OLD[:-4]}abcd"]

    async def act() -> dict[str, list[Path]]:
        every = [html.replace("VALUE", one) for html in KEPT.values() for one in told]
        kept = iter(await pictured(world, *every))
        return {name: [next(kept) for _ in told] for name in KEPT}

    for name, (one, other) in world.runner.run(act()).items():
        assert one.suffix == ".png", name
        assert OLD not in one.with_suffix(".html").read_text("utf-8"), name
        if "<p>" not in KEPT[name]:
            assert one.read_bytes() == other.read_bytes(), name


def test_evidence_shows_what_stands_in_the_fields_of_settings(world: World) -> None:
    field = "<label for=s>District ID</label><input id=s name=id value=VALUE>"

    async def act() -> list[Path]:
        return await pictured(world, *(field.replace("VALUE", one) for one in "12"))

    one, other = world.runner.run(act())
    assert 'value="1"' in one.with_suffix(".html").read_text("utf-8")
    assert one.read_bytes() != other.read_bytes()
