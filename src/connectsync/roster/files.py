"""
The files of a roster, found in a folder or a zip; those that are counted, looked at.

Nothing is unpacked or copied, and what is wrong with a file is said by its name and a
line, never by what stands there.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from connectsync.domain.wording import fold_word, many
from connectsync.errors import RosterUnreadable
from connectsync.files.access import open_regular
from connectsync.roster.opening import (
    LATIN_1,
    UTF_8,
    BadRoster,
    DeliveredFile,
    checked_bytes,
    header_of,
    insist_narrow,
    not_readable,
    nothing_in_it,
    repeated_columns,
    understood,
)
from connectsync.values import dataclass, field, replace

MOST_MEMBERS = 1000
"""Files of a folder or a zip that are looked at: a roster has about twenty."""

LARGEST_DIRECTORY = 4 << 20
LARGEST_ZIP = 64 << 30
MOST_TIMES = 200
SMALL = 64 << 20
"""Bytes up to which it does not matter how well a zip is packed."""

CONTENTS_OF_EXCEL = "[Content_Types].xml"
GUARDIANS_CSV = "guardians.csv"
CSV = ".csv"

_HEAD = 1 << 16
"""So many bytes are looked at to know what a file is."""

_SAMPLED = 500
"""So many lines are looked at to know which words are in most rows."""

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
    those may be one ``is_array``. ``skipped`` are the blank lines before the header. Of
    one that is packed, or that DuckDB does not read as it is, ``ends`` are the open
    ends of a pipe, 0 to read from and 1 to write to, and ``failure`` is what was wrong
    with its bytes while they were handed on. It is read ``again`` out of another pipe.
    """

    source: DeliveredFile
    encoding: str = UTF_8
    columns: tuple[str, ...] = ()
    skipped: int = 0
    is_array: bool = False
    is_parquet: bool = False
    readable: str = ""
    ends: dict[int, int] = field(default_factory=dict)
    failure: RosterUnreadable | None = None
    again: RosterFile | None = None

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
        if self.again is not None and not ends:
            self.again.close()

    def sample(self, columns: Sequence[int]) -> list[set[str]]:
        """Give values that stand in columns of the first rows; those of lists do."""
        found: list[set[str]] = [set() for _ in columns]
        with self.source.opened() as stream:
            head = stream.read(_HEAD)
        lines = head.decode(self.encoding, "replace").splitlines(keepends=True)
        with suppress(csv.Error):
            for row in csv.reader(lines[self.skipped + 1 :][:_SAMPLED]):
                for values, column in zip(found, columns, strict=True):
                    values.update(row[column : column + 1])
        return found

    def problem(self, said: str, remedy: str | None = None) -> RosterUnreadable:
        """Give the error that something is wrong with it."""
        return RosterUnreadable(f"{self.shown}: {said}", remedy=remedy)


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
        raise not_readable(f"it is a link that leads out of the project, to {end}")
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
        raise not_readable(f"it holds {many(len(names), 'file')}; name one roster")
    inside = os.path.realpath(path)
    for name in names:
        one, spelled = path / name, f"{shown.rstrip('/')}/{name}"
        end = os.path.realpath(one)
        if way_out(one) is not None or str(Path(end).parent) != inside:
            why = f"it is a link that leads out of its folder, to {end}"
            bad.append((spelled, not_readable(why)))
            continue
        files[name] = DeliveredFile(name, spelled, partial(open_regular, one), one)
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
    with (
        understood(),
        open_regular(path) as stream,
        zipfile.ZipFile(_Bounded(stream)) as archive,
    ):
        members = [one for one in archive.infolist() if not one.filename.endswith("/")]
    if any(one.filename == CONTENTS_OF_EXCEL for one in members):
        raise not_readable("it is a workbook of Excel, not CSV", "save it as CSV UTF-8")
    _insist_harmless(members)
    files: dict[str, DeliveredFile] = {}
    for one in members:
        name = PurePosixPath(one.filename.replace("\\", "/")).name
        of_a_mac = name.startswith("._") or one.filename.startswith("__MACOSX/")
        if of_a_mac or not name.lower().endswith(kinds):
            continue
        if name in files:
            raise not_readable(f"it holds two files {name!r}", "name one roster")
        opened = partial(_member, path, one.filename)
        files[name] = DeliveredFile(name, f"{shown}/{name}", opened)
    return Delivery(shown, files, whole=True)


def _insist_harmless(members: list[zipfile.ZipInfo]) -> None:
    """Refuse a zip that no export makes: with very many files, or of endless size."""
    if len(members) > MOST_MEMBERS:
        raise not_readable(f"it holds {many(len(members), 'file')}")
    if any(one.flag_bits & 1 for one in members):
        raise not_readable("it needs a password", "make it without one")
    if any(one.compress_type not in {0, zipfile.ZIP_DEFLATED} for one in members):
        raise not_readable("it is packed in an unusual way", "make an ordinary zip")
    packed = sum(one.compress_size for one in members)
    size = sum(one.file_size for one in members)
    if size > LARGEST_ZIP or (size > SMALL and size > MOST_TIMES * packed):
        raise not_readable(
            f"it would unpack to {size:,} bytes, {size // max(packed, 1):,} times its"
            " size; no roster does",
            "ask who made it: this may be an attack",
        )


def _member(path: Path, name: str) -> IO[bytes]:
    stream = open_regular(path)
    try:
        archive = zipfile.ZipFile(_Bounded(stream))
        member = archive.open(name)
        return _Member(member, stream)
    except BaseException:
        stream.close()
        raise


