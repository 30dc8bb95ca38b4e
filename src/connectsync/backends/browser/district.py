"""The pages between a district's home page and its form."""

from __future__ import annotations

from playwright.async_api import Locator

from connectsync.backends.browser.controls import name_pattern
from connectsync.backends.browser.tab import Tab
from connectsync.backends.names import (
    DAILY_SYNC,
    DISTRICT_HOME,
    DOTS,
    GROUP_OF_BOXES,
    SIS_ROSTERING,
)


class DistrictHome:
    """The District Home Page, with the three dots."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        role, shown = tab.page.get_by_role, tab.labels.shown
        self.dots = role("button", name=name_pattern(shown(DOTS)), exact=True)
        self.settings = role(
            "menuitem", name=name_pattern(shown(GROUP_OF_BOXES)), exact=True
        )

    async def to_settings(self) -> None:
        """Click on the dots, and select the settings."""
        tab = self._tab
        dots, item = f"'{DOTS}'", f"'{GROUP_OF_BOXES}'"
        found = await tab.the_only(self.dots, dots, DISTRICT_HOME)
        await tab.press(found, dots, DISTRICT_HOME)
        found = await tab.the_only(self.settings, item, DISTRICT_HOME)
        await tab.follow(found, item, DISTRICT_HOME)


class SettingsPage:
    """The settings, at whose end is the rostering."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self.rostering = _link(tab, SIS_ROSTERING)

    async def to_rostering(self) -> None:
        """Click on SIS Rostering."""
        tab, control = self._tab, f"'{SIS_ROSTERING}'"
        link = await tab.the_only(self.rostering, control, GROUP_OF_BOXES)
        await tab.follow(link, control, GROUP_OF_BOXES)


class RosteringPage:
    """SIS Rostering, with the way to the form."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self.daily_sync = _link(tab, DAILY_SYNC)

    async def to_daily_sync(self) -> None:
        """Click on District-Level Daily Sync."""
        tab, control = self._tab, f"'{DAILY_SYNC}'"
        link = await tab.the_only(self.daily_sync, control, SIS_ROSTERING)
        await tab.follow(link, control, SIS_ROSTERING)


def _link(tab: Tab, label: str) -> Locator:
    return tab.page.get_by_role(
        "link", name=name_pattern(tab.labels.shown(label)), exact=True
    )
