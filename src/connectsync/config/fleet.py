"""District files to districts: every layer laid, every finding with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from connectsync.config.building import district_of
from connectsync.config.discovery import PROFILES, relative
from connectsync.config.document import Document, Reading
from connectsync.config.layers import missing_profiles, named, winning
from connectsync.config.shelf import Shelf, checked, read_checked, shelf_of, users_of
from connectsync.domain.district import District
from connectsync.domain.finding import Finding, Path, Place, order


@dataclass(frozen=True, slots=True)
class LoadedDistrict:
    """
    A district and the documents that describe it.

    ``file`` is its own file; ``layers`` go from the weakest profile to that file.
    """

    district: District
    file: str
    layers: tuple[Document, ...]

    def locate(self, path: Path, *, on_key: bool = False) -> Place:
        """
        Give the place of the word that counts at a path, in whichever layer it is.

        What no layer states is shown in the district's own file, at the nearest key
        above it.
        """
        layer = winning(self.layers, path) or self.layers[-1]
        return layer.locate(path, on_key=on_key)

    def origin(self, path: Path) -> Place:
        """Give the key from which an effective value came."""
        return self.locate(path, on_key=True)


@dataclass(frozen=True, slots=True)
class Fleet:
    """
    Everything that was read.

    ``districts`` are those without errors, ``profiles`` the stems each profile names
    itself, ``files`` all files that were read, sorted: districts and profiles.
    ``shelf`` holds the profiles' documents.
    """

    districts: tuple[LoadedDistrict, ...]
    findings: tuple[Finding, ...]
    profiles: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...]
    shelf: Shelf

    def place_in_profile(self, stem: str, path: Path) -> Place:
        """Give the place of a path in a profile's own file."""
        return self.shelf.documents[stem].locate(path)


def load_fleet(
    project_root: FilePath, files: Sequence[FilePath], *, districts_dir: FilePath
) -> Fleet:
    """
    Read district files and all profiles of the project.

    A profile among the files brings in every district that builds on it. Paths are
    taken from ``project_root`` unless absolute. Never raises for what a file says: a
    district is built only if neither its file nor a layer under it has errors.
    """
    folder = project_root / districts_dir
    shelf = shelf_of(project_root, folder)
    paths = _expanded(shelf, project_root, folder, files)
    readings = {
        name: read_checked(path, name, "district") for name, path in paths.items()
    }
    return _fleet(shelf, readings)


def load_text(
    name: str, content: bytes, *, project_root: FilePath, districts_dir: FilePath
) -> Fleet:
    """Read one district from bytes, such as standard input, under a given name."""
    shelf = shelf_of(project_root, project_root / districts_dir)
    return _fleet(shelf, {name: checked(name, content, "district")})


def districts_using(
    project_root: FilePath, profile_stems: Iterable[str], *, districts_dir: FilePath
) -> tuple[FilePath, ...]:
    """Find the district files that build on any of these profiles, by any way."""
    folder = project_root / districts_dir
    shelf = shelf_of(project_root, folder)
    return users_of(shelf, profile_stems, project_root, folder)


def _expanded(
    shelf: Shelf, root: FilePath, folder: FilePath, files: Sequence[FilePath]
) -> dict[str, FilePath]:
    shared = relative(folder / PROFILES, root)
    own: dict[str, FilePath] = {}
    stems: list[str] = []
    for path in (root / file for file in files):
        name = relative(path, root)
        if name.rpartition("/")[0] == shared:
            stems.append(path.stem)
        else:
            own[name] = path
    if stems:
        users = users_of(shelf, stems, root, folder)
        own.update({relative(path, root): path for path in users})
    return {name: own[name] for name in sorted(own)}


def _fleet(shelf: Shelf, readings: Mapping[str, Reading]) -> Fleet:
    findings: list[Finding] = []
    districts: list[LoadedDistrict] = []
    for name, reading in readings.items():
        found = (*reading.findings, *_lacking(shelf, reading.document))
        findings += found
        if not found and reading.document is not None:
            districts += _built(shelf, name, reading.document)
    shared = _reaching(shelf, readings.values()) if shelf.findings else ()
    return Fleet(
        districts=tuple(districts),
        findings=tuple(sorted([*findings, *shared], key=order)),
        profiles={stem: named(document) for stem, document in shelf.documents.items()},
        files=tuple(sorted([*readings, *shelf.names.values()])),
        shelf=shelf,
    )


def _lacking(shelf: Shelf, document: Document | None) -> Iterator[Finding]:
    if document is not None:
        yield from missing_profiles(document, shelf.names)


def _built(shelf: Shelf, name: str, document: Document) -> Iterator[LoadedDistrict]:
    layers = shelf.layers(document)
    if layers is not None:
        yield LoadedDistrict(district_of(layers), name, layers)


def _reaching(shelf: Shelf, readings: Iterable[Reading]) -> Iterator[Finding]:
    """Add to each finding in a profile the districts it reaches."""
    documents = [item.document for item in readings if item.document is not None]
    reach = {
        str(document.data.get("district", document.file)): shelf.reached(document)
        for document in documents
    }
    stems = {name: stem for stem, name in shelf.names.items()}
    for finding in shelf.findings:
        stem = stems.get(finding.place.file)
        districts = sorted(key for key, under in reach.items() if stem in under)
        yield replace(finding, districts=tuple(districts))
