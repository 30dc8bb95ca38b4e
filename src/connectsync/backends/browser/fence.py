"""One origin: what is read and typed stays at the address that the project states."""

from __future__ import annotations

import asyncio
import re
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Frame,
    Locator,
    Page,
    ProxySettings,
    Request,
    Route,
)
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.browser.controls import ask_all, ask_one, cut_text
from connectsync.backends.browser.website import LOOPBACK, PORTS, origin_of
from connectsync.errors import CredentialsRefused, PageChanged
from connectsync.web.http import trusted

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


_REACH_SECONDS = 30.0
"""How long the way to another machine may take until it stands."""

_HOST = re.compile(r"[\w.:-]{1,253}", re.ASCII)

_SOCKS, _NO_PASSWORD, _CONNECT, _REFUSED = 5, 0, 1, 5
_NAMED = 3
"""How SOCKS says that a host is told by its name; of other kinds, their length."""
_LENGTHS = {1: 4, 4: 16}
_NOWHERE = bytes([0, 1, 0, 0, 0, 0, 0, 0])
"""The end of an answer, which says by which address one went out: it is not told."""


class Fence:
    """
    Keeps the pages of a context at one origin, before anything is sent elsewhere.

    Links, forms and scripts may not lead a page to another origin, and a frame may not
    send a form there. A redirect by the server cannot be stopped on its way, but for
    that of a form which is held: where it ended is compared once the page is there.
    From when a secret is typed until its page is left, the page, its frames and what
    they begin ask nothing of another origin, no picture and no script, and open no
    window. A script that is out to send it can have left a worker, or rules of what to
    fetch ahead, from before, which no route and no policy reaches: those are kept in
    by the `WayOut`, which a context has in which a secret will be typed. Such a context
    is not used again.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.refused = ""
        """The last origin that a page was not let go to."""
        self._secret_on: Page | None = None
        self._way_out: WayOut | None = None

    async def way_out(self) -> ProxySettings:
        """Make the way out of a context in which a secret will be typed."""
        self._way_out = WayOut(self.origin)
        return await self._way_out.start()

    async def set_up(self, context: BrowserContext) -> None:
        """Put the fence around a context."""
        if self._way_out is not None:
            context.once("close", self._way_out.close)
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
        if self._way_out is not None:
            self._way_out.shut()
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


class WayOut:
    """
    The one way out of a context: a SOCKS proxy of ours, on this machine.

    All passes here that its pages and their workers send, and what the browser fetches
    ahead or sends once a page is gone. Once it is shut, one host and port alone is
    let through, and what led elsewhere is cut.
    """

    def __init__(self, origin: str) -> None:
        url = urlsplit(origin)
        self._home = (url.hostname or "", url.port or PORTS[url.scheme])
        self._is_shut = False
        self._elsewhere: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> ProxySettings:
        """Listen; give what the context is opened with."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        # also to this machine itself, which browsers reach past a proxy
        return {"server": f"socks5://127.0.0.1:{port}", "bypass": "<-loopback>"}

    def shut(self) -> None:
        """Let through to the one origin alone, for good."""
        self._is_shut = True
        for one in self._elsewhere:
            one.transport.abort()

    def close(self, _: object = None) -> None:
        """Listen no more: the context is closed."""
        self.shut()
        if self._server is not None:
            self._server.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        ways = [writer]
        try:
            async with asyncio.timeout(_REACH_SECONDS):
                there, back = await self._way(reader, writer)
            ways.append(back)
            writer.write(bytes([_SOCKS, 0]) + _NOWHERE)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            # it cannot be reached, or was cut: the browser says what failed
            if len(ways) == 1:
                writer.write(bytes([_SOCKS, _REFUSED]) + _NOWHERE)
        finally:
            self._elsewhere.discard(writer)
            for one in ways:
                one.close()

    async def _way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Hear where a connection is to lead, and make it."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(bytes([_SOCKS, _NO_PASSWORD]))
        _, host, port = await _message(reader)
        if (host, port) != self._home:
            # before it is asked whether it is shut, so that shutting cuts it
            self._elsewhere.add(writer)
            if self._is_shut:
                raise ConnectionRefusedError
        return await _reach(host, port)


async def _message(reader: asyncio.StreamReader) -> tuple[int, str, int]:
    """Read a message of SOCKS: what is asked or answered, a host and its port."""
    _, code, _, kind = await reader.readexactly(4)
    if kind == _NAMED:
        (length,) = await reader.readexactly(1)
        host = (await reader.readexactly(length)).decode("ascii")
    else:
        host = str(ip_address(await reader.readexactly(_LENGTHS.get(kind, 0))))
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    return code, host, int.from_bytes(await reader.readexactly(2), "big")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(1 << 16):
        writer.write(part)
        await writer.drain()
    writer.close()


async def _reach(
    host: str, port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a host, by the proxy of this machine if it names one to browsers."""
    if not (told := _proxy(host, port)):
        return await asyncio.open_connection(host, port)
    proxy = urlsplit(told if "//" in told else f"http://{told}")
    secure = trusted() if proxy.scheme == "https" else None
    own = 443 if secure else 80
    reader, writer = await asyncio.open_connection(
        proxy.hostname, proxy.port or own, ssl=secure
    )
    try:
        await _led_on(reader, writer, host, port, proxy.scheme)
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def _led_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    port: int,
    scheme: str,
) -> None:
    """Let a proxy lead a connection on to a host."""
    if scheme.startswith("socks"):
        writer.write(bytes([_SOCKS, 1, _NO_PASSWORD]))
        await reader.readexactly(2)
        asked = bytes([_SOCKS, _CONNECT, 0, _NAMED, len(host)]) + host.encode()
        writer.write(asked + port.to_bytes(2, "big"))
        code, _, _ = await _message(reader)
        refused = code != 0
    else:
        there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        writer.write(f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n\r\n".encode())
        said = await reader.readuntil(b"\r\n\r\n")
        refused = said.split(None, 2)[1:2] != [b"200"]
    if refused:
        raise ConnectionRefusedError


def _proxy(host: str, port: int) -> str:
    """Name the proxy that leads to a host, as a browser would take it."""
    if host in LOOPBACK or proxy_bypass(host):
        return ""
    proxies = getproxies()
    kind = "http" if port == PORTS["http"] else "https"
    found = proxies.get(kind) or proxies.get("all") or ""
    # one with a password is not handed on to a browser either
    return "" if "@" in found else found
