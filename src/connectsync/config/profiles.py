"""The profiles of a project: read, checked, and who builds on whom."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from connectsync.config.decode import SUFFIXES, Ground, bytes_of
from connectsync.config.discovery import PROFILES, below, relative, stem_of, walk
from connectsync.config.document import Document, Reading, read_document
from connectsync.config.layers import (
    LAYERED,
    Chains,
    chains,
    merge_section,
    missing_profiles,
    named_profiles,
)
from connectsync.config.schema_check import NOTHING_RECORDED, Recorded, mistakes
from connectsync.config.source import error, quote_text
from connectsync.domain.calendar import Moment
from connectsync.domain.district import (
    Allow,
    CleverShares,
    ContactDetailsKeptIn,
    Credentials,
    District,
    Facts,
    GuardiansCsv,
    GuardiansFrom,
    NamedLabels,
    Provider,
    unpublished,
)
from connectsync.domain.finding import Finding, Place
from connectsync.domain.schedule import Days, Period, Schedule
from connectsync.domain.settings import form_spelled_as, spell_like
from connectsync.domain.wording import alike
from connectsync.providers.clever import Settings
from connectsync.providers.form import Value
from connectsync.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Profiles:
    """
    Every profile by stem.

    ``names`` maps all stems to their files, also of those that could not be read;
    ``broken`` are those with errors, on which nothing can be built. ``recorded`` are
    the labels that files may name beside the published ones, by setting. ``root`` is
    the project's folder, ``at`` when it is read: what is scheduled depends on the day.
    """

    names: Mapping[str, str]
    documents: Mapping[str, Document]
    broken: frozenset[str]
    chains: Chains
    findings: tuple[Finding, ...]
    recorded: Recorded = field(default_factory=dict)
    root: str = ""
    at: Moment | None = None

    def layers(self, document: Document) -> tuple[Document, ...] | None:
        """Give a file's layers, weakest first, itself last; None if one is broken."""
        chain = self.chains.under(named_profiles(document))
        if chain is None or not self.broken.isdisjoint(chain):
            return None
        return (*(self.documents[stem] for stem in chain), document)

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Give the profiles that each profile names itself."""
        return {stem: named_profiles(one) for stem, one in self.documents.items()}

    def reached(self, document: Document) -> frozenset[str]:
        """Give every profile a file builds on, directly or not, broken or not."""
        return self.reached_from(named_profiles(document))

    def reached_from(self, stems: Iterable[str]) -> frozenset[str]:
        """Give these profiles, and all that they build on."""
        seen: set[str] = set()
        ahead = list(stems)
        while ahead:
            stem = ahead.pop()
            if stem not in seen:
                seen.add(stem)
                ahead += (
                    named_profiles(self.documents[stem])
                    if stem in self.documents
                    else ()
                )
        return frozenset(seen)


def read_and_check(
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
    return check_bytes(name, raw, schema, recorded)


def check_bytes(
    name: str, raw: bytes, schema: str, recorded: Recorded = NOTHING_RECORDED
) -> Reading:
    """Read bytes and hold them against a schema and the labels that were recorded."""
    reading = read_document(name, raw)
    if reading.document is None:
        return reading
    found = mistakes(reading.document, schema, recorded)
    return Reading(reading.document, reading.findings + found)


def shelf_of(
    root: Path,
    districts_dir: Path,
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
) -> Profiles:
    """Read all profiles of a project; those that no one uses are checked too."""
    ground = Ground.of(root)
    named = (
        (relative(path, root), path) for path in profile_files(root, districts_dir)
    )
    readings = (
        (name, read_and_check(path, name, "profile", recorded, ground=ground))
        for name, path in named
    )
    return _shelf(readings, recorded, root.as_posix(), at)


def profile_files(root: Path, districts_dir: Path) -> Iterator[Path]:
    """Give the files of a project's profiles, sorted. Raises InvalidFiles."""
    folder, ground = districts_dir / PROFILES, Ground.of(root)
    for parent, names in walk(folder, ground=ground, enters=lambda *_: False):
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)


