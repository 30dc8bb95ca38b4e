"""Rows of a spreadsheet as what districts are to have, and as edits of their files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from connectsync.config.discovery import is_key, relative, stem_of
from connectsync.config.fleet import Fleet, LoadedDistrict
from connectsync.domain.district import LIST, why_no_value
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ConnectsyncError, InvalidFiles
from connectsync.files.sheets import Cell, Sheet, read_labels, rearm
from connectsync.operations.editing import BOOLS, EditedFile, ValueEdit, edit_layers
from connectsync.operations.files import (
    NewDistrict,
    insist_inside,
    new_text,
    references_in,
)
from connectsync.operations.sheets import (
    INHERITED,
    KEY,
    REFERENCE,
    TOKEN,
    VERSION,
    SheetField,
    field_named,
    fold_heading,
    mark_value,
    marks_of,
    stated_values,
)
from connectsync.values import dataclass, field


@dataclass(frozen=True, slots=True)
class WantedDistrict:
    """
    A row that was read: what its district is to have, by name.

    ``places`` spell the cell of each value, and of the row's district.
    """

    key: str
    values: Mapping[str, Any]
    places: Mapping[str, str]
    version: str = ""


@dataclass(slots=True)
class SheetReading:
    """Rows that were read, and a sentence for each cell that cannot be taken."""

    rows: list[WantedDistrict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


class _Word:
    """What a cell may say instead of a value."""


UNSET = _Word()
_WORDS: Mapping[str, Any] = {"(unset)": UNSET, "(null)": None}


class CellProblem(ValueError):
    """Why a cell cannot be taken: part of a sentence, without what the cell holds."""


def read_rows(
    sheet: Sheet, fields: Mapping[str, SheetField], *, ignore_unknown: bool = False
) -> SheetReading:
    """
    Read the rows of a sheet, the first of which has the headings.

    Raises ``InvalidFiles`` where the headings are no good.
    """
    if not sheet.rows:
        raise InvalidFiles(f"{sheet.file}: the sheet is empty", remedy=_HEADINGS)
    reading = SheetReading()
    columns = _headings(sheet, fields, reading, ignore_unknown=ignore_unknown)
    seen: dict[str, str] = {}
    for number, cells in sheet.rows[1:]:
        row = _read_row(sheet, number, cells, columns, reading)
        if row is None:
            continue
        if row.key in seen:
            said = f"is the same district as {seen[row.key]}"
            reading.problems.append(f"{row.places[KEY]}: {said}")
            continue
        seen[row.key] = row.places[KEY]
        reading.rows.append(row)
    return reading


_HEADINGS = "its first row has headings, and one of them is `district`"


def _headings(
    sheet: Sheet,
    fields: Mapping[str, SheetField],
    reading: SheetReading,
    *,
    ignore_unknown: bool,
) -> dict[int, SheetField | str | None]:
    """
    Give the field of each column, from 1, or ``version`` for the column of that.

    It is None for a column that is left out, and empty without a heading.
    """
    number, cells = sheet.rows[0]
    columns, places = dict[int, SheetField | str | None](), dict[str, str]()
    for at, cell in enumerate(cells, 1):
        place, text = sheet.place(number, at), str(cell)
        flaw = sheet.flaws.get((number, at))
        name = field_named(text, fields) or (
            fold_heading(text) if fold_heading(text) in {VERSION, INHERITED} else None
        )
        if flaw or (name is None and text.strip() and not ignore_unknown):
            why = flaw or _unknown(text, fields)
            reading.problems.append(f"{place}: {why}")
            columns[at] = None  # of its cells there is nothing more to say
        elif not text.strip():
            columns[at] = ""
        elif name is None:
            columns[at] = None
            reading.ignored.append(text.strip()[:40])
        elif name in places:
            said = f"has the same heading as {places[name]}: {name}"
            reading.problems.append(f"{place}: {said}")
            columns[at] = None
        else:
            places[name] = place
            columns[at] = None if name == INHERITED else fields.get(name, name)
    if KEY not in places and not reading.problems:
        raise InvalidFiles(
            f"{sheet.file}: no heading in {sheet.place(number, 1)} or beside it says"
            " `district`",
            remedy=_HEADINGS,
        )
    return {} if KEY not in places else columns


def _unknown(text: str, fields: Mapping[str, SheetField]) -> str:
    ends = [name.rpartition(".")[2] for name in fields]
    meant = did_you_mean(text.strip()[:60], [*fields, *ends])
    said = f"no value that can be set is called {text.strip()[:60]!r}"
    meant = why_no_value(text) or meant
    return f"{said}; {meant or '--ignore-unknown leaves such columns out'}"


def _read_row(
    sheet: Sheet,
    number: int,
    cells: Sequence[Cell],
    columns: Mapping[int, SheetField | str | None],
    reading: SheetReading,
) -> WantedDistrict | None:
    values, places, version = dict[str, Any](), dict[str, str](), ""
    before = len(reading.problems)
    for at, cell in enumerate(cells, 1):
        one, place = columns.get(at, ""), sheet.place(number, at)
        if cell == "" or one is None:
            continue
        if isinstance(one, SheetField):
            place = f"{place} ({one.column.heading})"
        flaw = sheet.flaws.get((number, at))
        if flaw or not one:
            reading.problems.append(f"{place}: {flaw or 'has no heading above it'}")
        elif isinstance(one, str):
            version = str(cell).strip()
        else:
            places[one.name] = place
            text = rearm(cell) if isinstance(cell, str) and not sheet.name else cell
            try:
                if not (isinstance(text, str) and not text.strip()):
                    values[one.name] = read_cell(one, text)
            except CellProblem as problem:
                reading.problems.append(f"{place}: {problem}")
    key = values.pop(KEY, None)
    if len(reading.problems) > before or not (values or key):
        return None
    if not isinstance(key, str):
        where = next(iter(places.values()), sheet.place(number, 1))
        reading.problems.append(f"{where}: the row names no district")
        return None
    return WantedDistrict(key, values, places, version)


AS_TEXT = "format the cells as Text and type it again"
_SPOILED = re.compile(
    r"[0-9](?:[.,][0-9]+)?[Ee][+-][0-9]{1,3}|[0-9]{1,2}-[A-Z][a-z]{2}(?:-[0-9]{2,4})?"
    r"|[0-9]{1,4}/[0-9]{1,2}/[0-9]{1,4}"
)
"""What a spreadsheet makes of an id when it takes that for a number or a date."""

_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def read_cell(one: SheetField, cell: Cell) -> Any:
    """
    Give the value of a cell that holds something; ``UNSET`` where it says so.

    Raises ``CellProblem``. What a cell holds is not repeated: a token may have been
    put into any.
    """
    match cell:
        case str():
            return _read_text(one, cell)
        case bool():
            if one.kind != "bool":
                raise CellProblem(f"holds {str(cell).upper()}, which it cannot be")
            return cell
        case int() | float():
            return _read_number(one, cell)
        case date() if one.name.endswith((".from", ".to")):
            if isinstance(cell, datetime) and cell.time() != time():
                raise CellProblem("needs a day, without a time")
            return cell.isoformat()[: len("2027-06-15")]
        case _:
            said = "holds a date or a time, which the spreadsheet made of it"
            raise CellProblem(f"{said}: {AS_TEXT}")


def _read_number(one: SheetField, cell: float) -> int:
    if one.kind == "bool":
        raise CellProblem("needs true or false, no number")
    if one.kind != "int":
        raise CellProblem(f"holds a number, which has no leading zeros: {AS_TEXT}")
    if not 0 <= cell < MOST or cell != int(cell):
        raise CellProblem("is no whole number; 15 % is written 15")
    return int(cell)


MOST = 1_000_000_000


def _read_text(one: SheetField, cell: str) -> Any:
    text = cell.strip()
    word = text.casefold()
    if word in _WORDS:
        return _WORDS[word]
    if one.kind == LIST:
        try:
            return read_labels(cell)
        except csv.Error as error:
            raise CellProblem("has a quote that is not closed") from error
    if _BROKEN.search(text):
        raise CellProblem("needs a text on one line")
    if one.kind == "bool":
        if word not in BOOLS:
            raise CellProblem("needs true or false")
        return BOOLS[word]
    if one.kind == "int":
        if not re.fullmatch("[0-9]{1,9}", text):
            hint = "; 15 % is written 15" if "%" in text else ""
            raise CellProblem(f"needs a whole number{hint}")
        return int(text)
    _insist_unspoiled(one.name, text)
    return text


def _insist_unspoiled(name: str, text: str) -> None:
    if name in {KEY, "credentials.district_id"} and _SPOILED.fullmatch(text):
        said = "looks like a number or a date, which a spreadsheet made of an id"
        raise CellProblem(f"{said}: {AS_TEXT}")
    if name == TOKEN and not REFERENCE.fullmatch(text):
        said = "is no reference to a token, such as env:NAME"
        raise CellProblem(f"{said}; the token itself belongs in no sheet")


def edits_of(
    row: WantedDistrict, loaded: LoadedDistrict, fields: Mapping[str, SheetField]
) -> tuple[list[ValueEdit], list[str], list[str]]:
    """
    Give the edits that make a district as its row wants it.

    Then a sentence for each cell that cannot be taken, and the names of those that
    were not touched since they were written, while the files changed: they stay.
    """
    held = stated_values(loaded, fields)
    marks = marks_of(row.version, tuple(fields))
    edits, problems, left = list[ValueEdit](), list[str](), list[str]()
    for name, value in row.values.items():
        one, there = fields[name], held[name]
        if value is UNSET:
            if not loaded.layers[-1].holds(one.path):
                continue
        elif _is_same(one, there, value):
            continue
        moved = name in marks and marks[name] != mark_value(there)
        if (
            moved
            and value is not UNSET
            and marks[name] == mark_value(_as_held(value, name))
        ):
            left.append(name)
        elif moved:
            said = "was changed in the files since this sheet was written"
            problems.append(f"{row.places[name]}: {said}")
        elif str(there).isdigit() and value == str(there).lstrip("0"):
            said = f"lost the zeros in front of it: {AS_TEXT}"
            problems.append(f"{row.places[name]}: {said}")
        elif value is UNSET:
            edits.append(ValueEdit(one.path, ""))
        else:
            edits.append(ValueEdit(one.path, "=", _as_held(value, name)))
    return edits, problems, left


def _is_same(one: SheetField, held: Any, wanted: Any) -> bool:
    if one.kind != LIST or wanted is None or held is None:
        # blanks at its end are none that a person sees
        return bool(
            held.strip() == wanted
            if isinstance(held, str) and isinstance(wanted, str)
            else held == wanted and type(held) is type(wanted)
        )
    there = [held] if isinstance(held, str) else list(map(str, held))
    return there == wanted if one.name == "profile" else set(there) == set(wanted)


def _as_held(value: Any, name: str) -> Any:
    """Give a value as a file has it: one profile is a text, several are a list."""
    one = name == "profile" and isinstance(value, list) and len(value) == 1
    return value[0] if one else value


def edits_of_new(row: WantedDistrict) -> tuple[ValueEdit, ...]:
    """Give what a new district states beside its name, profile and credentials."""
    apart = {"name", "profile", "credentials.district_id", TOKEN}
    return tuple(
        ValueEdit(tuple(name.split(".")), "=", value)
        for name, value in row.values.items()
        if name not in apart and value is not UNSET
    )


def place_of(row: WantedDistrict, path: Sequence[str | int]) -> str:
    """Spell the cell that a path of the district's file came from."""
    names = [".".join(map(str, path[:depth])) for depth in range(len(path), 0, -1)]
    named = (name for name in names if name in row.places)
    return row.places[next(named, KEY)]


