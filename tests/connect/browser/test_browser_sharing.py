"""One Chromium for a run, however many read and save in it."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from browser_world import World, served, website
from playwright.async_api import Browser

from connectsync.backends import seam
from connectsync.backends.browser.chromium import launch_browser
from connectsync.backends.browser.navigation import FormAddress, UrlCache
from connectsync.backends.browser.reader import BrowserReader, open_reader
from connectsync.backends.browser.session import SharedBrowser
from connectsync.backends.browser.writer import BrowserWriter, open_writer
from connectsync.domain.live import ListedDistrict, Live
from connectsync.errors import ProjectError
from connectsync.web.http import RetryBudget


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch) -> list[Browser]:
    """Give every browser that is started while the test runs."""
    started: list[Browser] = []

    @asynccontextmanager
    async def counted(**how: Any) -> AsyncIterator[Browser]:
        async with launch_browser(**how) as browser:
            started.append(browser)
            yield browser

    monkeypatch.setattr("connectsync.backends.browser.session.launch_browser", counted)
    return started


def test_who_reads_and_who_saves_share_one_browser_until_both_have_left(
    world: World, browsers: list[Browser]
) -> None:
    async def story() -> None:
        async with served(world.store) as address:
            one = SharedBrowser(website(address, world.folder), RetryBudget())
            async with open_reader(one) as reader:
                async with open_writer(one) as writer, open_reader(one) as another:
                    read = await reader.read("bay")
                    await writer.save(
                        "bay", {"manage_guardians": True}, expected_version=read.version
                    )
                    assert await another.list_districts()
                # whoever leaves first takes nothing away from the others
                assert browsers[0].is_connected()
                assert (await reader.read("bay")).form["manage_guardians"] is True
            assert not browsers[0].is_connected()
            async with open_reader(one) as again:
                assert await again.list_districts()
        assert not browsers[1].is_connected()

    world.runner.run(story())
    assert len(browsers) == 2


def test_two_who_come_at_once_start_one_browser(
    world: World, browsers: list[Browser]
) -> None:
    async def story() -> None:
        one = SharedBrowser(website("http://127.0.0.1:9", world.folder), RetryBudget())
        both = asyncio.Barrier(2)

        async def come() -> None:
            async with one.tabs():
                await both.wait()

        await asyncio.gather(come(), come())

    world.runner.run(story())
    assert len(browsers) == 1


def test_an_address_that_cannot_be_used_starts_no_browser(
    world: World, browsers: list[Browser]
) -> None:
    async def story() -> None:
        site = replace(website("http://page.example", world.folder))
        one = SharedBrowser(site, RetryBudget())
        for _ in range(2):
            with pytest.raises(ProjectError, match="https"):
                async with open_reader(one):
                    pass

    world.runner.run(story())
    assert not browsers


def test_a_reader_of_the_page_has_no_method_that_writes() -> None:
    def public(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind) if name[0] != "_"}

    duties = (seam.Reader, seam.Mapper, seam.OutcomeReader)
    assert public(BrowserReader) == set().union(*map(public, duties))


def test_a_reader_of_the_page_is_not_built_from_anything_that_writes() -> None:
    writing = ("saving", "writer")
    code = (
        "import sys, connectsync.backends.browser.reader;"
        "print(*(name.rpartition('.')[2] for name in sys.modules"
        " if name.startswith('connectsync.backends.browser.')))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert {"reader", "navigation", "form"} <= set(done.stdout.split())
    assert not set(writing) & set(done.stdout.split())


async def both_forms(reader: BrowserReader, _: BrowserWriter) -> tuple[Live, Live]:
    first = await reader.read("bay")
    assert first.form == (await reader.read("bay")).form
    return await reader.read("bay"), await reader.read("elm")


def test_an_address_that_leads_to_another_district_is_not_believed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a session remembers may make one district's address show another's form."""
    world.runner.run(world.edit("elm", {"deletion_threshold": 15}))
    noted = UrlCache.note

    def mistaken(self: UrlCache, key: str, place: FormAddress) -> None:
        wrong = place.address.replace("/districts/bay/", "/districts/elm/")
        noted(self, key, replace(place, address=wrong))

    monkeypatch.setattr(UrlCache, "note", mistaken)
    bay, elm = world.run(both_forms)
    assert bay.form["deletion_threshold"] is None
    assert elm.form["deletion_threshold"] == 15


def test_forms_that_share_an_address_are_clicked_to_each_time() -> None:
    places = UrlCache()
    places.note("bay", FormAddress("https://c.test/form"))
    assert places.find("bay")
    places.note("bay", FormAddress("https://c.test/form"))
    assert places.find("bay")
    places.note("elm", FormAddress("https://c.test/form"))
    assert not places.find("bay")
    assert not places.find("elm")


def test_a_form_is_clicked_to_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectsync.backends.browser.district_picker import DistrictPicker

    walks: list[str] = []
    go_to = DistrictPicker.go_to

    async def counted(self: DistrictPicker, key: str) -> Sequence[ListedDistrict]:
        walks.append(key)
        return await go_to(self, key)

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        read = await reader.read("bay")
        await writer.save(
            "bay", {"manage_guardians": True}, expected_version=read.version
        )
        for key in ("elm", "bay", "elm"):
            await reader.read(key)

    monkeypatch.setattr(DistrictPicker, "go_to", counted)
    world.run(act)
    assert walks == ["bay", "elm"]
