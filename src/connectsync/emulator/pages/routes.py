"""Every address of the pages."""

from __future__ import annotations

from starlette.routing import Route

from connectsync.emulator.pages import looks
from connectsync.emulator.pages.daily_sync import DailySync
from connectsync.emulator.pages.districts import Districts
from connectsync.emulator.pages.signing import Signing
from connectsync.emulator.pages.site import Site


def page_routes(site: Site) -> list[Route]:
    """Give the route table."""
    return [
        *Signing(site).routes(),
        *Districts(site).routes(),
        *DailySync(site).routes(),
        *looks.routes(),
    ]
