"""A terminal for tests: a real pseudo-terminal, and what stands on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from processes import PATIENCE_SECONDS, environment
from warm import WarmPopen

ESCAPE = re.compile(r"\x1b\[(\?25[lh]|[0-9;]*[A-Za-z])")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Screen:
    """
    What a person sees of bytes, as far as we write any: no other escape is known.

    Lines scroll for ever; ``widest`` is the longest that ever stood anywhere.
    """

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    widest: int = 0
    cursor_shown: bool = True

    def feed(self, text: str) -> None:
        """Write text with its escapes."""
        at = 0
        for escape in ESCAPE.finditer(text):
            self._letters(text[at : escape.start()])
            self._escape(escape[1])
            at = escape.end()
        self._letters(text[at:])

    def _letters(self, text: str) -> None:
        assert "\x1b" not in text, f"an escape that nobody knows: {text!r}"
        for letter in text:
            match letter:
                case "\r":
                    self.column = 0
                case "\n":
                    self.row += 1
                    self.lines += [""] * (self.row + 1 - len(self.lines))
                case _:
                    line = self.lines[self.row].ljust(self.column)
                    after = line[self.column + 1 :]
                    self.lines[self.row] = line[: self.column] + letter + after
                    self.column += 1
                    self.widest = max(self.widest, self.column)

    def _escape(self, code: str) -> None:
        match code[-1], code[:-1]:
            case "m", _:
                pass
            case "K", "2":
                self.lines[self.row] = ""
            case "A", count:
                self.row -= int(count or 1)
            case (("l" | "h"), "?25"):
                self.cursor_shown = code[-1] == "h"
            case _:
                raise AssertionError(f"an escape that nobody knows: {code!r}")


@dataclass(frozen=True)
class Seen:
    """What a process on a terminal left: its status, its bytes, the screen at last."""

    status: int
    text: str
    screen: Screen

    @property
    def lines(self) -> list[str]:
        """Give what stands on the screen, without what is blank at the ends."""
        return [line.rstrip() for line in self.screen.lines]


Watch = Callable[[str, Callable[[bytes], None], int], None]
"""Told of all that was written so far, how to type, and which process it is."""


def on_a_terminal(
    command: Sequence[str],
    folder: Path,
    *,
    columns: int = 80,
    more: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> Seen:
    """Run a command on a pseudo-terminal of its own, in colour unless told."""
    told = _environment(more or {})
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        _size(0, columns)
        os.execvpe(command[0], list(command), told)  # noqa: S606 - no shell is meant
    text = _read(terminal, pid, watch)
    _, status = os.waitpid(pid, 0)
    return _seen(text, os.waitstatus_to_exitcode(status))


def up_to_points(
    points: Sequence[str],
    words: Sequence[str],
    folder: Path,
    *,
    more: Mapping[str, str],
    watch: Watch,
) -> Seen:
    """Run one of our commands there, which gets a signal at points: ``crashing``."""
    terminal, theirs = pty.openpty()
    _size(theirs, 80)
    process = WarmPopen(
        words,
        points=points,
        terminal=True,
        cwd=folder,
        env=_environment(more),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    return _seen(_read(terminal, process.pid, watch), process.wait())


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    told = {**environment(TERM="xterm-256color"), **more}
    del told["COLUMNS"]
    if "NO_COLOR" not in more:
        del told["NO_COLOR"]
    if "PAGER" not in more:
        # a pager waits for a key
        told["NO_PAGER"] = "1"
    return told


def _size(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def _seen(text: str, status: int) -> Seen:
    screen = Screen()
    screen.feed(text)
    return Seen(status, text, screen)


def _read(terminal: int, pid: int, watch: Watch | None) -> str:
    data, ends = b"", time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < ends:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                some = os.read(terminal, 65536)
            except OSError:  # nobody holds the other end any more
                break
            if not some:
                break
            data += some
            if watch is not None:
                text = data.decode("utf-8", "replace")
                watch(text, lambda keys: _typed(terminal, keys), pid)
    finally:
        os.close(terminal)
    return data.decode("utf-8")


def _typed(terminal: int, keys: bytes) -> None:
    os.write(terminal, keys)
