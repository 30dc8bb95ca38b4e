"""The schema files: their text, their names, and what they say of one key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from connectsync.config.document import is_day
from connectsync.config.yaml_tree import plain
from connectsync.domain.finding import Described, KeyPath
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


_JUDGING = (
    "additionalProperties const enum format items maxItems maxLength maximum minItems"
    " minLength minProperties minimum pattern properties required type uniqueItems"
)
_TELLING = (
    "$schema $id title description examples default x-labels x-rule x-said x-secret"
    " x-wanted"
)
KNOWN_KEYWORDS = frozenset(f"{_JUDGING} {_TELLING}".split())


class SchemaFailure(NamedTuple):
    """One keyword of a schema that a value does not meet, and where that stands."""

    keyword: str
    instance: Any
    part: Mapping[str, Any]
    path: KeyPath
    message: str = ""


def knows_all(part: object) -> bool:
    """Say whether `failures` knows every keyword of a schema."""
    if not isinstance(part, dict):
        return False
    alike = [*part.get("enum", ()), part.get("const")]
    inner = [*part.get("properties", {}).values()]
    inner += [part[key] for key in ("items", "additionalProperties") if key in part]
    return (
        part.keys() <= KNOWN_KEYWORDS
        and part.get("format", "date") == "date"
        and not any(isinstance(one, list | dict) for one in alike)
        and isinstance(part.get("items", {}), dict)
        and all(isinstance(one, bool) or knows_all(one) for one in inner)
    )


@lru_cache(maxsize=8)
def is_known(name: str) -> bool:
    """Say whether `failures` knows every keyword of the schema of that name."""
    return knows_all(schema(name))


def failures(
    value: Any, part: Mapping[str, Any], path: KeyPath = ()
) -> Iterator[SchemaFailure]:
    """
    Find every keyword that a value does not meet, as JSON Schema says of each.

    A library does the same and takes longer to import than all else of a commit hook;
    tests hold the two against each other. Only for schemas of which it `knows_all`.
    """
    for keyword, wanted in part.items():
        if keyword in _INNER:
            for step, inner, its_part in _INNER[keyword](value, wanted, part):
                yield from failures(inner, its_part, (*path, step))
        if keyword == "required" and isinstance(value, dict):
            for name in wanted:
                if name not in value:
                    said = f"{name!r} is a required property"
                    yield SchemaFailure(keyword, value, part, path, said)
        elif keyword == "additionalProperties":
            if _refuses(value, wanted, part):
                yield SchemaFailure(keyword, value, part, path)
        elif keyword in _MEETS and not _MEETS[keyword](value, wanted):
            yield SchemaFailure(keyword, value, part, path)


_Inner = Iterator[tuple[str | int, Any, Mapping[str, Any]]]
"""Steps into a value, with what stands there and what a schema says of it."""


def _named(value: Any, wanted: Mapping[str, Any], _: Mapping[str, Any]) -> _Inner:
    for name, part in wanted.items() if isinstance(value, dict) else ():
        if name in value:
            yield name, value[name], part


def _items(value: Any, wanted: Mapping[str, Any], _: Mapping[str, Any]) -> _Inner:
    for at, item in enumerate(value if isinstance(value, list) else ()):
        yield at, item, wanted


def _unnamed(value: Any, wanted: Any, part: Mapping[str, Any]) -> _Inner:
    for name in _others(value, part) if isinstance(wanted, dict) else ():
        yield name, value[name], wanted


def _refuses(value: Any, wanted: Any, part: Mapping[str, Any]) -> bool:
    return wanted is False and any(True for _ in _others(value, part))


def _others(value: Any, part: Mapping[str, Any]) -> Iterator[str]:
    """Give the keys of a value that a schema does not name."""
    named = part.get("properties", {})
    stated = value if isinstance(value, dict) else ()
    return (name for name in stated if name not in named)


_INNER: Mapping[str, Callable[[Any, Any, Mapping[str, Any]], _Inner]] = {
    "properties": _named,
    "items": _items,
    "additionalProperties": _unnamed,
}


def _equal(one: Any, other: Any) -> bool:
    """Say whether two are equal as JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _is_any(value: Any, wanted: Any) -> bool:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    return any(_is(value, kind) for kind in kinds)


_MEETS: Mapping[str, Callable[[Any, Any], bool]] = {
    # what a keyword is not about meets it
    "type": _is_any,
    "const": _equal,
    "enum": lambda value, wanted: any(_equal(value, one) for one in wanted),
    "minLength": lambda value, least: not _is(value, "string") or len(value) >= least,
    "maxLength": lambda value, most: not _is(value, "string") or len(value) <= most,
    "minItems": lambda value, least: not _is(value, "array") or len(value) >= least,
    "maxItems": lambda value, most: not _is(value, "array") or len(value) <= most,
    "minProperties": lambda value, least: (
        not _is(value, "object") or len(value) >= least
    ),
    "minimum": lambda value, least: not _is(value, "number") or value >= least,
    "maximum": lambda value, most: not _is(value, "number") or value <= most,
    "pattern": lambda value, pattern: (
        not _is(value, "string") or re.search(exact_pattern(pattern), value) is not None
    ),
    "format": lambda value, _: is_day(value),
    "uniqueItems": lambda value, asked: not asked or find_repeated(value) is None,
}


def _is(value: Any, kind: str) -> bool:
    """Say whether a value is of a kind: 5.0 is a whole number, and true is none."""
    if kind in {"integer", "number"}:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return kind == "number" or isinstance(value, int) or value.is_integer()
    return isinstance(value, _CLASSES[kind])


_CLASSES: Mapping[str, type] = {
    "array": list,
    "boolean": bool,
    "null": type(None),
    "object": dict,
    "string": str,
}


def find_repeated(items: object) -> int | None:
    """Find the first item that stands before it already, by looking at each once."""
    seen: set[Hashable] = set()
    for at, item in enumerate(items if isinstance(items, list) else []):
        known = _hash_key(item)
        if known in seen:
            return at
        seen.add(known)
    return None


def _hash_key(value: Any) -> Hashable:
    """Give what is equal for equal JSON: 1 and 1.0 are, 1 and true are not."""
    match value:
        case bool():
            return (bool, value)
        case list():
            return (list, tuple(map(_hash_key, value)))
        case dict():
            pairs = ((key, _hash_key(item)) for key, item in value.items())
            return (dict, frozenset(pairs))
        case _:
            return cast("Hashable", value)


def exact_pattern(pattern: str) -> str:
    """Spell a pattern so that ``$`` is the very end of a text."""
    return f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
