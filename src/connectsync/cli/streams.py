"""
The standard streams of this process, which may be closed, full or hung up.

A job scheduler may start a command with a stream closed, and a log may lie on a full
disk. What was done on Connect stays done, so neither ends a command: what cannot be
written is kept in mind, and told when the command ends.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TextIO

from connectsync.errors import UsageError

_NAMES = ("stdin", "stdout", "stderr")

CLOSED: set[str] = set()
"""The streams that this process was started without."""


class Outlet(io.FileIO):
    """
    Where a stream ends: it takes everything, and remembers what could not be written.

    ``lost`` is the first error. A reader who has seen enough (``head``) is none.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.lost: OSError | None = None
        self.is_told = False

    def write(self, data: object) -> int:
        """Write all of it, or take note that it could not be written."""
        left = memoryview(data).cast("B")  # type: ignore[arg-type]
        size = len(left)
        while left and self.lost is None:
            try:
                written = super().write(left)
            except OSError as error:
                self.lost = error
                break
            if written is None:
                # a pipe that does not wait, as other programs may hand it on
                select.select([], [self.fileno()], [])
                continue
            left = left[written:]
        return size


def secure() -> None:
    """Give every standard stream something behind it, before any file is opened."""
    for descriptor, name in enumerate(_NAMES):
        if not _is_open(descriptor):
            CLOSED.add(name)
            # a file of ours that got this number would be written over by messages
            _to_nowhere(descriptor)
    if sys.stdin is None or "stdin" in CLOSED:
        # it lives as long as the process
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - as above
    sys.stdout = _guard_stream(sys.stdout, 1)
    sys.stderr = _guard_stream(sys.stderr, 2)


def lost(stream: TextIO) -> OSError | None:
    """Give why a stream could not take all that was written; a closed pipe is none."""
    try:
        stream.flush()
    except ValueError:
        return None
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    error = raw.lost if isinstance(raw, Outlet) else None
    return None if isinstance(error, BrokenPipeError) else error


def tell_once(stream: TextIO) -> str:
    """Give why a stream could not take all, the first time this is asked."""
    error, raw = lost(stream), getattr(getattr(stream, "buffer", None), "raw", None)
    if error is None or not isinstance(raw, Outlet) or raw.is_told:
        return ""
    raw.is_told = True
    return error.strerror or str(error)


def standard_input() -> bytes:
    """Read all of standard input. Raises ``UsageError`` if there is none."""
    if "stdin" in CLOSED:
        raise UsageError(
            "standard input is closed",
            remedy="pipe the file into the command, or name it",
        )
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(
            f"standard input cannot be read: {error.strerror or error}",
            remedy="pipe the file into the command, or name it",
        ) from error


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _to_nowhere(descriptor: int) -> None:
    flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY
    opened = os.open(os.devnull, flags)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)


def _guard_stream(stream: TextIO | None, descriptor: int) -> TextIO:
    """Put an outlet behind a stream that is one of this process's own."""
    if stream is not None and not _is_own(stream, descriptor):
        return stream
    try:
        outlet = Outlet(descriptor)
    except OSError:
        # it leads to a folder
        _to_nowhere(descriptor)
        outlet = Outlet(descriptor)
    behind = io.BufferedWriter(outlet)
    if not isinstance(stream, io.TextIOWrapper):
        return io.TextIOWrapper(behind, "utf-8", "plainer")
    return io.TextIOWrapper(
        behind,
        stream.encoding,
        "plainer",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _is_own(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError):
        return False
