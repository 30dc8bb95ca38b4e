"""An application of the stand-in on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from connectsync.emulator.app import server


@contextmanager
def listening_at(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a socket of its own; give its address."""
    # named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms an answer
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        # a request that comes before the server is ready waits instead of being refused
        listening.listen(128)
        uvicorn = server(app, "127.0.0.1", 0)
        thread = threading.Thread(target=uvicorn.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            uvicorn.should_exit = True
            thread.join()
