"""Why a control that is there cannot be used: what lies over it, or how it stands."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page

from connectsync.connect.browser.chromium import first_line
from connectsync.domain.foreign_text import foreign_text

LOOK_SECONDS = 5.0
"""How long a page may take to say what it shows; one that hangs says nothing."""

PICTURE_SECONDS = 20.0
"""How long a picture may take; a page that hangs gives none."""

LONGEST = 80
"""So much of a text of the page is told."""

UNCOVER = (
    "look at the picture; close or accept what covers the page in the window that"
    " `connectsync login` opens, where it is remembered, then try again"
)

_COVER = """
one => {
  one.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
  const box = one.getBoundingClientRect();
  const top = document.elementFromPoint(
    box.left + box.width / 2, box.top + box.height / 2);
  const labels = [...(one.labels || [])];
  let cover = document.querySelector(":modal");
  if (!cover || cover.contains(one)) {
    if (!top || one.contains(top) || top.contains(one)) return null;
    if (labels.some(label => label.contains(top))) return null;
    cover = top;
    while (cover.parentElement && !cover.parentElement.contains(one))
      cover = cover.parentElement;
  }
  const said = cover.getAttribute("aria-label") || cover.innerText
    || cover.getAttribute("title") || cover.getAttribute("src") || "";
  return [cover.localName, said.slice(0, 500)];
}
"""

_SHOWN = """
() => {
  const heading = document.querySelector("h1, h2, [role=heading]");
  const said = heading?.innerText || document.title || document.body?.innerText || "";
  return said.slice(0, 500);
}
"""

_INTERCEPTS = re.compile(r"<(\w[\w-]*)[^>]*>.* intercepts pointer events")

_STANDS = (
    ("element is not enabled", "is disabled"),
    ("element is not editable", "is read-only"),
    ("element is not visible", "is hidden"),
    ("element is not stable", "does not stand still"),
    ("outside of the viewport", "stands outside the window"),
    ("element was detached", "was taken off the page while it was used"),
)
"""What the library's log says of a control, and how a sentence continues with it."""


async def obstacle(control: Locator, error: PlaywrightError) -> tuple[str, str | None]:
    """
    Say why a control could not be used, and what to do, if more than usual is to do.

    The first is the rest of a sentence that begins with the control.
    """
    if cover := await _cover(control):
        return f"is covered by {cover}", UNCOVER
    log = str(error)
    if found := _INTERCEPTS.search(log):
        return f"is covered by something (<{found[1]}>)", UNCOVER
    for sign, words in _STANDS:
        if sign in log:
            return words, None
    return f"cannot be used: {first_line(error)}", None


async def shown_instead(page: Page) -> str:
    """Say what a page shows, as the rest of a sentence; empty if it cannot be told."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            said = foreign_text(str(await page.evaluate(_SHOWN)))
    except (PlaywrightError, TimeoutError):
        return ""
    return f"; the page shows '{cut(said)}'" if said else "; the page is empty"


def cut(said: str) -> str:
    """Cut a long text of a page."""
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


async def _cover(control: Locator) -> str:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await control.first.evaluate(_COVER)
    except (PlaywrightError, TimeoutError):
        return ""
    if found is None:
        return ""
    kind, said = str(found[0]), foreign_text(str(found[1]))
    return f"'{cut(said)}' (<{kind}>)" if said else f"something (<{kind}>)"
