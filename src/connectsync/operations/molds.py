"""
Files of one mold: alike but for whom they are about.

Most files of a fleet are written by a command or copied from each other: they differ in
a district's key, name, id and token, and in the comment above. What the first file of a
mold comes to holds for the next one, so YAML is read once for all of them. Whatever is
not surely of a mold is read by itself.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

from connectsync.config.document import Document
from connectsync.config.fleet import (
    ChosenFiles,
    Fleet,
    LoadedDistrict,
    ReadFile,
    read_file,
)
from connectsync.config.profiles import Profiles
from connectsync.config.source import Source
from connectsync.config.yaml_tree import line_of, plain
from connectsync.domain.district import FleetMember
from connectsync.domain.finding import Finding, KeyPath, Place
from connectsync.files.writing import digest
from connectsync.operations.checked import (
    STATED_AS,
    CheckedDistrict,
    CheckedFile,
    FileResult,
    Judgement,
    joined,
    moved,
)
from connectsync.operations.checking import (
    ValidationOptions,
    check_district,
    check_reading,
)
from connectsync.values import dataclass, replace

Result = TypeVar("Result")

MOST_MOLDS = 512
"""Molds that are kept; a fleet whose files are all different has no use for more."""

_LONGEST = 1 << 14
"""Bytes of a file of a mold, far below what a file may have."""

_HEAD = re.compile(rb"(?:#[ -~]*\n)+")
"""The comment above a file: printable ASCII, which no check looks at."""

_VALUE = re.compile(rb"(\"?)([A-Za-z0-9][A-Za-z0-9_:. -]{0,99})\1(?=\n)")
"""A word that may be all of a value, in quotes or not."""

_LONGEST_WORD = 100
_INDENT = 8

_PATHS: dict[str, KeyPath] = {
    "district": ("district",),
    "name": ("name",),
    "district_id": ("credentials", "district_id"),
    "oauth_token": ("credentials", "oauth_token"),
}
SURE = {
    "district": re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*"),
    "name": re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ .-]{1,2}[A-Za-z0-9]+)*\.?"),
    "district_id": re.compile(r"[0-9a-f]{24}"),
    "oauth_token": re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*"),
}
"""Words that no check of one file objects to, and that YAML reads as they stand."""

_MARKS = tuple(
    # a line of the top begins with its key, one of a section with blanks
    (key, f"{' ' if len(path) > 1 else chr(10)}{key}: ".encode(), SURE[key])
    for key, path in _PATHS.items()
)


class Cast(NamedTuple):
    """
    A file taken apart: its mold, its words by key, and rows of the comment above.

    A key that the file spells in a way that is not sure is no part of its words. The
    mold is what stands around the words, behind a line break.
    """

    mold: tuple[bytes, ...]
    words: dict[str, str]
    above: int

    def rows(self) -> tuple[int, ...]:
        """Give the lines of the words, counted from one."""
        found, row = [], self.above
        for text in self.mold[:-1]:
            row += text.count(b"\n")
            found.append(row)
        return tuple(found)


def take_apart(raw: bytes, file: str) -> Cast | None:
    """
    Take the bytes of a file apart; None if it is not surely of a mold.

    ``file`` is its name, whose stem has to be the district's key.
    """
    if len(raw) > _LONGEST:
        return None
    above, body = 0, raw
    if raw[:1] == b"#" and (head := _HEAD.match(raw)) is not None:
        above, body = head[0].count(b"\n"), raw[head.end() :]
    # in front of every line is a break, of the first one too
    body = b"\n" + body
    found = []
    for key, mark, sure in _MARKS:
        values = list(_values(body, mark))
        if len(values) > 1:
            return None
        for value in values:
            word = value[2].decode("ascii")
            if not sure.fullmatch(word) or (not value[1] and plain(word) != word):
                return None
            found.append((value.start(2), value.end(2), key, word))
    found.sort()
    words = {key: word for _, _, key, word in found}
    # pathlib takes as long as all of the rest
    stem = file[file.rfind("/") + 1 : file.rfind(".")]
    if words.get("district") != stem or "name" not in words:
        return None
    ends = [0, *(end for _, end, _, _ in found)]
    starts = [*(start for start, _, _, _ in found), len(body)]
    mold = tuple([body[end:start] for end, start in zip(ends, starts, strict=True)])
    return Cast(mold, words, above)


def _values(body: bytes, mark: bytes) -> Iterator[re.Match[bytes]]:
    """Find the lines that begin with a key, and match what stands behind it."""
    at = body.find(mark)
    while at >= 0:
        end = at + len(mark)
        value = _VALUE.match(body, end)
        if value is not None and (mark[0] == _BREAK or _is_indent(body, at)):
            yield value
        at = body.find(mark, end)


_BREAK = ord("\n")


def _is_indent(body: bytes, at: int) -> bool:
    """Say whether a line has nothing but a few blanks up to a place in it."""
    indent = body[body.rfind(b"\n", 0, at) + 1 : at + 1]
    return len(indent) <= _INDENT and not indent.strip(b" ")


class Molds(Generic[Result]):
    """What the first file of each mold came to, where that holds for others."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, ...], Result | None] = {}
        self._shapes: dict[bytes, list[_Shape]] = {}
        self._ends: set[int] = set()

    def take_apart(self, raw: bytes | Finding, file: str) -> Cast | None:
        """Take a file apart as above, quickly if it is of a mold that is known."""
        if not isinstance(raw, bytes) or len(raw) > _LONGEST:
            return None
        for length in self._ends:
            for shape in self._shapes.get(raw[-length:], ()):
                if (cast := shape.fit(raw, file)) is not None:
                    return cast
        return take_apart(raw, file)

    def wants(self, cast: Cast) -> bool:
        """Say whether what a file of this mold comes to is to be kept."""
        return cast.mold not in self._known and len(self._known) < MOST_MOLDS

    def result(self, cast: Cast | None) -> Result | None:
        """Give what the first file of this mold came to; None if that is of no use."""
        return None if cast is None else self._known.get(cast.mold)

    def learn(self, cast: Cast, result: Result | None) -> None:
        """Keep what the first file of a mold came to."""
        self._known[cast.mold] = result
        end = cast.mold[-1][-_END:]
        self._ends.add(len(end))
        self._shapes.setdefault(end, []).append(_Shape.of(cast))


