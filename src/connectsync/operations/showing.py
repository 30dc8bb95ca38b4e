"""What a district's layers come to, value by value, each with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectsync.config.fleet import LoadedDistrict
from connectsync.config.layers import merged
from connectsync.config.rendering import spell_flow
from connectsync.domain.finding import Path
from connectsync.domain.settings import SETTINGS
from connectsync.report.show_text import Shown

TOP = ("district", "name", "profile", "provider", "labels")
SECTIONS = ("credentials", "facts", "settings")


def effective(loaded: LoadedDistrict) -> tuple[Shown, ...]:
    """Give every effective value with the file and line it came from."""
    return tuple(
        Shown(path, spell_flow(value), _origin(loaded, path))
        for path, value in _values(loaded)
    )


def unmanaged(loaded: LoadedDistrict) -> tuple[str, ...]:
    """Name the settings that no layer names, in the form's order."""
    managed = loaded.district.desired()
    return tuple(
        setting.name
        for setting in SETTINGS
        if setting.section == "settings" and setting.name not in managed
    )


def _values(loaded: LoadedDistrict) -> Iterator[tuple[Path, Any]]:
    for key in TOP:
        stated = [layer.data[key] for layer in loaded.layers if key in layer.data]
        if stated:
            yield (key,), stated[-1]
    for section in SECTIONS:
        yield from _leaves((section,), merged(loaded.layers, section))


def _leaves(path: Path, values: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves((*path, key), value)
        else:
            yield (*path, key), value


def _origin(loaded: LoadedDistrict, path: Path) -> str:
    place = loaded.origin(path)
    return f"{place.file}:{place.line}"
