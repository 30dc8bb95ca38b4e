"""
One way to read a file of a roster: its bytes, its text, its rows, as a stream.

What is wrong with it is said in our words, and no sentence quotes what a file holds: it
is about children and their families.
"""

from __future__ import annotations

import csv
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from connectsync.domain.wording import many
from connectsync.errors import RosterUnreadable
from connectsync.files.access import NotRegular, wide_encoding
from connectsync.values import dataclass

LONGEST_RECORD = 1 << 20
"""Bytes of one row: no roster has a longer one, and a quote that is left open would."""

ROW_TOO_LONG = (
    f"the row is longer than {LONGEST_RECORD:,} bytes; no roster has such a row, but a"
    " quote that is never closed makes one"
)
LOOK_FOR_QUOTE = "look for a quote before it, or for line ends of another kind"
WITHIN_QUOTES = "put a field that holds a comma in quotes"
QUOTE = "quote fields as RFC 4180 says; double a quote inside a field"

MOST_COLUMNS = 1000
_CHUNK = 1 << 20
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
UTF_8, LATIN_1 = "utf-8", "latin-1"
CODECS = {LATIN_1: "cp1252"}
"""What an encoding is read as: what is called Latin-1 is what Windows saves."""

_CALLED = {UTF_8: "UTF-8", LATIN_1: "Latin-1"}


class BadRoster(ValueError):
    """
    What cannot be read of a roster: the rule, a sentence, what to do, and where.

    ``line`` and ``column`` count from 1.
    """

    def __init__(
        self, rule: str, message: str, hint: str = "", line: int = 1, column: int = 1
    ) -> None:
        super().__init__(rule)
        self.rule, self.message, self.hint = rule, message, hint
        self.line, self.column = line, column


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """
    One file of a roster.

    ``name`` is what it is called, ``shown`` how people find it; ``opened`` opens it
    for reading and raises what `understood` takes. A packed one has no ``path``.
    """

    name: str
    shown: str
    opened: Callable[[], IO[bytes]]
    path: Path | None = None

    def damage(self) -> BadRoster | None:
        """Read a packed file to its check sum: damaged bytes look like other faults."""
        try:
            if self.path is None:
                with understood(), self.opened() as stream:
                    while stream.read(_CHUNK):
                        pass
        except BadRoster as bad:
            return bad
        return None


_DAMAGED: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(LookupError, OverflowError, struct.error),
)
"""What reading a damaged zip can end in."""


@contextmanager
def understood() -> Iterator[None]:
    """
    Say in a sentence why a file cannot be read.

    What a library says is not shown: it may quote a name or what the file holds.
    """
    try:
        yield
    except NotRegular as error:
        raise not_readable(f"{error.strerror}") from None
    except FileNotFoundError:
        raise not_readable("it is gone, or a link to what is not there") from None
    except OSError as error:
        raise not_readable(f"{error.strerror or 'this machine refused it'}") from None
    except _DAMAGED:
        raise not_readable(
            "it is no zip that can be read: damaged, or cut off on the way",
            "export or copy it again, and compare its size",
        ) from None
    except (RuntimeError, ValueError) as error:
        if isinstance(error, BadRoster):
            raise
        raise not_readable("it is damaged", "export it again") from None


def not_readable(why: str, hint: str = "") -> BadRoster:
    """Give the error of a file that is none that can be read."""
    return BadRoster("roster-file-not-readable", why, hint)


def not_csv(why: str, hint: str, line: int, column: int = 1) -> BadRoster:
    """Give the error of what is no CSV that can be understood."""
    return BadRoster("roster-not-csv", why, hint, line, column)


def nothing_in_it() -> BadRoster:
    """Give the error of an empty file."""
    return BadRoster("roster-file-empty", "there is nothing in it, no header")


def zero_in_it(line: int, column: int = 1) -> BadRoster:
    """Give the error of a NUL character."""
    said = "there is a NUL character: the file is damaged, or no text"
    return not_csv(said, "export or copy it again", line, column)


def _too_long(raw: bytes, before: str, line: int) -> BadRoster:
    """Give the error of a very long row: of columns, where no quote is open in it."""
    columns = raw.count(b",") + before.count(",")
    if columns < MOST_COLUMNS or (raw.count(b'"') + before.count('"')) % 2:
        return not_csv(ROW_TOO_LONG, LOOK_FOR_QUOTE, line)
    said = f"the row has more than {columns:,} columns; no roster has so many"
    return not_csv(said, "export it again", line)


