"""Data to a district file that reads back as the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectsync.config.canonical import ordered
from connectsync.config.scalars import plain
from connectsync.config.schemas import schema

_BARE = re.compile(r"[A-Za-z0-9/_][A-Za-z0-9/_.,()'+ -]*", re.ASCII)
_REFERENCE = re.compile(r"(?:env|file|command):[A-Za-z0-9/_.-]+", re.ASCII)
_OLD_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_ESCAPED = re.compile("[\x7f-\x9f\u00ad\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069]")


def spell_scalar(value: str | float | None) -> str:
    """
    Spell a value so that YAML 1.2 reads the same one, in quotes only where needed.

    Words that YAML 1.1 would take for booleans are quoted too: other tools read files
    as well.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value if _is_bare(value) else _quoted(value)
        case _:
            return repr(value)


def render_district(data: Mapping[str, Any], *, name: str = "district") -> str:
    """
    Write a document in the order of its schema; loading it gives ``data`` again.

    ``name`` is the schema: ``district`` or ``profile``.
    """
    return "".join(f"{line}\n" for line in _mapping(data, schema(name), ""))


def _mapping(
    data: Mapping[str, Any], part: Mapping[str, Any], indent: str
) -> Iterator[str]:
    properties: Mapping[str, Any] = part.get("properties", {})
    for key in ordered(data, properties):
        yield from _pair(key, data[key], properties.get(key, {}), indent)


def _pair(key: str, value: Any, part: Mapping[str, Any], indent: str) -> Iterator[str]:
    name = f"{indent}{spell_scalar(key)}:"
    if isinstance(value, Mapping) and value:
        yield name
        yield from _mapping(value, part, f"{indent}  ")
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        yield name
        yield from (f"{indent}  - {spell_flow(item)}" for item in value)
    else:
        yield f"{name} {spell_flow(value)}"


def spell_flow(value: Any) -> str:
    """Spell a value, a list or a mapping on one line, as YAML reads it back."""
    if isinstance(value, Mapping):
        pairs = (f"{_in_flow(key)}: {spell_flow(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(spell_flow, value))}]"
    return _in_flow(value)


def _in_flow(value: str | float | None) -> str:
    text = spell_scalar(value)
    return _quoted(value) if "," in text and isinstance(value, str) else text


def _is_bare(text: str) -> bool:
    if _REFERENCE.fullmatch(text):
        return True
    usual = _BARE.fullmatch(text) is not None and not text.endswith(" ")
    return usual and plain(text) == text and text.lower() not in _OLD_WORDS


def _quoted(text: str) -> str:
    spelled = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", spelled)
