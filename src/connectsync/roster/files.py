"""
Files of rosters: Clever's and OneRoster's CSV, and answers of Clever kept in files.

What is wrong with a file is said by its name and a line, never by what stands there.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from threading import Thread
from typing import BinaryIO

from connectsync.errors import RosterUnreadable
from connectsync.files.access import NotRegular, open_regular, wide_encoding

UTF_8, LATIN_1 = "utf-8", "latin-1"

HEAD = 1 << 20
"""So many bytes are looked at to know what a file is."""

_CHUNK = 1 << 20
_MOST_COLUMNS = 1000
_MOST_FILES = 1000
_MOST_BYTES = 8 << 30
_MOST_RATIO = 200
"""How much more than its packed size a file may become; text becomes twenty times."""

_DUMPS = (".json", ".ndjson", ".jsonl", ".parquet")

WANTED = (
    "give Clever's students.csv or contacts.csv, a OneRoster folder or zip with"
    " users.csv, or answers of Clever as JSON, NDJSON or Parquet"
)


@dataclass(slots=True)
class RosterFile:
    """
    One file, on its own or packed: how it is called, and how DuckDB reads it.

    ``columns`` are the header's names in one spelling. Of a packed one, ``ends`` are
    the open ends of its pipe, 0 to read from and 1 to write to, and ``failure`` is what
    was wrong with its bytes while they were handed on.
    """

    name: str
    shown: str
    path: Path
    packed: zipfile.ZipFile | None = None
    columns: tuple[str, ...] = ()
    readable: str = ""
    ends: dict[int, int] = field(default_factory=dict)
    failure: RosterUnreadable | None = None

    def open(self) -> BinaryIO:
        """Open its bytes. Raises ``RosterUnreadable``."""
        try:
            if self.packed is not None:
                return self.packed.open(self.name)  # type: ignore[return-value]
            return open_regular(self.path)
        except OSError as error:
            raise _cannot_read(self.shown, error) from None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            raise _broken(self.shown) from None

    def close(self, *ends: int) -> None:
        """Close what is open of its pipe."""
        for end in ends or tuple(self.ends):
            with suppress(OSError, KeyError):
                os.close(self.ends.pop(end))

    def problem(self, said: str, remedy: str | None = None) -> RosterUnreadable:
        """Give the error that something is wrong with it."""
        return RosterUnreadable(f"{self.shown}: {said}", remedy=remedy)


@contextmanager
def find_files(path: Path, encoding: str) -> Iterator[list[RosterFile]]:
    """
    Find the files of the roster that a path stands for, and look at each.

    They can be read as long as this lasts. Raises ``RosterUnreadable``.
    """
    with ExitStack() as stack:
        found = _choose(_list_files(path, stack), path)
        for one in found:
            stack.callback(one.close)
            _look_at(one, encoding)
        yield found


def _list_files(path: Path, stack: ExitStack) -> list[RosterFile]:
    """List the files that a path stands for."""
    try:
        if path.is_dir():
            return _in_folder(path)
        stream = stack.enter_context(open_regular(path))
    except OSError as error:
        raise _cannot_read(str(path), error) from None
    start = stream.read(4)
    if start[:2] != b"PK":
        return [RosterFile(path.name, str(path), path)]
    return _in_zip(path, stack.enter_context(_unpacked(path, stream)))


def _in_folder(path: Path) -> list[RosterFile]:
    found = []
    for number, one in enumerate(sorted(path.iterdir())):
        if number >= _MOST_FILES:
            raise RosterUnreadable(
                f"{path} holds more than {_MOST_FILES:,} files", remedy=WANTED
            )
        if _is_wanted(one.name):
            if not one.resolve().is_relative_to(path.resolve()):
                raise RosterUnreadable(
                    f"{one} is a link that leads out of its folder",
                    remedy="put the file itself there",
                )
            found.append(RosterFile(one.name, str(one), one))
    return found


def _unpacked(path: Path, stream: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise _broken(str(path)) from None


def _in_zip(path: Path, packed: zipfile.ZipFile) -> list[RosterFile]:
    entries = [one for one in packed.infolist() if not one.is_dir()]
    whole = sum(one.file_size for one in entries)
    packed_size = sum(one.compress_size for one in entries)
    if (
        len(entries) > _MOST_FILES
        or whole > _MOST_BYTES
        or whole > _MOST_RATIO * max(packed_size, _CHUNK)
    ):
        raise RosterUnreadable(
            f"{path} would unpack to far more than a roster: {whole:,} bytes in"
            f" {len(entries):,} files",
            remedy="look at what is in it; an unpacked folder can be given too",
        )
    if any(one.flag_bits & 1 for one in entries):
        raise RosterUnreadable(
            f"{path} is protected by a password",
            remedy="unpack it, and give the folder",
        )
    found = []
    for one in entries:
        name = PurePosixPath(one.filename).name
        if _is_wanted(name) and not one.filename.startswith("__MACOSX/"):
            found.append(RosterFile(one.filename, f"{path}, {name}", path, packed))
    return found


def _is_wanted(name: str) -> bool:
    return name.lower() in _CSV_FILES or name.lower().endswith(_DUMPS)


_CSV_FILES = frozenset(
    ["students.csv", "contacts.csv", "users.csv", "roles.csv", "manifest.csv"]
)


def _choose(found: Sequence[RosterFile], path: Path) -> list[RosterFile]:
    """Choose what is read of the files: one kind of roster, not two."""
    if len(found) == 1:
        return list(found)
    named = {PurePosixPath(one.name).name.lower(): one for one in found}
    if len(named) < len(found):
        raise RosterUnreadable(
            f"{path} holds two files of the same name",
            remedy="give the folder or zip of one export",
        )
    clever = [named[name] for name in ("students.csv", "contacts.csv") if name in named]
    one_roster = [
        named[name]
        for name in ("manifest.csv", "roles.csv", "users.csv")
        if name in named
    ]
    if clever:
        return clever
    if "users.csv" in named:
        return one_roster
    dumps = [one for one in found if one.name.lower().endswith(_DUMPS)]
    if dumps:
        return dumps
    raise RosterUnreadable(f"{path} holds no file of a roster", remedy=WANTED)


# looking at a file before DuckDB does


def _look_at(file: RosterFile, encoding: str) -> None:
    """Refuse what is no roster, and note the columns of a CSV file."""
    with file.open() as stream:
        try:
            head = stream.read(HEAD)
        except (OSError, zipfile.BadZipFile, EOFError, ValueError):
            raise _broken(file.shown) from None
    if not head.strip():
        raise file.problem("it is empty")
    if head[:2] == b"\x1f\x8b":
        raise file.problem("it is packed with gzip", "unpack it, and give that file")
    suffix = PurePosixPath(file.name).suffix.lower()
    if suffix == ".parquet" or head[:4] == b"PAR1":
        if file.packed is not None:
            raise file.problem(
                "Parquet cannot be read out of a zip", "unpack it, and give the folder"
            )
        file.readable = str(file.path)
        return
    if wide := wide_encoding(head):
        raise file.problem(f"it is saved as {wide}", "save it as UTF-8")
    _make_readable(file, encoding)
    if suffix not in _DUMPS and head.lstrip()[:1] not in {b"[", b"{"}:
        file.columns = _columns(file, head, encoding)


def _make_readable(file: RosterFile, encoding: str) -> None:
    """Check all bytes of a file, or lay the pipe that checked ones come out of."""
    if file.packed is None:
        file.readable = str(file.path)
        with file.open() as stream:
            for _ in _checked(file, stream, encoding):
                pass
        return
    if not Path(_PIPES).exists():
        raise file.problem(
            "a zip cannot be read on this system", "unpack it, and give the folder"
        )
    file.ends = dict(enumerate(os.pipe()))
    file.readable = f"{_PIPES}/{file.ends[0]}"


def _checked(file: RosterFile, stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Give the bytes on, as long as they are text in the right encoding."""
    line, left = 1, b""
    while chunk := stream.read(_CHUNK):
        where = chunk.find(0)
        if where >= 0:
            line += chunk.count(b"\n", 0, where)
            raise file.problem(
                f"line {line:,} holds a NUL character, so it is no text, or damaged"
            )
        if encoding == UTF_8 and not (not left and chunk.isascii()):
            left = _undecoded(file, left + chunk, line)
        line += chunk.count(b"\n") if encoding == UTF_8 else 0
        yield chunk
    if left:
        raise _not_utf8(file, line)


