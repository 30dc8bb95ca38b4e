"""Connect's own page, in a real browser."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from connectsync.cli.session import Session
from connectsync.cli.ways.setup import Setup
from connectsync.config.extras import how_to_add
from connectsync.config.project import Browser, Project
from connectsync.connect.browser.website import Website
from connectsync.connect.seam import Reader, Writer
from connectsync.errors import ProjectError
from connectsync.operations.git import tracked_in

SESSION = "session.json"
"""Where `login` keeps the session, in the folder of the state."""


@dataclass(frozen=True, slots=True)
class ThroughBrowser:
    """
    The page at the address behind ``browser:``, or at the project's.

    Everything a run loads shares one Chromium, its tabs and one budget of retries.
    """

    setup: Setup

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader on the page."""
        insist_playwright()
        from connectsync.cli.ways.one_browser import browser_of
        from connectsync.connect.browser.opening import open_reader

        setup = self.setup
        browser = browser_of(setup.session, self._website())
        return open_reader(browser, clock=setup.session.now)

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """Open a writer on the page."""
        insist_playwright()
        from connectsync.cli.ways.one_browser import browser_of
        from connectsync.connect.browser.opening import open_writer

        setup = self.setup
        browser = browser_of(setup.session, self._website())
        return open_writer(browser, tokens=setup.token, clock=setup.session.now)

    def _website(self) -> Website:
        setup = self.setup
        return website(setup.session, setup.project, setup.argument)


def _insist_own(session: Session, kept: Path) -> None:
    """Raise ``ProjectError`` for a session that a commit brings along."""
    if tracked_in(kept, session.environment) is not None:
        raise ProjectError(
            f"the session in {kept.name} is kept in git, so it is not used: whose it"
            " is, a commit decides",
            remedy=f"take it out with `git rm --cached {kept.name}`, then sign in with"
            " `connectsync login`",
        )


def insist_playwright() -> None:
    """Raise ``ProjectError`` where the extra ``browser`` is not installed."""
    if find_spec("playwright") is None:
        raise ProjectError(
            "the browser backend needs Playwright",
            remedy=how_to_add("browser"),
        )


def website(session: Session, project: Project, url: str = "") -> Website:
    """
    Describe the page at ``url``, or the project's if it is empty.

    Raises ``ProjectError`` if there is no address.
    """
    state, stated = session.state(project), project.browser
    if stated is None or (url and url != stated.url):
        # what is stated of one page, its session before all, is not for another
        stated = Browser(url)
    if not stated.url:
        raise ProjectError(
            "no page is named: backends.browser.url is missing",
            remedy="state it in connectsync.yaml, or write --backend browser:ADDRESS",
        )
    kept = stated.session or state / SESSION
    _insist_own(session, kept)
    page = Website(
        stated.url,
        session=kept,
        evidence=state / "evidence" / f"{session.now():%Y%m%dT%H%M%SZ}",
        labels=stated.labels,
        confirmation=stated.accept_confirmation,
        contexts=stated.contexts,
        headed=stated.headed or session.headed,
        slow_ms=session.slow_ms or stated.slow_ms,
    )
    page.insist_usable()
    session.insist_own_clock(page.url)
    return page
