"""A bar on the terminal; Rich is loaded only where it is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import TextIOBase
from time import monotonic
from typing import TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from connectsync.cli.terminal import WIDEST, Terminal
from connectsync.domain.event import Activity, ProgressRate

LOOKS_PER_SECOND = 4


class _Console(Console):
    """A console that never hides the cursor: what was not hidden need not be found."""

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor alone, so that even a process that is killed does."""
        del show
        return False


class TerminalProgress:
    """
    Shows how work goes on, until it is closed; then nothing of it is left.

    What is written to standard error meanwhile scrolls above it.
    """

    def __init__(
        self,
        terminal: Terminal,
        work: Activity,
        pace: ProgressRate,
        *,
        closed: Callable[[], object],
    ) -> None:
        self._work = work
        self._pace = pace
        self._closed: Callable[[], object] | None = closed
        self._stream = sys.stderr
        self._console = _Console(
            file=self._stream,
            force_terminal=True,
            color_system="standard" if terminal.colour_aside else None,
            no_color=not terminal.colour_aside,
            highlight=False,
        )
        self._live = Live(
            console=self._console,
            get_renderable=self._line,
            refresh_per_second=LOOKS_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._above = _AboveBar(self._stream, self._console)
        sys.stderr = self._above
        self._live.start(refresh=True)

    def advance(self, count: int = 1, *, failed: int = 0) -> None:
        """Note what is done; the bar is drawn again a few times a second."""
        self._pace.done += count
        self._pace.failed += failed

    def close(self) -> None:
        """Take the bar away, once."""
        if self._closed is None:
            return
        self._closed()
        self._closed = None
        sys.stderr = self._stream
        self._live.stop()
        self._stream.write(self._above.begun)

    def _line(self) -> RenderableType:
        width = min(self._console.width, WIDEST)
        line = Table.grid(
            Column(no_wrap=True),
            Column(ratio=1),
            Column(no_wrap=True),
            padding=(0, 2, 0, 0),
            expand=True,
        )
        line.width = width - 1
        line.add_row(
            Text(self._work.doing),
            ProgressBar(
                self._pace.total,
                self._pace.done,
                style="bright_black",
                complete_style="cyan",
                finished_style="green",
            ),
            Text(self._pace.figures(monotonic())),
        )
        return line


class _AboveBar(TextIOBase):
    """Standard error while a bar is shown: what is written goes above the bar."""

    def __init__(self, stream: TextIO, console: Console) -> None:
        self.begun = ""
        self._stream = stream
        self._console = console

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Name the letters that the terminal knows."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write whole lines above the bar; what is no line yet waits for its end."""
        whole, end, self.begun = (self.begun + text).rpartition("\n")
        if end:
            # left as long as it is: half a path can be neither clicked nor copied
            self._console.print(Text.from_ansi(whole), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Let everything be seen that is a line."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Say that it is the terminal still."""
        return True

    def fileno(self) -> int:
        """Give the terminal's own number."""
        return self._stream.fileno()
