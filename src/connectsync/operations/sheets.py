"""Districts as rows of a spreadsheet: its columns, and what files say in them."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b32encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from connectsync.config.fleet import Fleet, LoadedDistrict
from connectsync.config.layers import LAYERED, merge_section
from connectsync.config.schemas import describe, part_at, schema
from connectsync.domain.district import LIST, names_meant, stated_types
from connectsync.domain.wording import many
from connectsync.errors import InvalidFiles
from connectsync.files.sheets import SheetColumn, SheetRow, spell_labels
from connectsync.values import dataclass

KEY, TOKEN, VERSION, INHERITED = (
    "district",
    "credentials.oauth_token",
    "version",
    "inherited",
)

NOTES = tuple(
    """\
A row is a district, and a cell what the district is to have. Change cells, save, and \
look at the change: connectsync import --from-sheet FILE
A gray value comes from a profile. Left as it is, it stays there; changed, it goes to \
the district's own file.
An empty cell changes nothing. (unset) takes a value out of the district's file, so \
that the profile counts; (null) takes a profile's value back; (none) is a list without \
a label.
A new row with another district makes its file. A row that is deleted changes nothing, \
and so does the order of rows and columns.
Leave the column version as it is: with it, what was changed in the files meanwhile is \
not undone.""".splitlines()
)


@dataclass(frozen=True, slots=True)
class SheetField:
    """
    A value of a district file that a column can hold.

    ``kind`` is its type as CEL spells it.
    """

    name: str
    kind: str
    column: SheetColumn

    @property
    def path(self) -> tuple[str, ...]:
        """Its keys in the file, from the top."""
        return tuple(self.name.split("."))


_DEEP = 2
"""Dots in a name whose last word says too little, as ``facts.guardians_csv.level``."""


def sheet_fields(fleet: Fleet) -> dict[str, SheetField]:
    """Give every value that a column can hold, by name, in the order of columns."""
    types = stated_types()
    top = (KEY, "name", "profile", "labels", "credentials.district_id", TOKEN)
    names = (*top, *(one for one in types if one.startswith("settings.")))
    facts = (one for one in types if one.startswith("facts."))
    names += (*facts, "provider", "timezone")
    kinds = {**types, "profile": LIST, TOKEN: "string", "timezone": "string"}
    fields = dict[str, SheetField]()
    for name in names:
        end = name.rpartition(".")[2]
        short = names_meant(end, names) == [name] and name.count(".") < _DEEP
        heading = end if short else name
        fields[name] = _field(name, heading, kinds[name], fleet)
    return fields


def _field(name: str, heading: str, kind: str, fleet: Fleet) -> SheetField:
    described = describe(name)
    part = part_at(schema("district"), name) or {}
    labels = described.labels if described else ()
    labels += tuple(fleet.shelf.recorded.get(name.rpartition(".")[2], ()))
    if kind == "bool":
        labels = ("true", "false")
    elif name == "profile":
        labels = tuple(sorted(fleet.shelf.names))
    column = SheetColumn(
        heading,
        described.description if described else "",
        f"{'names' if name == 'profile' else 'labels'}, with commas between them"
        if kind == LIST
        else described.kind
        if described
        else "",
        tuple(dict.fromkeys(labels)),
        kind == LIST,
        part.get("minimum", 0) if kind == "int" else None,
        part.get("maximum"),
    )
    return SheetField(name, kind, column)


def chosen_fields(
    fields: Mapping[str, SheetField],
    rows: Sequence[Mapping[str, Any]],
    names: Sequence[str] | None,
) -> list[SheetField]:
    """Give the fields to write: those named, or all but facts that no one states."""
    if names is None:
        names = [
            name
            for name in fields
            if name.partition(".")[0] not in {"facts", "provider", "timezone"}
            or any(row[name] is not None for row in rows)
        ]
    return [fields[name] for name in dict.fromkeys((KEY, *names))]


def stated_values(
    loaded: LoadedDistrict, fields: Mapping[str, SheetField]
) -> dict[str, Any]:
    """Give what the layers of a district say by name, as data; None: nothing."""
    merged = {section: merge_section(loaded.layers, section) for section in LAYERED}
    own = loaded.layers[-1].data
    values = dict[str, Any]()
    for name, one in fields.items():
        value: Any = {**own, **merged}
        for key in one.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        values[name] = value
    return values


def sheet_row(
    loaded: LoadedDistrict,
    values: Mapping[str, Any],
    shown: Sequence[SheetField],
) -> SheetRow:
    """Give a district as a row; what comes from a profile is faint, and named."""
    own = loaded.layers[-1]
    inherited = [
        one.column.heading
        for one in shown
        if values[one.name] is not None
        and one.path[0] in LAYERED
        and not own.holds(one.path[:2])
    ]
    cells = {one.column.heading: _spell(one, values[one.name]) for one in shown}
    cells[INHERITED] = ", ".join(inherited)
    cells[VERSION] = version_of(values)
    return SheetRow(cells, frozenset([*inherited, VERSION, INHERITED]))


ADDED_COLUMNS = (
    SheetColumn(VERSION, "What the files said when this sheet was written.", "marks"),
    SheetColumn(INHERITED, "What of this row comes from a profile.", "headings"),
)


REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|(?:file|command):[^ ].*")
"""Where a token is; anything else may be the token itself."""


def _spell(one: SheetField, value: Any) -> str | int | None:
    if one.name == TOKEN and not REFERENCE.fullmatch(str(value)):
        return None
    if one.kind == LIST and value is not None:
        return spell_labels([value] if isinstance(value, str) else value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, int) or value is None else str(value)


_MARK = 2


def version_of(values: Mapping[str, Any]) -> str:
    """
    Mark what files say of a district, value by value, so that a change shows.

    Values in another order of labels, or of another release's names, are told apart.
    """
    return _mark_names(tuple(values)) + "".join(map(mark_value, values.values()))


def _mark_names(names: tuple[str, ...]) -> str:
    return f"v{_digest(list(names), 6)}."


def mark_value(value: Any) -> str:
    """Mark a value; another one has another mark, but for one pair in a thousand."""
    plain = sorted(value, key=str) if isinstance(value, list) else value
    return _digest(plain, _MARK)


def _digest(data: Any, length: int) -> str:
    raw = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).digest()
    return b32encode(raw).decode().lower()[:length]


def marks_of(version: str, names: Sequence[str]) -> dict[str, str]:
    """Give the mark of each value by name; none if it is no version of these names."""
    lead = _mark_names(tuple(names))
    if not version.startswith(lead):
        return {}
    marks = version[len(lead) :]
    return {name: marks[at * _MARK :][:_MARK] for at, name in enumerate(names)}


def fold_heading(text: str) -> str:
    """Give a heading as it counts: in small letters, blanks and dashes alike."""
    return re.sub(r"[\s_-]+", "_", text.strip().casefold())


@cache
def _titles(names: tuple[str, ...]) -> dict[str, str]:
    """Give names by what Connect's page, or its reference, calls them."""
    described = ((name, describe(name)) for name in reversed(names))
    return {fold_heading(one.title): name for name, one in described if one}


def field_named(text: str, fields: Mapping[str, SheetField]) -> str | None:
    """Give the name that a heading means; None where it means nothing, or several."""
    heading = fold_heading(text)
    meant = names_meant(heading, fields)
    if len(meant) == 1:
        return meant[0]
    return _titles(tuple(fields)).get(heading)


MOST_PROBLEMS = 20


def refuse_cells(file: str, problems: Sequence[str], remedy: str = "") -> InvalidFiles:
    """Make the error that names cells, the first twenty of them."""
    shown: Iterator[str] = (f"  {one}" for one in problems[:MOST_PROBLEMS])
    more = len(problems) - MOST_PROBLEMS
    below: Collection[str] = [*shown, *([f"  and {more:,} more"] if more > 0 else [])]
    cells = many(len(problems), "cell")
    return InvalidFiles(
        f"{file}: {cells} cannot be taken; nothing was written:",
        below=below,
        remedy=remedy or "correct the sheet, save it, and run the command again",
    )
