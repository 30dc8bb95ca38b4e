"""A form is read at once, and where that is not sure, control by control."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from browser_world import World
from playwright.async_api import Locator
from tampered_page import Tampered, on_the_form

from connectsync.backends.browser.controls import OneLook
from connectsync.backends.browser.form import FormOnPage
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.errors import PageChanged

Change = Callable[[str], str]

FILLED: Form = {
    "district_id": "58da8a43cc70ab00017a1a87",
    "student_id": "STUDENT NUMBER",
    "manage_guardians": True,
    "update_active_users": True,
    "contact_relationships": frozenset({"Parent", "Aunt/Uncle"}),
    "phone_types": frozenset({"Other"}),
    "deletion_threshold": 15,
    "permissions": frozenset({"Family Access"}),
}

LEGEND = re.compile(r"<fieldset([^>]*)>\s*<legend>(.*?)</legend>", re.DOTALL)


def named_by_others(html: str) -> str:
    """Name every group by a heading beside it, as many a page does."""
    numbers = iter(range(1000))

    def heading(found: re.Match[str]) -> str:
        at = next(numbers)
        opened = f"<div role=group aria-labelledby=g{at}{found[1]}>"
        return f"<h3 id=g{at}>{found[2]}</h3>{opened}"

    return LEGEND.sub(heading, html).replace("</fieldset>", "</div>")


SOUND: dict[str, Change] = {"as it is": str, "named by others": named_by_others}


async def read(reader: BrowserReader, _: BrowserWriter) -> Live:
    return await reader.read("bay")


def both_ways(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Change
) -> tuple[Any, Any]:
    """Give what one question tells of the form of a changed page, and what many do."""
    told = list[tuple[Any, Any]]()

    async def asked(form: FormOnPage) -> list[list[Any]]:
        found: list[list[Any]] = await one_by_one(form)
        told.append((await at_once(form), found))
        return found

    at_once, one_by_one = FormOnPage._all_at_once, FormOnPage._one_by_one  # noqa: SLF001
    monkeypatch.setattr(FormOnPage, "_all_at_once", asked)
    world.runner.run(world.edit("bay", FILLED))
    world.known = True
    world.run(read, around=partial(Tampered, change=on_the_form(change)))
    return told[0]


def plain(found: list[list[Any]]) -> list[list[tuple[object, ...]]]:
    """Leave out whether a control has a place on the page, which one way alone asks."""
    return [
        [(one.name, one.value, one.chosen, one.disabled) for one in controls]
        for controls in found
    ]


@pytest.mark.parametrize("kind", SOUND)
def test_a_form_is_read_at_once_as_it_is_control_by_control(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    at_once, one_by_one = both_ways(world, monkeypatch, SOUND[kind])
    assert at_once is not None
    assert plain(at_once) == plain(one_by_one)


def in_capitals(html: str) -> str:
    """Show the names of groups otherwise than the browser takes them."""
    style = "<style>legend { text-transform: uppercase }</style></head>"
    return html.replace("</head>", style)


def test_what_is_not_told_apart_at_once_is_asked_for_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, one_by_one = both_ways(world, monkeypatch, in_capitals)
    assert at_once is None
    assert one_by_one


Row = tuple[object, ...]


def piece(name: str, *around: int, box: bool = False) -> Row:
    return (name, "", False, False, box, [str(one) for one in around], [])


WHOLE: list[Row] = [
    piece("Form"),
    piece("Kinds", 0),
    piece("Cell", 0, 1, box=True),
    piece("Rights", 0),
    piece("Cell", 0, 3, box=True),
]

UNSURE: dict[str, list[Row]] = {
    "two forms": [*WHOLE, piece("Form")],
    "no form": WHOLE[1:],
    "a field outside": [*WHOLE, piece("Kind")],
    "two groups of one name": [*WHOLE, piece("Kinds", 0)],
    "a box in two groups": [*WHOLE, piece("Other", 0, 1, 3, box=True)],
}


@pytest.mark.parametrize("kind", UNSURE)
def test_pieces_that_could_be_taken_for_others_are_not_read_at_once(kind: str) -> None:
    sure = OneLook(WHOLE, "Form")
    assert [one.name for one in sure.inside("Kinds")] == ["Cell"]
    with pytest.raises(PageChanged):
        OneLook(UNSURE[kind], "Form").inside("Kinds")


def test_a_form_that_is_loaded_by_its_address_is_read_in_few_questions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes 8 ms of a processor, which nothing but this count guards."""
    asked = Counter[str]()

    def counted(name: str) -> None:
        ask = getattr(Locator, name)

        async def told(self: Locator, *how: Any, **more: Any) -> Any:
            asked[name] += 1
            return await ask(self, *how, **more)

        monkeypatch.setattr(Locator, name, told)

    names = ("evaluate_all", "evaluate", "count", "wait_for", "is_visible", "click")
    for name in names:
        counted(name)
    world.known = True
    world.run(read)
    # the drop-down, the district before and after, the form, its token
    assert asked.total() <= 7, asked
    assert set(asked) == {"evaluate_all"}
