"""Is a document what its schema says? jsonschema-rs says whether, another why."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import jsonschema_rs

from connectsync.config.days import is_day
from connectsync.config.document import Document
from connectsync.config.schemas import schema
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding, Path
from connectsync.errors import Bug

_SPANS = {"district": ("facts", "rollover"), "profile": ("facts", "rollover")}


def mistakes(document: Document, name: str) -> tuple[Finding, ...]:
    """
    Hold a document against the schema of that name: one finding for each mistake.

    Raises Bug if the two libraries that judge it do not agree.
    """
    if accepts(document.data, name):
        return tuple(_backwards(document, name))
    # 0.08 s to import, so only for documents that fail
    from connectsync.config.explaining import explain  # noqa: PLC0415

    findings = explain(document, name)
    if not findings:
        raise Bug(f"{document.file} fails its schema and nothing says why")
    return findings


def accepts(data: object, name: str) -> bool:
    """Say whether data are what a schema allows."""
    return _gate(name).is_valid(data)


@lru_cache(maxsize=4)
def _gate(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema(name)), validate_formats=True, formats={"date": is_day}
    )


def _backwards(document: Document, name: str) -> Iterator[Finding]:
    """Find spans of days that end before they begin: no schema can say that."""
    for path in _spans(document, name):
        span = document.data
        for part in path:
            span = span[part]  # type: ignore[index]
        if span["to"] < span["from"]:
            yield error(
                "wrong-format",
                f"the last day {quoted(span['to'])} is before the first,"
                f" {quoted(span['from'])}",
                document.locate((*path, "to")),
                path=(*path, "to"),
                hint="exchange them, or mend the year",
            )


def _spans(document: Document, name: str) -> Iterator[Path]:
    if name in _SPANS:
        section, key = _SPANS[name]
        if document.data.get(section, {}).get(key):
            yield section, key
    for position, _ in enumerate(document.data.get("freezes", ())):
        yield "freezes", position
