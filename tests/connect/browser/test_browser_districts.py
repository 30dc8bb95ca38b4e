"""Districts are found in the drop-down, and by the search where it is too short."""

from __future__ import annotations

import pytest
from browser_world import SHORT_WAIT, World

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import ListedDistrict, Live
from connectsync.emulator.faults import Faults
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


def test_a_menu_that_lists_no_district_is_not_believed(world: World) -> None:
    faults = Faults(missing=frozenset({"District Home Page"}))
    with pytest.raises(PageChanged, match="'District Home Page'"):
        world.run(listed, faults=faults, wait_seconds=SHORT_WAIT)
