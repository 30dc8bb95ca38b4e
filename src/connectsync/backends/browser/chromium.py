"""A Chromium to work with: Playwright's own, or one that the system has."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from connectsync.domain.foreign_text import (
    environment_of_children,
    foreign_text,
    program_in,
)
from connectsync.errors import ProjectError

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
