"""A Chromium to work with: Playwright's own, or one that the system has."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright
from playwright.async_api import Error as PlaywrightError

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
async def launched(*, headed: bool = False, slow_ms: int = 0) -> AsyncIterator[Browser]:
    """Start a browser and end it. Raises ``ProjectError`` if there is none."""
    asyncio.get_running_loop().set_exception_handler(_unless_interrupted)
    async with async_playwright() as playwright:
        executable = found(Path(playwright.chromium.executable_path))
        try:
            browser = await playwright.chromium.launch(
                executable_path=executable,
                args=[*QUIET, *_as_root()],
                headless=not headed,
                slow_mo=slow_ms,
            )
        except PlaywrightError as error:
            raise ProjectError(
                f"the browser {executable} does not start: {first_line(error)}",
                remedy="a window needs a screen: run `connectsync login` where there is"
                " one; runs need none without `headed`",
            ) from error
        try:
            yield browser
        finally:
            await browser.close()


def found(own: Path) -> Path:
    """
    Give Playwright's own Chromium if it is installed, or else one of the system.

    Raises ``ProjectError``.
    """
    if own.exists():
        return own
    for name in SYSTEM:
        if program := shutil.which(name):
            return Path(program)
    raise ProjectError(
        "there is no Chromium to reach Connect's page with",
        remedy="run `playwright install chromium`, or install your system's"
        " package (Debian: `apt-get install chromium`)",
    )


def first_line(error: Exception) -> str:
    """Give what Playwright says, without its call log."""
    return str(error).strip().partition("\n")[0].removesuffix(":")


def _unless_interrupted(
    loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """Tell of what went wrong beside the run, but not that Ctrl-C ended the driver."""
    if _DRIVER_ENDED not in str(context.get("exception")):
        loop.default_exception_handler(context)


def _as_root() -> list[str]:
    # Chromium's sandbox does not work for root, as in most containers
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-sandbox"] if is_root else []