def not_decoded(
    byte: int, encoding: str, hint: str, line: int, column: int = 1
) -> BadRoster:
    """Give the error of a byte that is not in the encoding."""
    said = f"the byte 0x{byte:02X} is not {_CALLED[encoding]}"
    return BadRoster("roster-not-utf-8", said, hint, line, column)


def uneven(count: int, width: int, line: int) -> BadRoster:
    """Give the error of a row that has more or fewer fields than the header."""
    said = f"the row has {many(count, 'field')}, the header {width:,}"
    return BadRoster("roster-row-uneven", said, WITHIN_QUOTES, line)


def insist_narrow(start: bytes) -> None:
    """Refuse by its first bytes what is packed, or text in another kind of encoding."""
    if start[:2] == b"\x1f\x8b":
        raise not_readable("it is packed with gzip", "unpack it, and give that file")
    if wide := wide_encoding(start):
        said, hint = f"it is saved as {wide}", "save it as UTF-8"
        raise BadRoster("roster-not-utf-8", said, hint)


def repeated_columns(folded: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Give each column with the name of an earlier one: place, sentence, hint."""
    seen: set[str] = set()
    for at, name in enumerate(folded):
        if name and name in seen:
            said = f"column {at + 1} has the name of another one"
            yield at, said, "keep one of them"
        seen.add(name)


_ERRORS = (
    ("field larger", "a field is far too long; a quote before it may never be closed"),
    ("unexpected end", "a quote is opened here and never closed"),
    ("new-line", "a line ends in a carriage return alone, as old systems end it"),
    ("", "there is text behind the quote that ends a field"),
)
"""How our sentences begin with those of the library, which are not shown."""


class Rows:
    """
    The rows of a CSV file, one by one, with the place of each field.

    After each row ``line`` is where it begins. ``broken`` takes what is wrong with a
    row that is left out, or with bytes that are not in the encoding; reading goes on.
    Raises ``BadRoster`` where it cannot.
    """

    def __init__(
        self,
        stream: IO[bytes],
        broken: Callable[[BadRoster], None],
        encoding: str = UTF_8,
    ) -> None:
        self.line = 1
        self._stream, self._broken, self._encoding = stream, broken, encoding
        self._codec = CODECS.get(encoding, encoding)
        self._count = 0
        self._record: list[str] = []
        self._reader = csv.reader(self._lines(), strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            self._record = []
            self.line = self._count + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                said = str(error)
                why = next(ours for theirs, ours in _ERRORS if said.startswith(theirs))
                self._broken(not_csv(why, QUOTE, self.line))
                continue
            if len(fields) > MOST_COLUMNS:
                said = f"the row has {len(fields):,} columns; no roster has so many"
                raise not_csv(said, "export it again", self.line)
            if fields:
                yield fields

    def place(self, field: int) -> tuple[int, int, int]:
        """Give the line of a field of this row, and the columns it begins and ends."""
        text = "".join(self._record)
        start, number, quoted = 0, 0, False
        for at, character in enumerate(text):
            if character == '"':
                quoted = not quoted
            elif character == "," and not quoted:
                if number == field:
                    break
                number, start = number + 1, at + 1
        else:
            at = len(text.rstrip("\r\n"))
        before = text[:start]
        column = start - (before.rfind("\n") + 1) + 1
        inside = text[start:at].partition("\n")[0].rstrip("\r")
        return self.line + before.count("\n"), column, column + len(inside)

    def text(self, line: int) -> str:
        """Give a line of this row as it is; only for who asked to see values."""
        return self._record[line - self.line].rstrip("\r\n")

    def _lines(self) -> Iterator[str]:
        with understood():
            yield from self._each_line()

    def _each_line(self) -> Iterator[str]:
        size = 0
        while raw := self._stream.readline(LONGEST_RECORD + 1):
            self._count += 1
            size = len(raw) + (size if self._record else 0)
            if size > LONGEST_RECORD:
                raise _too_long(raw, "".join(self._record), self.line)
            text = self._decoded(raw)
            self._record.append(text)
            yield text

    def _decoded(self, raw: bytes) -> str:
        if self._count == 1:
            raw = self._start(raw)
        if (zero := raw.find(b"\0")) >= 0:
            raise zero_in_it(self._count, zero + 1)
        try:
            return raw.decode(self._codec)
        except UnicodeDecodeError as error:
            column = len(raw[: error.start].decode(self._codec)) + 1
            wrong, hint = raw[error.start], _AS_UTF_8
            bad = not_decoded(wrong, self._encoding, hint, self._count, column)
            self._broken(bad)
            return raw.decode("latin-1")

    def _start(self, raw: bytes) -> bytes:
        insist_narrow(raw)
        return raw.removeprefix(b"\xef\xbb\xbf")


_AS_UTF_8 = "export the file as UTF-8"


def insist_commas(header: list[str], line: int) -> None:
    """Refuse a header that other characters than commas separate."""
    if len(header) > 1:
        return
    with suppress(StopIteration):
        name = next(name for sign, name in DELIMITERS.items() if sign in header[0])
        said = f"its columns are separated by {name}, not by commas"
        raise not_csv(said, "export it with commas", line)


class Header(NamedTuple):
    """The names of columns, and the line that they stand on: blank ones come first."""

    names: tuple[str, ...]
    line: int


def header_of(file: DeliveredFile, encoding: str = UTF_8) -> Header:
    """Give the header of a file. Raises ``BadRoster`` if it has none."""
    broken: list[BadRoster] = []
    with understood(), file.opened() as stream:
        rows = Rows(stream, broken.append, encoding)
        header = next(iter(rows), None)
    # a line that is left out would make the next one the header
    if broken or header is None:
        raise broken[0] if broken else nothing_in_it()
    insist_commas(header, rows.line)
    return Header(tuple(header), rows.line)


def checked_bytes(source: DeliveredFile, encoding: str) -> Iterator[bytes]:
    """Give the bytes of a file on, as long as they are text in the right encoding."""
    passed, left = 0, b""
    codec = CODECS.get(encoding, encoding)
    longest, hint = (_LONGEST_LETTER, _SAVE) if encoding == UTF_8 else (1, _AS_UTF_8)
    with source.opened() as stream:
        while chunk := stream.read(_CHUNK):
            if (where := chunk.find(0)) >= 0:
                raise zero_in_it(_line_of(source, passed + where))
            if left or not chunk.isascii():
                start, text = passed - len(left), left + chunk
                wrong = _undecoded(text, codec)
                if len(text) - wrong >= longest:
                    line = _line_of(source, start + wrong)
                    raise not_decoded(text[wrong], encoding, hint, line)
                left = text[wrong:]
            yield chunk
            passed += len(chunk)
    if left:
        line = _line_of(source, passed - len(left))
        raise not_decoded(left[0], encoding, hint, line)


_LONGEST_LETTER = 4
"""Bytes of a letter in UTF-8."""


def _undecoded(text: bytes, codec: str) -> int:
    """
    Give where that begins which is not in an encoding.

    The last three bytes may be a letter that the end of a chunk cut off.
    """
    try:
        text.decode(codec)
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
    "save it as UTF-8; or where it is a CSV in Latin-1, as Windows saves it, state"
    " `encoding: latin-1` under roster.files in connectsync.yaml"
)


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

_TOO_MUCH = f"counting it takes more than the {MEMORY} of memory that it may have"

BEYOND_BOUNDS = frozenset([TOO_LONG, _TOO_MUCH])
"""Reasons that do not lie in what a file holds."""

_REASONS = (
    ("^INTERRUPT", TOO_LONG, None),
    ("Out of Memory", _TOO_MUCH, _MORE_MEMORY),
    (
        "nvalid unicode|not utf-8|nvalid UTF|Byte sequence",
        "it is not saved as UTF-8",
        None,
    ),
    ("unterminated quote", "a quote is opened here and never closed", QUOTE),
    (
        "Expected Number of Columns",
        "the row has more or fewer columns than the header",
        WITHIN_QUOTES,
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

_NOT_UNDERSTOOD = re.compile("Invalid Input Error: not understood: ([a-z_ ]+)")
"""What our own statements say of someone in JSON, in words of ours alone."""

_LINE = re.compile(r"\bLine: (\d{1,12})\b")


def problem_of(message: str) -> RosterUnreadable:
    """Tell what a message of DuckDB means in our words, for its own quote values."""
    if ours := _NOT_UNDERSTOOD.match(message):
        said = f"a user in it is not understood: {ours.group(1)}"
        problem = unreadable(said, remedy="give answers of Clever as they came")
        problem.is_of_someone = True
        return problem
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
