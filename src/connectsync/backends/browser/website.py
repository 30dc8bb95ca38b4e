"""Chromium, Connect's address, and how a session is used."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from connectsync.domain.foreign_text import (
    environment_of_children,
    foreign_text,
    program_in,
)
from connectsync.errors import ProjectError

_PORTS = {"https": 443, "http": 80}

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Website:
    """
    Connect's website.

    ``session`` is the file that ``connectsync login`` wrote; ``evidence`` the folder
    that gets screenshots and pages. ``labels`` are what the page shows for labels of
    ours; ``confirmation`` is the one question after *Save* that is answered with yes.
    ``contexts`` is how many districts are read at once. A control is waited for
    ``wait_seconds`` before it counts as missing; ``load_seconds`` is how long a page
    may take to load, and a control to take what is done to it; ``total_seconds`` is how
    long one district may take altogether, reading it or saving it.
    """

    url: str
    session: Path
    evidence: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    confirmation: str = ""
    contexts: int = 3
    headed: bool = False
    slow_ms: int = 0
    wait_seconds: float = 10.0
    load_seconds: float = 30.0
    total_seconds: float = 300.0

    @property
    def described(self) -> str:
        """Name the backend and its address."""
        return f"browser {self.url.rstrip('/')}"

    @property
    def host(self) -> str:
        """Give the host of the address, with its port."""
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        """Give the one origin that is read from and typed into."""
        return origin_of(self.url)

    def insist_usable(self) -> None:
        """Raise ``ProjectError`` if the address cannot be used."""
        url = urlsplit(self.url)
        if url.scheme != "https" and not (
            url.scheme == "http" and url.hostname in _LOOPBACK
        ):
            raise ProjectError(
                f"the address of Connect {self.url} must start with https://:"
                " the session would travel in the clear"
            )
        if not url.hostname or url.username or url.password:
            raise ProjectError(
                "the address of Connect must name a host, and no user or password"
            )


def origin_of(address: str) -> str:
    """
    Give scheme, host and port of an address as browsers compare them.

    A port is left out where it is the scheme's own. Empty if there is no such origin.
    """
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:
        return ""
    if url.scheme not in _PORTS or not host:
        return ""
    spelled = f"[{host}]" if ":" in host else host
    own = port is None or port == _PORTS[url.scheme]
    return f"{url.scheme}://{spelled}" if own else f"{url.scheme}://{spelled}:{port}"


SYSTEM = ("chromium", "chromium-browser", "google-chrome", "msedge")
"""Programs that are looked for in PATH, in this order."""

QUIET = (
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
"""The page that is asked for, and nothing else, is talked to."""

_DRIVER_ENDED = "Connection closed while reading from the driver"


@asynccontextmanager
async def launch_browser(
    *, headed: bool = False, slow_ms: int = 0
) -> AsyncIterator[Browser]:
    """
    Start a browser and end it. Raises ``ProjectError`` if there is none.

    Ctrl-C in our terminal does not reach it: who is told to stop still finishes the
    district in progress. Its environment holds none of our secrets.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unless_interrupted)
    starting = async_playwright()
    with _apart(loop):
        playwright = await starting.start()
    try:
        browser = await _started(playwright, headed=headed, slow_ms=slow_ms)
        try:
            yield browser
        finally:
            await browser.close()
    finally:
        await playwright.stop()


async def _started(playwright: Playwright, *, headed: bool, slow_ms: int) -> Browser:
    executable = find_chromium(Path(playwright.chromium.executable_path))
    try:
        return await playwright.chromium.launch(
            executable_path=executable,
            args=list(QUIET),
            # its sandbox does not work for root, as in most containers
            chromium_sandbox=not is_root(),
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            headless=not headed,
            slow_mo=slow_ms,
        )
    except PlaywrightError as error:
        raise ProjectError(
            f"the browser {executable} does not start: {first_line(error)}",
            remedy="a window needs a screen: run `connectsync login` where there is"
            " one; runs need none without `headed`",
        ) from error


def find_chromium(own: Path) -> Path:
    """
    Give Playwright's own Chromium if it is installed, or else one of the system.

    Raises ``ProjectError``.
    """
    if own.exists():
        return own
    for name in SYSTEM:
        if program := program_in(os.get_exec_path(), name):
            return Path(program)
    raise ProjectError(
        "there is no Chromium to reach Connect's page with",
        remedy="run `playwright install chromium`, or install your system's"
        " package (Debian: `apt-get install chromium`)",
    )


def first_line(error: Exception) -> str:
    """Give what Playwright says, without its call log."""
    return foreign_text(str(error).strip().partition("\n")[0].removesuffix(":"))


def _unless_interrupted(
    loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """Tell of what went wrong beside the run, but not that Ctrl-C ended the driver."""
    if _DRIVER_ENDED not in str(context.get("exception")):
        loop.default_exception_handler(context)


@contextmanager
def _apart(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """
    Start children of this loop in a session of their own, without our secrets.

    Playwright hands its driver the whole environment, and leaves it in our process
    group, which a terminal sends Ctrl-C to.
    """
    start = loop.subprocess_exec

    async def apart(*command: Any, **how: Any) -> Any:
        # the driver hands on to the browser what it was given itself
        given = environment_of_children(how.get("env") or {})
        return await start(*command, **{**how, "env": given, "start_new_session": True})

    loop.subprocess_exec = apart  # type: ignore[method-assign]
    try:
        yield
    finally:
        loop.subprocess_exec = start  # type: ignore[method-assign]


def is_root() -> bool:
    """Say whether this process may do anything on its machine."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
