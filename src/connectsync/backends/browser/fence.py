"""One origin: what is read and typed stays at the address that the project states."""

from __future__ import annotations

import re

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
)
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.browser.controls import ask_all, ask_one, cut_text
from connectsync.backends.browser.website import origin_of
from connectsync.errors import CredentialsRefused, PageChanged

ELSEWHERE = (
    "if that is where you sign in, run `connectsync login`; if Connect has moved there,"
    " state that address as backends.browser.url; if it is neither, do not go on, and"
    " ask SchoolStatus"
)


_HERE = frozenset({"", "_self", "_top", "_parent"})
"""The targets of a form whose answer is shown in the tab that we look at."""

_SENT_TO = """
all => all.map(one => {
  // asked of the prototype: a field that is called so would hide the form's own
  const told = (element, name) =>
    element && Element.prototype.getAttribute.call(element, name);
  const form = one.form || one.closest("form");
  const action = told(one, "formaction") ?? told(form, "action") ?? "";
  const base = ask("querySelector", "base[target]");
  const target = told(one, "formtarget") ?? told(form, "target")
    ?? told(base, "target") ?? "";
  if (!form || /^\\s*javascript:/i.test(action)) return ["", ""];
  try {
    const here = own("URL");
    return [action ? new URL(action, own("baseURI", Node)).href : here, target];
  } catch { return [action, target]; }
})
"""
"""Where the form of a control is sent, and in which window it is answered."""


_HELD = """
() => {
  const held = ask("createElementNS", "http://www.w3.org/1999/xhtml", "meta");
  held.setAttribute("http-equiv", "Content-Security-Policy");
  held.setAttribute("content", "form-action 'self'");
  own("head")?.append(held);
  return [held instanceof HTMLMetaElement && held.isConnected
    && held.parentNode instanceof HTMLHeadElement];
}
"""
"""
Say whether a policy stands where browsers read it, which is in a head alone.

Once it was read it holds even if it is taken away again.
"""


_STOPPED = re.compile(r"form data to '([^']{1,2000})'.*form-action", re.DOTALL)
"""What Chromium writes to the console of a page whose form is held."""


class Fence:
    """
    Keeps the pages of a context at one origin, before anything is sent elsewhere.

    Links, forms and scripts may not lead a page to another origin, and a frame may not
    send a form there. A redirect by the server cannot be stopped on its way, but for
    that of a form which is held: where it ended is compared once the page is there.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.refused = ""
        """The last origin that a page was not let go to."""

    async def set_up(self, context: BrowserContext) -> None:
        """Put the fence around a context."""
        beyond = re.compile(f"^(?!{re.escape(self.origin)}(?:[/?#]|$))", re.IGNORECASE)
        await context.route(beyond, self._stop)
        context.on("page", _close_unasked)
        context.on("console", self._hear)

    def insist_here(self, address: str) -> None:
        """Raise ``CredentialsRefused`` if an address is not of the one origin."""
        found = origin_of(address)
        if found != self.origin:
            raise self.elsewhere(found)

    def elsewhere(self, found: str) -> CredentialsRefused:
        """Make the error that says where a page leads instead."""
        where = found or "no website"
        return CredentialsRefused(
            f"Connect's page leads to {where}, which is not {self.origin}:"
            " nothing is read or typed there",
            remedy=ELSEWHERE,
        )

    async def insist_sent_home(self, control: Locator, named: str, page: str) -> None:
        """
        Insist that what is typed would be sent to the origin, and answered here.

        Raises ``PageChanged``.
        """
        for action, target in await ask_all(control, _SENT_TO, str, str):
            self._insist_home(action, named, page)
            if target.lower() not in _HERE:
                raise PageChanged(
                    f"on the page '{page}' the form of {named} would be answered in"
                    f" another window or frame ({cut_text(target)!r});"
                    " nothing was typed",
                    remedy=ELSEWHERE,
                )

    async def sent_to(self, control: Locator) -> tuple[str, ...]:
        """Give the addresses that the form of a control is sent to, if known."""
        sent = await ask_all(control, _SENT_TO, str, str)
        return tuple(address for address, _ in sent if address)

    async def hold_forms(self, page: Page, named: str) -> None:
        """
        Let no form of a page be sent elsewhere, nor be led there by a redirect.

        What was posted goes along with some redirects, which no route stops. Raises
        ``PageChanged``.
        """
        (held,) = await ask_one(page, _HELD, bool)
        if not held:
            raise PageChanged(
                f"the forms of the page '{named}' cannot be kept from being sent on"
                f" from {self.origin}, as it has no head; nothing was sent",
                remedy=ELSEWHERE,
            )

    def _insist_home(self, action: str, named: str, page: str) -> None:
        found = origin_of(action)
        if action and found != self.origin:
            where = found or f"an address that is no website ({cut_text(action)!r})"
            raise PageChanged(
                f"on the page '{page}' the form of {named} would be sent to {where},"
                f" which is not {self.origin}; nothing was typed",
                remedy=ELSEWHERE,
            )

    def _hear(self, said: ConsoleMessage) -> None:
        """Learn from the browser where a form that is held was to go."""
        if told := _STOPPED.search(said.text):
            found = origin_of(told[1])
            self.refused = self.refused if found in {"", self.origin} else found

    async def _stop(self, route: Route) -> None:
        request = route.request
        try:
            if not _leads_away(request):
                await route.continue_()
                return
            if _is_main(request):
                self.refused = origin_of(request.url) or "no website"
            await route.abort()
        except PlaywrightError:
            # the page was closed meanwhile
            return


def _leads_away(request: Request) -> bool:
    if not request.is_navigation_request():
        return False
    # what other sites show in a frame is not read; a form that goes there is one more
    return _is_main(request) or request.method != "GET"


def _is_main(request: Request) -> bool:
    try:
        return request.frame.parent_frame is None
    except PlaywrightError:
        # of a window that is only being opened nothing else is known
        return True


async def _close_unasked(page: Page) -> None:
    """Close a window that a page opens: what we look at stands in our own tabs."""
    try:
        if await page.opener() is not None:
            await page.close()
    except PlaywrightError:
        return
