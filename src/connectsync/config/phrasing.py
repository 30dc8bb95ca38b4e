"""The sentence and the rule for each way in which a document fails its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jsonschema.exceptions import ValidationError

from connectsync.config.schemas import kind_of, labels_of, schema
from connectsync.config.source import quoted
from connectsync.domain.finding import Path
from connectsync.domain.suggest import did_you_mean

_YES = frozenset({"yes", "y", "on", "true"})
_NO = frozenset({"no", "n", "off", "false"})
_RULES: Mapping[str, str] = {
    "missing": "missing-key",
    "enum": "unknown-label",
    "uniqueItems": "repeated-label",
    "type": "wrong-type",
    "number": "wrong-type",
    "boolean": "wrong-type",
    "null": "wrong-type",
}
_SECTIONS = ("settings", "facts", "credentials")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A rule, a sentence and what to do next."""

    rule: str
    message: str
    hint: str


def schema_of(failure: ValidationError) -> Mapping[str, Any]:
    """Give the part of the schema that failed; ours are all mappings."""
    part = failure.schema
    return part if isinstance(part, dict) else {}


def missing(key: str, part: Mapping[str, Any], path: Path) -> Mistake:
    """Say that a key is missing."""
    where = f" in {quoted(_last(path))}" if path else ""
    example = part.get("examples", ["…"])[0]
    return Mistake(
        _rule(part, "missing"),
        f"the key {quoted(key)} is missing{where}",
        f"add `{key}: {_spelled(example)}` with your own value",
    )


def extra(key: str, known: Iterable[str]) -> Mistake:
    """Say that a key is not known, and which one was perhaps meant."""
    allowed = f"allowed: {_listed(known)}"
    elsewhere = [name for name in _SECTIONS if key in _keys_of(name)]
    if elsewhere:
        hint = f"it belongs under '{elsewhere[0]}'"
    else:
        hint = f"{did_you_mean(key, known)} {allowed}".strip()
    return Mistake("unknown-key", f"the key {quoted(key)} is not known here", hint)


def wrong(path: Path, kind: str, failure: ValidationError, source: str) -> Mistake:
    """Say what is wrong with a value; ``source`` is how the file spells it."""
    part = schema_of(failure)
    value: Any = failure.instance
    if _rule(part, kind) == "literal-secret":
        return _secret(path, part, kind)
    if value is None:
        return _nothing(path, part)
    match kind:
        case "type":
            return _type(path, part, value, source)
        case "enum" | "pattern" if labels_of(part):
            return _label(path, part, value, source)
        case "const":
            return _version(part, source)
        case _:
            return _shape(path, part, kind, source)


def _secret(path: Path, part: Mapping[str, Any], kind: str) -> Mistake:
    said = part.get("x-said", "must say where the token is, not what it is")
    todo = _wanted(part, "env:NAME, file:PATH or command:ARGV")
    secret = part.get("x-secret", "token")
    if kind == "maxLength":
        said = "is too long for an id, and looks like a token"
        todo = "write the District ID here, and under 'oauth_token' a reference"
    return Mistake(
        "literal-secret",
        f"'{_last(path)}' {said}",
        f"{todo}; if a {secret} was committed, have it replaced: anyone who can read"
        " the file has it",
    )


def _type(path: Path, part: Mapping[str, Any], value: Any, source: str) -> Mistake:
    if "x-said" in part:
        message = f"{_name(path)} {part['x-said']}"
        return Mistake(_rule(part, "type"), message, _wanted(part))
    kinds = _kinds(part)
    wanted = kind_of(part)
    message = f"{quoted(source)} is {_kind(value)}; {_name(path)} wants {wanted}"
    if "boolean" in kinds and isinstance(value, str) and value.lower() in _YES | _NO:
        meant = "true" if value.lower() in _YES else "false"
        return Mistake("not-a-boolean", message, f"write {meant}, without quotes")
    rule = _type_rule(part, kinds, value)
    return Mistake(rule, message, _type_hint(part, value, source))


def _nothing(path: Path, part: Mapping[str, Any]) -> Mistake:
    message = f"{_name(path)} has no value"
    return Mistake(_rule(part, "null"), message, _wanted(part, kind_of(part)))