def _undecoded(file: RosterFile, text: bytes, line: int) -> bytes:
    """Give the part of a letter that the end of a chunk cut off."""
    try:
        text.decode(UTF_8)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and len(text) - error.start < 4:  # noqa: PLR2004 - bytes of a letter
            return text[error.start :]
        raise _not_utf8(file, line + text.count(b"\n", 0, error.start)) from None
    return b""


def _not_utf8(file: RosterFile, line: int) -> RosterUnreadable:
    return file.problem(
        f"line {line:,} is not UTF-8; it may be Latin-1, as Windows saves it",
        "save it as UTF-8, or state `encoding: latin-1` under roster.files in"
        " connectsync.yaml",
    )


def _columns(file: RosterFile, head: bytes, encoding: str) -> tuple[str, ...]:
    text = head.decode("utf-8-sig" if encoding == UTF_8 else encoding, "replace")
    try:
        header = next(csv.reader(io.StringIO(text, newline="")), [])
    except csv.Error:
        header = []
    if not header or (len(head) == HEAD and "\n" not in text and "\r" not in text):
        raise file.problem("its first line is no header", WANTED)
    if len(header) > _MOST_COLUMNS:
        raise file.problem(
            f"its header has {len(header):,} columns",
            "a roster has a few dozen: see which file it is",
        )
    for mark, name in (("\t", "tabs"), (";", "semicolons"), ("|", "bars")):
        if len(header) == 1 and mark in header[0]:
            raise file.problem(
                f"its columns are separated by {name}, not by commas",
                "save it as CSV with commas",
            )
    columns = tuple(re.sub("[ _]+", "", name).lower() for name in header)
    for number, name in enumerate(columns):
        if name and name in columns[:number]:
            raise file.problem(
                f"columns {columns.index(name) + 1} and {number + 1} of its header have"
                " the same name",
                "rename one of them, or take it out",
            )
    return columns


