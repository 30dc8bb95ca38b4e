"""A list of districts that turns pages forever is given up, as a page that hangs is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from browser_world import SHORT_WAIT, World
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.backends.browser.district_picker import USUAL
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.tab import LONG_LIST
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.errors import Unreachable

TOTAL = 2.0
"""The total time of one district, of which a list may get some more."""

PATIENCE = 300.0
"""How long the test waits for an end that should come long before."""

PAGE = """<!doctype html><title>Districts</title>
<button>Drop-down: choose a district</button>
<div role="menu" aria-label="Drop-down">
  <a role="menuitem" href="/d">District Home Page: Zed (zed)</a>
  <a role="menuitem" href="/all">All 99999 districts</a></div>
<main><form action="/all"><label>Search by name or key<input type="search" name="q">
  </label><button>Search</button></form>
  <p role="status">1 to 2 of {total} districts</p><ul>{listed}</ul>
  <a href="/all?page={following}">Next</a></main>"""


class EndlessList:
    """Lists districts, so many on a page, and always one page more."""

    def __init__(self, app: ASGIApp, on_a_page: int, *, again: bool = False) -> None:
        del app
        self._on_a_page, self._again = on_a_page, again

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode())
        number = int(asked.get("page", ["0"])[0])
        page = PAGE.format(
            # one that grows is no end either
            total=50_000 + number,
            listed="".join(self._listed(0 if self._again else number)),
            following=number + 1,
        )
        await HTMLResponse(page)(scope, receive, send)

    def _listed(self, number: int) -> Iterator[str]:
        for place in range(self._on_a_page):
            one = number * self._on_a_page + place
            yield f'<li><a href="/d">District Home Page: D{one} (d{one})</a></li>'


@pytest.mark.parametrize(
    ("what", "on_a_page"),
    [("list", 1), pytest.param("read", USUAL, marks=pytest.mark.every_case)],
)
def test_a_list_that_turns_pages_forever_is_given_up(
    world: World, what: str, on_a_page: int
) -> None:
    async def act(reader: BrowserReader, _: BrowserWriter) -> None:
        async with asyncio.timeout(PATIENCE):
            if what == "read":
                await reader.read("bay")
            else:
                await reader.list_districts()

    with pytest.raises(Unreachable, match="did not come to an end within") as given_up:
        world.run(
            act,
            around=lambda app: EndlessList(app, on_a_page),
            wait_seconds=SHORT_WAIT,
            total_seconds=TOTAL,
        )
    allowed = TOTAL if on_a_page < USUAL else LONG_LIST * TOTAL
    seconds = float(given_up.value.message.split("within ")[1].split(" s")[0])
    assert seconds <= allowed


def test_a_search_that_lists_the_same_districts_again_gets_no_more_time(
    world: World,
) -> None:
    async def act(reader: BrowserReader, _: BrowserWriter) -> None:
        async with asyncio.timeout(PATIENCE):
            await reader.read("bay")

    # the first page is new and gets its time; those after it do not
    with pytest.raises(
        Unreachable, match=r"did not come to an end within [2-4](\.\d)? s"
    ):
        world.run(
            act,
            around=lambda app: EndlessList(app, USUAL, again=True),
            wait_seconds=SHORT_WAIT,
            total_seconds=TOTAL,
        )
