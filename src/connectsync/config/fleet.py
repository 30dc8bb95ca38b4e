"""Load district files into districts, with the place of every finding."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from connectsync.config.decode import Ground, NamedPaths, bytes_of
from connectsync.config.discovery import PROFILES, relative, stem_of
from connectsync.config.document import Document, Reading
from connectsync.config.layers import missing_profiles, named_profiles, winning
from connectsync.config.profiles import (
    Profiles,
    check_bytes,
    district_of,
    shelf_of,
    shelf_of_texts,
    users_of,
)
from connectsync.config.schema_check import NOTHING_RECORDED, Recorded
from connectsync.domain.calendar import Moment
from connectsync.domain.district import District, token_identity
from connectsync.domain.finding import Finding, KeyPath, Place, Severity, order
from connectsync.domain.settings import compose_accents
from connectsync.files.access import peek_at
from connectsync.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class LoadedDistrict:
    """
    A district and the documents that describe it.

    ``file`` is its own file; ``layers`` go from the weakest profile to that file.
    """

    district: District
    file: str
    layers: tuple[Document, ...]

    @property
    def labels(self) -> frozenset[str]:
        """The district's labels."""
        return self.district.labels

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that its file names."""
        return self.district.profiles

    def locate(self, path: KeyPath, *, on_key: bool = False) -> Place:
        """
        Give the place of the word that counts at a path, in whichever layer it is.

        What no layer states is shown in the district's own file, at the nearest key
        above it.
        """
        layer = winning(self.layers, path) or self.layers[-1]
        return layer.locate(path, on_key=on_key)

    def origin(self, path: KeyPath) -> Place:
        """Give the key from which an effective value came."""
        return self.locate(path, on_key=True)


Builder = tuple[str, tuple[str, ...]]
"""A district's key, and the profiles that its file names."""


class ReadFile(NamedTuple):
    """
    What came of one file by itself.

    ``builder`` is None where no document could be read, ``district`` None where the
    file or a layer under it has errors.
    """

    findings: tuple[Finding, ...]
    district: LoadedDistrict | None = None
    builder: Builder | None = None


class Labeled(Protocol):
    """A district, as far as a fleet asks for its labels."""

    @property
    def labels(self) -> frozenset[str]:
        """The project's own words for it."""

    @property
    def file(self) -> str:
        """Its own file, from the project's folder."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that its file names."""


One = TypeVar("One", bound=Labeled)


@dataclass(frozen=True, slots=True)
class ReadFiles(Generic[One]):
    """
    Everything that was read.

    ``districts`` are those without errors, ``findings`` are of files, not of rules;
    ``files`` are all files that were read, sorted: districts and profiles. ``shelf``
    holds the profiles' documents.
    """

    districts: Sequence[One]
    findings: tuple[Finding, ...]
    files: Sequence[str]
    shelf: Profiles

    @property
    def complete(self) -> bool:
        """Say whether every district file that was read became a district."""
        profiles = frozenset(self.shelf.names.values())
        read = sum(file not in profiles for file in self.files)
        return read == len(self.districts)

    @property
    def labels(self) -> frozenset[str] | None:
        """Give the labels of all districts; None where not every file became one."""
        if not self.complete:
            return None
        return frozenset().union(*(one.labels for one in self.districts))

    def members(self) -> Iterator[tuple[frozenset[str], frozenset[str], str]]:
        """Give of each district what calendars look at: labels, profiles, its file."""
        for one in self.districts:
            yield one.labels, self.shelf.reached_from(one.profiles), one.file

    def with_findings(self, found: Iterable[Finding]) -> Self:
        """Give the same with more findings of its files."""
        findings = tuple(sorted([*self.findings, *found], key=order))
        return replace(self, findings=findings)


@dataclass(frozen=True, slots=True)
class Fleet(ReadFiles[LoadedDistrict]):
    """All files that were read, with the documents of each district."""


STANDARD_INPUT = "<stdin>"
"""The name of a district that came without a file."""


def load_fleet(  # noqa: PLR0913 - each by its name
    project_root: Path,
    files: Sequence[Path | str],
    *,
    districts_dir: Path,
    every_profile: bool = True,
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
    read_all: Callable[[ChosenFiles], Mapping[str, ReadFile]] | None = None,
) -> Fleet:
    """
    Read district files and the profiles of the project.

    A profile among the files brings in every district that builds on it. Paths are
    taken from ``project_root`` unless absolute. Without ``every_profile`` only those
    profiles count that are among the files or that one of the districts builds on.
    Files may name the labels that are ``recorded`` beside the published ones. What is
    scheduled is that of the day it is ``at`` that moment; without it, districts with
    periods cannot be planned for. ``read_all`` reads the files, each by itself if it
    is left out.
    Never raises for what a file says: a district is built only if neither its file
    nor a layer under it has errors.
    """
    chosen = choose_files(
        project_root, files, districts_dir=districts_dir, recorded=recorded, at=at
    )
    read = (read_all or _read_each)(chosen)
    return _fleet(chosen.shelf, read, None if every_profile else chosen.profiles)