def _place(shelf: Profiles, file: str) -> tuple[str, ...]:
    """Name what makes a place another one: calendars give a rollover, or a zone."""
    return shelf.at.dated_by_place(file) if shelf.at else ()


_END = 48
"""Bytes at the end of a file by which its mold is looked for."""


class _Shape(NamedTuple):
    """A mold, with what its words have to be like; ``bare`` are not in quotes."""

    mold: tuple[bytes, ...]
    first: bytes
    keys: tuple[str, ...]
    bare: tuple[int, ...]
    sure: re.Pattern[str]

    @classmethod
    def of(cls, cast: Cast) -> _Shape:
        """Give the shape of a file that was taken apart."""
        keys, mold = tuple(cast.words), cast.mold
        bare = tuple(at for at, text in enumerate(mold[1:]) if text[:1] == b"\n")
        sure = "\n".join(f"(?:{SURE[key].pattern})" for key in keys)
        return cls(mold, mold[0][1:], keys, bare, re.compile(sure))

    def fit(self, raw: bytes, file: str) -> Cast | None:
        """Take a file apart along this mold; None if it is surely not of it."""
        above = at = 0
        if raw[:1] == b"#" and (head := _HEAD.match(raw)) is not None:
            at = head.end()
            above = raw.count(b"\n", 0, at)
        if not raw.startswith(self.first, at):
            return None
        at += len(self.first)
        found = []
        for text in self.mold[1:]:
            # no word holds a quote or the end of a line
            end = raw.find(text[:1], at)
            if end < 0 or end > at + _LONGEST_WORD or not raw.startswith(text, end):
                return None
            found.append(raw[at:end])
            at = end + len(text)
        joined = b"\n".join(found).decode("latin-1")
        if at != len(raw) or not self.sure.fullmatch(joined):
            return None
        said = joined.split("\n")
        for one in self.bare:
            if plain(said[one]) != said[one]:
                return None
        words = dict(zip(self.keys, said, strict=True))
        is_own = words["district"] == file[file.rfind("/") + 1 : file.rfind(".")]
        return Cast(self.mold, words, above) if is_own else None


