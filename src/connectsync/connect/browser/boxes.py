"""The boxes of a browser that a page puts words or questions into."""

from __future__ import annotations

import asyncio

from playwright.async_api import Dialog, Page
from playwright.async_api import Error as PlaywrightError

from connectsync.domain.foreign_text import foreign_text

QUESTIONS = frozenset({"confirm", "prompt"})
"""The kinds of box that leave a choice; "OK" is all that can be said to an alert."""

LEAVING = "beforeunload"
"""The box that asks whether a page may be left, which is what we asked for."""

LONGEST = 200
"""So much of what a box says is told."""


class Boxes:
    """
    Every box of one page, answered at once: while one is open the page stands still.

    A box that only says something is closed. A question is answered with no, which
    is what Escape does, unless it is the one that ``accept`` names.
    """

    def __init__(self, page: Page) -> None:
        self.count = 0
        self.said = ""
        """What the last box said."""
        self.asked = ""
        """The last question that was answered with no."""
        self.accept = ""
        """The question that is answered with yes, while there is one."""
        self.last_at = 0.0
        """When the last box came, on the clock of the event loop."""
        page.on("dialog", self._answer)

    async def _answer(self, box: Dialog) -> None:
        said = foreign_text(box.message)[:LONGEST]
        try:
            if box.type == LEAVING:
                await box.accept()
                return
            yes = bool(self.accept) and plain(box.message) == self.accept
            self.count, self.said = self.count + 1, said
            self.last_at = asyncio.get_running_loop().time()
            if box.type in QUESTIONS and not yes:
                self.asked = said
                await box.dismiss()
            else:
                await box.accept()
        except PlaywrightError:
            # the page went away with its box
            return


def plain(text: str) -> str:
    """Give a text of a page on one line."""
    return " ".join(text.split())
