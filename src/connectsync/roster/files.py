"""
The files of a roster that are counted, found, looked at and handed on to DuckDB.

What is wrong with a file is said by its name and a line, never by what stands there.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from threading import Thread
from typing import IO

from connectsync.errors import RosterUnreadable
from connectsync.roster.opening import (
    CSV,
    LOOK_FOR_QUOTE,
    QUOTE,
    ROW_TOO_LONG,
    UTF_8,
    BadRoster,
    DeliveredFile,
    WayOut,
    header_of,
    insist_narrow,
    not_utf_8,
    nothing_in_it,
    open_delivery,
    repeated_columns,
    understood,
    zero_in_it,
)
from connectsync.values import dataclass, field

_HEAD = 1 << 16
"""So many bytes are looked at to know what a file is."""

_SAMPLED = 500
"""So many lines are looked at to know which words are in most rows."""

_CHUNK = 1 << 20

_DUMPS = (".json", ".ndjson", ".jsonl", ".parquet")

WANTED = (
    "give Clever's students.csv or contacts.csv, a OneRoster folder or zip with"
    " users.csv, or answers of Clever as JSON, NDJSON or Parquet"
)


@dataclass(slots=True)
class RosterFile:
    """
    One file that is counted, and how DuckDB reads it.

    ``columns`` are the header's names in one spelling, none for answers of Clever;
    those may be one ``is_array``. Of a packed one, ``ends`` are the open ends of its
    pipe, 0 to read from and 1 to write to, and ``failure`` is what was wrong with its
    bytes while they were handed on.
    """

    source: DeliveredFile
    columns: tuple[str, ...] = ()
    is_array: bool = False
    readable: str = ""
    ends: dict[int, int] = field(default_factory=dict)
    failure: RosterUnreadable | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.source.name

    @property
    def shown(self) -> str:
        """How people find it."""
        return self.source.shown

    def close(self, *ends: int) -> None:
        """Close what is open of its pipe."""
        for end in ends or tuple(self.ends):
            with suppress(OSError, KeyError):
                os.close(self.ends.pop(end))

    def sample(self, encoding: str, columns: Sequence[int]) -> list[set[str]]:
        """Give values that stand in columns of the first rows; those of lists do."""
        found: list[set[str]] = [set() for _ in columns]
        with self.source.opened() as stream:
            head = stream.read(_HEAD)
        _, *lines = head.decode(encoding, "replace").splitlines(keepends=True)
        with suppress(csv.Error):
            for row in csv.reader(lines[:_SAMPLED]):
                for values, column in zip(found, columns, strict=True):
                    values.update(row[column : column + 1])
        return found

    def problem(self, said: str, remedy: str | None = None) -> RosterUnreadable:
        """Give the error that something is wrong with it."""
        return RosterUnreadable(f"{self.shown}: {said}", remedy=remedy)


@contextmanager
def find_files(
    path: Path, shown: str, encoding: str, way_out: WayOut
) -> Iterator[list[RosterFile]]:
    """
    Find the files of the roster that a path stands for, and look at each.

    They can be read as long as this lasts. Raises ``RosterUnreadable``.
    """
    with ExitStack() as stack:
        found = _list_files(path, shown, way_out)
        for one in found:
            stack.callback(one.close)
            with _refused(one.shown):
                _look_at(one, encoding)
        yield found


@contextmanager
def _refused(shown: str) -> Iterator[None]:
    """Say of what is wrong with a file where it is, and what to do."""
    problem = None
    try:
        with understood():
            yield
    except BadRoster as bad:
        problem = _unreadable(shown, bad)
    if problem is not None:
        raise problem from None


def _unreadable(shown: str, bad: BadRoster) -> RosterUnreadable:
    where = f"line {bad.line:,}: " if bad.line > 1 else ""
    return RosterUnreadable(f"{shown}: {where}{bad.message}", remedy=bad.hint or WANTED)


def _list_files(path: Path, shown: str, way_out: WayOut) -> list[RosterFile]:
    """List the files that are counted of a path: of one kind of roster, not two."""
    if not os.path.lexists(path):
        raise RosterUnreadable(
            f"there is no file or folder {shown}",
            remedy="correct the path; it is taken from the current folder",
        )
    with _refused(shown):
        delivery = open_delivery(path, shown, way_out, (CSV, *_DUMPS))
    if not delivery.whole:
        return [RosterFile(one) for one in delivery.files.values()]
    for spelled, bad in delivery.bad:
        if _is_wanted(PurePosixPath(spelled).name):
            raise _unreadable(spelled, bad)
    named = {n.lower(): f for n, f in delivery.files.items() if _is_wanted(n)}
    return [RosterFile(one) for one in _choose(named, shown)]


def _is_wanted(name: str) -> bool:
    return name.lower() in (*_CLEVER, *_ONE_ROSTER) or name.lower().endswith(_DUMPS)


_CLEVER = ("students.csv", "contacts.csv")
_ONE_ROSTER = ("manifest.csv", "roles.csv", "users.csv")


def _choose(named: dict[str, DeliveredFile], shown: str) -> Sequence[DeliveredFile]:
    if clever := [named[name] for name in _CLEVER if name in named]:
        return clever
    if "users.csv" in named:
        return [named[name] for name in _ONE_ROSTER if name in named]
    if dumps := [one for name, one in named.items() if name.endswith(_DUMPS)]:
        return dumps
    raise RosterUnreadable(f"{shown} holds no file of a roster", remedy=WANTED)


# looking at a file before DuckDB does


def _look_at(file: RosterFile, encoding: str) -> None:
    """Refuse what is no roster, and note the columns of a CSV file."""
    with file.source.opened() as stream:
        head = stream.read(_HEAD)
    if not head.strip():
        raise nothing_in_it()
    suffix = PurePosixPath(file.name).suffix.lower()
    if suffix == ".parquet" or head[:4] == b"PAR1":
        if file.source.path is None:
            raise file.problem(
                "Parquet cannot be read out of a zip", "unpack it, and give the folder"
            )
        file.readable = str(file.source.path)
        return
    insist_narrow(head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    file.is_array = start == b"["
    if suffix not in _DUMPS and start not in {b"[", b"{"}:
        header = header_of(file.source, encoding)
        file.columns = tuple(re.sub("[ _]+", "", name).lower() for name in header)
        for _, said, hint in repeated_columns(file.columns):
            raise file.problem(said, hint)
    _make_readable(file, encoding)


def _make_readable(file: RosterFile, encoding: str) -> None:
    """Check all bytes of a file, or lay the pipe that checked ones come out of."""
    if file.source.path is not None:
        file.readable = str(file.source.path)
        for _ in _checked(file.source, encoding):
            pass
        return
    if not Path(_PIPES).exists():
        raise file.problem(
            "a zip cannot be read on this system", "unpack it, and give the folder"
        )
    file.ends = dict(enumerate(os.pipe()))
    file.readable = f"{_PIPES}/{file.ends[0]}"


def _checked(source: DeliveredFile, encoding: str) -> Iterator[bytes]:
    """Give the bytes of a file on, as long as they are text in the right encoding."""
    passed, left = 0, b""
    with source.opened() as stream:
        while chunk := stream.read(_CHUNK):
            if (where := chunk.find(0)) >= 0:
                raise zero_in_it(_line_of(source, passed + where))
            if encoding == UTF_8 and (left or not chunk.isascii()):
                start, text = passed - len(left), left + chunk
                wrong = _undecoded(text)
                if len(text) - wrong >= _LONGEST_LETTER:
                    raise not_utf_8(text[wrong], _line_of(source, start + wrong), _SAVE)
                left = text[wrong:]
            yield chunk
            passed += len(chunk)
    if left:
        raise not_utf_8(left[0], _line_of(source, passed - len(left)), _SAVE)


_LONGEST_LETTER = 4
"""Bytes of a letter in UTF-8."""


def _undecoded(text: bytes) -> int:
    """
    Give where that begins which is not UTF-8.

    The last three bytes may be a letter that the end of a chunk cut off.
    """
    try:
        text.decode(UTF_8)
    except UnicodeDecodeError as error:
        return error.start
    return len(text)


def _line_of(source: DeliveredFile, place: int) -> int:
    """Count lines up to a place; done only where something is wrong, for it takes."""
    line, left = 1, place
    with source.opened() as stream:
        while left and (chunk := stream.read(min(left, _CHUNK))):
            line += chunk.count(b"\n")
            left -= len(chunk)
    return line


_SAVE = (
    "save it as UTF-8; or where it is Latin-1, as Windows saves it, state"
    " `encoding: latin-1` under roster.files in connectsync.yaml"
)


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
        problem = file.problem(f"{where}{error.reason}", error.remedy)
    finally:
        # a writer that no one reads from any more is told so by the closed end
        file.close(0)
        if thread.is_alive():
            thread.join()
    # raised here, what DuckDB said does not come along
    if problem := file.failure or problem:
        raise problem


def _write(file: RosterFile, encoding: str) -> None:
    with (
        suppress(BrokenPipeError, _NoOneReads),
        os.fdopen(file.ends.pop(1), "wb") as pipe,
    ):
        try:
            with _refused(file.shown):
                for chunk in _checked(file.source, encoding):
                    _pass_on(pipe, chunk)
        except RosterUnreadable as error:
            file.failure = error


def _pass_on(pipe: IO[bytes], chunk: bytes) -> None:
    """Write to a pipe; that no one reads is no fault of the file."""
    try:
        pipe.write(chunk)
    except BrokenPipeError:
        raise _NoOneReads from None


class _NoOneReads(Exception):
    """The other end of a pipe was closed."""


# what DuckDB says of a file

MEMORY = "800MB"
"""How much memory DuckDB may take; the rest of a gibibyte is ours."""

MOST_SECONDS = 3600.0
"""For one roster; the largest takes minutes."""

TOO_LONG = f"it takes more than {MOST_SECONDS / 60:g} minutes"

_MORE_MEMORY = (
    "leave --school out, give CSV or Parquet in place of JSON, or split the export by"
    " school and count each part"
)

_REASONS = (
    ("^INTERRUPT", TOO_LONG, None),
    (
        "Out of Memory",
        f"counting it takes more than the {MEMORY} of memory that it may have",
        _MORE_MEMORY,
    ),
    (
        "nvalid unicode|not utf-8|nvalid UTF|Byte sequence",
        "it is not saved as UTF-8",
        None,
    ),
    ("unterminated quote", "a quote is opened here and never closed", QUOTE),
    (
        "Expected Number of Columns",
        "the row has more or fewer columns than the header",
        "put a field that holds a comma in quotes",
    ),
    ("state machine", "its lines end in two ways, or a quote is not closed", QUOTE),
    ("Maximum line size", ROW_TOO_LONG, LOOK_FOR_QUOTE),
    ("JSON", "it is not valid JSON", None),
    (
        "[Pp]arquet|magic bytes|thrift|[Ss]nappy|ZSTD|GZIP",
        "it is not a whole Parquet file",
        None,
    ),
)

_LINE = re.compile(r"\bLine: (\d{1,12})\b")


def problem_of(message: str) -> RosterUnreadable:
    """Tell what a message of DuckDB means in our words, for its own quote values."""
    # values come after the first line, but not always: only these words are looked for
    reason, remedy = next(
        (ours for theirs, *ours in _REASONS if re.search(theirs, message)),
        ("DuckDB cannot read what is in it", None),
    )
    line = _LINE.search(message)
    return unreadable(str(reason), int(line.group(1)) if line else 0, remedy)


def unreadable(
    reason: str, line: int = 0, remedy: str | None = None
) -> RosterUnreadable:
    """Make the error of a roster, before it is known which of its files it is."""
    error = RosterUnreadable(f"the roster cannot be read: {reason}", remedy=remedy)
    error.reason, error.line = reason, line
    return error
