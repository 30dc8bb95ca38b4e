"""A page with functions of its own in place of the browser's is not believed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from browser_world import World, sampled
from documents import ROOT
from playwright.async_api import Page
from tampered_page import Tampered, on_the_form

from connectsync.backends.browser.controls import ask_all, ask_one
from connectsync.backends.browser.evidence import Evidence
from connectsync.backends.browser.form import FormReading
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.website import PageLabels
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.errors import ConnectError, PageChanged, Unreachable

SOURCES = ROOT / "src" / "connectsync" / "backends" / "browser"


def getter(of: str, name: str, gives: str) -> str:
    return (
        f"Object.defineProperty({of}.prototype, '{name}',"
        f" {{get() {{ return {gives} }}, set() {{}}}})"
    )


OVERRIDES = {
    "map gives numbers": "Array.prototype.map = () => [1, 2]",
    "map gives nothing": "Array.prototype.map = () => null",
    "map gives lists": "Array.prototype.map = () => [[1, 2, 3]]",
    "flatMap gives numbers": "Array.prototype.flatMap = () => [7]",
    "a text is a number": getter("HTMLElement", "innerText", "5"),
    "a text is an object": getter("HTMLElement", "innerText", "({})"),
    "a text is half a letter": getter("HTMLElement", "innerText", "'\\ud800'"),
    "a value is endless": getter("HTMLInputElement", "value", "10n ** 5000n"),
    "JSON is nested": "JSON.stringify = () => '['.repeat(100000)",
    "JSON is a number": "JSON.stringify = () => '9'.repeat(5000)",
}


def with_script(script: str) -> Callable[[str], str]:
    return lambda html: html.replace("<head>", f"<head><script>{script}</script>")


async def look(reader: BrowserReader, _: BrowserWriter) -> None:
    for asked in (reader.list_districts, reader.page_map, partial(reader.read, "bay")):
        try:
            await asked()
        except ConnectError:
            continue


# each of these is one of a form that cannot be read below, in every run
LEFT = (
    "map gives nothing",
    "map gives lists",
    "flatMap gives numbers",
    "a text is a number",
    "a text is an object",
    "a value is endless",
    "JSON is a number",
)


@pytest.mark.parametrize("name", sampled(OVERRIDES, *LEFT))
@pytest.mark.sampled(1)
def test_whatever_a_page_makes_of_our_scripts_is_a_sentence(
    world: World, name: str
) -> None:
    """On every page, so that each of them ends in an error of Connect, or in none."""
    change = with_script(OVERRIDES[name])
    around = partial(Tampered, change=lambda _, html: change(html))
    world.run(look, around=around, wait_seconds=0.5, load_seconds=20)


async def save(reader: BrowserReader, writer: BrowserWriter) -> None:
    read = await reader.read("bay")
    form = {"manage_guardians": not read.form["manage_guardians"]}
    await writer.save("bay", form, expected_version=read.version)


@pytest.mark.parametrize("name", [one for one in OVERRIDES if "half" not in one])
@pytest.mark.sampled(4)
def test_a_form_that_cannot_be_read_is_not_saved(world: World, name: str) -> None:
    before = world.live("bay").form
    version = FormReading(before, {}).version("bay")

    async def act(_: BrowserReader, writer: BrowserWriter) -> None:
        await writer.save("bay", {"manage_guardians": True}, expected_version=version)

    around = partial(Tampered, change=on_the_form(with_script(OVERRIDES[name])))
    world.known = True
    with pytest.raises((PageChanged, Unreachable)) as refused:
        world.run(act, around=around, wait_seconds=0.5)
    assert "may have been saved" not in refused.value.message
    assert world.live("bay").form == before


@pytest.mark.parametrize(
    "name",
    sampled(["map gives numbers", "a text is an object"], "a text is an object"),
)
def test_an_answer_that_cannot_be_read_is_a_save_that_may_have_been_made(
    world: World, name: str
) -> None:
    before = world.live("bay").form["manage_guardians"]
    script = with_script(OVERRIDES[name])
    around = partial(
        Tampered, after_save=lambda html: script(html).replace("Saved", "Well")
    )
    world.known = True
    with pytest.raises(Unreachable, match="may or may not have been saved"):
        world.run(save, around=around)
    assert world.live("bay").form["manage_guardians"] is not before


def test_a_save_that_the_page_confirms_needs_no_other_look(world: World) -> None:
    script = with_script(OVERRIDES["map gives numbers"])
    world.known = True
    world.run(save, around=partial(Tampered, after_save=script))


ODD = [
    "() => [5]",
    "() => 'text'",
    "() => ['one', 'two']",
    "() => ({0: 'one', length: 1})",
    "() => undefined",
    "() => [[]]",
    "() => ['x'.repeat(1 << 25)]",
    "() => { let one = []; for (let n = 0; n < 4000; n++) one = [one]; return one }",
]


def on_page(world: World, act: Callable[[Page], object]) -> None:
    async def acted() -> None:
        page = await world.browser.new_page()
        await page.set_content("<p>One</p><p>Two</p>")
        try:
            await act(page)  # type: ignore[misc]
        finally:
            await page.context.close()

    world.runner.run(acted())


def test_an_answer_of_another_shape_is_refused(world: World) -> None:
    async def act(page: Page) -> None:
        for script in ODD:
            with pytest.raises(PageChanged, match="cannot be read"):
                await ask_one(page, script, str)
            with pytest.raises(PageChanged, match="cannot be read"):
                await ask_all(page.locator("p"), script, str)
        assert await ask_one(page, "() => ['\\ud800!', true]", str, bool) == (
            "?!",
            True,
        )

    on_page(world, act)


HALF = {
    "name": (
        getter(
            "HTMLElement", "innerText", "this.textContent.replace('Bay', '\\ud800y')"
        ),
        "y (bay)",
    ),
    "value": (
        """setInterval(() => document.querySelector('input[name=districtId]')
          ?.setAttribute('value', 'A\\ud800'), 20)""",
        "A?",
    ),
}


@pytest.mark.parametrize("kind", HALF)
@pytest.mark.sampled(1)
def test_half_of_a_letter_is_in_no_name_and_no_value(world: World, kind: str) -> None:
    """It could be written nowhere, and with another sign it is another name."""
    script, shown = HALF[kind]
    change = with_script(script)
    around = partial(Tampered, change=lambda _, html: change(html))

    async def act(reader: BrowserReader, _: BrowserWriter) -> None:
        await reader.list_districts()
        await reader.read("bay")

    with pytest.raises(PageChanged, match="broken Unicode") as refused:
        world.run(act, around=around)
    assert shown in refused.value.message


def test_evidence_is_kept_of_a_field_with_half_of_a_letter(world: World) -> None:
    async def act(page: Page) -> None:
        await page.evaluate(
            "document.body.innerHTML = '<input type=password>';"
            "document.querySelector('input').value = 'a-secret-\\ud800'"
        )
        evidence = Evidence(world.folder / "evidence", PageLabels({}))
        assert (await evidence.keep(page, "bay", "before")).exists()

    on_page(world, act)


def test_scripts_ask_the_page_in_one_place_and_the_document_itself() -> None:
    """Elsewhere nothing checks what comes back, or a named element hides what it is."""
    unchecked = re.compile(
        r"\.(?:evaluate\w*|eval_on_\w+|all_inner_texts|all_text_contents)\("
    )
    for module in sorted(Path(SOURCES).glob("*.py")):
        text = module.read_text("utf-8")
        allowed = 2 if module.name == "controls.py" else 0
        assert len(unchecked.findall(text)) == allowed, module.name
        assert not re.search(r"\bdocument\.", text), module.name
