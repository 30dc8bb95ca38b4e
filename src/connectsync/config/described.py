"""What the schemas say of a key, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectsync.config.rendering import spell_flow
from connectsync.config.schemas import kind_of, labels_of, schema
from connectsync.domain.described import Described

DESCRIBED = ("district", "project")
"""The schemas whose keys people write by hand, the first that knows a key wins."""


def describe(path: str) -> Described | None:
    """
    Say what a schema says of a key such as ``settings.phone_types``.

    ``allow.reason`` reaches into the items of a list. None if there is no such key.
    """
    for name in DESCRIBED:
        part = _part(schema(name), path)
        if part is not None:
            return _described(path, part)
    return None


def described_paths() -> tuple[str, ...]:
    """Give every key that can be described, sorted."""
    return tuple(
        sorted({path for name in DESCRIBED for path in _paths(schema(name), "")})
    )


def _part(whole: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    part: Mapping[str, Any] | None = whole
    for key in path.split("."):
        part = _properties(part or {}).get(key)
    return part


def _properties(part: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = part if "properties" in part else part.get("items", {})
    properties: Mapping[str, Any] = inner.get("properties", {})
    return properties


def _paths(part: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, inner in _properties(part).items():
        yield above + key
        yield from _paths(inner, f"{above}{key}.")


def _described(path: str, part: Mapping[str, Any]) -> Described:
    inner = part.get("items", part)
    return Described(
        path=path,
        title=part.get("title", path),
        description=part["description"],
        kind=kind_of(part),
        labels=labels_of(inner),
        default=spell_flow(part["default"]) if "default" in part else None,
        examples=tuple(spell_flow(example) for example in part.get("examples", ())),
    )
