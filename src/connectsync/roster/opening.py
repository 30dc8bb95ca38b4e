"""
One way to open the files of a roster: a file, a folder or a zip, read as a stream.

Nothing is unpacked or copied, and no sentence quotes what a file holds: it is about
children and their families.
"""

from __future__ import annotations

import csv
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Self

from connectsync.domain.wording import many
from connectsync.files.access import NotRegular, open_regular, wide_encoding
from connectsync.values import dataclass

LONGEST_RECORD = 1 << 20
"""Bytes of one row: no roster has a longer one, and a quote that is left open would."""

ROW_TOO_LONG = (
    f"the row is longer than {LONGEST_RECORD:,} bytes; no roster has such a row, but a"
    " quote that is never closed makes one"
)
LOOK_FOR_QUOTE = "look for a quote before it, or for line ends of another kind"
QUOTE = "quote fields as RFC 4180 says; double a quote inside a field"

MOST_COLUMNS = 1000
MOST_MEMBERS = 1000
"""Files of a folder or a zip that are looked at: a roster has about twenty."""

LARGEST_DIRECTORY = 4 << 20
LARGEST_ZIP = 64 << 30
MOST_TIMES = 200
SMALL = 64 << 20
"""Bytes up to which it does not matter how well a zip is packed."""

CONTENTS_OF_EXCEL = "[Content_Types].xml"
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
GUARDIANS_CSV = "guardians.csv"
CSV = ".csv"
UTF_8, LATIN_1 = "utf-8", "iso-8859-1"


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


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    Files that belong together, by name; ``whole`` says that they are a folder or a zip.

    ``bad`` are those that are there and cannot be read, each with where it is;
    ``below`` are guardians files in folders of the folder.
    """

    shown: str
    files: Mapping[str, DeliveredFile]
    whole: bool
    bad: tuple[tuple[str, BadRoster], ...] = ()
    below: tuple[str, ...] = ()


WayOut = Callable[[Path], str | None]
"""Gives where a path ends that a link leads out of where it may be; else None."""


def open_delivery(
    path: Path, shown: str, way_out: WayOut, kinds: tuple[str, ...] = (CSV,)
) -> Delivery:
    """
    Find the files of a roster at a path; in a folder or a zip, those of these kinds.

    Raises ``BadRoster`` for what is neither a folder nor a file that can be read.
    """
    if (end := way_out(path)) is not None:
        raise _unreadable(f"it is a link that leads out of the project, to {end}")
    with understood():
        if path.is_dir():
            return _folder(path, shown, way_out, kinds)
        with open_regular(path) as stream:
            start = stream.read(4)
    if start == b"PK\3\4" or path.suffix.lower() == ".zip":
        return _zip(path, shown, kinds)
    one = DeliveredFile(path.name, shown, lambda: open_regular(path), path)
    return Delivery(shown, {path.name: one}, whole=False)


def _folder(
    path: Path, shown: str, way_out: WayOut, kinds: tuple[str, ...]
) -> Delivery:
    files: dict[str, DeliveredFile] = {}
    bad: list[tuple[str, BadRoster]] = []
    names = sorted(
        one.name for one in path.iterdir() if one.name.lower().endswith(kinds)
    )
    if len(names) > MOST_MEMBERS:
        raise _unreadable(f"it holds {many(len(names), 'file')}; name one roster")
    inside = os.path.realpath(path)
    for name in names:
        one, spelled = path / name, f"{shown.rstrip('/')}/{name}"
        end = os.path.realpath(one)
        if way_out(one) is not None or str(Path(end).parent) != inside:
            why = f"it is a link that leads out of its folder, to {end}"
            bad.append((spelled, _unreadable(why)))
            continue
        files[name] = DeliveredFile(
            name,
            spelled,
            lambda one=one: open_regular(one),  # type: ignore[misc]
            one,
        )
    deeper = sorted(one.parent.name for one in path.glob(f"*/{GUARDIANS_CSV}"))
    below = tuple(f"{shown.rstrip('/')}/{one}/{GUARDIANS_CSV}" for one in deeper)
    return Delivery(shown, files, whole=True, bad=tuple(bad), below=below)


class _Bounded:
    """A file of which no more is read at once than a directory of a zip may take."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read, but never very much: a forged directory could ask for all memory."""
        if size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return self._stream.read(LARGEST_DIRECTORY if size < 0 else size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _zip(path: Path, shown: str, kinds: tuple[str, ...]) -> Delivery:
    with understood(), _archive(path) as archive:
        members = [one for one in archive.infolist() if not one.filename.endswith("/")]
    if any(one.filename == CONTENTS_OF_EXCEL for one in members):
        raise _unreadable("it is a workbook of Excel, not CSV", "save it as CSV UTF-8")
    _insist_harmless(members)
    files: dict[str, DeliveredFile] = {}
    for one in members:
        name = PurePosixPath(one.filename.replace("\\", "/")).name
        of_a_mac = name.startswith("._") or one.filename.startswith("__MACOSX/")
        if of_a_mac or not name.lower().endswith(kinds):
            continue
        if name in files:
            raise _unreadable(f"it holds two files {name!r}", "name one roster")
        files[name] = DeliveredFile(
            name,
            f"{shown}/{name}",
            lambda member=one.filename: _member(path, member),  # type: ignore[misc]
        )
    return Delivery(shown, files, whole=True)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with (
        open_regular(path) as stream,
        zipfile.ZipFile(_Bounded(stream)) as archive,
    ):
        yield archive


def _insist_harmless(members: list[zipfile.ZipInfo]) -> None:
    """Refuse a zip that no export makes: with very many files, or of endless size."""
    if len(members) > MOST_MEMBERS:
        raise _unreadable(f"it holds {many(len(members), 'file')}")
    if any(one.flag_bits & 1 for one in members):
        raise _unreadable("it needs a password", "make it without one")
    if any(one.compress_type not in {0, zipfile.ZIP_DEFLATED} for one in members):
        raise _unreadable("it is packed in an unusual way", "make an ordinary zip")
    packed = sum(one.compress_size for one in members)
    size = sum(one.file_size for one in members)
    if size > LARGEST_ZIP or (size > SMALL and size > MOST_TIMES * packed):
        raise _unreadable(
            f"it would unpack to {size:,} bytes, {size // max(packed, 1):,} times its"
            " size; no roster does",
            "ask who made it: this may be an attack",
        )


def _member(path: Path, name: str) -> IO[bytes]:
    stream = open_regular(path)
    try:
        archive = zipfile.ZipFile(_Bounded(stream))
        member = archive.open(name)
        return _Member(member, stream)  # type: ignore[return-value]
    except BaseException:
        stream.close()
        raise


class _Member:
    """A file of a zip; with it the zip is closed."""

    def __init__(self, member: IO[bytes], archive: BinaryIO) -> None:
        self._member, self._archive = member, archive

    def read(self, size: int = -1) -> bytes:
        """Read as much as is asked for."""
        return self._member.read(size)

    def readline(self, limit: int = -1) -> bytes:
        """Read a line, or as much of it as is asked for."""
        return self._member.readline(limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._member.close()
        self._archive.close()


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
        raise _unreadable(f"{error.strerror}") from None
    except FileNotFoundError:
        raise _unreadable("it is gone, or a link to what is not there") from None
    except OSError as error:
        raise _unreadable(f"{error.strerror or 'this machine refused it'}") from None
    except _DAMAGED:
        raise _unreadable(
            "it is no zip that can be read: damaged, or cut off on the way",
            "export or copy it again, and compare its size",
        ) from None
    except (RuntimeError, ValueError) as error:
        if isinstance(error, BadRoster):
            raise
        raise _unreadable("it is damaged", "export it again") from None


def _unreadable(why: str, hint: str = "") -> BadRoster:
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


def not_utf_8(byte: int, line: int, hint: str, column: int = 1) -> BadRoster:
    """Give the error of a byte that is not in the encoding."""
    said = f"the byte 0x{byte:02X} is not UTF-8"
    return BadRoster("roster-not-utf-8", said, hint, line, column)


def insist_narrow(start: bytes) -> None:
    """Refuse by its first bytes what is packed, or text in another kind of encoding."""
    if start[:2] == b"\x1f\x8b":
        raise _unreadable("it is packed with gzip", "unpack it, and give that file")
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
                raise not_csv(ROW_TOO_LONG, LOOK_FOR_QUOTE, self.line)
            text = self._decoded(raw)
            self._record.append(text)
            yield text

    def _decoded(self, raw: bytes) -> str:
        if self._count == 1:
            raw = self._start(raw)
        if (zero := raw.find(b"\0")) >= 0:
            raise zero_in_it(self._count, zero + 1)
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError as error:
            column = len(raw[: error.start].decode(self._encoding)) + 1
            hint = "export the file as UTF-8"
            self._broken(not_utf_8(raw[error.start], self._count, hint, column))
            return raw.decode(LATIN_1)

    def _start(self, raw: bytes) -> bytes:
        insist_narrow(raw)
        return raw.removeprefix(b"\xef\xbb\xbf")


def insist_commas(header: list[str]) -> None:
    """Refuse a header that other characters than commas separate."""
    if len(header) > 1:
        return
    with suppress(StopIteration):
        name = next(name for sign, name in DELIMITERS.items() if sign in header[0])
        said = f"its columns are separated by {name}, not by commas"
        raise not_csv(said, "export it with commas", 1)


def header_of(file: DeliveredFile, encoding: str = UTF_8) -> tuple[str, ...]:
    """Give the header of a file. Raises ``BadRoster`` if it has none."""
    broken: list[BadRoster] = []
    with understood(), file.opened() as stream:
        header = next(iter(Rows(stream, broken.append, encoding)), None)
    # a line that is left out would make the next one the header
    if broken or header is None:
        raise broken[0] if broken else nothing_in_it()
    insist_commas(header)
    return tuple(header)
