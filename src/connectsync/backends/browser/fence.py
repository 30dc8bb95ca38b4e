"""One origin: what is read and typed stays at the address that the project states."""

from __future__ import annotations

import re

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Frame,
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

BY_HAND = (
    "type it on the page by hand, to sign in after `connectsync login` without --email,"
    " and ask SchoolStatus"
)


NOTHING = "about:blank"
"""The address of an empty page."""

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
  const sends = Element.prototype.matches.call(one,
    "button:not([type=button], [type=reset]), [type=submit], [type=image]");
  const method = (sends ? told(one, "formmethod") : null) ?? told(form, "method");
  if (!form || /^\\s*javascript:/i.test(action)) return ["", "", "post"];
  try {
    const here = own("URL");
    const there = action ? new URL(action, own("baseURI", Node)).href : here;
    return [there, target, method ?? ""];
  } catch { return [action, target, method ?? ""]; }
})
"""
"""Where the form of a control is sent, in which window it is answered, and how."""


_HELD = """
() => {
  const stands = (name, value, content) => {
    const held = ask("createElementNS", "http://www.w3.org/1999/xhtml", "meta");
    held.setAttribute(name, value);
    held.setAttribute("content", content);
    own("head")?.append(held);
    return held instanceof HTMLMetaElement && held.isConnected
      && held.parentNode instanceof HTMLHeadElement;
  };
  // sockets pass no route, nor does where a picture of this origin is sent on to
  return [stands("http-equiv", "Content-Security-Policy", "POLICY")
    && stands("name", "referrer", "same-origin")];
}
"""
"""
Say whether our policies stand where browsers read them, which is in a head alone.

Once they were read they hold even if they are taken away again.
"""


_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self';"
    " form-action 'self'; worker-src 'none'; frame-src 'none'; object-src 'none'"
)
"""The page goes on as it is, and asks its own origin alone; nothing new is begun."""

_WITHOUT_CALLS = (
    "delete globalThis.RTCPeerConnection; delete globalThis.webkitRTCPeerConnection"
)
"""A call between browsers asks other servers past every route and policy."""

_STOPPED = re.compile(r"form data to '([^']{1,2000})'.*form-action", re.DOTALL)
"""What Chromium writes to the console of a page whose form is held."""


class Fence:
    """
    Keeps the pages of a context at one origin, before anything is sent elsewhere.

    Links, forms and scripts may not lead a page to another origin, and a frame may not
    send a form there. A redirect by the server cannot be stopped on its way, but for
    that of a form which is held: where it ended is compared once the page is there.
    From when a secret is typed until its page is left, the page, its frames and what
    they begin ask nothing of another origin, no picture and no script, and open no
    window. That keeps what comes from other sites away from the secret. It does not
    hold a script that is out to send it: one can have left a worker, or rules of what
    to fetch ahead, from before, which no route and no policy of ours reaches.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.refused = ""
        """The last origin that a page was not let go to."""
        self._secret_on: Page | None = None

    async def set_up(self, context: BrowserContext) -> None:
        """Put the fence around a context."""
        beyond = re.compile(f"^(?!{re.escape(self.origin)}(?:[/?#]|$))", re.IGNORECASE)
        await context.route(beyond, self._stop)
        await context.add_init_script(_WITHOUT_CALLS)
        context.on("page", self._close_unasked)
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

    async def insist_sent_home(
        self, control: Locator, named: str, page: str, *, secret: bool
    ) -> None:
        """
        Insist that what is typed would be sent to the origin, and answered here.

        A ``secret`` is sent by POST alone: with any other method it would stand in the
        address, and so in logs and in what other sites are told. Raises
        ``PageChanged``.
        """
        for action, target, method in await ask_all(control, _SENT_TO, str, str, str):
            self._insist_home(action, named, page)
            if secret and method.lower() != "post":
                raise PageChanged(
                    f"on the page '{page}' the form of {named} is not sent by POST, so"
                    " that a secret would stand in the address; nothing was sent",
                    remedy=BY_HAND,
                )
            if target.lower() not in _HERE:
                raise PageChanged(
                    f"on the page '{page}' the form of {named} would be answered in"
                    f" another window or frame ({cut_text(target)!r});"
                    " nothing was typed",
                    remedy=ELSEWHERE,
                )

    async def sent_to(self, control: Locator) -> tuple[str, ...]:
        """Give the addresses that the form of a control is sent to, if known."""
        sent = await ask_all(control, _SENT_TO, str, str, str)
        return tuple(address for address, _, _ in sent if address)

    async def hold_forms(self, page: Page, named: str) -> None:
        """
        Let no form of a page be sent elsewhere, nor be led there by a redirect.

        What was posted goes along with some redirects, which no route stops. Until the
        page is left, nothing is asked of another origin. Raises ``PageChanged``.
        """
        if not self.is_held(page):
            self._secret_on = page
            await page.context.route("**/*", self._stop_window)
        for other in page.context.pages:
            if other is not page:
                await other.close()
        for frame in page.frames:
            # what other sites show in a frame knows no more than they do
            if frame is page.main_frame or origin_of(frame.url) in {"", self.origin}:
                await self._hold(frame, named)

    async def _hold(self, frame: Frame, named: str) -> None:
        (held,) = await ask_one(frame, _HELD.replace("POLICY", _POLICY), bool)
        if not held:
            raise PageChanged(
                f"the forms of the page '{named}' cannot be kept from being sent on"
                f" from {self.origin}, as it has no head; nothing was sent",
                remedy=ELSEWHERE,
            )

    def is_held(self, page: Page) -> bool:
        """Say whether a secret was typed on a page that was not left since."""
        return self._secret_on is page

    async def leave(self, page: Page) -> None:
        """Leave a page that a secret was typed on, before another is loaded there."""
        if self.is_held(page):
            # as long as it is shown it may ask for a picture, and say who it is
            await page.goto(NOTHING)
            await page.context.unroute("**/*", self._stop_window)
            self._secret_on = None

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
            leads_away = _leads_away(request)
            if self._secret_on is None and not leads_away:
                await route.continue_()
                return
            if leads_away and _is_main(request):
                self.refused = origin_of(request.url) or "no website"
            await route.abort()
        except PlaywrightError:
            # the page was closed meanwhile
            return

    async def _stop_window(self, route: Route) -> None:
        """Stop what a window asks for that is opened beside the page with a secret."""
        request = route.request
        try:
            if request.is_navigation_request() and not self._is_of_the_page(request):
                await route.abort()
            else:
                await route.fallback()
        except PlaywrightError:
            return

    def _is_of_the_page(self, request: Request) -> bool:
        try:
            return request.frame.page is self._secret_on
        except PlaywrightError:
            # of a window that is only being opened nothing else is known
            return False

    async def _close_unasked(self, page: Page) -> None:
        """Close a window that a page opens: what we look at stands in our own tabs."""
        try:
            if self._secret_on is not None or await page.opener() is not None:
                await page.close()
        except PlaywrightError:
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
