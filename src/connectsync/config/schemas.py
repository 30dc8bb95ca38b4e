"""The schema files: their text, their names, and what they say of one key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from yaml import CollectionNode, MappingNode, Node, ScalarNode

from connectsync.config.document import data_of_text, read_document
from connectsync.config.source import Source, lines_of
from connectsync.config.yaml_tree import end_of, plain, tree_of
from connectsync.domain.finding import Described
from connectsync.domain.wording import did_you_mean
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


_SECTIONS = ("credentials", "facts", "settings")
_KEPT = re.compile(r"[|>][1-9]?\+")
_MODELINE = "yaml-language-server:"

Rows = list[int]
"""Line numbers from zero, in the order in which they are written."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A key with its value and the comments above, as lines."""

    key: str
    value: Node
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A mapping as lines: what comes before all keys, the keys, what comes after."""

    head: Rows
    blocks: list[_Block]
    tail: Rows


def canonical(text: str) -> str:
    """
    Order the keys of a district or profile file, at the top and in its sections.

    Line endings, comments and the last line's end are kept, and so is a part that is
    not written as one key a line. Raises InvalidFiles if the text is not YAML that
    `validate` would read.
    """
    before = data_of_text(text)
    order = _order(before)
    source = Source("", text)
    root = _blocks(source, tree_of(text), list(range(len(_rows(text)))))
    if root is None:
        return text
    rows = _written(source, root, order)
    after = _joined(text, rows)
    if after == text or _same(before, after):
        return after
    if _KEPT.search(text) or not text.endswith(("\n", "\r")):
        # a block scalar may own the blank lines below it, or lack its line end
        return text
    raise Bug("ordering a file's keys would have changed what it says")


def order_keys(data: Mapping[str, Any], order: Mapping[str, Any]) -> list[str]:
    """Give the keys of data in the order of a schema's properties, others last."""
    rank = {key: position for position, key in enumerate(order)}
    return sorted(data, key=lambda key: rank.get(key, len(rank)))


def _order(data: Mapping[str, Any]) -> Mapping[str, Any]:
    name = "district" if "district" in data else "profile"
    properties: Mapping[str, Any] = schema(name)["properties"]
    return properties


def _same(before: Mapping[str, Any], after: str) -> bool:
    reading = read_document("the file", after.encode())
    return reading.document is not None and reading.document.data == before


def _written(source: Source, whole: _Blocks, order: Mapping[str, Any]) -> Rows:
    keys = order_keys({block.key: None for block in whole.blocks}, order)
    by_key = {block.key: block for block in whole.blocks}
    rows = list(whole.head)
    for key in keys:
        rows += _section(source, by_key[key], order)
    return rows + whole.tail


def _section(source: Source, block: _Block, order: Mapping[str, Any]) -> Rows:
    below: Mapping[str, Any] = order.get(block.key, {}).get("properties", {})
    if block.key not in _SECTIONS or not below:
        return block.rows
    inner = _blocks(source, block.value, block.rows)
    return block.rows if inner is None else _written(source, inner, below)


def _blocks(source: Source, node: Node, rows: Rows) -> _Blocks | None:
    """Split the lines of a mapping by its keys; None if keys share lines."""
    if not isinstance(node, MappingNode) or node.flow_style:
        return None
    lines = lines_of(source.text)
    starts = [_own_line(lines, key) for key, _ in node.value]
    if None in starts:
        return None
    begins = [start for start in starts if start is not None]
    ends = [_last_row(source, key, value) for key, value in node.value]
    after = [rows[0], *(end + 1 for end in ends)]
    firsts = [
        _first_row(lines, begin, floor)
        for begin, floor in zip(begins, after, strict=False)
    ]
    firsts[0] = _after_head(lines, firsts[0], begins[0])
    stops = [*firsts[1:], _stop(lines, ends[-1], begins[0], rows)]
    blocks = [
        _Block(key.value, value, list(range(first, stop)))
        for (key, value), first, stop in zip(node.value, firsts, stops, strict=True)
    ]
    head, tail = range(rows[0], firsts[0]), range(stops[-1], rows[-1] + 1)
    return _Blocks(list(head), blocks, list(tail))


def _own_line(lines: Sequence[str], key: Node) -> int | None:
    row, column = key.start_mark.line, key.start_mark.column
    alone = isinstance(key, ScalarNode) and not lines[row][:column].strip()
    return row if alone else None


def _last_row(source: Source, key: Node, value: Node) -> int:
    row, column = end_of(source, value)
    last = _last_scalar(value)
    header = lines_of(source.text)[last.start_mark.line][last.start_mark.column :]
    if header.startswith(("|+", ">+")) or header[2:3] == "+":
        # the blank lines below are part of this text
        row, column = last.end_mark.line, last.end_mark.column
    return max(key.start_mark.line, row - (column == 0))


def _last_scalar(node: Node) -> Node:
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last if isinstance(last, Node) else last[1]
    return node


def _first_row(lines: Sequence[str], begin: int, floor: int) -> int:
    """Take the comments and blank lines above a key that belong to it."""
    column = _width(lines[begin])
    row = begin
    while row > floor and _is_comment(lines[row - 1], column):
        row -= 1
    return row


def _is_comment(line: str, column: int) -> bool:
    bare = line.strip()
    return not bare or (bare.startswith("#") and _width(line) <= column)


def _after_head(lines: Sequence[str], first: int, begin: int) -> int:
    """Leave the comments that speak of the whole file at its head."""
    for row in range(begin - 1, first - 1, -1):
        if not lines[row].strip() or _MODELINE in lines[row]:
            return row + 1
    return first


def _stop(lines: Sequence[str], end: int, begin: int, rows: Rows) -> int:
    """Take the deeper comments below the last key with it."""
    column = _width(lines[begin])
    stop = end + 1
    while stop <= rows[-1] and lines[stop].strip() and _width(lines[stop]) > column:
        stop += 1
    return stop


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _rows(text: str) -> list[str]:
    rows = text.splitlines(keepends=True)
    return [*rows, ""] if not rows or rows[-1].endswith(("\n", "\r")) else rows


def _joined(text: str, order: Rows) -> str:
    """Join lines in another order; each keeps its line end, the text its last one."""
    rows = _rows(text)
    if sorted(order) != list(range(len(rows))):
        raise Bug("ordering a file's keys lost or repeated a line")
    if rows[-1]:
        end = "\r\n" if "\r\n" in text else "\n"
        rows[-1] += end
        return "".join(rows[row] for row in order).removesuffix(end)
    return "".join(rows[row] for row in order)


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


DESCRIBED = ("district", "project")
"""The schemas whose keys people write by hand, the first that knows a key wins."""


def describe(path: str) -> Described | None:
    """
    Say what a schema says of a key such as ``settings.phone_types``.

    ``allow.reason`` reaches into the items of a list. None if there is no such key.
    """
    for name in DESCRIBED:
        part = _part(schema(name), path)
        if part is not None:
            return _described_keys(path, part)
    return None


def list_described_paths() -> tuple[str, ...]:
    """Give every key that can be described, sorted."""
    return tuple(
        sorted({path for name in DESCRIBED for path in _paths(schema(name), "")})
    )


def _part(whole: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
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
