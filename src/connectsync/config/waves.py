"""What the project file says of its districts: who waves name, when freezes end."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, below
from connectsync.config.document import Document
from connectsync.config.fleet import Fleet
from connectsync.config.policy import waves_in
from connectsync.config.profiles import read_and_check
from connectsync.config.project import Project
from connectsync.config.source import error, quote_text
from connectsync.domain.finding import (
    Finding,
    KeyPath,
    Severity,
    order,
)
from connectsync.domain.wording import did_you_mean


def check_waves(project: Project, fleet: Fleet, *, whole: bool) -> Fleet:
    """
    Add to a fleet's findings those of waves that name no district, and of freezes.

    A wave may name any district of the project, whatever was read of it. Labels are
    held against the fleet only where it is the ``whole`` one, without a file that
    could not be read.
    """
    policy = project.policy
    named = any(wave.districts or wave.labels for wave in policy.rollout.waves)
    if not (named or (whole and policy.freezes)):
        return fleet
    ground = Ground.of(project.root)
    path = project.root / PROJECT_FILE
    reading = read_and_check(path, PROJECT_FILE, "project", ground=ground)
    if reading.document is None:
        return fleet
    districts = frozenset(path.stem for path in below(project.districts_dir))
    labels: frozenset[str] | None = None
    if whole and fleet.complete:
        labels = frozenset().union(*(one.district.labels for one in fleet.districts))
    found = [*fleet.findings, *_nobody(reading.document, districts, labels)]
    found += _without_zone(reading.document) if whole else ()
    return replace(fleet, findings=tuple(sorted(found, key=order)))


def _nobody(
    document: Document, districts: frozenset[str], labels: frozenset[str] | None
) -> Iterator[Finding]:
    """Find what waves name in vain; ``labels`` is None where not all are known."""
    for position, wave in enumerate(waves_in(document)):
        place: KeyPath = ("rollout", "waves", position)
        who = f"the wave {quote_text(wave['name'])} names no district"
        for number, key in enumerate(wave.get("districts", ())):
            if key not in districts:
                said = f"{who}: no file describes the district {quote_text(key)}"
                path = (*place, "districts", number)
                yield _finding(document, path, said, _hint(key, districts))
        label = wave.get("label")
        if label is not None and labels is not None and label not in labels:
            said = f"{who}: no district has the label {quote_text(label)}"
            hint = _hint(label, labels)
            yield _finding(document, (*place, "label"), said, hint)


def _without_zone(document: Document) -> Iterator[Finding]:
    if "timezone" in document.data:
        return
    for position, freeze in enumerate(document.data.get("freezes", ())):
        if "timezone" not in freeze:
            path: KeyPath = ("freezes", position)
            yield Finding(
                "freeze-without-zone",
                Severity.WARNING,
                f"the freeze until {freeze['to']} names no time zone, so its days end"
                " at midnight UTC: in Chicago its last evening is open from 18:00 or"
                " 19:00 on",
                document.locate(path),
                path=path,
                hint="write `timezone: America/Chicago`, or your own zone, once at the"
                " top of the file",
            )


def _finding(document: Document, path: KeyPath, said: str, hint: str) -> Finding:
    place = document.locate(path)
    return error("wave-names-nobody", said, place, path=path, hint=hint)


def _hint(word: str, known: Collection[str]) -> str:
    return did_you_mean(word, known) or "correct the spelling, or remove it"
