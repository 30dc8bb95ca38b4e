"""In which order a plan's districts are saved, and when the rest is left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WAVES = "waves"
"""The name by which the waves are overridden, with a reason."""

LAST = "rest"
"""The wave of the districts that no wave names."""


@dataclass(frozen=True, slots=True)
class Wave:
    """
    Districts that are saved and verified before the next wave begins.

    A wave holds the districts it lists, those with one of its labels, and as many
    others as make up ``percent`` of all districts of the plan.
    """

    name: str
    districts: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Rollout:
    """
    The project's waves, in order.

    ``max_failures_percent`` is the share of a wave's districts that may fail before
    the rest is left alone; None never stops.
    """

    waves: tuple[Wave, ...] = ()
    max_failures_percent: int | None = None


def wave_by_district(
    rollout: Rollout, labels: Mapping[str, frozenset[str]]
) -> dict[str, str]:
    """
    Give each district its wave: the first that takes it, else ``LAST``.

    ``labels`` holds every district of the plan. A percentage takes the same districts
    each time, whatever else is in the plan.
    """
    found: dict[str, str] = {}
    for wave in rollout.waves:
        left = [key for key in by_chance(labels) if key not in found]
        named = [key for key in left if _names(wave, key, labels[key])]
        others = [key for key in left if not _names(wave, key, labels[key])]
        room = -(-len(labels) * wave.percent // 100) - len(named)
        found |= dict.fromkeys(named + others[: max(0, room)], wave.name)
    return {key: found.get(key, LAST) for key in labels}


def by_chance(keys: Iterable[str]) -> list[str]:
    """Order districts as if by chance, and always alike."""
    return sorted(keys, key=lambda key: hashlib.sha256(key.encode()).digest())


def _names(wave: Wave, key: str, labels: frozenset[str]) -> bool:
    return key in wave.districts or bool(wave.labels & labels)