@dataclass(frozen=True, slots=True)
class ChosenFiles:
    """
    District files by name, sorted, and the profiles that they may build on.

    ``profiles`` are the stems of those that were among the files.
    """

    paths: NamedPaths
    shelf: Profiles
    profiles: frozenset[str]
    ground: Ground

    def read(self, name: str) -> Reading:
        """Read one of the files, and hold it against the schema."""
        return self.check(name, self.bytes_of(name))

    def bytes_of(self, name: str) -> bytes | Finding:
        """Read the bytes of one of the files, or say why not."""
        return bytes_of(self.paths[name], name, self.ground)

    def check(self, name: str, raw: bytes | Finding) -> Reading:
        """Hold what `bytes_of` gave against the schema."""
        if isinstance(raw, Finding):
            return Reading(None, (raw,))
        return check_bytes(name, raw, "district", self.shelf.recorded)


def choose_files(
    project_root: Path,
    files: Sequence[Path | str],
    *,
    districts_dir: Path,
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
) -> ChosenFiles:
    """Read the profiles, and say which files `load_fleet` reads; see there."""
    folder = project_root / districts_dir
    shelf = shelf_of(project_root, folder, recorded, at)
    shared = relative(folder / PROFILES, project_root)
    asked = set[str]()

    def chosen() -> Iterator[tuple[str, str]]:
        for file in files:
            name = relative(path := os.path.join(project_root, file), project_root)  # noqa: PTH118 - of 13,318
            if posixpath.dirname(name) == shared:
                asked.add(stem_of(Path(path)))
            else:
                yield name, path
        for user in users_of(shelf, asked, project_root, folder) if asked else ():
            yield relative(user, project_root), str(user)

    paths, ground = NamedPaths(project_root, chosen()), Ground.of(project_root)
    return ChosenFiles(paths, shelf, frozenset(asked), ground)


def load_text(  # noqa: PLR0913 - each by its name
    name: str,
    content: bytes,
    *,
    project_root: Path,
    districts_dir: Path,
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
) -> Fleet:
    """Read one district from bytes, such as standard input, under a given name."""
    shelf = shelf_of(project_root, project_root / districts_dir, recorded, at)
    reading = check_bytes(name, content, "district", recorded)
    return _fleet(shelf, {name: read_file(shelf, name, reading)}, frozenset())


def fleet_of_texts(
    districts: Mapping[str, bytes],
    profiles: Mapping[str, bytes],
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
) -> Fleet:
    """Read districts and profiles that lie in no folder, such as those of a commit."""
    shelf = shelf_of_texts(profiles, recorded, at)
    read = {
        name: read_file(shelf, name, check_bytes(name, content, "district", recorded))
        for name, content in districts.items()
    }
    return _fleet(shelf, read, None)


def with_texts(fleet: Fleet, texts: Mapping[str, str]) -> Fleet:
    """Give the fleet as it would be if files of its districts, or new ones, said so."""
    readings = {
        file: check_bytes(file, text.encode(), "district", fleet.shelf.recorded)
        for file, text in texts.items()
    }
    built = {
        file: build_district(fleet.shelf, file, one) for file, one in readings.items()
    }
    found = [finding for findings, _ in built.values() for finding in findings]
    districts = [built.pop(one.file, ((), one))[1] for one in fleet.districts]
    districts += [built[file][1] for file in sorted(built)]
    return replace(
        fleet.with_findings(found),
        districts=tuple(one for one in districts if one is not None),
        files=tuple(sorted({*fleet.files, *texts})),
    )


def _fleet(
    shelf: Profiles, read: Mapping[str, ReadFile], asked: frozenset[str] | None
) -> Fleet:
    """Build what was read; ``asked`` names profiles that count even if unused."""
    every = read.values()
    builders = [one.builder for one in every if one.builder is not None]
    counted, shared = profiles_that_count(shelf, builders, asked)
    findings = [finding for one in every for finding in one.findings]
    return Fleet(
        districts=tuple(one.district for one in every if one.district is not None),
        findings=tuple(sorted([*findings, *shared], key=order)),
        files=tuple(sorted([*read, *counted])),
        shelf=shelf,
    )


def _read_each(chosen: ChosenFiles) -> dict[str, ReadFile]:
    shelf = chosen.shelf
    return {name: read_file(shelf, name, chosen.read(name)) for name in chosen.paths}