def is_cast(document: Document, cast: Cast) -> bool:
    """Say whether the words of a file are what its document has in their places."""
    for (key, word), row in zip(cast.words.items(), cast.rows(), strict=True):
        path = _PATHS[key]
        if not document.holds(path) or line_of(document.source, path) != row:
            return False
        value: Any = document.data
        for part in path:
            value = value[part]
        if value != word:
            return False
    return True


def can_move(place: Place, file: str, cast: Cast) -> bool:
    """Say whether a place in a file is one that every file of its mold has."""
    if place.file != file:
        return True
    rows = cast.rows()
    return place.line > cast.above and not any(
        place.line <= row <= place.end_line for row in rows
    )


def check_by_mold(
    chosen: ChosenFiles,
    names: Iterable[str],
    asked: ValidationOptions,
    *,
    remember: bool,
) -> Iterator[CheckedFile]:
    """Read and check files one after the other, and of each mold only the first."""
    every = defaultdict[tuple[str, ...], Molds[_CheckedMold]](Molds)
    for name in names:
        molds = every[_place(chosen.shelf, name)]
        raw = chosen.bytes_of(name)
        cast = molds.take_apart(raw, name)
        mold = molds.result(cast)
        if mold is not None and cast is not None and mold.holds(cast):
            text = digest(raw) if remember and isinstance(raw, bytes) else ""
            yield mold.fill(name, cast, text)
            continue
        reading = chosen.check(name, raw)
        one = check_reading(chosen.shelf, name, reading, asked, remember=remember)
        if cast is not None and molds.wants(cast):
            document = reading.document
            of = None if document is None else _checked_mold(document, cast, one)
            molds.learn(cast, of)
        yield one


def check_by_loaded_mold(
    fleet: Fleet, asked: ValidationOptions
) -> tuple[CheckedDistrict, ...]:
    """Judge districts that were loaded, and of each mold only the first."""
    every = defaultdict[tuple[str, ...], Molds[_CheckedMold]](Molds)
    checked = []
    for loaded in fleet.districts:
        molds = every[_place(fleet.shelf, loaded.file)]
        document = loaded.layers[-1]
        cast = molds.take_apart(document.source.text.encode(), loaded.file)
        mold = molds.result(cast)
        like = mold.fill_district(loaded.file, cast) if mold and cast else None
        if like is not None:
            checked.append(like)
            continue
        one = check_district(loaded, fleet.shelf, asked)
        checked.append(one)
        if cast is not None and molds.wants(cast):
            alone = CheckedFile(loaded.file, FileResult(loaded.file, ()), one)
            molds.learn(cast, _checked_mold(document, cast, alone))
    return tuple(checked)


def read_by_mold(chosen: ChosenFiles) -> dict[str, ReadFile]:
    """Read files into districts, and of each mold only the first."""
    every = defaultdict[tuple[str, ...], Molds[_LoadedMold]](Molds)
    read: dict[str, ReadFile] = {}
    for name in chosen.paths:
        molds = every[_place(chosen.shelf, name)]
        raw = chosen.bytes_of(name)
        cast = molds.take_apart(raw, name)
        mold = molds.result(cast)
        if mold is not None and cast is not None and isinstance(raw, bytes):
            read[name] = mold.fill(name, cast, raw.decode())
            continue
        one = read[name] = read_file(chosen.shelf, name, chosen.check(name, raw))
        if cast is not None and molds.wants(cast):
            molds.learn(cast, _loaded_mold(cast, one))
    return read