@dataclass(frozen=True, slots=True)
class NewFiles:
    """Where new files go: a folder below that of the districts, in a project."""

    root: Path
    home: Path
    folder: str


@dataclass(slots=True)
class SheetDrafts:
    """
    What the files of districts become, row by row.

    With ``only_new`` a row of a district that is there is refused. ``files`` name them
    by key; ``settings`` are those that each file is to set.
    """

    place: NewFiles
    fleet: Fleet
    fields: Mapping[str, SheetField]
    only_new: bool = False
    problems: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    settings: dict[str, list[str]] = field(default_factory=dict)
    left: int = 0
    _there: dict[str, LoadedDistrict] = field(default_factory=dict)
    _broken: dict[str, str] = field(default_factory=dict)
    _taken: set[str] | None = None

    def __post_init__(self) -> None:
        self._there = {one.district.key: one for one in self.fleet.districts}
        shared = set(self.fleet.shelf.names.values())
        self._broken = {
            stem_of(Path(one)): one for one in self.fleet.files if one not in shared
        }

    def draft(self, row: WantedDistrict) -> Iterator[EditedFile]:
        """Give the file of a row if it changes; note what cannot be taken."""
        loaded, place = self._there.get(row.key), row.places[KEY]
        try:
            if loaded is None:
                yield self._make(row)
                return
            self.files[row.key] = loaded.file
            if self.only_new:
                way = "`connectsync import --from-sheet FILE`"
                raise InvalidFiles(f"is there already; {way} changes it")
            edits, problems, left = edits_of(row, loaded, self.fields)
            self.problems += problems
            self.left += len(left)
            paths = [one.path for one in edits if one.path[0] == "settings"]
            self.settings[loaded.file] = [path[1] for path in paths]
            edited = edit_layers(loaded.layers, edits)
            if edited.after != edited.before:
                yield edited
        except ConnectsyncError as error:
            self.problems.append(f"{place}: {error.message}")

    def _make(self, row: WantedDistrict) -> EditedFile:
        """Give the file of a new district. Raises ``ConnectsyncError``."""
        root, home, folder = self.place.root, self.place.home, self.place.folder
        if row.key in self._broken:
            raise InvalidFiles(f"its file {self._broken[row.key]} has errors")
        if not is_key(row.key):
            raise InvalidFiles("cannot be a district's key: use a-z, 0-9 and dashes")
        name = row.values.get("name")
        if not isinstance(name, str):
            raise InvalidFiles("is a new district, and the row has no name for it")
        path = home / folder / f"{row.key}.yaml"
        insist_inside(path, home, folder)
        if self._taken is None:
            self._taken = references_in(home)
        new = NewDistrict(
            row.key,
            name,
            tuple(row.values.get("profile") or ()),
            folder,
            row.values.get("credentials.district_id") or "",
            row.values.get(TOKEN) or "",
            edits_of_new(row),
        )
        self.files[row.key] = file = relative(path, root)
        return EditedFile(file, "", new_text(path, root, new, self._taken))
