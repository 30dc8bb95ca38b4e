"""A project whose Connect is behind a gateway that is really served."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console import Console

from connectsync.emulator.app import create_app, server
from connectsync.emulator.http import Faults

TOKEN = "t0ken-of-the-gateway"  # noqa: S105 - of a stand-in that lives for one test
ENVIRONMENT = {"GATEWAY_TOKEN": TOKEN}


@contextmanager
def served(store: Path, faults: Faults | None = None) -> Iterator[str]:
    """Serve the stand-in's gateway over a store."""
    app = create_app(store, token=TOKEN, faults=faults or Faults())
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        # a request that comes before the server is ready waits instead of being refused
        listening.listen(128)
        serving = server(app, "127.0.0.1", 0)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            serving.should_exit = True
            thread.join()


def use(fleet: Console, url: str) -> None:
    """Make the gateway the project's backend."""
    gateway = f"  gateway: {{url: '{url}', token: 'env:GATEWAY_TOKEN'}}"
    fleet.replace("connectsync.yaml", "schema: 1\n", "schema: 1\nbackend: gateway\n")
    fleet.replace("connectsync.yaml", "backends:\n", f"backends:\n{gateway}\n")
