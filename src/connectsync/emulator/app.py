"""The stand-in as one ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from connectsync.emulator.door import Door
from connectsync.emulator.gateway import Gateway
from connectsync.emulator.problem import HANDLERS
from connectsync.emulator.store import opened


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    store_path: Path | str,
    *,
    token: str | None = None,
    clock: Callable[[], datetime] = _now,
) -> Starlette:
    """
    Make the stand-in over the store at ``store_path``; the file is made if missing.

    ``token`` is the bearer token that the gateway asks for; None asks for nothing.
    Raises ``StoreUnusable``.
    """
    gateway = Gateway(opened(store_path), clock)
    door = [] if token is None else [Middleware(Door, token=token)]
    return Starlette(
        routes=gateway.routes(), middleware=door, exception_handlers=HANDLERS
    )
