"""The pages between a district's home page and its form."""

from __future__ import annotations

from connectsync.connect.browser.tab import Tab
from connectsync.connect.names import (
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

    async def to_settings(self) -> None:
        """Click on the dots, and select the settings."""
        tab, dots = self._tab, self._tab.labels.shown(DOTS)
        settings = tab.labels.shown(GROUP_OF_BOXES)
        button = tab.page.get_by_role("button", name=dots, exact=True)
        await (await tab.the_only(button, f"'{DOTS}'", DISTRICT_HOME)).click()
        item = tab.page.get_by_role("menuitem", name=settings, exact=True)
        item = await tab.the_only(item, f"'{GROUP_OF_BOXES}'", DISTRICT_HOME)
        await tab.follow(item)


class Settings:
    """The settings, at whose end is the rostering."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    async def to_rostering(self) -> None:
        """Click on SIS Rostering."""
        await _follow_link(self._tab, SIS_ROSTERING, GROUP_OF_BOXES)


class Rostering:
    """SIS Rostering, with the way to the form."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    async def to_daily_sync(self) -> None:
        """Click on District-Level Daily Sync."""
        await _follow_link(self._tab, DAILY_SYNC, SIS_ROSTERING)


async def _follow_link(tab: Tab, label: str, page: str) -> None:
    link = tab.page.get_by_role("link", name=tab.labels.shown(label), exact=True)
    await tab.follow(await tab.the_only(link, f"'{label}'", page))
