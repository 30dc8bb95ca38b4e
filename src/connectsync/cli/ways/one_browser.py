"""The one Chromium of a run; imported only where Playwright is installed."""

from __future__ import annotations

from connectsync.cli.session import Session
from connectsync.cli.ways.budget import patience_of
from connectsync.connect.browser.sharing import OneBrowser
from connectsync.connect.browser.website import Website
from connectsync.errors import Bug


def browser_of(session: Session, site: Website) -> OneBrowser:
    """Give the run's browser for a page; the first who asks begins it."""
    fresh = OneBrowser(site, patience_of(session))
    browser = session.shared.setdefault(site.described, fresh)
    if not isinstance(browser, OneBrowser):
        raise Bug("something else is kept where the browser of a run belongs")
    return browser