class _Member(io.BufferedReader):
    """A file of a zip; with it the zip is closed."""

    def __init__(self, member: IO[bytes], archive: BinaryIO) -> None:
        super().__init__(member)  # type: ignore[arg-type] # it can be read into
        self._archive = archive

    def close(self) -> None:
        """Close both."""
        super().close()
        self._archive.close()


# what is counted of it


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
            with refused(one.shown):
                try:
                    _look_at(one, encoding)
                except BadRoster as bad:
                    raise one.source.damage() or bad from None
                _make_readable(one)
        yield found


@contextmanager
def refused(shown: str) -> Iterator[None]:
    """Say of what is wrong with a file where it is, and what to do."""
    problem = None
    try:
        with understood():
            yield
    except BadRoster as bad:
        problem = _refusal(shown, bad)
    if problem is not None:
        raise problem from None


def _refusal(shown: str, bad: BadRoster) -> RosterUnreadable:
    where = f"line {bad.line:,}: " if bad.line > 1 else ""
    return RosterUnreadable(f"{shown}: {where}{bad.message}", remedy=bad.hint or WANTED)


def _list_files(path: Path, shown: str, way_out: WayOut) -> list[RosterFile]:
    """List the files that are counted of a path: of one kind of roster, not two."""
    if not os.path.lexists(path):
        raise RosterUnreadable(
            f"there is no file or folder {shown}",
            remedy="correct the path; it is taken from the current folder",
        )
    with refused(shown):
        delivery = open_delivery(path, shown, way_out, (CSV, *_DUMPS))
    if not delivery.whole:
        return [RosterFile(one) for one in delivery.files.values()]
    for spelled, bad in delivery.bad:
        if _is_wanted(PurePosixPath(spelled).name):
            raise _refusal(spelled, bad)
    with refused(shown):
        named = files_by_name(f for n, f in delivery.files.items() if _is_wanted(n))
        insist_one_kind(map(_folded, delivery.files))
    return [RosterFile(one) for one in _choose(named, shown)]


def _is_wanted(name: str) -> bool:
    return _folded(name) in {*_CLEVER, *_ONE_ROSTER} or name.lower().endswith(_DUMPS)


def _folded(name: str) -> str:
    """Forget of a CSV how its name is spelled, of other files the case alone."""
    lower = name.lower()
    return fold_word(lower[:-4]) + CSV if lower.endswith(CSV) else lower


def files_by_name(files: Iterable[DeliveredFile]) -> dict[str, DeliveredFile]:
    """Give files by folded name. Raises ``BadRoster`` where two have the same."""
    found: dict[str, DeliveredFile] = {}
    for file in files:
        name = _folded(file.name)
        if (other := found.setdefault(name, file)) is not file:
            said = f"it holds {other.name} and {file.name}, and only one can be meant"
            raise not_readable(said, "keep one of them")
    return found


def insist_one_kind(names: Iterable[str]) -> None:
    """Refuse files of Clever beside files of OneRoster; names are folded."""
    there = sorted(names)
    clever = next((one for one in there if one in _OF_CLEVER), "")
    other = next((one for one in there if one in _OF_ONE_ROSTER), "")
    if clever and other:
        said = f"it holds {clever} of Clever and {other} of OneRoster"
        raise not_readable(said, "give one of the two apart from the other")


_OF_CLEVER = {"students.csv", "contacts.csv", "schools.csv", "teachers.csv"}
_OF_ONE_ROSTER = {"manifest.csv", "users.csv", "orgs.csv", "academicsessions.csv"}


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
        file.is_parquet = True
        return
    insist_narrow(head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    file.is_array = start == b"["
    if suffix not in _DUMPS and start not in {b"[", b"{"}:
        file.encoding = encoding
        names, line = header_of(file.source, encoding)
        file.skipped = line - 1
        file.columns = tuple(map(fold_word, names))
        for _, said, hint in repeated_columns(file.columns):
            raise file.problem(said, hint)


def _make_readable(file: RosterFile) -> None:
    """Check all bytes of a file, or lay the pipe that checked ones come out of."""
    path = file.source.path
    if path is not None and (file.is_parquet or _is_usual(file.source, file.encoding)):
        file.readable = str(path)
        return
    if not Path(_PIPES).exists():
        said = "its lines end in two ways, or it has letters of Windows"
        remedy = "save it as UTF-8, with lines that end in one way"
        if path is None:
            said, remedy = "a zip cannot be read", "unpack it, and give the folder"
        raise file.problem(f"{said} on this system", remedy)
    file.again = replace(file)
    for one in (file, file.again):
        one.ends = dict(enumerate(os.pipe()))
        one.readable = f"{_PIPES}/{one.ends[0]}"


_PIPES = "/dev/fd"


def _is_usual(source: DeliveredFile, encoding: str) -> bool:
    """
    Check all bytes of a file; say whether DuckDB reads them as they are.

    It takes lines that end in one way, and of Latin-1 no letters of Windows alone.
    """
    bare, of_windows, ends, returns = False, False, 0, 0
    for chunk in checked_bytes(source, encoding):
        if returns or b"\r" in chunk:
            ends, returns = ends + chunk.count(b"\n"), returns + chunk.count(b"\r")
        else:
            bare = bare or b"\n" in chunk
        of_windows |= encoding == LATIN_1 and _OF_WINDOWS.search(chunk) is not None
    one_way = returns == ends and not bare and not chunk.endswith(b"\r")
    return not of_windows and (one_way or not returns)


_OF_WINDOWS = re.compile(b"[\x80-\x9f]")
"""Bytes that are letters and signs where Windows saves, and none in ISO 8859-1."""