@dataclass(frozen=True, slots=True)
class _LoadedMold:
    """What the first file of a mold was read to, and where its own document stands."""

    above: int
    findings: tuple[Finding, ...]
    loaded: LoadedDistrict

    def fill(self, name: str, cast: Cast, text: str) -> ReadFile:
        """Give what another file of the mold says."""
        words, like = cast.words, self.loaded.district
        data: dict[str, Any] = {**self.loaded.layers[-1].data}
        data["district"], data["name"] = words["district"], words["name"]
        whose = {key: words[key] for key in _CREDENTIALS if key in words}
        credentials = like.credentials
        if whose:
            data["credentials"] = {**data["credentials"], **whose}
            credentials = replace(credentials, **whose)
        own = {"key": words["district"], "name": words["name"], "file": name}
        district = replace(like, credentials=credentials, **own)
        document = Document(Source(name, text), data)
        layers = (*self.loaded.layers[:-1], document)
        rows = cast.above - self.above
        findings = tuple(
            replace(each, place=moved(each.place, self.loaded.file, name, rows))
            for each in self.findings
        )
        builder = (district.key, district.profiles)
        return ReadFile(findings, LoadedDistrict(district, name, layers), builder)


_CREDENTIALS = ("district_id", "oauth_token")


def _loaded_mold(cast: Cast, one: ReadFile) -> _LoadedMold | None:
    """Give what a file says of others of its mold; None where that is not sure."""
    loaded = one.district
    if loaded is None or not is_cast(loaded.layers[-1], cast):
        return None
    if not all(can_move(each.place, loaded.file, cast) for each in one.findings):
        return None
    return _LoadedMold(cast.above, one.findings, loaded)


@dataclass(frozen=True, slots=True)
class _CheckedMold:
    """
    What the first file of a mold came to, and how many lines stood above it.

    Where it has errors there is no district, and so nothing that was judged.
    """

    above: int
    result: FileResult
    judged: Judgement | None
    like: FleetMember | None

    def holds(self, cast: Cast) -> bool:
        """Say whether it is true of a file: an error may name a line of its own."""
        errors = self.result.findings if self.like is None else ()
        return self.above == cast.above or not errors

    def fill(self, name: str, cast: Cast, text: str) -> CheckedFile:
        """Give what another file of the mold comes to."""
        district, rows = self.fill_district(name, cast), cast.above - self.above
        return CheckedFile(name, self.result, district, text, rows)

    def fill_district(self, name: str, cast: Cast) -> CheckedDistrict | None:
        """Give what the district of another file of the mold comes to."""
        words, like = cast.words, self.like
        if like is None or self.judged is None:
            return None
        own = (
            words["district"],
            words["name"],
            words.get("district_id", like.district_id),
            words.get("oauth_token", like.oauth_token),
        )
        rows = cast.above - self.above
        return CheckedDistrict(name, joined(own), self.judged, rows)


def _checked_mold(
    document: Document, cast: Cast, one: CheckedFile
) -> _CheckedMold | None:
    """Give what a file says of others of its mold; None where that is not sure."""
    district, name = one.district, document.file
    if not is_cast(document, cast):
        return None
    places = [each.place for each in one.findings]
    places += [each.place for each in district.found] if district is not None else []
    if not all(can_move(place, name, cast) for place in places):
        return None
    if district is None:
        return _CheckedMold(cast.above, one.result, None, None)
    # no text of a file can hold the character that marks where its own words stand
    marked: dict[str, object] = json.loads(district.stated)
    for key in cast.words.keys() & STATED_AS.keys():
        marked[STATED_AS[key]] = f"\0{key}\0"
    stated = json.dumps(marked, separators=(",", ":")).split("\\u0000")
    judged = district.judged._replace(stated=tuple(stated))
    return _CheckedMold(cast.above, one.result, judged, district.member)
