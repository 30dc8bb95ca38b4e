"""Spreadsheets: cells read from a CSV, and tables in which no text is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from numbers import Number
from typing import Any

from connectsync.errors import InvalidFiles, UsageError, load_extra
from connectsync.files.access import wide_encoding
from connectsync.values import dataclass, field

Cell = str | int | float | bool | date | time | timedelta
"""What a cell holds; an empty text where it holds nothing. A CSV holds only text."""

MOST_ROWS = 20_000
"""Headings included; the whole country has 13,318 districts."""
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    Rows of cells by number, from 1 as a spreadsheet counts; empty ones are left out.

    ``file`` is the name to show, ``name`` that of the sheet in it, empty for a CSV.
    ``flaws`` say by row and column, both from 1, why a cell cannot be taken.
    ``remarks`` are sentences on what was read and what was not.
    """

    file: str
    name: str
    rows: Sequence[tuple[int, Sequence[Cell]]]
    flaws: Mapping[tuple[int, int], str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def place(self, row: int, column: int) -> str:
        """Spell the place of a cell: ``Fleet!D7``, or line and column of a CSV."""
        if not self.name:
            return f"line {row:,}, column {column}"
        plain = re.fullmatch(r"\w+", self.name)
        name = self.name if plain else "'" + self.name.replace("'", "''") + "'"
        return f"{name}!{letters_of(column)}{row}"


def refused(shown: str, why: str, remedy: str = "") -> InvalidFiles:
    """Give the error that a sheet is not taken."""
    return InvalidFiles(
        f"{shown}: {why}", remedy=remedy or "save it anew from the spreadsheet program"
    )


def read_csv(raw: bytes, shown: str) -> Sheet:
    """Read the bytes of a CSV. Raises ``InvalidFiles``."""
    as_utf_8 = "save it as *CSV UTF-8 (comma delimited)*"
    if wide := wide_encoding(raw):
        raise refused(shown, f"it is saved as {wide}", as_utf_8)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"line {line:,}: the byte 0x{raw[error.start]:02X} is not UTF-8"
        raise refused(shown, why, as_utf_8) from error
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise refused(shown, f"line {line:,}: it holds a NUL character", as_utf_8)
    stated = re.match(r'"?sep=([,;\t])"?\r?\n', text)
    lines = io.StringIO(text, newline="")
    if stated:
        lines.readline()
    first = next((one for one in lines if one.strip(" ,;\t\r\n")), "")
    delimiter = stated[1] if stated else max(",;\t", key=first.count)
    lines.seek(0)
    found = _lines_of_csv(lines, delimiter, shown)
    return Sheet(shown, "", tuple(found)[1 if stated else 0 :])


def _lines_of_csv(
    lines: Iterable[str], delimiter: str, shown: str
) -> Iterator[tuple[int, list[Cell]]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line, count = 1, 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            why = f"line {line:,}: a quote is not closed, or stands within a cell"
            if "field larger" in str(error):
                why = f"line {line:,}: a cell has more than {csv.field_size_limit():,}"
                why += " characters"
            raise refused(shown, why, "put quotes around the whole cell") from error
        if row is None:
            return
        if len(row) > MOST_COLUMNS and any(row[MOST_COLUMNS:]):
            raise too_wide(shown, f"line {line:,}")
        if any(row):
            count += 1
            if count > MOST_ROWS:
                raise too_long(shown, f"line {line:,}")
            yield line, [*row]
        line = reader.line_num + 1


def too_long(shown: str, where: str) -> InvalidFiles:
    """Give the error of too many rows."""
    return refused(
        shown, f"{where}: it has more than {MOST_ROWS:,} rows", "split it into several"
    )


def too_wide(shown: str, where: str) -> InvalidFiles:
    """Give the error of too many columns."""
    return refused(
        shown,
        f"{where}: it has more than {MOST_COLUMNS} columns",
        "delete what stands beside the table",
    )


def letters_of(number: int) -> str:
    """Spell the number of a column, from 1, as a spreadsheet does."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# behind a sign that parts cells elsewhere, quotes open and close a text of nothing
_LEAD = r"(^|[;\t\n\r]\"*)"
# a runner takes a line that begins with two colons for a command to it, and ##[ too
_FORMULA = r"('*)(?=[=+\-@\t\r]|[^\S\t\n\r]*::)"
_ARMED = re.compile(_LEAD + _FORMULA)
_DISARMED = re.compile(f"{_LEAD}'{_FORMULA}")
_HASHES = r"(\#\#(?:vso|teamcity)?'*)"
_HEEDED = re.compile(rf"{_HASHES}(?=\[)")
_UNHEEDED = re.compile(rf"{_HASHES}'(?=\[)")


def disarm(text: str) -> str:
    """
    Put an apostrophe where a spreadsheet would take a text of a CSV for a formula.

    That is at its begin, and behind what parts cells where a comma does not. So it is
    where a runner that reads what is printed would take it for a command.
    """
    return _HEEDED.sub(r"\1'", _ARMED.sub(r"\1'\2", text))


def rearm(text: str) -> str:
    """Take the apostrophes out again that `disarm` put in."""
    return _DISARMED.sub(r"\1\2", _UNHEEDED.sub(r"\1", text))


ABOUT = "Columns"
"""The sheet that explains the columns."""

NOTHING = "(none)"
"""A list without a label; an empty cell says nothing."""


def csv_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Give a table as CSV; None is an empty cell, true and false are as in JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Number) else disarm(str(value))


def spell_labels(labels: Sequence[str]) -> str:
    """Spell labels in one cell, as `read_labels` reads them."""
    if not labels:
        return NOTHING
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(labels)
    return text.getvalue().replace(",", ", ") if _plain(labels) else text.getvalue()


def _plain(labels: Iterable[str]) -> bool:
    return not any({",", '"', "\n", "\r"} & set(one) for one in labels)


def read_labels(text: str) -> list[str]:
    """Read labels of one cell, parted by commas or lines. Raises ``csv.Error``."""
    if text.strip() == NOTHING:
        return []
    lines = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    return [one.strip() for one in chain.from_iterable(lines) if one.strip()]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """
    A column: its heading, what it is, and what its cells may hold.

    ``choices`` are offered in a list: only these, or with ``several`` also more than
    one. ``least`` and ``most`` bound whole numbers. Without ``about`` it is explained
    nowhere.
    """

    heading: str
    about: str = ""
    holds: str = ""
    choices: tuple[str, ...] = ()
    several: bool = False
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Cells by heading, as text or numbers; ``faint`` ones are shown in gray."""

    cells: Mapping[str, str | int | None]
    faint: Collection[str] = field(default_factory=frozenset)


MOST_CHARACTERS = 32_767
"""Of a cell of a workbook."""

_SPARE = 500
"""Empty rows below the table in which lists are offered as well, for new districts."""
_NARROW, _WIDE = 9, 44
_MEANING = 90
"""Characters of a line of what a column means."""
_LINE = 13.5
"""Points."""
_MOST_CHOICES = 200
_EPOCH = "2000-01-01"
"""When every workbook was made, as it says: the same table is the same file."""


def workbook(
    name: str,
    columns: Sequence[SheetColumn],
    rows: Sequence[SheetRow],
    notes: Sequence[str] = (),
) -> bytes:
    """
    Give a table as an XLSX workbook of one sheet, its headings frozen.

    Every text is kept as text, so that ids keep their zeros and nothing is a formula.
    With ``notes``, a second sheet has these and explains each column. Raises
    ``UsageError`` where the library is missing or a text is too long for a cell.
    """
    library, whole = load_extra("xlsxwriter", "sheets", "XLSX files need"), io.BytesIO()
    book = library.Workbook(whole, {"in_memory": True})
    book.set_properties({"created": datetime.fromisoformat(_EPOCH)})
    plain = {"font_name": "Arial", "font_size": 10, "valign": "top"}
    looks = {
        "head": book.add_format({**plain, "bold": True, "bg_color": "#DCE6F1"}),
        "text": book.add_format({**plain, "num_format": "@"}),
        "number": book.add_format({**plain, "num_format": "0"}),
        "faint text": book.add_format({**plain, **_FAINT, "num_format": "@"}),
        "faint number": book.add_format({**plain, **_FAINT, "num_format": "0"}),
        "note": book.add_format(plain),
        "wrapped": book.add_format({**plain, "text_wrap": True}),
    }
    sheet = book.add_worksheet(name)
    for at, column in enumerate(columns):
        numbers = column.least is not None
        look = looks["number" if numbers else "text"]
        sheet.set_column(at, at, _width(column, rows), look)
        sheet.write_string(0, at, column.heading, looks["head"])
    for down, row in enumerate(rows, 1):
        for at, column in enumerate(columns):
            value = row.cells.get(column.heading)
            faint = "faint " if column.heading in row.faint else ""
            if isinstance(value, int):
                sheet.write_number(down, at, value, looks[f"{faint}number"])
            elif value:
                _insist_room(value, column, row, columns)
                sheet.write_string(down, at, value, looks[f"{faint}text"])
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, len(rows)), len(columns) - 1)
    if notes:
        top = _explain(book.add_worksheet(ABOUT), columns, notes, looks)
        for at, column in enumerate(columns):
            _offer(sheet, at, column, len(rows), top + at)
    book.close()
    return whole.getvalue()