def shelf_of_texts(
    profiles: Mapping[str, bytes],
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
) -> Profiles:
    """Read profiles that lie in no folder."""
    readings = (
        (name, check_bytes(name, raw, "profile", recorded))
        for name, raw in sorted(profiles.items())
    )
    return _shelf(readings, recorded, at=at)


def _shelf(
    every: Iterable[tuple[str, Reading]],
    recorded: Recorded,
    root: str = "",
    at: Moment | None = None,
) -> Profiles:
    names: dict[str, str] = {}
    documents: dict[str, Document] = {}
    broken: set[str] = set()
    findings: list[Finding] = []
    for name, reading in every:
        stem = stem_of(Path(name))
        if stem in names:
            message = f"profile {quote_text(stem)} is also written in '{names[stem]}'"
            hint = "keep one of the two files"
            findings.append(error("duplicate-key", message, Place(name), hint=hint))
            continue
        names[stem] = name
        findings += reading.findings
        if reading.errors:
            broken.add(stem)
        if reading.document is not None:
            documents[stem] = reading.document
    chained = chains(documents)
    findings += chained.findings
    for stem, document in documents.items():
        if lacking := missing_profiles(document, names):
            findings += lacking
            broken.add(stem)
    return Profiles(
        names,
        documents,
        frozenset(broken),
        chained,
        tuple(findings),
        recorded,
        root,
        at,
    )


