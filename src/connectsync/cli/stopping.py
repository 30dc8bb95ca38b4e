"""Signals that stop a run: the district in progress is finished, no other is begun."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectsync.cli.terminal import Terminal

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, the end of a job or a machine, and a terminal window that is closed."""


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
            "stopping after the district in progress; again to stop at once"
        )


@contextmanager
def stopping(terminal: Terminal) -> Iterator[Stop]:
    """Turn the signals into a question, inside an event loop that is running."""
    stop = Stop(terminal)
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in _heeded()}
    try:
        for one in before:
            loop.add_signal_handler(one, stop.ask)
    except NotImplementedError:  # pragma: no cover - Windows: the loop has no handlers
        yield stop
        return
    try:
        yield stop
    finally:
        for one, handler in before.items():
            loop.remove_signal_handler(one)
            signal.signal(one, handler)


def _heeded() -> Iterator[signal.Signals]:
    """Give the signals that there are here; with ``nohup`` a hang-up is none."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue
        if name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
            continue
        yield number
