"""Git's list of the files that a commit brings along, read where git does not say."""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from hashlib import sha1, sha256
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from connectsync.files.access import read_regular

_LIMIT, _SHORT = 1 << 26, 4
"""Bytes of an index that are read, and the version that leaves out what names share."""


def _spelled(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def at_or_below(name: str) -> Callable[[str], bool]:
    """Give what says whether a name is this one, or of something below it."""
    # a disk may not tell .CONNECTSYNC from .connectsync
    wanted = "" if name == "." else f"{_spelled(name)}/"
    return lambda one: bool(one) and f"{_spelled(one)}/".startswith(wanted)


def in_one_place(
    names: Collection[str], endings: tuple[str, ...]
) -> tuple[str, str] | None:
    """
    Give two files of which a disk that does not tell capitals apart would hold one.

    One of them has one of the ``endings``; the other may also be a link, or a file, in
    place of a folder that it lies in.
    """
    places: dict[str, str] = {}
    folded = {one: _spelled(one) for one in names}
    for name, spelled in folded.items():
        if spelled.endswith(endings):
            place = spelled.rpartition("/")[0]
            while place and place not in places:
                places[place] = name
                place = place.rpartition("/")[0]
            places.setdefault(spelled, name)
    others = ((places.get(one, name), name) for name, one in folded.items())
    pairs = chain(others, _folders_in_one_place(names, endings), _attributes_in(names))
    return next((pair for pair in pairs if pair[0] != pair[1]), None)


def _folders_in_one_place(
    names: Collection[str], endings: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Pair the spellings of folders, as of files that are read and of all others."""
    # which one a disk takes decides by which name calendars and rules know a district
    read = {one.rpartition("/")[0] for one in names if one.endswith(endings)}
    spelled = {_spelled(one): one for folder in read for one in _and_above(folder)}
    for folder in sorted({one.rpartition("/")[0] for one in names}):
        for one in _and_above(folder):
            yield spelled.get(_spelled(one), one), one


def _and_above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


_ATTRIBUTES = ".gitattributes"
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""Characters that a disk of an older macOS takes for none in a name."""


def _attributes_in(names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pair what some disks take for attributes of git with the name they have there."""
    for name in names:
        folder, _, last = name.rpartition("/")
        # Windows takes dots and spaces off the end
        if _spelled(_UNSEEN.sub("", last)).rstrip(". ") == _ATTRIBUTES:
            yield f"{folder}/{_ATTRIBUTES}".lstrip("/"), name


def index_holds(name: str, top: Path) -> bool:
    """
    Say whether the index of a repository holds a file or a folder, without git.

    One that is not understood may hold any.
    """
    try:
        raw, folder = _read_index(top)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    try:
        return any(map(at_or_below(name), _names_of_index(raw, folder)))
    except (OSError, ValueError):
        return True


def may_have_attributes(top: Path) -> bool:
    """
    Say whether a commit may have brought attributes of git to a repository's checkout.

    It takes a look at the index as bytes; one of another form than usual may hold any.
    """
    try:
        raw, _ = _read_index(top)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    is_whole = raw[:8] in _WHOLE_NAMES and b"link\0" not in raw
    return not is_whole or b".gitattributes" in raw.lower()


_WHOLE_NAMES = {b"DIRC" + struct.pack(">L", version) for version in (2, 3)}


def _read_index(top: Path) -> tuple[bytes, Path]:
    folder = top / ".git"
    if folder.is_file():
        said = os.fsdecode(read_regular(folder, _LIMIT))
        folder = top / said.removeprefix("gitdir:").strip()
    return read_regular(folder / "index", _LIMIT), folder


class Listed(NamedTuple):
    """
    A file of git's list: its name, its object, and what lay there when git wrote that.

    ``time`` is when it was written, in seconds and billionths. A size below nothing
    says that no one knows.
    """

    name: str
    oid: str
    size: int
    time: tuple[int, int]

    def is_taken_for(self, status: os.stat_result) -> bool:
        """Say whether git takes a file for this one, and so never reads it."""
        if self.size < 0:
            return True
        seconds, rest = divmod(status.st_mtime_ns, 1_000_000_000)
        # not every git, and not every disk, keeps the billionths
        same = self.time == (seconds, rest) or (
            self.time[0] == seconds and 0 in {self.time[1], rest}
        )
        return same and status.st_size == self.size


class Listing(NamedTuple):
    """
    Git's list of a repository: all names, and the regular files of some endings.

    No names where it is not understood, and no files where it refers to another list.
    """

    names: Collection[str]
    files: Iterator[Listed] | None


def listing_of(top: Path, endings: tuple[str, ...]) -> Listing:
    """Give git's list of a repository, with its files of these endings."""
    try:
        raw, folder = _read_index(top)
    except FileNotFoundError:
        return Listing((), iter(()))
    except (OSError, ValueError):
        return Listing((), None)
    for digest in (20, 32):
        with suppress(OSError, ValueError, IndexError, struct.error):
            found, shared = _parse_index(raw, digest)
            if shared:
                return Listing(_names_of_index(raw, folder), None)
            names = [*map(os.fsdecode, found)]
            return Listing(names, _files_of(raw, found, digest, endings))
    return Listing((), None)


_TIME, _MODE, _SIZE, _OID = 8, 24, 36, 40
"""Where in an entry stand what it says of its file, and its object."""


def _files_of(
    raw: bytes, found: dict[bytes, int], digest: int, endings: tuple[str, ...]
) -> Iterator[Listed]:
    wanted = tuple(map(os.fsencode, endings))
    for name, start in found.items():
        if not name.endswith(wanted):
            continue
        (mode,) = struct.unpack_from(">L", raw, start + _MODE)
        stage = raw[start + _OID + digest] & 0x30
        if stat.S_ISREG(mode) and not stage:
            time = struct.unpack_from(">LL", raw, start + _TIME)
            (size,) = struct.unpack_from(">L", raw, start + _SIZE)
            oid = raw[start + _OID : start + _OID + digest].hex()
            yield Listed(os.fsdecode(name), oid, size, time)


def is_object(raw: bytes, oid: str) -> bool:
    """Say whether git names these bytes so, as they are or with other line ends."""
    # SHA-1 or SHA-256, by its hex digits
    digest = sha1 if len(oid) == 40 else sha256  # noqa: PLR2004
    hashed = digest(b"blob %d\0%b" % (len(raw), raw), usedforsecurity=False)
    if hashed.hexdigest() == oid:
        return True
    # a checkout may have other line ends than the commit
    return b"\r\n" in raw and is_object(raw.replace(b"\r\n", b"\n"), oid)


def _names_of_index(raw: bytes, folder: Path) -> set[str]:
    names: set[bytes] | None = None
    # SHA-1 or SHA-256: an index does not say which, but is whole by one of them alone
    for digest in (20, 32):
        with suppress(ValueError, IndexError, struct.error):
            found, shared = _parse_index(raw, digest)
            for one in shared:
                more = read_regular(folder / f"sharedindex.{one}", _LIMIT)
                found |= _parse_index(more, digest)[0]
            names = {*found, *(names or ())}
    if names is None:
        raise ValueError
    return set(map(os.fsdecode, names))


def _parse_index(raw: bytes, digest: int) -> tuple[dict[bytes, int], list[str]]:
    """
    Give names, whole in version 4 as well, and which indexes hold the others.

    With each name goes where its entry begins.
    """
    sign, version, count = struct.unpack_from(">4sLL", raw)
    if sign != b"DIRC" or version not in {2, 3, _SHORT}:
        raise ValueError
    names, shared, at, name = dict[bytes, int](), list[str](), 12, b""
    for _ in range(count):
        # times and sizes, the content, and flags; the first of them says: two more
        start, at = at, at + 42 + digest
        at += 2 * bool(raw[at - 2] & 0x40)
        cut, at = _read_number(raw, at) if version == _SHORT else (len(name), at)
        end = raw.index(b"\0", at)
        name = name[: len(name) - cut] + raw[at:end]
        at = end + 1 if version == _SHORT else start + (end - start + 8) // 8 * 8
        names[name] = start
    while at < len(raw) - digest:
        sign, size = struct.unpack_from(">4sL", raw, at)
        if sign == b"link":
            shared.append(raw[at + 8 : at + 8 + digest].hex())
        elif sign[:1].islower():
            # whoever does not know it must not read on
            raise ValueError
        at += 8 + size
    if at != len(raw) - digest:
        raise ValueError
    return names, shared


def _read_number(raw: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, each longer form one more; and its end."""
    number = raw[at] & 0x7F
    while raw[at] & 0x80:
        at += 1
        number = ((number + 1) << 7) + (raw[at] & 0x7F)
    return number, at + 1
