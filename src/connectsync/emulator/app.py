"""The stand-in as one ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from connectsync.emulator.door import Door
from connectsync.emulator.faults import NO_FAULTS, Faults
from connectsync.emulator.faults_route import FaultsRoute
from connectsync.emulator.gateway import Gateway
from connectsync.emulator.interference import Interference
from connectsync.emulator.manners import Manners
from connectsync.emulator.pages.failure import HANDLERS
from connectsync.emulator.pages.routes import page_routes
from connectsync.emulator.pages.site import Site
from connectsync.emulator.saver import Saver
from connectsync.emulator.store import opened
from connectsync.emulator.weather import Weather


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    store_path: Path | str,
    *,
    token: str | None = None,
    clock: Callable[[], datetime] = _now,
    faults: Faults = NO_FAULTS,
    manners: Manners = Manners(),  # noqa: B008 - a frozen value
) -> Starlette:
    """
    Make the stand-in over the store at ``store_path``; the file is made if missing.

    ``token`` is the bearer token that the gateway and the route of faults ask for;
    None asks for nothing. Pages ask for a user of ``add_user``. ``faults`` are put on
    from the start, and can be changed at ``/emulator/faults``. Raises
    ``StoreUnusable``.
    """
    store = opened(store_path)
    weather = Weather(faults)
    saver = Saver(store, clock, weather)
    site = Site(store, saver, clock, manners, weather)
    door = [] if token is None else [Middleware(Door, token=token)]
    return Starlette(
        routes=[
            *Gateway(store, saver).routes(),
            *FaultsRoute(weather).routes(),
            *page_routes(site),
        ],
        middleware=[Middleware(Interference, weather=weather), *door],
        exception_handlers=HANDLERS,
    )
