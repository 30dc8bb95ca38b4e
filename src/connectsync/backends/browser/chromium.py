"""A Chromium to work with: Playwright's own, or one that the system has."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from connectsync.backends.browser.website import origin_of
from connectsync.domain.foreign_text import (
    APART,
    environment_of_children,
    foreign_text,
    program_in,
)
from connectsync.errors import ProjectError

WITHOUT_WINDOW = "chromium-headless-shell"
"""A Chromium that has no window at all: a page takes it a third of the time."""

SYSTEM = ("chromium", "chromium-browser", "google-chrome", "msedge")
"""Programs that are looked for in PATH, in this order."""

_MAKERS = (
    *("update.googleapis.com", "clients2.google.com"),
    *("content-autofill.googleapis.com", "optimizationguide-pa.googleapis.com"),
)
"""Servers that a full Chromium asks by itself, and no page needs."""

QUIET = (
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    # the names of a form's fields would be asked about: no one is there. A list of
    # features that are off would take the place of Playwright's
    "--autofill-server-url=http://127.0.0.1:9/",
    f"--host-resolver-rules={','.join(f'MAP {one} ~NOTFOUND' for one in _MAKERS)}",
    # nor does a worker of several pages go on once its page is held
    "--disable-shared-workers",
    # calls between browsers would go past a proxy; each program knows one of the two
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
"""The page that is asked for, and nothing else, is talked to."""

_FROM_HERE = {"PLAYWRIGHT_BROWSERS_PATH", "TMPDIR"}
"""Variables whose folder, if it is relative, is meant from where we stand."""

_WITHIN_PLAYWRIGHT = "0"
"""A folder of browsers by this name is none: they lie in Playwright's own."""

_OPENERS = ("xdg-open", "xdg-email")
"""What Chromium on Linux starts for an address that is no page."""

_DRIVER_ENDED = "Connection closed while reading from the driver"


