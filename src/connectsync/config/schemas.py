"""The schema files: their text, their names, and what they say of one key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from connectsync.domain.suggest import did_you_mean
from connectsync.errors import Bug, UsageError

_SUFFIXES = (".schema.json", ".openapi.yaml")
_PACKAGE = FilePath(__file__).parents[1]
_KINDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
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


def _files() -> Mapping[str, FilePath]:
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
    stated = part.get("type", "object")
    types = [stated] if isinstance(stated, str) else list(stated)
    if types in (["integer"], ["integer", "null"]):
        return _KINDS["integer"] + _range(part)
    return " or ".join(_KINDS[kind] for kind in types if kind != "null") or "null"


def _range(part: Mapping[str, Any]) -> str:
    least, most = part.get("minimum"), part.get("maximum")
    if least is None:
        return ""
    return f" of at least {least}" if most is None else f" from {least} to {most}"


@lru_cache(maxsize=1)
def _folder() -> FilePath:
    """Find the schemas: in the package once it is built, else in the checkout."""
    for folder in (_PACKAGE / "schema", _PACKAGE.parents[1] / "schema"):
        if (folder / "district.schema.json").is_file():
            return folder
    raise Bug("the schema files are not where they were installed")