_FAINT = {"italic": True, "font_color": "#666666"}


def _insist_room(
    value: str, column: SheetColumn, row: SheetRow, columns: Sequence[SheetColumn]
) -> None:
    if len(value) > MOST_CHARACTERS:
        first = row.cells.get(columns[0].heading)
        raise UsageError(
            f"{column.heading} of {first} has more than {MOST_CHARACTERS:,} characters,"
            " which no cell of a workbook holds",
            remedy="write a CSV, or leave that column out with --columns",
        )


def _width(column: SheetColumn, rows: Sequence[SheetRow]) -> int:
    """Give characters that a column has room for, its filter button included."""
    longest = (len(str(one.cells.get(column.heading) or "")) for one in rows)
    return min(_WIDE, max(_NARROW, len(column.heading) + 4, *longest, 0) + 1)


def _explain(
    sheet: Any,
    columns: Sequence[SheetColumn],
    notes: Sequence[str],
    looks: Mapping[str, Any],
) -> int:
    """Write notes, and a line on each column; give the row of the first of these."""
    for at, width in enumerate((30, 30, _MEANING)):
        sheet.set_column(at, at, width, looks["wrapped"])
    sheet.set_column(3, 3 + _MOST_CHOICES, 22)
    for down, note in enumerate(notes):
        sheet.write_string(down, 0, note, looks["note"])
    top = len(notes) + 2
    for at, heading in enumerate(("Column", "Holds", "Meaning", "May be")):
        sheet.write_string(top - 1, at, heading, looks["head"])
    for down, column in enumerate(columns, top):
        sheet.set_row(down, _LINE * (1 + len(column.about) // (_MEANING + 15)))
        said = (column.heading, column.holds, column.about, *column.choices)
        for at, text in enumerate(said[: _MOST_CHOICES + 3]):
            sheet.write_string(down, at, text, looks["wrapped" if at < 3 else "text"])  # noqa: PLR2004 - the columns with sentences
    return top


def _offer(sheet: Any, at: int, column: SheetColumn, rows: int, row: int) -> None:
    """Offer the choices of a column, as they stand in a row of the other sheet."""
    asked: dict[str, Any] = {}
    if column.choices:
        last = len(column.choices[:_MOST_CHOICES]) + 2
        utility = load_extra("xlsxwriter.utility", "sheets", "XLSX files need")
        end = utility.xl_rowcol_to_cell(row, last, row_abs=True, col_abs=True)
        source = f"={ABOUT}!$D${row + 1}:{end}"
        asked = {"validate": "list", "source": source}
        if column.several:
            asked |= {
                "show_error": False,
                "input_title": "One or more",
                "input_message": "Several have a comma between them.",
            }
    elif column.least is not None:
        most = column.most if column.most is not None else 999_999_999
        asked = {"validate": "integer", "criteria": "between"}
        asked |= {"minimum": column.least, "maximum": most}
    if asked:
        asked |= {"error_title": column.heading[:32]}
        sheet.data_validation(1, at, rows + _SPARE, at, asked)
