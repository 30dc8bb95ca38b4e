"""Profiles and their order: lay the values of all layers over each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import Any

from connectsync.config.document import Document
from connectsync.config.source import MOST_FINDINGS, and_more, error, quote_text
from connectsync.domain.finding import Finding, KeyPath
from connectsync.domain.settings import compose_accents
from connectsync.domain.wording import did_you_mean, few
from connectsync.values import dataclass

MOST_LAYERS = 1500
"""Profiles that lie over each other, which no one could follow; each takes time."""

LAYERED = ("facts", "settings")
"""The sections that are merged key by key; a null takes a value back."""

Profiles = Mapping[str, Document]
"""Profile documents by stem."""


@dataclass(frozen=True, slots=True)
class Chains:
    """
    The profiles each profile builds on, weakest first, itself last.

    A profile in a cycle has no chain; ``findings`` tell of it.
    """

    by_stem: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]

    def under(self, stems: Sequence[str]) -> tuple[str, ...] | None:
        """Give the layers under a file that names these; None if one is no good."""
        if any(stem not in self.by_stem for stem in stems):
            return None
        return _lay_profiles(stems, self.by_stem)


def named_profiles(document: Document) -> tuple[str, ...]:
    """Give the profiles a file names itself, weakest first."""
    stated = document.data.get("profile", ())
    stems = [stated] if isinstance(stated, str) else stated
    usable = isinstance(stems, list | tuple)
    texts = [stem for stem in stems if isinstance(stem, str)] if usable else []
    return tuple(map(compose_accents, texts))


def missing_profiles(
    document: Document, profiles: Mapping[str, object]
) -> tuple[Finding, ...]:
    """Tell of the profiles that a file names and that are not there, up to a limit."""
    stems = named_profiles(document)
    lacking = [at for at, stem in enumerate(stems) if stem not in profiles]
    if not lacking:
        return ()
    stated = document.data.get("profile")
    found = []
    for at in lacking[:MOST_FINDINGS]:
        path: KeyPath = ("profile",) if isinstance(stated, str) else ("profile", at)
        found.append(
            error(
                "missing-profile",
                f"there is no profile {quote_text(stems[at])} in '_profiles'",
                document.locate(path),
                path=path,
                hint=did_you_mean(stems[at], profiles)
                or "write it, or name another one",
            )
        )
    return and_more(found, len(lacking) - len(found))


def chains(profiles: Profiles) -> Chains:
    """Resolve what each profile builds on; tell of each cycle once, up to a limit."""
    graph = {
        stem: [base for base in named_profiles(document) if base in profiles]
        for stem, document in profiles.items()
    }
    found: list[Finding] = []
    by_stem: dict[str, tuple[str, ...]] = {}
    for stem in _order(graph):
        bases = named_profiles(profiles[stem])
        if any(base not in by_stem for base in bases):
            continue
        chain = (*_lay_profiles(bases, by_stem), stem)
        if len(chain) > MOST_LAYERS:
            found.append(_depth_finding(profiles[stem]))
        else:
            by_stem[stem] = chain
    while (cycle := _cycle(graph)) and len(found) < MOST_FINDINGS:
        found.append(_cycle_finding(profiles, cycle))
        graph[cycle[0]] = []
    return Chains(by_stem, tuple(found))


def merge_section(layers: Sequence[Document], section: str) -> dict[str, Any]:
    """Lay the keys of a section over each other; later wins, null takes back."""
    values: dict[str, Any] = {}
    for layer in layers:
        values.update(layer.data.get(section, {}))
    return {key: value for key, value in values.items() if value is not None}


def winning(layers: Sequence[Document], path: KeyPath) -> Document | None:
    """Find the layer whose word counts at a path; None if no layer says anything."""
    depth = 2 if path[:1] and path[0] in LAYERED else 1
    stated = (layer for layer in reversed(layers) if layer.holds(path[:depth]))
    return next(stated, None)


def _order(graph: Mapping[str, list[str]]) -> Iterator[str]:
    """Give each profile after those it builds on; none that leads to a cycle."""
    sorter = TopologicalSorter(graph)
    with suppress(CycleError):  # what is not in one can still be had
        sorter.prepare()
    while ready := sorter.get_ready():
        yield from ready
        sorter.done(*ready)


def _cycle(graph: Mapping[str, list[str]]) -> list[str]:
    """Give one cycle, its first member the smallest; nothing if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        # graphlib gives it against the direction of the references, first == last
        members = list(reversed(found.args[1][1:]))
        smallest = members.index(min(members))
        return members[smallest:] + members[:smallest]
    return []


def _depth_finding(document: Document) -> Finding:
    return error(
        "profile-too-deep",
        f"it builds on {MOST_LAYERS:,} profiles or more, one on the other",
        document.locate(("profile",)),
        path=("profile",),
        hint="state what it sets in fewer profiles",
    )


def _cycle_finding(profiles: Profiles, cycle: Sequence[str]) -> Finding:
    document = profiles[cycle[0]]
    around = few([quote_text(stem) for stem in (*cycle, cycle[0])], joint=" → ")
    return error(
        "profile-cycle",
        f"profiles build on each other in a circle: {around}",
        document.locate(("profile",)),
        path=("profile",),
        hint="take one of them out of the other's `profile`",
    )


def _lay_profiles(
    stems: Sequence[str], by_stem: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """
    Lay what a list names over each other: of a list the later wins.

    A base that several of them share is laid once, below them all. One that the list
    itself names again, after a profile that builds on it, is laid where it is named.
    """
    layers: dict[str, None] = {}
    for stem in stems:
        layers.pop(stem, None)
        layers.update(dict.fromkeys(by_stem[stem]))
    return tuple(layers)
