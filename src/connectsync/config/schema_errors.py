"""Explain why a document does not match its schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from connectsync.config.document import Document, is_day
from connectsync.config.schemas import (
    SchemaFailure,
    exact_pattern,
    failures,
    find_repeated,
    is_known,
    kind_of,
    labels_of,
    schema,
    types_of,
)
from connectsync.config.source import MASK, MOST_FINDINGS, error, quote_text
from connectsync.domain.finding import Finding, KeyPath, order
from connectsync.domain.foreign_text import no_command
from connectsync.domain.wording import did_you_mean, foreign_character, nearest
from connectsync.values import dataclass, replace

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
class SchemaMistake:
    """A rule, a sentence and what to do next."""

    rule: str
    message: str
    hint: str


def missing(key: str, part: Mapping[str, Any], path: KeyPath) -> SchemaMistake:
    """Say that a key is missing."""
    where = f" in {quote_text(_last(path))}" if path else ""
    example = _spell_value(part.get("examples", ["…"])[0])
    return SchemaMistake(
        _rule(part, "missing"),
        f"the key {quote_text(key)} is missing{where}",
        f"add `{key}: {example}` with your own value",
    )


def extra(key: str, known: Iterable[str]) -> SchemaMistake:
    """Say that a key is not known, and which one was perhaps meant."""
    allowed = f"allowed: {_list_words(known)}"
    elsewhere = [name for name in _SECTIONS if key in _keys_of(name)]
    if elsewhere:
        hint = f"it belongs under '{elsewhere[0]}'"
    else:
        hint = f"{did_you_mean(key, known)} {allowed}".strip()
    return SchemaMistake(
        "unknown-key", f"the key {quote_text(key)} is not known here", hint
    )


def wrong(
    path: KeyPath, kind: str, failure: SchemaFailure, source: str
) -> SchemaMistake:
    """Say what is wrong with a value; ``source`` is how the file spells it."""
    part = failure.part
    value: Any = failure.instance
    if value is None or _is_blank_secret(part, kind, value):
        return _nothing(path, part)
    if _rule(part, kind) == "literal-secret":
        return _secret(path, part, kind)
    match kind:
        case "type":
            return _type(path, part, value, source)
        case "enum" | "pattern" if labels_of(part):
            return _label(path, part, value, source)
        case "const":
            return _version(part, source)
        case _:
            return _shape(path, part, kind, source, value)


def _secret(path: KeyPath, part: Mapping[str, Any], kind: str) -> SchemaMistake:
    said = part.get("x-said", "must say where the token is, not what it is")
    todo = _wanted(part, "env:NAME, file:PATH or command:ARGV")
    secret = part.get("x-secret", "token")
    if kind == "maxLength":
        said = "is too long for an id, and looks like a token"
        todo = "write the District ID here, and under 'oauth_token' a reference"
    return SchemaMistake(
        "literal-secret",
        f"'{_last(path)}' {said}",
        f"{todo}; if a {secret} was committed, have it replaced: anyone who can read"
        " the file has it",
    )


def _type(
    path: KeyPath, part: Mapping[str, Any], value: Any, source: str
) -> SchemaMistake:
    if "x-said" in part:
        message = f"{_name(path)} {part['x-said']}"
        return SchemaMistake(_rule(part, "type"), message, _wanted(part))
    kinds = types_of(part)
    wanted = kind_of(part)
    message = f"{quote_text(source)} is {_kind(value)}; {_name(path)} wants {wanted}"
    if "boolean" in kinds and isinstance(value, str) and value.lower() in _YES | _NO:
        meant = "true" if value.lower() in _YES else "false"
        return SchemaMistake("not-a-boolean", message, f"write {meant}, without quotes")
    rule = _type_rule(part, kinds, value)
    return SchemaMistake(rule, message, _type_hint(part, value, source))


def _nothing(path: KeyPath, part: Mapping[str, Any]) -> SchemaMistake:
    rule, wanted = _rule(part, "null"), kind_of(part)
    if rule == "literal-secret":
        # what is not there was not committed either
        rule, wanted = "wrong-type", "env:NAME, file:PATH or command:ARGV"
    return SchemaMistake(rule, f"{_name(path)} has no value", _wanted(part, wanted))


def _is_blank_secret(part: Mapping[str, Any], kind: str, value: object) -> bool:
    blank = isinstance(value, str) and not value.strip()
    return blank and _rule(part, kind) == "literal-secret"


def _type_rule(part: Mapping[str, Any], kinds: list[str], value: Any) -> str:
    if isinstance(value, bool):
        labels = bool(labels_of(part)) or "array" in kinds
        return "boolean-for-label" if labels else _rule(part, "boolean")
    if isinstance(value, int | float) and "string" in kinds:
        return _rule(part, "number")
    return "wrong-type"


def _type_hint(part: Mapping[str, Any], value: Any, source: str) -> str:
    kinds = types_of(part)
    plain = not isinstance(value, dict | list)
    if (
        "array" in kinds
        and isinstance(value, str)
        and types_of(part["items"]) == ["string"]
    ):
        return f"write it as a list: [{source}]"
    if labels_of(part) or labels_of(part.get("items", {})):
        return f"allowed: {_labels(part.get('items', part))}"
    if part.get("format") == "date":
        return _wanted(part)
    if "string" in kinds and plain:
        return f'put quotes around it: "{source}"'
    if part.get("examples"):
        return f"for example: {_spell_value(part['examples'][0])}"
    return f"allowed: {_list_words(part.get('properties', ()))}"


def strange(
    path: KeyPath, part: Mapping[str, Any], label: str, source: str
) -> SchemaMistake:
    """Say that a label is neither published nor recorded from the live page."""
    found = _label(path, part, label, source)
    if did_you_mean(label, labels_of(part)):
        return found
    more = "a label that your page offers is recorded by `connectsync doctor --record`"
    return replace(found, hint=f"{found.hint}; {more}")


def _label(
    path: KeyPath, part: Mapping[str, Any], value: Any, source: str
) -> SchemaMistake:
    guess = did_you_mean(str(value), labels_of(part))
    return SchemaMistake(
        _rule(part, "enum"),
        f"{quote_text(source)} is not a label of {_name(path)}",
        f"{guess} allowed: {_labels(part)}".strip(),
    )


def _version(part: Mapping[str, Any], source: str) -> SchemaMistake:
    return SchemaMistake(
        _rule(part, "const"),
        f"the file format {quote_text(source)} is not known",
        f"write `schema: {part['const']}`; a newer file needs a newer connectsync",
    )


def _shape(
    path: KeyPath, part: Mapping[str, Any], kind: str, source: str, value: Any
) -> SchemaMistake:
    message, hint = _shape_text(path, part, kind, source)
    odd = foreign_character(value) if kind == "pattern" else ""
    return SchemaMistake(_rule(part, kind), message + (odd and f": {odd}"), hint)


def _shape_text(
    path: KeyPath, part: Mapping[str, Any], kind: str, source: str
) -> tuple[str, str]:
    name = _name(path)
    if kind == "uniqueItems":
        return f"{quote_text(source)} is listed twice in {name}", "list it once"
    if kind in {"minimum", "maximum"}:
        return (
            f"{quote_text(source)} is out of range for {name}",
            f"allowed: {kind_of(part)}",
        )
    if kind in {"minLength", "minItems", "minProperties"} or not source.strip("\"' "):
        return f"{name} is empty", _wanted(part)
    if kind == "maxLength":
        return f"{name} is too long", f"use at most {part['maxLength']} characters"
    if kind == "format":
        return f"{quote_text(source)} is not a day of the calendar", _wanted(part)
    return f"{quote_text(source)} is not what {name} takes", _wanted(part)


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


def _name(path: KeyPath) -> str:
    return quote_text(_last(path)) if path else "the file"


def _last(path: KeyPath) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _labels(part: Mapping[str, Any]) -> str:
    return _list_words(labels_of(part))


def _list_words(words: Iterable[str]) -> str:
    return ", ".join(f"'{no_command(word)}'" for word in words)


def _spell_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_spell_value, value))}]"
    if isinstance(value, dict):
        pairs = (f"{key}: {_spell_value(item)}" for key, item in value.items())
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


_FIRST = ("type", "const", "enum", "minLength", "pattern", "format")
"""Of several things wrong with one value the first of these is told."""


def explain(document: Document, name: str) -> tuple[tuple[Finding, ...], int]:
    """
    Say what is wrong with a document, in the order of the file, and how much more is.

    Where each mistake beyond the limit stands is not looked for: that takes longest.
    """
    told: dict[KeyPath, SchemaFailure] = {}
    keys: list[tuple[KeyPath, str, SchemaFailure]] = []
    for failure in _failures(document, name):
        path = failure.path
        if failure.keyword in {"required", "additionalProperties"}:
            keys += [(path, key, failure) for key in _keys(failure)]
        elif failure.keyword == "uniqueItems":
            told.setdefault((*path, find_repeated(failure.instance) or 0), failure)
        elif path not in told or _rank(failure) < _rank(told[path]):
            told[path] = failure
    values = list(told)[: max(0, MOST_FINDINGS - len(keys))]
    findings = [_key(document, *one) for one in keys[:MOST_FINDINGS]]
    findings += [_value(document, path, told[path]) for path in values]
    left = len(keys) + len(told) - len(findings)
    return tuple(sorted(findings, key=order)), left


def strange_label(
    document: Document, path: KeyPath, part: Mapping[str, Any], label: str
) -> Finding:
    """Say that a file names a label that was not seen on the page."""
    source = document.locate(path).text
    return _finding(document, path, strange(path, part, label, source), on_key=False)


def _keys(failure: SchemaFailure) -> Iterator[str]:
    """Give the keys that are unknown, or the one that is missing."""
    known: Mapping[str, Any] = failure.part["properties"]
    stated = failure.instance if isinstance(failure.instance, dict) else {}
    unknown = [key for key in stated if key not in known]
    if failure.keyword == "additionalProperties":
        yield from unknown
        return
    # jsonschema tells of each missing key by itself, in its message alone
    key = next(key for key in known if failure.message.startswith(f"{key!r} is "))
    if key not in {nearest(other, known) for other in unknown[:MOST_FINDINGS]}:
        yield key


def _key(
    document: Document, path: KeyPath, key: str, failure: SchemaFailure
) -> Finding:
    known: Mapping[str, Any] = failure.part["properties"]
    if failure.keyword == "additionalProperties":
        return _unknown(document, (*path, key), key, known)
    return _finding(document, path, missing(key, known[key], path), on_key=True)


def _unknown(
    document: Document, path: KeyPath, key: str, known: Mapping[str, Any]
) -> Finding:
    finding = _finding(document, path, extra(key, known), on_key=True)
    if finding.place.text != MASK:
        return finding
    # a token where a key belongs: neither the sentence nor the path may hold it
    return replace(finding, message=extra(MASK, known).message, path=path[:-1])


def _value(document: Document, path: KeyPath, failure: SchemaFailure) -> Finding:
    source = document.locate(path).text
    mistake = wrong(path, str(failure.keyword), failure, source)
    return _finding(document, path, mistake, on_key=False)


def _finding(
    document: Document, path: KeyPath, mistake: SchemaMistake, *, on_key: bool
) -> Finding:
    place = document.locate(path, on_key=on_key)
    if mistake.rule == "literal-secret":
        # the line is masked already; a token on lines of its own is not known as one
        place = replace(place, text=MASK, line_text=_head(place.line_text))
    return error(mistake.rule, mistake.message, place, path=path, hint=mistake.hint)


def _head(line: str) -> str:
    """Keep the key of a line and nothing after it."""
    key, colon, _ = line.partition(":")
    return f"{key}{colon} {MASK}" if colon else MASK


def _rank(failure: SchemaFailure) -> int:
    kind = str(failure.keyword)
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _failures(document: Document, name: str) -> Iterator[SchemaFailure]:
    """Find what fails; the library, slow to import, is for keywords not known here."""
    if is_known(name):
        yield from failures(document.data, schema(name))
        return
    for one in _explainer(name).iter_errors(document.data):
        path: KeyPath = tuple(one.absolute_path)
        part = one.schema if isinstance(one.schema, dict) else {}
        yield SchemaFailure(str(one.validator), one.instance, part, path, one.message)


@lru_cache(maxsize=4)
def _explainer(name: str) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - as above
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415 - as above
    from jsonschema.validators import extend  # noqa: PLC0415 - as above

    def match(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
        """Match as the other library does: ``$`` is the very end of the text."""
        text = isinstance(instance, str)
        if text and not re.search(exact_pattern(pattern), instance):
            yield ValidationError("does not match")

    def differ(_: Any, unique: Any, instance: Any, __: Any) -> Iterator[Any]:
        """Look at each once: the library compares items that are mappings pairwise."""
        if unique and find_repeated(instance) is not None:
            yield ValidationError("has items that are not unique")

    formats = FormatChecker(formats=())
    formats.checks("date")(is_day)
    make: Callable[..., Any] = extend
    exact = make(Draft202012Validator, {"pattern": match, "uniqueItems": differ})
    return exact(schema(name), format_checker=formats)
