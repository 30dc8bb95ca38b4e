"""A project whose Connect is behind a gateway that is really served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console import Console
from served_app import listening_at

from connectsync.emulator.app import create_app
from connectsync.emulator.http import Faults

TOKEN = "t0ken-of-the-gateway"  # noqa: S105 - of a stand-in that lives for one test
ENVIRONMENT = {"GATEWAY_TOKEN": TOKEN}


@contextmanager
def served(store: Path, faults: Faults | None = None) -> Iterator[str]:
    """Serve the stand-in's gateway over a store."""
    app = create_app(store, token=TOKEN, faults=faults or Faults())
    with listening_at(app) as address:
        yield address


def use(fleet: Console, url: str) -> None:
    """Make the gateway the project's backend."""
    gateway = f"  gateway: {{url: '{url}', token: 'env:GATEWAY_TOKEN'}}"
    fleet.replace("connectsync.yaml", "schema: 1\n", "schema: 1\nbackend: gateway\n")
    fleet.replace("connectsync.yaml", "backends:\n", f"backends:\n{gateway}\n")
