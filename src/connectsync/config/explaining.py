"""Why a document fails its schema, one readable finding for each mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from connectsync.config.days import is_day
from connectsync.config.document import Document
from connectsync.config.masking import MASK
from connectsync.config.phrasing import (
    Mistake,
    extra,
    missing,
    schema_of,
    strange,
    wrong,
)
from connectsync.config.rule_names import MOST_FINDINGS
from connectsync.config.schemas import schema
from connectsync.config.source import error
from connectsync.domain.finding import Finding, Path, order
from connectsync.domain.suggest import nearest

_FIRST = ("type", "const", "enum", "minLength", "pattern", "format")
"""Of several things wrong with one value the first of these is told."""


def explain(document: Document, name: str) -> tuple[tuple[Finding, ...], int]:
    """
    Say what is wrong with a document, in the order of the file, and how much more is.

    Where each mistake beyond the limit stands is not looked for: that takes longest.
    """
    told: dict[Path, ValidationError] = {}
    keys: list[tuple[Path, str, ValidationError]] = []
    for failure in _explainer(name).iter_errors(document.data):
        path: Path = tuple(failure.absolute_path)
        if failure.validator in {"required", "additionalProperties"}:
            keys += [(path, key, failure) for key in _keys(failure)]
        elif failure.validator == "uniqueItems":
            told.setdefault((*path, _second(failure)), failure)
        elif path not in told or _rank(failure) < _rank(told[path]):
            told[path] = failure
    values = list(told)[: max(0, MOST_FINDINGS - len(keys))]
    findings = [_key(document, *one) for one in keys[:MOST_FINDINGS]]
    findings += [_value(document, path, told[path]) for path in values]
    left = len(keys) + len(told) - len(findings)
    return tuple(sorted(findings, key=order)), left


def strange_label(
    document: Document, path: Path, part: Mapping[str, Any], label: str
) -> Finding:
    """Say that a file names a label that was not seen on the page."""
    source = document.locate(path).text
    return _finding(document, path, strange(path, part, label, source), on_key=False)


def _keys(failure: ValidationError) -> Iterator[str]:
    """Give the keys that are unknown, or the one that is missing."""
    known: Mapping[str, Any] = schema_of(failure)["properties"]
    stated = failure.instance if isinstance(failure.instance, dict) else {}
    unknown = [key for key in stated if key not in known]
    if failure.validator == "additionalProperties":
        yield from unknown
        return
    # jsonschema tells of each missing key by itself, in its message alone
    key = next(key for key in known if failure.message.startswith(f"{key!r} is "))
    if key not in {nearest(other, known) for other in unknown[:MOST_FINDINGS]}:
        yield key


def _key(document: Document, path: Path, key: str, failure: ValidationError) -> Finding:
    known: Mapping[str, Any] = schema_of(failure)["properties"]
    if failure.validator == "additionalProperties":
        return _unknown(document, (*path, key), key, known)
    return _finding(document, path, missing(key, known[key], path), on_key=True)


def _unknown(
    document: Document, path: Path, key: str, known: Mapping[str, Any]
) -> Finding:
    finding = _finding(document, path, extra(key, known), on_key=True)
    if finding.place.text != MASK:
        return finding
    # a token where a key belongs: neither the sentence nor the path may hold it
    return replace(finding, message=extra(MASK, known).message, path=path[:-1])


def _value(document: Document, path: Path, failure: ValidationError) -> Finding:
    source = document.locate(path).text
    mistake = wrong(path, str(failure.validator), failure, source)
    return _finding(document, path, mistake, on_key=False)


def _finding(
    document: Document, path: Path, mistake: Mistake, *, on_key: bool
) -> Finding:
    place = document.locate(path, on_key=on_key)
    if mistake.rule == "literal-secret":
        # the line is masked already; a token on lines of its own is not known as one
        place = replace(place, text=MASK, line_text=_head(place.line_text))
    return error(mistake.rule, mistake.message, place, path=path, hint=mistake.hint)


def _second(failure: ValidationError) -> int:
    """Give the position of the first item that stands before it already."""
    return _repeated(failure.instance) or 0


def _repeated(items: object) -> int | None:
    """Find the first item that stands before it already, by looking at each once."""
    seen: set[Hashable] = set()
    for at, item in enumerate(items if isinstance(items, list) else []):
        known = _hashed(item)
        if known in seen:
            return at
        seen.add(known)
    return None


def _hashed(value: Any) -> Hashable:
    """Give what is equal for equal JSON: 1 and 1.0 are, 1 and true are not."""
    match value:
        case bool():
            return (bool, value)
        case list():
            return (list, tuple(map(_hashed, value)))
        case dict():
            pairs = ((key, _hashed(item)) for key, item in value.items())
            return (dict, frozenset(pairs))
        case _:
            return cast("Hashable", value)


def _head(line: str) -> str:
    """Keep the key of a line and nothing after it."""
    key, colon, _ = line.partition(":")
    return f"{key}{colon} {MASK}" if colon else MASK


def _rank(failure: ValidationError) -> int:
    kind = str(failure.validator)
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


@lru_cache(maxsize=4)
def _explainer(name: str) -> Validator:
    formats = FormatChecker(formats=())
    formats.checks("date")(is_day)
    make: Callable[..., Validator] = extend
    exact: Any = make(
        Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique}
    )
    validator: Validator = exact(schema(name), format_checker=formats)
    return validator


def _pattern(
    _validator: Validator, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Match as the other library does: ``$`` is the very end of the text."""
    if isinstance(instance, str) and not re.search(_exact(pattern), instance):
        yield ValidationError("does not match")


def _unique(
    _validator: Validator,
    unique: bool,  # noqa: FBT001 - as the library calls it
    instance: object,
    _schema: object,
) -> Iterator[ValidationError]:
    """Look at each item once: the library compares items that are mappings pairwise."""
    if unique and _repeated(instance) is not None:
        yield ValidationError("has items that are not unique")


def _exact(pattern: str) -> str:
    return f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
