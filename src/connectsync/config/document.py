"""One file as data that knows where each of its values stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from yaml import Node, YAMLError

from connectsync.config import yaml_tree
from connectsync.config.decode import text_of
from connectsync.config.source import Source, and_more, error
from connectsync.config.yaml_errors import refusal_finding, syntax_finding
from connectsync.config.yaml_tree import (
    TreeMistake,
    YamlRefusal,
    compose,
    data_of,
    keep_tree,
)
from connectsync.domain.finding import Finding, KeyPath, Place, Severity
from connectsync.errors import InvalidFiles
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """A file whose YAML is a mapping: its name, its text and its data."""

    source: Source
    data: Mapping[str, Any]

    @property
    def file(self) -> str:
        """The file's path, relative to the project, with forward slashes."""
        return self.source.file

    def locate(self, path: KeyPath, *, on_key: bool = False) -> Place:
        """Give the place of a value or its key, or of what is nearest above it."""
        return yaml_tree.locate(self.source, path, on_key=on_key)

    def holds(self, path: KeyPath) -> bool:
        """Say whether the file itself states a value at this path."""
        value: Any = self.data
        for part in path:
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and isinstance(part, int):
                if part >= len(value):
                    return False
                value = value[part]
            else:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a file: a document, findings, or both."""

    document: Document | None
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Give the findings with which nothing can be made of the document."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)


def read_document(file: str, raw: bytes) -> Reading:
    """
    Read the YAML of a file strictly.

    Any bytes give findings, never an exception. A document comes with findings where
    its data can still be held against a schema.
    """
    text = text_of(file, raw)
    if not isinstance(text, str):
        return Reading(None, text)
    source = Source(file, text)
    try:
        root = compose(raw)
    except YamlRefusal as refusal:
        return Reading(None, refusal_finding(source, refusal))
    except YAMLError as failure:
        return Reading(None, (syntax_finding(source, failure),))
    return _document(source, root)


def _document(source: Source, root: Node | None) -> Reading:
    if root is None:
        return Reading(None, (_empty(source),))
    keep_tree(source.text, root)
    data, blunders = data_of(root)
    found = [_finding(source, blunder) for blunder in blunders]
    findings = and_more(found, blunders.more)
    if data is None and not findings:
        return Reading(None, (_empty(source),))
    if any(blunder.rule == "nesting-too-deep" for blunder in blunders):
        return Reading(None, findings)
    if not isinstance(data, dict):
        return Reading(None, (*findings, _not_a_mapping(source, root)))
    return Reading(Document(source, data), findings)


def _finding(source: Source, blunder: TreeMistake) -> Finding:
    place = yaml_tree.place_of(source, blunder.node)
    return error(blunder.rule, blunder.message, place, hint=blunder.hint)


def _empty(source: Source) -> Finding:
    return error(
        "empty-file",
        "the file is empty",
        source.place((0, 0), (0, 0)),
        hint="begin with `schema: 1`; to add a district: `connectsync new KEY --name"
        " NAME`",
    )


def _not_a_mapping(source: Source, root: Node) -> Finding:
    return error(
        "not-a-mapping",
        "the file does not hold `key: value` pairs at its top level",
        yaml_tree.place_of(source, root),
        hint="begin with `schema: 1`; a space belongs after the colon",
    )


def data_of_text(text: str) -> Mapping[str, Any]:
    """Give the data of a text. Raises ``InvalidFiles`` at its first mistake."""
    reading = read_document("the file", text.encode(errors="surrogatepass"))
    if reading.document is None or reading.findings:
        first = reading.findings[0]
        at = f"line {first.place.line}, column {first.place.column}"
        raise InvalidFiles(f"{at}: {first.message}", remedy=first.hint)
    return reading.document.data


_LENGTH = len("2027-06-15")


def is_day(text: object) -> bool:
    """Say whether a text is a day of the calendar, spelled year-month-day."""
    if not isinstance(text, str):
        return True
    try:
        # `fromisoformat` also takes 20270615 and 2027-W24-2
        return len(text) == _LENGTH and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
