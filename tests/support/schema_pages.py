"""
The reference pages of the shapes, from their schemas: a row for each key.

Three are of files that people write, the others of JSON that programs read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from connectsync.config.schemas import kind_of, labels_of, schema

GENERATED = "<!-- Generated from the code by `make reference`. Do not edit. -->"

Part = Mapping[str, Any]
Kind = Callable[[Part], str]

WRITTEN: Mapping[str, tuple[str, str, str]] = {
    "district": (
        "A district file",
        "districts/…/<district>.yaml",
        "connectsync explain settings.phone_types",
    ),
    "profile": (
        "A profile",
        "districts/_profiles/<profile>.yaml",
        "connectsync explain settings.phone_types",
    ),
    "project": (
        "The project file",
        "connectsync.yaml",
        "connectsync explain guards.max_districts",
    ),
}
"""Title, file and an example of looking a key up, by schema."""

READ: Mapping[str, tuple[str, str]] = {
    "plan": ("A plan", "connectsync plan --out plan.json"),
    "findings": ("Findings", "connectsync validate --format json"),
    "baseline": ("A baseline of findings", "connectsync validate --write-baseline"),
    "drift": ("Drift", "connectsync drift --format json"),
    "impact": ("Impact", "connectsync impact DISTRICT --roster PATH --format json"),
    "runs": ("Runs", "connectsync runs --format json"),
    "list": ("List", "connectsync list --format json"),
    "status": ("A status", "connectsync status --format json"),
    "audit": ("An audit", "connectsync audit --format json"),
    "notification": ("A notification", "connectsync notify --test"),
    "calendar": ("A calendar", "connectsync calendar --format json"),
    "report": ("A report", "connectsync report --format json"),
    "reconcile": ("A pass", "connectsync reconcile --format json"),
    "snapshot": ("A snapshot", "connectsync snapshot --output live.json"),
}
"""Title and what writes it, by schema."""

_WORDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


def written_page(name: str) -> str:
    """Write the page of a file that people write, section by section."""
    whole = schema(name)
    title, where, shown_by = WRITTEN[name]
    return page(
        f"# {title}",
        f"`{where}`",
        str(whole["description"]),
        f"`{shown_by}` shows one key at a terminal;"
        f" `connectsync schema {name}` prints the schema itself.",
        *_section("Keys", whole, _written_kind),
    )


def read_page(name: str) -> str:
    """Write the page of JSON that programs read, section by section."""
    title, written_by = READ[name]
    whole = told(schema(name), schema(name))
    defined: Mapping[str, Part] = whole.get("$defs", {})
    blocks = [
        f"# {title}",
        f"`{written_by}`",
        str(whole["description"]),
        (
            f"`connectsync schema {name}` prints the schema itself. Keys that it does"
            " not name are never there; a key that goes, or means something else, makes"
            " another `schema`."
        ),
    ]
    if "properties" in whole:
        blocks += _section("Keys", whole, json_kind)
    else:
        blocks.append(f"It is one of {_either(whole['oneOf'])}.")
    for each, part in defined.items():
        blocks += _defined(each, part)
    return page(*blocks)


def _defined(name: str, part: Part) -> Iterator[str]:
    yield f"## {name}"
    yield str(part["description"])
    if "properties" in part:
        yield from _tables(name, "", part, json_kind)
    else:
        yield f"Value: {json_kind(part)}"


def _section(title: str, part: Part, kind: Kind) -> Iterator[str]:
    yield f"## {title}"
    yield from _tables("", "", part, kind)


def _tables(name: str, above: str, part: Part, kind: Kind) -> Iterator[str]:
    """Give the keys of an object, then those of each object or list within it."""
    inner = part if "properties" in part else part.get("items", {})
    properties: Mapping[str, Part] = inner.get("properties", {})
    yield table(
        ("Key", "Value", "Meaning"),
        (
            (f"`{above}{key}`", kind(one) + _needed(key, inner), one["description"])
            for key, one in properties.items()
        ),
    )
    for key, one in properties.items():
        if "properties" in one or "properties" in one.get("items", {}):
            yield f"## {name}{'.' if name else ''}{above}{key}"
            yield from _tables(name, f"{above}{key}.", one, kind)


def _needed(key: str, part: Part) -> str:
    return "<br>**required**" if key in part.get("required", ()) else ""


def _written_kind(one: Part) -> str:
    notes = [kind_of(one) if "const" not in one else f"`{one['const']}`"]
    if labels := labels_of(one) or labels_of(one.get("items", {})):
        notes.append(" · ".join(f"`{label}`" for label in labels))
    if "default" in one:
        notes.append(f"default {json.dumps(one['default'])}")
    return "<br>".join(notes)


def json_kind(one: Part) -> str:
    """Say what a value of JSON may be, with a link where its shape has a section."""
    if "$ref" in one:
        return link_to(one)
    if "oneOf" in one:
        return " or ".join(map(link_to, one["oneOf"]))
    if "const" in one:
        return f"`{json.dumps(one['const'])}`"
    if "enum" in one:
        return " · ".join(f"`{json.dumps(label)}`" for label in one["enum"])
    stated = one.get("type", "object")
    types = [stated] if isinstance(stated, str) else list(stated)
    *others, last = (_word(each, one) for each in types)
    return f"{', '.join(others)} or {last}" if others else last


def _word(kind: str, one: Part) -> str:
    named = one.get("additionalProperties")
    match kind:
        case "string" if one.get("format") == "date-time":
            return "a time, as ISO 8601"
        case "array" if "properties" not in one.get("items", {"properties": 0}):
            return f"a list of {json_kind(one['items'])}"
        case "object" if isinstance(named, Mapping):
            return f"a mapping of names to {json_kind(named)}"
        case _:
            return _WORDS[kind]


def _either(parts: Iterable[Part]) -> str:
    *others, last = (link_to(part) for part in parts)
    return f"{', '.join(others)} and {last}"


def told(part: Any, whole: Part) -> Any:
    """Let every reference say what it is, as what it refers to says it."""
    if isinstance(part, list):
        return [told(each, whole) for each in part]
    if not isinstance(part, Mapping):
        return part
    said = (
        {} if "$ref" not in part else {"description": found(part, whole)["description"]}
    )
    return {**said, **{key: told(each, whole) for key, each in part.items()}}


def found(part: Part, whole: Part) -> Part:
    """Give what a part refers to, or itself."""
    if "$ref" not in part:
        return part
    there: Any = whole
    for key in str(part["$ref"]).removeprefix("#/").split("/"):
        there = there[key]
    assert isinstance(there, Mapping)
    return there


def link_to(one: Part) -> str:
    """Link to the section of a shape that is referred to."""
    name = str(one["$ref"]).rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def page(*blocks: str) -> str:
    """Put the blocks of a page together, and say that it is generated."""
    return "\n\n".join([GENERATED, *blocks]) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