def read_file(shelf: Profiles, name: str, reading: Reading) -> ReadFile:
    """Give what came of a file."""
    findings, district = build_district(shelf, name, reading)
    document = reading.document
    if document is None:
        return ReadFile(findings)
    builder = (key_of(document), named_profiles(document))
    return ReadFile(findings, district, builder)


def build_district(
    shelf: Profiles, name: str, reading: Reading
) -> tuple[tuple[Finding, ...], LoadedDistrict | None]:
    """Give what is wrong with a file, and its district if that is no error."""
    document = reading.document
    if document is None:
        return reading.findings, None
    found = (*reading.findings, *missing_profiles(document, shelf.names))
    if any(one.severity is Severity.ERROR for one in found):
        return found, None
    return found, next(_on_layers(shelf, name, document), None)


def key_of(document: Document) -> str:
    """Give what a report calls the district of a file, which may be no good."""
    return str(document.data.get("district", document.file))


def profiles_that_count(
    shelf: Profiles, builders: Iterable[Builder], asked: frozenset[str] | None
) -> tuple[tuple[str, ...], list[Finding]]:
    """
    Give the files of the profiles that count, and what is wrong with them.

    All count if none was ``asked`` for, else those and the ones that districts build
    on. A finding names the districts that it reaches.
    """
    if asked is None:
        counted = frozenset(shelf.names)
    else:
        reached = (shelf.reached_from(named) for _, named in builders)
        counted = asked.union(*reached) & shelf.names.keys()
    shared = [
        finding
        for finding in _reaching(shelf, builders)
        if compose_accents(PurePosixPath(finding.place.file).stem) in counted
    ]
    return tuple(shelf.names[stem] for stem in counted), shared


def _on_layers(
    shelf: Profiles, name: str, document: Document
) -> Iterator[LoadedDistrict]:
    layers = shelf.layers(document)
    if layers is not None:
        district = district_of(layers, shelf.recorded, shelf.at)
        yield LoadedDistrict(district, name, layers)


def _reaching(shelf: Profiles, builders: Iterable[Builder]) -> Iterator[Finding]:
    """Add to each finding in a profile the districts it reaches."""
    if not shelf.findings:
        return
    reach = {key: shelf.reached_from(named) for key, named in builders}
    stems = {name: stem for stem, name in shelf.names.items()}
    for finding in shelf.findings:
        stem = stems.get(finding.place.file)
        districts = sorted(key for key, under in reach.items() if stem in under)
        yield replace(finding, districts=tuple(districts))


_PLAIN = re.compile("[A-Za-z0-9_]+")
MANY = 50
"""Districts in scope beyond which reading every file costs less than searching it."""


def rivals(
    districts: Sequence[District],
    scope: Iterable[Path],
    names: Iterable[str],
    ground: Ground,
) -> tuple[Path, ...]:
    """
    Find the other files in which a key, an id or a token reference of these stands.

    ``names`` are all files, as `names_below` gives them. They are searched as bytes:
    reading the YAML of a whole country takes seconds, looking for a word does not. What
    is found is a candidate, not yet a finding.
    """
    inside = {os.path.realpath(path) for path in scope}
    if len(districts) <= MANY:
        names = _naming(names, districts, ground)
    # few are left, and following the links of each of 13,318 files takes long
    others = [Path(name) for name in names if os.path.realpath(name) not in inside]
    return tuple(sorted(others))


def _naming(
    names: Iterable[str], districts: Sequence[District], ground: Ground
) -> Iterator[str]:
    """Give the files that are named after one of the districts, or hold its words."""
    stems = {district.key for district in districts}
    words = [word.encode() for word in sorted(_words(districts))]
    for name in names:
        # pathlib takes as long as all of the rest
        if name[name.rfind(os.sep) + 1 : name.rfind(".")] in stems:
            yield name
            continue
        content: bytes | Finding | None = peek_at(name, _LONGEST)
        if content is None:
            content = bytes_of(Path(name), name, ground)
        # what cannot be read may be anyone's: loading it says why
        if isinstance(content, Finding) or any(
            map(content.lower().__contains__, words)
        ):
            yield name


_LONGEST = 1 << 14
"""Bytes of a file that is read as it lies there, whatever it may be."""


def _words(districts: Sequence[District]) -> set[str]:
    """Give words in small letters that no other spelling of these can do without."""
    return {
        word.lower()
        for district in districts
        for word in (district.credentials.district_id, _word(district))
        if word
    }


def _word(district: District) -> str:
    """Give the part of a token reference that is spelled alike however it is named."""
    scheme, *parts = token_identity(district.credentials.oauth_token or "")
    if scheme == "file":
        return posixpath.basename(parts[0])
    # in a quoted command a quote may stand anywhere, so its longest plain word counts
    plain = [word for part in parts for word in _PLAIN.findall(part)]
    return max(plain, key=len, default="")
