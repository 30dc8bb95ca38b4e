"""The profiles of a project: read, checked, and who builds on whom."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectsync.config.checking import NOTHING_RECORDED, Recorded, mistakes
from connectsync.config.discovery import (
    PROFILES,
    SUFFIXES,
    below,
    relative,
    stem_of,
    walk,
)
from connectsync.config.document import Document, Reading, read
from connectsync.config.ground import Ground
from connectsync.config.intake import bytes_of
from connectsync.config.layers import Chains, chains, missing_profiles, named
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding, Place


@dataclass(frozen=True, slots=True)
class Shelf:
    """
    Every profile by stem.

    ``names`` maps all stems to their files, also of those that could not be read;
    ``broken`` are those with errors, on which nothing can be built. ``recorded`` are
    the labels that files may name beside the published ones, by setting. ``root`` is
    the project's folder.
    """

    names: Mapping[str, str]
    documents: Mapping[str, Document]
    broken: frozenset[str]
    chains: Chains
    findings: tuple[Finding, ...]
    recorded: Recorded = field(default_factory=dict)
    root: str = ""

    def layers(self, document: Document) -> tuple[Document, ...] | None:
        """Give a file's layers, weakest first, itself last; None if one is broken."""
        chain = self.chains.under(named(document))
        if chain is None or not self.broken.isdisjoint(chain):
            return None
        return (*(self.documents[stem] for stem in chain), document)

    def reached(self, document: Document) -> frozenset[str]:
        """Give every profile a file builds on, directly or not, broken or not."""
        seen: set[str] = set()
        ahead = list(named(document))
        while ahead:
            stem = ahead.pop()
            if stem not in seen:
                seen.add(stem)
                ahead += named(self.documents[stem]) if stem in self.documents else ()
        return frozenset(seen)


def read_checked(
    path: Path,
    name: str,
    schema: str,
    recorded: Recorded = NOTHING_RECORDED,
    *,
    ground: Ground | None = None,
) -> Reading:
    """
    Read a file and hold it against a schema and the labels that were recorded.

    With a ``ground``, a link that leads out of it is not followed.
    """
    raw = bytes_of(path, name, ground)
    if isinstance(raw, Finding):
        return Reading(None, (raw,))
    return checked(name, raw, schema, recorded)


def checked(
    name: str, raw: bytes, schema: str, recorded: Recorded = NOTHING_RECORDED
) -> Reading:
    """Read bytes and hold them against a schema and the labels that were recorded."""
    reading = read(name, raw)
    if reading.document is None:
        return reading
    found = mistakes(reading.document, schema, recorded)
    return Reading(reading.document, reading.findings + found)


def shelf_of(
    root: Path, districts_dir: Path, recorded: Recorded = NOTHING_RECORDED
) -> Shelf:
    """Read all profiles of a project; those that nobody uses are checked too."""
    ground = Ground.of(root)
    shelf = _shelf(
        (
            relative(path, root),
            read_checked(
                path, relative(path, root), "profile", recorded, ground=ground
            ),
        )
        for path in profile_files(root, districts_dir)
    )
    return replace(shelf, recorded=recorded, root=root.as_posix())


def profile_files(root: Path, districts_dir: Path) -> Iterator[Path]:
    """Give the files of a project's profiles, sorted. Raises InvalidFiles."""
    folder, ground = districts_dir / PROFILES, Ground.of(root)
    for parent, names in walk(folder, ground=ground, enters=lambda *_: False):
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)


def shelf_of_texts(
    profiles: Mapping[str, bytes], recorded: Recorded = NOTHING_RECORDED
) -> Shelf:
    """Read profiles that lie in no folder."""
    shelf = _shelf(
        (name, checked(name, raw, "profile", recorded))
        for name, raw in sorted(profiles.items())
    )
    return replace(shelf, recorded=recorded)


def _shelf(read_: Iterable[tuple[str, Reading]]) -> Shelf:
    readings: dict[str, tuple[str, Reading]] = {}
    findings: list[Finding] = []
    for name, reading in read_:
        stem = stem_of(Path(name))
        if stem in readings:
            findings.append(_twice(name, readings[stem][0], stem))
        else:
            readings[stem] = name, reading
    return _shelved(readings, findings)


def users_of(
    shelf: Shelf, stems: Iterable[str], root: Path, districts_dir: Path
) -> tuple[Path, ...]:
    """Find the district files that build on any of these profiles, by any way."""
    wanted = frozenset(stems)
    over = {
        stem
        for stem, document in shelf.documents.items()
        if shelf.reached(document) & wanted
    }
    spelled = [
        unicodedata.normalize(form, stem).encode()
        for stem in wanted | over
        for form in ("NFC", "NFD")
    ]
    ground = Ground.of(root)
    return tuple(
        path
        for path in sorted(below(districts_dir, ground), key=Path.as_posix)
        if _uses(shelf, path, ground, wanted, spelled)
    )


def _uses(
    shelf: Shelf,
    path: Path,
    ground: Ground,
    wanted: frozenset[str],
    spelled: list[bytes],
) -> bool:
    raw = bytes_of(path, path.name, ground)
    if isinstance(raw, Finding):
        return False
    # reading the YAML of a whole country takes seconds, looking for a word does not;
    # a backslash may spell the word in another way
    if b"\\" not in raw and not any(word in raw for word in spelled):
        return False
    document = read(path.name, raw).document
    return document is not None and bool(shelf.reached(document) & wanted)


def _shelved(
    readings: Mapping[str, tuple[str, Reading]], findings: list[Finding]
) -> Shelf:
    names = {stem: name for stem, (name, _) in readings.items()}
    documents = {
        stem: reading.document
        for stem, (_, reading) in readings.items()
        if reading.document is not None
    }
    chained = chains(documents)
    findings += [item for _, reading in readings.values() for item in reading.findings]
    findings += chained.findings
    broken = {stem for stem, (_, reading) in readings.items() if reading.errors}
    for stem, document in documents.items():
        lacking = missing_profiles(document, names)
        findings += lacking
        if lacking:
            broken.add(stem)
    return Shelf(names, documents, frozenset(broken), chained, tuple(findings))


def _twice(name: str, other: str, stem: str) -> Finding:
    return error(
        "duplicate-key",
        f"profile {quoted(stem)} is also written in '{other}'",
        Place(name),
        hint="keep one of the two files",
    )
