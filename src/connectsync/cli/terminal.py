"""Where words go: standard output, standard error, a file, a question."""

from __future__ import annotations

import codecs
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from connectsync.errors import UsageError

PLAIN = {"→": "->", "…": "...", "—": "-", "·": "*"}
"""Our own signs, for terminals whose encoding lacks them."""

SOURCES = frozenset([".yaml", ".yml"])
"""Endings of files that people write: no report ever takes their place."""

WIDEST = 110
"""Columns beyond which lines are hard to read."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """
    What the user looks at.

    ``colour`` and ``width`` describe standard output; ``quiet`` leaves out what is
    not the result itself.
    """

    colour: bool
    width: int
    quiet: bool

    def show(self, text: str) -> None:
        """Print a result."""
        _write(sys.stdout, text)

    def say(self, text: str) -> None:
        """Print what is good to know, on standard error, unless quiet."""
        if not self.quiet:
            _write(sys.stderr, text)

    def complain(self, text: str) -> None:
        """Print what went wrong, on standard error."""
        _write(sys.stderr, text)

    def deliver(self, text: str, output: Path | None) -> None:
        """
        Print a result, or write it to a file.

        Raises ``UsageError`` if the file cannot be written.
        """
        if output is None or output == Path("-"):
            self.show(text)
            return
        if output.suffix in SOURCES:
            raise UsageError(
                f"{output} is the name of a district or project file; nothing is"
                " written over it",
                remedy="name another file, such as plan.json or report.txt",
            )
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {output}: {error.strerror}") from error

    def ask(self, question: str) -> str | None:
        """Ask on the terminal; None where nobody can answer."""
        if not sys.stdin.isatty():
            return None
        self.complain(question)
        with _interruptible():
            return sys.stdin.readline().strip()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the first Ctrl-C end a question: an event loop would wait for the answer."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def never_stumble() -> None:
    """Let letters that a stream's encoding lacks be shown plainer, not be an error."""
    codecs.register_error("plainer", _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="plainer")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter, "?") for letter in lacking), error.end


def terminal(*, color: str, quiet: bool, environment: Mapping[str, str]) -> Terminal:
    """Describe this process's terminal, as flags and environment ask."""
    return Terminal(
        colour=_colour(color, environment), width=_width(environment), quiet=quiet
    )


def _colour(color: str, environment: Mapping[str, str]) -> bool:
    if color != "auto":
        return color == "always"
    if environment.get("NO_COLOR"):
        return False
    return sys.stdout.isatty() and environment.get("TERM") != "dumb"


def _width(environment: Mapping[str, str]) -> int:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
    if environment.get("COLUMNS", "").isdecimal():
        columns = int(environment["COLUMNS"])
    return max(40, min(columns, WIDEST))


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text if text.endswith("\n") else f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        # the reader (head, less) has seen enough: no more words, no traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
