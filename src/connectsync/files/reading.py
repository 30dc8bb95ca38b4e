"""Reading a file whole: only a regular one, only so large, never waiting for it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)
_FLAGS = (
    os.O_RDONLY
    # a named pipe that no one writes to would be waited for
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotRegular(OSError):
    """Something that is no regular file; ``strerror`` says what it is."""


class TooLarge(OSError):
    """A file that holds more than may be read of it."""


def read_regular(path: Path, limit: int) -> bytes:
    """
    Read a regular file of at most ``limit`` bytes.

    Raises ``NotRegular`` for a pipe, a device, a socket or a folder without opening
    it, ``TooLarge``, and ``OSError`` as reading does; ``strerror`` is a sentence part.
    """
    _insist_regular(path.stat(), path)
    handle = os.open(path, _FLAGS)
    with os.fdopen(handle, "rb") as file:
        # what was looked at may have been exchanged meanwhile
        status = os.fstat(handle)
        _insist_regular(status, path)
        raw = b"" if status.st_size > limit else file.read(limit + 1)
        if status.st_size > limit or len(raw) > limit:
            raise TooLarge(0, f"it is larger than {limit:,} bytes", str(path))
    return raw


def _insist_regular(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = (name for holds, name in _KINDS if holds(status.st_mode))
        kind = next(kinds, "something else")
        raise NotRegular(0, f"it is {kind}, not a regular file", str(path))


def text_of_json(raw: bytes) -> str:
    """
    Decode JSON that people may have saved with any editor.

    A byte order mark is harmless. Raises ``ValueError`` with a sentence.
    """
    if wide := wide_encoding(raw):
        raise ValueError(f"it is saved as {wide}; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"the byte 0x{raw[error.start]:02X} is not UTF-8") from error


def wide_encoding(raw: bytes) -> str:
    """Name the encoding of a text whose letters have more than a byte; else empty."""
    if b"\0\0" in raw[:4]:
        return "UTF-32"
    return "UTF-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in raw[:4] else ""
