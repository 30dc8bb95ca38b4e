"""The schema files: their text, their names, and what they say of one key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectsync.config.yaml_tree import plain
from connectsync.domain.finding import Described
from connectsync.domain.wording import did_you_mean
from connectsync.errors import Bug, UsageError

_SUFFIXES = (".schema.json", ".openapi.yaml")
_PACKAGE = Path(__file__).parents[1]
_KINDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
    "null": "null",
}


def schema_names() -> tuple[str, ...]:
    """List the schemas by name, sorted: ``district``, ``profile`` and so on."""
    return tuple(sorted(_files()))


def schema_text(name: str) -> str:
    """Give a schema as it is written; UsageError if there is none of that name."""
    files = _files()
    if name not in files:
        hint = did_you_mean(name, files) or f"there are: {', '.join(sorted(files))}"
        raise UsageError(f"there is no schema {name!r}", remedy=hint)
    return files[name].read_text(encoding="utf-8")


def _files() -> Mapping[str, Path]:
    return {
        path.name.removesuffix(suffix): path
        for suffix in _SUFFIXES
        for path in _folder().glob(f"*{suffix}")
    }


@lru_cache(maxsize=8)
def schema(name: str) -> Mapping[str, Any]:
    """Load a schema, once."""
    loaded: Mapping[str, Any] = json.loads(schema_text(name))
    return loaded


def labels_of(part: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the words a value may be, or that stand for what it may be."""
    labels = part.get("enum", part.get("x-labels", ()))
    return tuple(label for label in labels if label is not None)


def kind_of(part: Mapping[str, Any]) -> str:
    """Say what type a value has, in words: ``a list``, ``true or false``."""
    if "const" in part:
        return str(part["const"])
    types = types_of(part)
    if types in (["integer"], ["integer", "null"], ["number"]):
        return _KINDS[types[0]] + _range(part)
    return " or ".join(_KINDS[kind] for kind in types if kind != "null") or "null"


def types_of(part: Mapping[str, Any], otherwise: str = "object") -> list[str]:
    """Give the types a value may have, as JSON Schema names them."""
    stated = part.get("type", otherwise)
    return [stated] if isinstance(stated, str) else list(stated)


def _range(part: Mapping[str, Any]) -> str:
    least, most = part.get("minimum"), part.get("maximum")
    if least is None:
        return ""
    return f" of at least {least}" if most is None else f" from {least} to {most}"


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Find the schemas: in the package once it is built, else in the checkout."""
    for folder in (_PACKAGE / "schema", _PACKAGE.parents[1] / "schema"):
        if (folder / "district.schema.json").is_file():
            return folder
    raise Bug("the schema files are not where they were installed")


def order_keys(data: Mapping[str, Any], order: Mapping[str, Any]) -> list[str]:
    """Give the keys of data in the order of a schema's properties, others last."""
    rank = {key: position for position, key in enumerate(order)}
    return sorted(data, key=lambda key: rank.get(key, len(rank)))


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
    for key in order_keys(data, properties):
        yield from spell_entry(key, data[key], properties.get(key, {}), indent)


def spell_entry(
    key: str, value: Any, part: Mapping[str, Any], indent: str
) -> Iterator[str]:
    """Spell a key with its value as lines, in the order of a part of a schema."""
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


DESCRIBED = ("district", "project")
"""The schemas whose keys people write by hand, the first that knows a key wins."""


def describe(path: str) -> Described | None:
    """
    Say what a schema says of a key such as ``settings.phone_types``.

    ``allow.reason`` reaches into the items of a list. None if there is no such key.
    """
    for name in DESCRIBED:
        part = part_at(schema(name), path)
        if part is not None:
            return _described_keys(path, part)
    return None


def list_described_paths() -> tuple[str, ...]:
    """Give every key that can be described, sorted."""
    return tuple(
        sorted({path for name in DESCRIBED for path in _paths(schema(name), "")})
    )


def part_at(whole: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """Give what a schema says of a key such as ``settings.phone_types``, if it does."""
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


def _described_keys(path: str, part: Mapping[str, Any]) -> Described:
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
