"""The waves of the roll-out, as the project file spells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectsync.config.document import Document
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding, Path
from connectsync.domain.rollout import LAST, Rollout, Wave

TAKES = ("districts", "label", "percent")


def rollout_of(data: Mapping[str, Any]) -> Rollout:
    """
    Read the roll-out.

    Where there are waves, one failure stops the next wave unless the file says how
    many do not: a canary whose death nobody heeds is none.
    """
    waves = tuple(_wave(entry) for entry in data.get("waves", ()))
    stated = data.get("max_failures_percent", 0 if waves else None)
    return Rollout(waves, None if stated is None else int(stated))


def _wave(entry: Mapping[str, Any]) -> Wave:
    label = entry.get("label")
    return Wave(
        name=entry["name"],
        districts=frozenset(entry.get("districts", ())),
        labels=frozenset() if label is None else frozenset([label]),
        percent=int(entry.get("percent", 0)),
    )


def mistaken_waves(document: Document) -> Iterator[Finding]:
    """Find waves that no schema can refuse, in a document that passed it."""
    names: set[str] = set()
    for position, wave in enumerate(waves_in(document)):
        name, place = wave["name"], ("rollout", "waves", position)
        if name == LAST:
            message = f"{quoted(name)} is the wave of the districts that no wave takes"
            yield _wrong(document, (*place, "name"), message, "give it another name")
        if name in names:
            message = f"there are two waves {quoted(name)}"
            yield _wrong(document, (*place, "name"), message, "give each its own name")
        if not wave.keys() & set(TAKES):
            message = f"the wave {quoted(name)} takes no district"
            todo = "give it districts, a label or a percent"
            yield _wrong(document, (*place, "name"), message, todo)
        names.add(name)


def waves_in(document: Document) -> tuple[Mapping[str, Any], ...]:
    """Give the waves that a project file states, as it states them."""
    return tuple(document.data.get("rollout", {}).get("waves", ()))


def _wrong(document: Document, path: Path, message: str, todo: str) -> Finding:
    return error("wrong-format", message, document.locate(path), path=path, hint=todo)