@asynccontextmanager
async def launch_browser(
    *,
    headed: bool = False,
    slow_ms: int = 0,
    is_brought: Callable[[Path], bool] = lambda _: False,
) -> AsyncIterator[Browser]:
    """
    Start a browser and end it.

    Ctrl-C in our terminal does not reach it: who is told to stop still finishes the
    district in progress. Its environment holds none of our secrets. Raises
    ``ProjectError`` if there is none, or one that ``is_brought`` along by a commit.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unless_interrupted)
    starting = async_playwright()
    with _without_openers() as folder:
        with _apart(loop, folder):
            playwright = await starting.start()
        try:
            own = Path(playwright.chromium.executable_path)
            program = find_chromium(own, headed=headed)
            _insist_not_brought(program, is_brought)
            browser = await _started(
                playwright, program, headed=headed, slow_ms=slow_ms
            )
            try:
                yield browser
            finally:
                await browser.close()
        finally:
            await playwright.stop()


def _insist_not_brought(program: Path, is_brought: Callable[[Path], bool]) -> None:
    # the folder it lies in says nothing: a submodule of another branch stays there
    if is_brought(program):
        raise ProjectError(
            f"the browser {foreign_text(str(program))} is kept in git: a commit"
            " decides what it is, so it is not run",
            remedy="remove it, or name another folder with PLAYWRIGHT_BROWSERS_PATH",
        )


async def _started(
    playwright: Playwright, executable: Path, *, headed: bool, slow_ms: int
) -> Browser:
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
            f"the browser {executable} does not start: {plain_words(error)}",
            remedy="a window needs a screen: run `connectsync login` where there is"
            " one; runs need none without `headed`",
        ) from error


def find_chromium(own: Path, *, headed: bool = False) -> Path:
    """
    Give Playwright's own Chromium if it is installed, or else one of the system.

    Unless it is ``headed``, one without a window will do, and is preferred.

    Raises ``ProjectError``.
    """
    if own.exists():
        return own
    for name in SYSTEM if headed else (WITHOUT_WINDOW, *SYSTEM):
        if program := program_in(os.get_exec_path(), name):
            return Path(program)
    raise ProjectError(
        "there is no Chromium to reach Connect's page with",
        remedy="run `playwright install chromium`, or install your system's"
        " package (Debian: `apt-get install chromium`)",
    )


_FAILURE = re.compile(r"\b(ERR_[A-Z0-9_]+)(?: at (\S+))?")
"""How Chromium names what kept it from a page, and the address of that page."""

_CALLED = re.compile(r"^(?:[A-Z][A-Za-z]*\.[a-z_]+: )+(?:[A-Za-z]*Error: )?")
"""The call of the library that failed, at the beginning of what it says."""

_REFUSED = "{site} refuses the connection"
_BROKEN = "{site} broke the connection off"
_UNKNOWN = "the name of {site} is not found (DNS)"
_SILENT = "{site} did not answer in time"
_NO_WAY = "no connection to {site} can be made"
_NO_PROXY = "the proxy on the way to {site} cannot be used"

_FAILURES = {
    "ERR_CONNECTION_REFUSED": _REFUSED,
    "ERR_CONNECTION_RESET": _BROKEN,
    "ERR_CONNECTION_CLOSED": _BROKEN,
    "ERR_CONNECTION_ABORTED": _BROKEN,
    "ERR_CONNECTION_FAILED": _NO_WAY,
    "ERR_SOCKS_CONNECTION_FAILED": _NO_WAY,
    "ERR_ADDRESS_UNREACHABLE": "no network leads to {site}",
    "ERR_NAME_NOT_RESOLVED": _UNKNOWN,
    "ERR_NAME_RESOLUTION_FAILED": _UNKNOWN,
    "ERR_TIMED_OUT": _SILENT,
    "ERR_CONNECTION_TIMED_OUT": _SILENT,
    "ERR_CERT_DATE_INVALID": "the certificate of {site} has expired, or is not valid"
    " yet by the clock of this machine",
    "ERR_CERT_COMMON_NAME_INVALID": "the certificate of {site} is for another name",
    "ERR_CERT_AUTHORITY_INVALID": "this machine does not trust who issued the"
    " certificate of {site}",
    "ERR_INTERNET_DISCONNECTED": "this machine is not connected to the internet",
    "ERR_NETWORK_CHANGED": "the network of this machine changed meanwhile",
    "ERR_PROXY_CONNECTION_FAILED": _NO_PROXY,
    "ERR_TUNNEL_CONNECTION_FAILED": _NO_PROXY,
    "ERR_ABORTED": "loading it was stopped halfway",
    "ERR_EMPTY_RESPONSE": "{site} sent an empty answer",
    "ERR_TOO_MANY_REDIRECTS": "it redirects without end",
    "ERR_INVALID_AUTH_CREDENTIALS": "it asks for a password in a box",
}
"""Plainer words for what Chromium reports."""

_KINDS = (
    ("ERR_CERT_", "the certificate of {site} is not valid"),
    ("ERR_SSL_", "no secure connection to {site} can be made"),
)
"""The same for every other one that begins so."""

_SIGNS = (
    ("Download is starting", "it sends a file to download instead of a page"),
    ("has been closed", "the browser or its page was closed meanwhile"),
    ("crashed", "the page crashed"),
    ("context was destroyed", "the page was left or loaded again meanwhile"),
    ("interrupted by another navigation", "it went on to another page meanwhile"),
)
"""Plainer words for what Playwright itself says."""

_TIMEOUT = re.compile(r"Timeout (\d+)ms exceeded")


def plain_words(error: Exception | str, site: str = "the website") -> str:
    """
    Give what Playwright or Chromium says in plain words, without its call log.

    ``site`` names whose page it was where the error does not.
    """
    said = str(error).strip().partition("\n")[0].removesuffix(":")
    if failure := _FAILURE.search(said):
        code, address = failure.groups()
        site = foreign_text(origin_of(address or "") or site)
        kinds = (words for kind, words in _KINDS if code.startswith(kind))
        words = _FAILURES.get(code) or next(kinds, "the browser reports {code}")
        return words.format(site=site, code=code)
    for sign, words in _SIGNS:
        if sign in said:
            return words
    if took := _TIMEOUT.search(said):
        return f"it took longer than {int(took[1]) / 1000:g} s"
    return foreign_text(_CALLED.sub("", said))


def _unless_interrupted(
    loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """Tell of what went wrong beside the run, but not that Ctrl-C ended the driver."""
    if _DRIVER_ENDED not in str(context.get("exception")):
        loop.default_exception_handler(context)


@contextmanager
def _without_openers() -> Iterator[str]:
    """
    Give a folder to search first, in which programs that open addresses do nothing.

    No route and no policy holds an address of another kind: for one of ``mailto`` a
    window starts such a program without asking, and a script could write into it what
    is typed.
    """
    nothing = program_in(os.get_exec_path(), "false")
    with TemporaryDirectory(prefix="connectsync-") as folder:
        for name in _OPENERS if nothing else ():
            Path(folder, name).symlink_to(str(nothing))
        yield folder


@contextmanager
def _apart(loop: asyncio.AbstractEventLoop, folder: str) -> Iterator[None]:
    """
    Start children of this loop in a session of their own, without our secrets.

    They search a ``folder`` before all others.

    Playwright hands its driver the whole environment, and leaves it in our process
    group, which a terminal sends Ctrl-C to, and in the folder under review, where a
    library of the browser looks for others to load.
    """
    start = loop.subprocess_exec

    async def apart(*command: Any, **how: Any) -> Any:
        given = _environment_of_driver(how.get("env") or {})
        others = given.get("PATH", os.defpath)
        given["PATH"] = f"{folder}{os.pathsep}{others}"
        ours = {"env": given, "cwd": APART, "start_new_session": True}
        return await start(*command, **{**how, **ours})

    loop.subprocess_exec = apart  # type: ignore[method-assign]
    try:
        yield
    finally:
        loop.subprocess_exec = start  # type: ignore[method-assign]


def _environment_of_driver(environment: Mapping[str, str]) -> dict[str, str]:
    """Give what the driver hands on to the browser, with folders spelled whole."""
    given = environment_of_children(environment)
    for name in _FROM_HERE & given.keys():
        if given[name] != _WITHIN_PLAYWRIGHT:
            given[name] = str(Path(given[name]).absolute())
    return given


def is_root() -> bool:
    """Say whether this process may do anything on its machine."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