def users_of(
    shelf: Profiles, stems: Iterable[str], root: Path, districts_dir: Path
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
    shelf: Profiles,
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
    document = read_document(path.name, raw).document
    return document is not None and bool(shelf.reached(document) & wanted)


Convert = Callable[[Any], Any]


def district_of(
    layers: Sequence[Document],
    recorded: Recorded = NOTHING_RECORDED,
    at: Moment | None = None,
) -> District:
    """
    Build the district that layers describe, weakest first, its own file last.

    Labels are spelled as they were ``recorded`` from the live page. Its settings are
    those of the day that it is ``at`` that moment there.
    """
    own = layers[-1]
    usual = settings_of(layers, recorded)
    labels = frozenset(own.data.get("labels", ()))
    below = frozenset(stem_of(PurePosixPath(layer.file)) for layer in layers[:-1])
    zone, rollover = at.of(labels, below, own.file) if at else ("", None)
    schedule = schedule_of(layers, usual, recorded, zone)
    facts = Facts(**_convert_facts(merge_section(layers, "facts"), _FACTS))
    district = District(
        key=own.data["district"],
        name=own.data["name"],
        provider=_provider(layers),
        profiles=named_profiles(own),
        credentials=Credentials(**own.data.get("credentials", {})),
        facts=replace(facts, rollover=facts.rollover or rollover),
        settings=usual,
        allow=tuple(_allow(entry) for entry in own.data.get("allow", ())),
        labels=labels,
        named=_named_labels(layers, recorded),
        schedule=schedule,
        file=own.file,
        builds_on=below,
    )
    if at is None or not (schedule.periods or _stated(layers, "timezone")):
        return district
    return district.on(at.day_in(schedule.zone))


def settings_of(
    layers: Sequence[Document], recorded: Recorded = NOTHING_RECORDED
) -> Settings:
    """Build what layers say of the form, weakest first; see above."""
    stated = _converted(merge_section(layers, "settings"), recorded)
    return Settings(**stated)  # type: ignore[arg-type]


def schedule_of(
    layers: Sequence[Document],
    usual: Settings,
    recorded: Recorded = NOTHING_RECORDED,
    zone: str = "",
) -> Schedule:
    """
    Build what layers schedule: the last one that has `scheduled` says all of it.

    ``usual`` is what they set outside of its periods, ``zone`` is that of layers which
    name none; empty if no one names any.
    """
    zone = _stated(layers, "timezone") or zone
    periods = tuple(
        Period(days_of(entry), _converted(entry["settings"], recorded), entry["reason"])
        for entry in _stated(layers, "scheduled") or ()
    )
    return Schedule(usual, periods, zone or "UTC", is_named=bool(zone))


def _converted(data: Mapping[str, Any], recorded: Recorded) -> dict[str, Value]:
    given = {key: value for key, value in data.items() if value is not None}
    stated = form_spelled_as(_convert_facts(given, _SETTINGS), recorded)
    return {key: stated.get(key) for key in data}


def _stated(layers: Sequence[Document], key: str) -> Any:
    """Give what the last layer that has a key says; None if none has."""
    said = (layer.data[key] for layer in reversed(layers) if key in layer.data)
    return next(said, None)


def days_of(span: Mapping[str, str]) -> Days:
    """Read a span of days."""
    return Days(date.fromisoformat(span["from"]), date.fromisoformat(span["to"]))


def _provider(layers: Sequence[Document]) -> Provider:
    stated = _stated(layers, "provider")
    return Provider(stated) if stated else Provider.CLEVER


def _allow(entry: Mapping[str, str]) -> Allow:
    until = date.fromisoformat(entry["until"])
    return Allow(rule=alike(entry["rule"]), reason=entry["reason"], until=until)


def _named_labels(layers: Sequence[Document], recorded: Recorded) -> NamedLabels:
    """Give the labels beyond the published ones that any layer names."""
    found: NamedLabels = frozenset()
    for layer in layers:
        for stated in (layer.data, *(layer.data.get("scheduled") or ())):
            form = stated.get("settings") or {}
            found |= unpublished(
                {name: form[name] for name in form if isinstance(form[name], list)}
            )
    return frozenset(
        (name, spell_like(label, recorded.get(name, ()))) for name, label in found
    )


def _convert_facts(
    data: Mapping[str, Any], converts: Mapping[str, Convert]
) -> dict[str, Any]:
    return {
        key: converts[key](value) if key in converts else value
        for key, value in data.items()
    }


_SHARES: Mapping[str, Convert] = {
    "contact_types": frozenset,
    "contact_relationships": frozenset,
}
_FACTS: Mapping[str, Convert] = {
    # JSON Schema counts 5.0 as a whole number
    "setup_step": int,
    "guardians_from": GuardiansFrom,
    "guardians_csv": lambda data: GuardiansCsv(**data),
    "contact_details_kept_in": ContactDetailsKeptIn,
    "clever_shares": lambda data: CleverShares(**_convert_facts(data, _SHARES)),
    "rollover": days_of,
    "clever_paused": days_of,
    "tried_to_archive": int,
}

_SETTINGS: Mapping[str, Convert] = {
    "contact_types": frozenset,
    "contact_relationships": frozenset,
    "phone_types": frozenset,
    "deletion_threshold": int,
    "permissions": frozenset,
}


Null = tuple[str, str, str]
"""A null of a profile: the profile's stem, the section and the key."""


def waiting_nulls(shelf: Profiles) -> frozenset[Null]:
    """Find the nulls in profiles that take nothing back from a profile below."""
    waiting = {
        (stem, section, key)
        for stem, document in shelf.documents.items()
        if stem in shelf.chains.by_stem and stem not in shelf.broken
        for section in LAYERED
        for key, value in (document.data.get(section) or {}).items()
        if value is None
    }
    for chain in shelf.chains.by_stem.values() if waiting else ():
        waiting -= nulls_that_undo(shelf, [shelf.documents[stem] for stem in chain])
    return frozenset(waiting)


def nulls_that_undo(shelf: Profiles, layers: Sequence[Document]) -> frozenset[Null]:
    """Find the nulls in profiles that take back what a layer below them states."""
    below: dict[tuple[str, str], object] = {}
    found: set[Null] = set()
    for layer in layers:
        for section in LAYERED:
            for key, value in (layer.data.get(section) or {}).items():
                if value is None and below.get((section, key)) is not None:
                    stem = stem_of(PurePosixPath(layer.file))
                    # a district's own file takes back as well, and is no profile
                    if shelf.names.get(stem) == layer.file:
                        found.add((stem, section, key))
                below[section, key] = value
    return frozenset(found)