_PIPES = "/dev/fd"


@contextmanager
def hand_on(file: RosterFile, encoding: str) -> Iterator[None]:
    """
    Let DuckDB read a file, a packed one out of a pipe: nothing is unpacked to disk.

    Of what is wrong with it, that with its bytes is said first.
    """
    problem: RosterUnreadable | None = None
    thread = Thread(target=_write, args=(file, encoding), daemon=True)
    if file.ends:
        thread.start()
    try:
        yield
    except RosterUnreadable as error:
        where = f"line {error.line:,}: " if error.line else ""
        problem = file.problem(f"{where}{error.reason}")
    finally:
        # a writer that no one reads from any more is told so by the closed end
        file.close(0)
        if thread.is_alive():
            thread.join()
    # raised here, what DuckDB said does not come along
    if problem := file.failure or problem:
        raise problem


def _write(file: RosterFile, encoding: str) -> None:
    with suppress(BrokenPipeError), os.fdopen(file.ends.pop(1), "wb") as pipe:
        try:
            with file.open() as stream:
                for chunk in _checked(file, stream, encoding):
                    pipe.write(chunk)
        except RosterUnreadable as error:
            file.failure = error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
            file.failure = _broken(file.shown)


def _cannot_read(shown: str, error: OSError) -> RosterUnreadable:
    said = error.strerror if isinstance(error, NotRegular) else (error.strerror or "")
    return RosterUnreadable(f"cannot read {shown}: {said}", remedy=WANTED)


def _broken(shown: str) -> RosterUnreadable:
    return RosterUnreadable(
        f"{shown} is not a whole zip file",
        remedy="download or export it again; it may have been cut off on its way",
    )
