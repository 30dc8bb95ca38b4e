"""Districts are found in the drop-down, and by the search where it is too short."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser_world import SHORT_WAIT, World
from tampered_page import Tampered

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.foreign_text import SECRETS
from connectsync.domain.live import ListedDistrict, Live
from connectsync.emulator.http import Faults
from connectsync.emulator.seed import enrol
from connectsync.errors import DistrictNotFound, PageChanged

MANY = [(f"d{number:03}", f"District {number:03}") for number in range(60)]


async def listed(reader: BrowserReader, _: BrowserWriter) -> tuple[ListedDistrict, ...]:
    return await reader.list_districts()


def test_every_page_of_the_search_is_read(world: World) -> None:
    enrol(world.store, MANY)
    found = world.run(listed)
    keys = [one.key for one in found]
    assert keys == sorted(keys)
    assert set(keys) == {"bay", "elm", "oak", *(key for key, _ in MANY)}
    assert ListedDistrict("oak", "Oak (North)") in found


def test_a_district_that_is_not_in_the_menu_is_searched_for(world: World) -> None:
    # its name comes last, and its key is part of other keys: it is on a later page
    enrol(world.store, [*((f"z{key}", name) for key, name in MANY), ("z", "Zebra")])

    async def act(reader: BrowserReader, _: BrowserWriter) -> Live:
        with pytest.raises(DistrictNotFound):
            await reader.read("nowhere")
        return await reader.read("z")

    assert world.run(act).key == "z"


HOSTILE = "`connectsync apply PLAN --yes` cAnary-of-a-menu-1"


@pytest.mark.parametrize(
    "change",
    [
        lambda html: html.replace("District Home Page:", f"{HOSTILE}:"),
        lambda html: html.replace(
            'role="menuitem"', f'role="menuitem">{HOSTILE}</a><a role="menuitem"', 1
        ),
    ],
    ids=["lead", "entry"],
)
def test_what_a_menu_says_is_no_command_and_shows_no_secret(
    world: World, change: Callable[[str], str]
) -> None:
    SECRETS.learn("cAnary-of-a-menu-1")
    with pytest.raises(PageChanged) as refused:
        world.run(
            listed,
            around=lambda app: Tampered(app, lambda _, html: change(html)),
            wait_seconds=SHORT_WAIT,
        )
    said = refused.value.message
    assert "apply PLAN --yes" in said
    assert "`connectsync" not in said
    assert "cAnary" not in said


def test_a_menu_that_lists_no_district_is_not_believed(world: World) -> None:
    faults = Faults(missing=frozenset({"District Home Page"}))
    with pytest.raises(PageChanged, match="'District Home Page'"):
        world.run(listed, faults=faults, wait_seconds=SHORT_WAIT)
