"""Ctrl-C and SIGTERM: the district in hand is finished, and no other one begun."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectsync.cli.terminal import Terminal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Stop:
    """Whether somebody asked to stop."""

    terminal: Terminal
    asked: bool = False

    def reason(self) -> str:
        """Say why no other district is begun; empty if there is no reason."""
        return "it was interrupted" if self.asked else ""

    def ask(self) -> None:
        """Ask to stop; who asks twice does not wait for the district in hand."""
        if self.asked:
            self.terminal.complain(
                "stopped at once: `connectsync resume` settles what was under way"
            )
            raise KeyboardInterrupt
        self.asked = True
        self.terminal.complain(
            "stopping once the district in hand is done; again to stop at once"
        )


@contextmanager
def stopping(terminal: Terminal) -> Iterator[Stop]:
    """Turn the signals into a question, inside an event loop that is running."""
    stop = Stop(terminal)
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in SIGNALS}
    try:
        for one in SIGNALS:
            loop.add_signal_handler(one, stop.ask)
    except NotImplementedError:  # pragma: no cover - Windows: the loop has no handlers
        yield stop
        return
    try:
        yield stop
    finally:
        for one in SIGNALS:
            loop.remove_signal_handler(one)
            signal.signal(one, before[one])