def _type_rule(part: Mapping[str, Any], kinds: list[str], value: Any) -> str:
    if isinstance(value, bool):
        labels = bool(labels_of(part)) or "array" in kinds
        return "boolean-for-label" if labels else _rule(part, "boolean")
    if isinstance(value, int | float) and "string" in kinds:
        return _rule(part, "number")
    return "wrong-type"


def _type_hint(part: Mapping[str, Any], value: Any, source: str) -> str:
    kinds = _kinds(part)
    plain = not isinstance(value, dict | list)
    if (
        "array" in kinds
        and isinstance(value, str)
        and _kinds(part["items"]) == ["string"]
    ):
        return f"write it as a list: [{source}]"
    if labels_of(part) or labels_of(part.get("items", {})):
        return f"allowed: {_labels(part.get('items', part))}"
    if part.get("format") == "date":
        return _wanted(part)
    if "string" in kinds and plain:
        return f'put quotes around it: "{source}"'
    if part.get("examples"):
        return f"for example: {_spelled(part['examples'][0])}"
    return f"allowed: {_listed(part.get('properties', ()))}"


def _kinds(part: Mapping[str, Any]) -> list[str]:
    stated = part["type"]
    return [stated] if isinstance(stated, str) else list(stated)


def strange(path: Path, part: Mapping[str, Any], label: str, source: str) -> Mistake:
    """Say that a label is neither published nor recorded from the live page."""
    found = _label(path, part, label, source)
    if did_you_mean(label, labels_of(part)):
        return found
    more = "a label that your page offers is recorded by `connectsync doctor --record`"
    return replace(found, hint=f"{found.hint}; {more}")


def _label(path: Path, part: Mapping[str, Any], value: Any, source: str) -> Mistake:
    guess = did_you_mean(str(value), labels_of(part))
    return Mistake(
        _rule(part, "enum"),
        f"{quoted(source)} is not a label of {_name(path)}",
        f"{guess} allowed: {_labels(part)}".strip(),
    )


def _version(part: Mapping[str, Any], source: str) -> Mistake:
    return Mistake(
        _rule(part, "const"),
        f"the file format {quoted(source)} is not known",
        f"write `schema: {part['const']}`; a newer file needs a newer connectsync",
    )


def _shape(path: Path, part: Mapping[str, Any], kind: str, source: str) -> Mistake:
    message, hint = _shape_text(path, part, kind, source)
    return Mistake(_rule(part, kind), message, hint)


def _shape_text(
    path: Path, part: Mapping[str, Any], kind: str, source: str
) -> tuple[str, str]:
    name = _name(path)
    if kind == "uniqueItems":
        return f"{quoted(source)} is listed twice in {name}", "list it once"
    if kind in {"minimum", "maximum"}:
        return (
            f"{quoted(source)} is out of range for {name}",
            f"allowed: {kind_of(part)}",
        )
    if kind in {"minLength", "minItems"} or not source.strip("\"' "):
        return f"{name} is empty", _wanted(part)
    if kind == "maxLength":
        return f"{name} is too long", f"use at most {part['maxLength']} characters"
    if kind == "format":
        return f"{quoted(source)} is not a day of the calendar", _wanted(part)
    return f"{quoted(source)} is not what {name} takes", _wanted(part)


def _wanted(part: Mapping[str, Any], kind: str = "a value") -> str:
    if part.get("format") == "date":
        return "write year, month and day: 2027-06-30"
    wanted = part.get("x-wanted")
    return f"write {wanted}" if wanted else f"write {kind}"


def _rule(part: Mapping[str, Any], kind: str) -> str:
    """Name the rule: the schema may, for all failures or for one kind of them."""
    stated = part.get("x-rule", {})
    if isinstance(stated, str):
        return stated
    return str(stated.get(kind) or _RULES.get(kind, "wrong-format"))


def _keys_of(section: str) -> Mapping[str, Any]:
    properties = schema("district")["properties"][section]["properties"]
    return properties if isinstance(properties, dict) else {}


def _name(path: Path) -> str:
    return quoted(_last(path)) if path else "the file"


def _last(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _labels(part: Mapping[str, Any]) -> str:
    return _listed(labels_of(part))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        pairs = (f"{key}: {_spelled(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return str(value)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"
