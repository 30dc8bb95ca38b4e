"""
The site of the documentation: whole, by itself, and of use to everybody.

It is opened from the disk, where no server helps: what works there works anywhere.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files
from os.path import normpath
from pathlib import Path
from typing import Any, TypeVar

import pytest
from documents import ROOT, documents
from filelock import FileLock
from playwright.async_api import Browser, Page

from connectsync.rules.catalogue import pages

T = TypeVar("T")
BUILDER = ROOT / "tests" / "website.py"
pytestmark = pytest.mark.timeout(900)
"""Enough for the whole site to be built on a machine that has other things to do."""

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "embed": "src",
    "object": "data",
    "link": "href",
    "use": "href",
}
"""Where elements name what a browser loads by itself."""


@dataclass(frozen=True)
class Linked:
    """What a page loads, and what it leads to."""

    loads: list[str]
    leads: list[str]


class Named(HTMLParser):
    """Collects what a page loads, and what it leads to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads, self.leads = set[str](), set[str]()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if address := given.get(LOADING.get(tag, "")):
            self.loads.add(address)
        if tag == "a" and (address := given.get("href")):
            self.leads.add(address)
        self.loads |= set(re.findall(r"url\(([^)]+)\)", given.get("style") or ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Build it once for a run of the tests, whoever of its workers comes first."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            done = subprocess.run(
                [sys.executable, str(BUILDER), str(shared / "built")],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert "WARNING" not in done.stderr
            (shared / "built").rename(folder)
    return folder


@pytest.fixture(scope="module")
def named(site: Path) -> dict[Path, Linked]:
    """Read all pages, once for all workers as well."""
    kept = site.with_suffix(".json")
    with FileLock(site.with_suffix(".lock")):
        if not kept.exists():
            pages = {page: Named(page) for page in sorted(site.rglob("*.html"))}
            found = {
                str(page): (list(one.loads), list(one.leads))
                for page, one in pages.items()
            }
            kept.write_text(json.dumps(found), "utf-8")
    read = json.loads(kept.read_text("utf-8"))
    return {Path(page): Linked(*found) for page, found in read.items()}


def test_every_page_is_on_the_site(site: Path) -> None:
    for page in documents():
        path = page.relative_to(ROOT)
        if path.parts[0] == "docs":
            there = site.joinpath(*path.parts[1:]).with_suffix(".html")
        else:
            there = site / "project" / f"{path.stem.lower()}.html"
        assert there.is_file(), path


def test_every_rule_has_a_page_and_its_old_address(site: Path) -> None:
    listed = (site / "reference" / "rules.html").read_text("utf-8")
    for rule in pages():
        assert (site / "reference" / "rules" / f"{rule.name}.html").is_file()
        assert f'id="{rule.name}"' in listed


def test_nothing_is_loaded_from_elsewhere(
    site: Path, named: dict[Path, Linked]
) -> None:
    for page, one in named.items():
        for address in one.loads:
            assert "//" not in address, f"{page.name} loads {address}"
            there = page.parent / address.partition("?")[0].partition("#")[0]
            assert there.is_file(), f"{page.name} loads {address}"
    for style in site.rglob("*.css"):
        for address in re.findall(r"url\(\s*([^)]+)\)", style.read_text("utf-8")):
            assert address.startswith(("data:", '"data:', "'data:")), address


def test_every_link_within_the_site_leads_to_a_page(named: dict[Path, Linked]) -> None:
    pages = {str(page) for page in named}
    for page, one in named.items():
        # there are so many that a path of each takes seconds
        folder = str(page.parent)
        for address in one.leads:
            path = address.partition("#")[0]
            if path and "//" not in address:
                assert normpath(f"{folder}/{path}") in pages, f"{page.name}: {address}"


def test_notes_to_the_tests_are_not_on_a_page(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text("utf-8")
        assert not re.search("<!-- (run in|not run|file|Generated)", text), page


FEW = {
    "index.md": "# Home\n\n## Words\n\n[Glossary](glossary.md)\n\n## Project\n",
    "tutorial.md": "# Tutorial\n",
    "glossary.md": "# Glossary\n",
    "reference/rules.md": "# Rules\n",
    "files/one.md": "# One\n",
}
"""Pages as the builder finds them, so few that a site of them is built at once."""


def test_what_is_broken_or_lost_stops_the_build(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("website", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    website = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = website
    spec.loader.exec_module(website)
    monkeypatch.setattr(website, "repository_pages", lambda: dict(FEW))
    website.lay_out(tmp_path, tmp_path / "site")
    (tmp_path / "docs" / "reference" / "rules.md").unlink()
    assert website.built(tmp_path) == 0, capfd.readouterr().err
    (tmp_path / "docs" / "stray.md").write_text(
        "# Stray\n[a](nowhere.md) [b](glossary.md#nowhere) ![c](c.png)\n", "utf-8"
    )
    (tmp_path / "docs" / "tutorial.md").unlink()
    assert website.built(tmp_path) != 0
    said = capfd.readouterr().err
    for broken in ("- stray.md", "nowhere.md", "#nowhere", "c.png", "'tutorial.md'"):
        assert broken in said


@dataclass(frozen=True)
class Reader:
    """Somebody with a browser and no network."""

    runner: asyncio.Runner
    browser: Browser
    site: Path
    seen: list[str] = field(default_factory=list)

    def at(self, path: str, act: Callable[[Page], Awaitable[T]], **context: Any) -> T:
        """Open a page and do something with it; nothing else may be asked for."""

        async def opened() -> T:
            tab = await self.browser.new_context(**context)
            try:
                page = await tab.new_page()
                page.on("request", lambda asked: self.seen.append(asked.url))
                page.on("console", lambda said: self.seen.append(f"says {said.text}"))
                page.on("pageerror", lambda error: self.seen.append(f"fails: {error}"))
                await page.goto(f"{self.site.as_uri()}/{path}")
                return await act(page)
            finally:
                await tab.close()

        self.seen.clear()
        given = self.runner.run(opened())
        here = (self.site.as_uri(), "blob:", "data:")
        assert [one for one in self.seen if not one.startswith(here)] == []
        return given


@pytest.fixture(scope="module")
def reader(chromium: tuple[asyncio.Runner, Browser], site: Path) -> Reader:
    return Reader(*chromium, site)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("sync-before-launch", "reference/rules/sync-before-launch.html"),
        ("rotate tokens", "how-to/rotate-tokens.html"),
    ],
)
@pytest.mark.sampled(1)
def test_the_search_finds_without_a_server(
    reader: Reader, words: str, first: str
) -> None:
    async def act(page: Page) -> str:
        box = page.locator("input.md-search__input")
        await box.focus()
        # typed slowly, the search complains of a word that is only half there
        await page.keyboard.insert_text(words[:-1])
        await box.press_sequentially(words[-1])
        result = page.locator(f".md-search-result__item > a[href*='{first}']")
        await result.wait_for()
        found = page.locator(".md-search-result__item > a").first
        return str(await found.get_attribute("href"))

    assert f"/{first}" in reader.at("index.html", act)


def test_an_old_address_of_a_rule_leads_to_its_page(reader: Reader) -> None:
    async def act(page: Page) -> str:
        await page.wait_for_url("**/rules/home-phone-for-texts.html")
        return await page.locator("h1").inner_text()

    address = "reference/rules.html#home-phone-for-texts"
    assert reader.at(address, act) == "home-phone-for-texts"


def test_the_list_of_rules_is_narrowed_and_sorted(reader: Reader) -> None:
    async def act(page: Page) -> tuple[list[str], str]:
        await page.get_by_role("searchbox", name="Show rules").fill("phone type")
        await page.get_by_label("Show rules of this severity").select_option("warning")
        await page.get_by_role("button", name="Rule").dblclick()
        names = await page.locator("#rules tbody tr:visible td:first-child").all()
        told = await page.get_by_role("status").inner_text()
        return [await one.inner_text() for one in names], told

    names, told = reader.at("reference/rules.html", act)
    assert names == sorted(names, reverse=True)
    assert 1 < len(names) < 20
    assert told == f"{len(names)} rules"
    assert "no-phone-type" in names


def test_of_a_session_only_what_is_typed_is_copied(reader: Reader) -> None:
    async def act(page: Page) -> str:
        await page.locator(".language-console .md-code__button").nth(1).click()
        return str(await page.evaluate("navigator.clipboard.readText()"))

    allowed = ["clipboard-read", "clipboard-write"]
    copied = reader.at("tutorial.html", act, permissions=allowed)
    assert copied == (
        "connectsync init our-districts\ncd our-districts\nconnectsync validate"
    )


@pytest.mark.parametrize(
    ("scheme", "path"),
    [
        ("light", "index.html"),
        ("light", "reference/rules.html"),
        ("dark", "reference/rules/sync-before-launch.html"),
        ("dark", "how-to/answer-drift.html"),
    ],
)
@pytest.mark.sampled(2)
def test_everybody_can_read_it(reader: Reader, scheme: str, path: str) -> None:
    async def act(page: Page) -> list[tuple[str, Any]]:
        await page.evaluate(AXE)
        said = await page.evaluate(
            "axe.run({preload: false, resultTypes: ['violations']})"
        )
        return [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in said["violations"]
            if one["impact"] in {"serious", "critical"}
        ]

    assert reader.at(path, act, color_scheme=scheme) == []


def test_no_page_is_wider_than_a_small_screen(reader: Reader) -> None:
    async def act(page: Page) -> dict[str, int]:
        found = {}
        for path in SHOWN:
            await page.goto(f"{reader.site.as_uri()}/{path}")
            wider = "document.documentElement.scrollWidth - window.innerWidth"
            found[path] = await page.evaluate(wider)
        return found

    wider = reader.at("index.html", act, viewport={"width": 390, "height": 800})
    assert {path: by for path, by in wider.items() if by > 0} == {}


SHOWN = (
    "index.html",
    "tutorial.html",
    "glossary.html",
    "reference/commands.html",
    "reference/gateway.html",
    "reference/plan.html",
    "reference/rules.html",
    "reference/rules/sync-before-launch.html",
    "how-to/recover-a-failed-run.html",
    "project/readme.html",
)
